"""``/v1/calendar``: the sessions of a range of time, and the slots that a timeframe has in it."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta, Struct, field

from barloom.serve.api.operations import operation
from barloom.serve.api.refusals import Refused, sensible
from barloom.serve.api.room import Room
from barloom.serve.sessions import openings, table_for
from barloom.serve.v1.parameters import OfStore, Time, instant
from barloom.time.about import short_name
from barloom.time.instants import date_of, slot_text, written

if TYPE_CHECKING:
    from barloom.serve.sessions import Opening
    from barloom.serve.stores.catalogue import Shelf
    from barloom.time.calendar import SlotGrid

__all__ = ["AskedCalendar", "Hours", "Segment", "SessionHours", "SlotBounds", "calendar"]


class AskedCalendar(OfStore, frozen=True, kw_only=True):
    """Which sessions and slots."""

    from_: Time = field(name="from")
    to: Time
    timeframe: Annotated[str | None, Meta(description="Also the slots of this timeframe that begin then.")] = None


class Segment(Struct):
    """A stretch of open time; `phase` is ``pre``, ``regular`` or ``post``."""

    open: str
    close: str
    phase: str


class SessionHours(Struct):
    """The session of a trading date; a lunch break parts it."""

    date: str
    early_close: bool
    segments: list[Segment]


class SlotBounds(Struct):
    """A half-open slot, and its first trading date."""

    start: str
    end: str
    trading_date: str


class Hours(Struct):
    """The sessions that are open within the range, and the slots of the timeframe, if one is asked for."""

    store: str
    calendar: str
    zone: str
    sessions: list[SessionHours]
    slots: list[SlotBounds]


@operation("/v1/calendar", tag="v1")
def calendar(asked: AskedCalendar, room: Room) -> Hours:
    """The sessions that are open from `from` up to, not including, `to`, and the slots that begin then."""
    shelf = room.shelf(asked.store)
    first, last = instant(asked.from_, "from"), instant(asked.to, "to")
    held, most = shelf.bars.calendar, room.house.limits.rows
    table = table_for(held)
    with sensible("from"):
        sessions = [_session(item) for item in islice(room.timed(openings(table, first, last)), most + 1)]
        slots = [] if asked.timeframe is None else _slots(_grid(shelf, asked.timeframe), first, last, most)
    if max(len(sessions), len(slots)) > most:
        message = f"there are more than {most} sessions or slots; ask for less time"
        raise Refused(400, message, "to")
    return Hours(shelf.name, short_name(held), table.zone, sessions, slots)


def _grid(shelf: Shelf, timeframe: str) -> SlotGrid:
    plan = shelf.bars.plan
    return shelf.bars.calendar.grid(plan.levels[plan.level_of(shelf.timeframe(timeframe))].timeframe)


def _session(found: Opening) -> SessionHours:
    segments = [Segment(written(item.opens), written(item.closes), str(item.phase)) for item in found.stretches]
    return SessionHours(found.date.isoformat(), found.early_close, segments)


def _slots(grid: SlotGrid, first: int, last: int, most: int) -> list[SlotBounds]:
    """The slots that begin in the range, one more than `most` where there are more."""
    low, high = grid.ordinal(np.array([first, max(first, last)], np.int64)).tolist()
    starts, ends = grid.bounds(np.arange(low, min(high, low + most + 1), dtype=np.int64))
    rows = zip(starts.tolist(), ends.tolist(), grid.trading_date(starts).tolist(), strict=True)
    name = str(grid.timeframe)
    return [
        SlotBounds(slot_text(start, name), slot_text(end, name), date_of(day).isoformat()) for start, end, day in rows
    ]
