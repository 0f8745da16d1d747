"""The times from and until which the input is said to be complete, worked out on a calendar.

A timeframe stands for the slot that holds the first or the last row: whoever has a dump of each day says ``1d`` once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.time.instants import written
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from barloom.engine.stream_time import StreamTime
    from barloom.time.calendar import Calendar, Located

__all__ = ["begin", "disregarded", "ends_at"]


def begin(time: StreamTime, declared: int | str | None, calendar: Calendar, slot: int) -> tuple[str, ...]:
    """With the first accepted row, whose base slot begins at `slot`, settle from when on the input is whole.

    Gives what a person should know of it.
    """
    if time.complete_from is None:
        time.complete_from = _begins_at(declared, calendar, slot)
    if time.first is None or time.complete_from is None or time.first >= time.complete_from:
        return ()
    rows, whole = written(time.first), written(time.complete_from)
    return (f"rows begin at {rows}, before complete_from, {whole}: bars of slots that begin before it are partial",)


def disregarded(time: StreamTime, declared: int | str | None, calendar: Calendar) -> tuple[str, ...]:
    """What to tell where a declared beginning comes too late to count: bars were marked by another one."""
    whole_from = time.whole_from
    if time.first is None or whole_from is None or (isinstance(declared, str) and time.complete_from is not None):
        return ()
    asked = _begins_at(declared, calendar, time.first)
    if asked is None or asked >= whole_from:
        return ()
    how = "found" if time.complete_from is None else "said"
    note = f"complete_from, {written(asked)}, does not count: bars are marked as whole from {written(whole_from)} on,"
    return (f"{note} as was {how} when the first row was read; rebuild to change it",)


def _begins_at(declared: int | str | None, calendar: Calendar, first: int) -> int | None:
    """From when on the input is complete, given a time in the base slot of its first row; none where nobody says."""
    if not isinstance(declared, str):
        return declared
    slot = _slot(declared, calendar, first)
    return None if slot is None or not slot.inside[0] else int(slot.start[0])


def ends_at(declared: int | str | None, calendar: Calendar, last: int) -> int | None:
    """Until when it is, given the time of its last row: one after the close belongs to the session before."""
    if not isinstance(declared, str):
        return declared
    slot = _slot(declared, calendar, last)
    if slot is not None and not slot.inside[0]:
        slot = _slot(declared, calendar, int(calendar.last_close(np.array([last]))[0]) - 1)
    return None if slot is None else int(slot.end[0])


def _slot(timeframe: str, calendar: Calendar, time: int) -> Located | None:
    """The slot that holds a time; none where the calendar does not reach so far."""
    grid, asked = calendar.grid(Timeframe.parse(timeframe)), np.array([time])
    return grid.round_to_slot(asked) if grid.knows(asked)[0] else None
