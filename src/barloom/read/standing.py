"""Where a slot stands that has no bar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.engine.deadlines import Deadlines
from barloom.plan.ladder import written as duration
from barloom.read.answers import NotFound, Why
from barloom.time.instants import written
from barloom.time.timeframe import MICROSECOND, MILLISECOND, SECOND

if TYPE_CHECKING:
    from barloom.read.readable import Readable
    from barloom.store.stream_times import StreamTimes

__all__ = ["Slot", "deadline_of", "ended_by", "off_the_grid", "slot_at", "why_missing"]


_THESE_DECADES: Final = range(315_532_800 * SECOND, 4_102_444_800 * SECOND)
"""From 1980 up to 2100."""


class Slot(NamedTuple):
    """A half-open slot ``[start, end)`` in nanoseconds UTC."""

    start: int
    end: int


def slot_at(store: Readable, level: int, start: int) -> Slot | None:
    """The slot that begins at `start`; none outside the session, `ValueError` where another slot holds that time."""
    timeframe = store.plan.levels[level].timeframe
    found = store.calendar.grid(timeframe).round_to_slot(np.array([start], dtype=np.int64))
    if not found.inside[0]:
        return None
    slot = Slot(int(found.start[0]), int(found.end[0]))
    if slot.start != start:
        message = f"{off_the_grid(str(timeframe), start, slot)}{_coarser(start)}"
        raise ValueError(message)
    return slot


def off_the_grid(timeframe: str, at: int, slot: Slot) -> str:
    """What is said of a time within a slot where its start was asked for."""
    begins = f"{written(slot.start)}, {duration(at - slot.start)} earlier"
    ends = f"{written(slot.end)}, {duration(slot.end - at)} later"
    return (
        f"no slot of {timeframe} begins at {written(at)}; the one that holds it begins at {begins}, and ends at {ends}"
    )


def _coarser(start: int) -> str:
    """What a number near 1970 was probably counted in: seconds, milliseconds or microseconds of these decades."""
    for unit, size in (("seconds", SECOND), ("milliseconds", MILLISECOND), ("microseconds", MICROSECOND)):
        if start * size in _THESE_DECADES:
            return f". Numbers are nanoseconds; {start} {unit} are {start * size} ({written(start * size)})"
    return ""


def deadline_of(store: Readable, end: int, delay: int) -> int:
    """The deadline of a slot with this end: `delay` after it, or later where a closing auction is awaited."""
    return int(_deadlines(store).of(np.array([end], dtype=np.int64), delay)[0])


def ended_by(store: Readable, stream_time: int, delay: int) -> int:
    """Slots that end at or before this time are decided at `stream_time`."""
    return _deadlines(store).boundary(stream_time, delay)


def _deadlines(store: Readable) -> Deadlines:
    return Deadlines(store.calendar, store.plan.close_grace, beyond=store.plan.finished)


def why_missing(store: Readable, level: int, key: bytes, start: int) -> NotFound:
    """Why the slot that begins at `start` has no bar of an encoded key; `ValueError` where no slot does."""
    slot = slot_at(store, level, start)
    times = store.times_of(key)
    if slot is not None and not times.told:
        return NotFound(Why.NO_ROW, decided=False, as_of=store.as_of)
    why, decided = _why(store, level, slot, start, times)
    return NotFound(why, decided, times.stream_time, store.as_of)


def _why(store: Readable, level: int, slot: Slot | None, start: int, times: StreamTimes) -> tuple[Why, bool]:
    """The reason, and whether it is for good."""
    reached = times.stream_time
    if slot is None:
        return Why.OUTSIDE_SESSION, True
    if reached is None or start > reached:
        return Why.NOT_YET, False
    if times.began is not None and slot.end <= times.began:
        return Why.BEFORE_START, True
    retention = store.plan.levels[level].retention
    if retention is not None and slot.end <= reached - retention:
        return Why.EXPIRED, True
    if slot.end <= ended_by(store, reached, store.plan.deciding_delay(level)):
        return Why.EMPTY, True
    return Why.OPEN, False
