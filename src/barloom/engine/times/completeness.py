"""The times from and until which the input is said to be complete, worked out on a calendar.

A timeframe stands for the slot that holds the first or the last row: whoever has a dump of each day says ``1d`` once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.times.stream_time import BEGINNING
from barloom.time.instants import written
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from barloom.engine.times.stream_time import StreamTime
    from barloom.time.calendar import Calendar, Integers

__all__ = ["begin", "begin_keys", "disregarded", "disregarded_of_keys", "ends_at", "ends_of_each"]


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


def begin_keys(
    first: Integers, declared: int | str | None, calendar: Calendar, slots: Integers
) -> tuple[Integers, tuple[str, ...]]:
    """The same as `begin` for keys that have a time of their own: since when each is whole (`BEGINNING`: unsaid)."""
    whole = _begin_of_each(declared, calendar, slots)
    before = np.flatnonzero(first < whole)
    if not len(before):
        return whole, ()
    earliest = before[np.argmin(first[before])]
    rows, said = written(int(first[earliest])), written(int(whole[earliest]))
    note = f"rows begin at {rows}, before complete_from, {said}: bars of slots that begin before it are partial"
    return whole, (note,)


def disregarded_of_keys(
    first: Integers, whole: Integers, declared: int | str | None, calendar: Calendar
) -> tuple[str, ...]:
    """The same as `disregarded` for keys with a first row each; `whole` was settled with it (`BEGINNING`: unsaid)."""
    if isinstance(declared, str):
        first, whole = first[whole == BEGINNING], whole[whole == BEGINNING]
    asked, since = _begin_of_each(declared, calendar, first), np.where(whole > BEGINNING, whole, first)
    late = np.flatnonzero((asked > BEGINNING) & (asked < since))
    if not len(late):
        return ()
    how = "found" if whole[late[0]] == BEGINNING else "said"
    said = written(int(asked[late[0]]))
    note = f"complete_from, {said}, does not count for {len(late):,} keys: their bars are marked as whole later on,"
    return (f"{note} as was {how} when their first row was read; rebuild to change it",)


def ends_of_each(declared: int | str | None, calendar: Calendar, last: Integers) -> Integers:
    """The same as `ends_at` for many last rows; `BEGINNING` where nobody says."""
    if not isinstance(declared, str):
        return np.full(len(last), BEGINNING if declared is None else declared)
    grid, ends = calendar.grid(Timeframe.parse(declared)), np.full(len(last), BEGINNING)
    known = np.flatnonzero(grid.knows(last))
    found = grid.round_to_slot(last[known])
    ends[known] = found.end
    after = known[~found.inside]
    closed = calendar.last_close(last[after]) - 1
    told = grid.knows(closed)
    ends[after] = BEGINNING
    ends[after[told]] = grid.round_to_slot(closed[told]).end
    return ends


def _begin_of_each(declared: int | str | None, calendar: Calendar, first: Integers) -> Integers:
    """The same as `_begins_at` for many rows; `BEGINNING` where nobody says."""
    if not isinstance(declared, str):
        return np.full(len(first), BEGINNING if declared is None else declared)
    grid, begins = calendar.grid(Timeframe.parse(declared)), np.full(len(first), BEGINNING)
    known = np.flatnonzero(grid.knows(first))
    found = grid.round_to_slot(first[known])
    begins[known[found.inside]] = found.start[found.inside]
    return begins


def _begins_at(declared: int | str | None, calendar: Calendar, first: int) -> int | None:
    """From when on the input is complete, given a time in the base slot of its first row; none where nobody says."""
    return _only(_begin_of_each(declared, calendar, np.array([first])))


def ends_at(declared: int | str | None, calendar: Calendar, last: int) -> int | None:
    """Until when it is, given the time of its last row: one after the close belongs to the session before."""
    return _only(ends_of_each(declared, calendar, np.array([last])))


def _only(times: Integers) -> int | None:
    return None if times[0] == BEGINNING else int(times[0])
