"""What differs between two tables of sessions: by trading date, and slot by slot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.errors import CalendarError
from barloom.time.instants import date_of, days_of, written
from barloom.time.sessions import SessionCalendar

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from barloom.time.calendar import Integers
    from barloom.time.options import Options
    from barloom.time.table import SessionTable
    from barloom.time.timeframe import Timeframe

__all__ = [
    "ChangedSession",
    "ChangedSlot",
    "Segment",
    "changed_sessions",
    "changed_slots",
    "first_change",
    "refuse_passed",
]


class Segment(NamedTuple):
    """Open, close (nanoseconds) and phase of a stretch of open time, and the open from which its slots are counted."""

    opens: int
    closes: int
    phase: int
    counted_from: int


Segments = tuple[Segment, ...]
"""The open time of a session."""


class ChangedSession(NamedTuple):
    """A trading date whose sessions differ; no segments where it is closed."""

    trading_date: date
    before: Segments
    after: Segments


class ChangedSlot(NamedTuple):
    """A slot that is only in one of two calendars; `added` tells whether it is in the second."""

    timeframe: Timeframe
    start: int
    end: int
    added: bool


def changed_sessions(
    before: SessionTable, after: SessionTable, first: date | None = None, last: date | None = None
) -> list[ChangedSession]:
    """The trading dates on which two tables differ, of those that both know and that lie between `first` and `last`."""
    low = max(before.known_from, after.known_from, *([] if first is None else [days_of(first)]))
    high = min(before.known_until, after.known_until, *([] if last is None else [days_of(last)]))
    old, new = _by_date(before, low, high), _by_date(after, low, high)
    return [
        ChangedSession(date_of(day), old.get(day, ()), new.get(day, ()))
        for day in sorted(old.keys() | new.keys())
        if old.get(day) != new.get(day)
    ]


def first_change(before: SessionTable, after: SessionTable) -> int | None:
    """The first instant that is in session in one table only, or otherwise; `None` where there is none.

    Otherwise is in another phase, or in slots that are counted from another open.
    """
    changed = changed_sessions(before, after)
    return min((_first_apart(change) for change in changed), default=None)


def _first_apart(change: ChangedSession) -> int:
    """Between two edges of segments nothing changes, so it is enough to look at the edges."""
    edges = sorted({edge for side in (change.before, change.after) for item in side for edge in item[:2]})
    return next(edge for edge in edges if _kinds_at(change.before, edge) != _kinds_at(change.after, edge))


def _kinds_at(segments: Segments, time: int) -> list[tuple[int, int]]:
    return [(item.phase, item.counted_from) for item in segments if item.opens <= time < item.closes]


def refuse_passed(before: SessionTable, after: SessionTable, stream_time: int) -> None:
    """Raise `CalendarError` where a change would concern session time that has passed, and bars that are decided."""
    first = first_change(before, after)
    if first is not None and first < stream_time:
        message = (
            f"calendar {before.name!r}: the change begins at {written(first)}, but the stream has reached "
            f"{written(stream_time)} and bars up to there are decided; change later sessions only, or rebuild"
        )
        raise CalendarError(message)


def changed_slots(
    before: SessionTable, after: SessionTable, timeframes: Iterable[Timeframe], options: Options | None = None
) -> list[ChangedSlot]:
    """The slots that a change takes away or brings, by timeframe and start; one that moves its end is both.

    Weeks and months that reach beyond what one of the tables knows are left out.
    """
    days = [days_of(change.trading_date) for change in changed_sessions(before, after)]
    calendars = [SessionCalendar(table, options) for table in (before, after)]
    found: list[ChangedSlot] = []
    for timeframe in timeframes:
        old, new = (_slots(calendar, timeframe, days) for calendar in calendars)
        found += [ChangedSlot(timeframe, *slot, added=slot in new) for slot in sorted(old ^ new)]
    return found


def _slots(calendar: SessionCalendar, timeframe: Timeframe, days: list[int]) -> set[tuple[int, int]]:
    """The slots around the sessions of some dates; those of neighbouring dates are the same in both calendars."""
    table, grid = calendar.table, calendar.grid(timeframe)
    slots: set[tuple[int, int]] = set()
    for number in _near(table, days).tolist():
        edges = np.array([table.session_opens[number], table.session_closes[number]])
        first, last = grid.ordinal(edges[:1] + 1)[0] - 1, grid.ordinal(edges[1:])[0]
        try:
            starts, ends = grid.bounds(np.arange(first, last))
        except CalendarError:
            continue
        slots |= set(zip(starts.tolist(), ends.tolist(), strict=True))
    return slots


def _near(table: SessionTable, days: list[int]) -> Integers:
    """The positions of the sessions of some dates, where there are, and of the sessions just before and after them."""
    asked = np.array(days, np.int64)
    first, after = (np.searchsorted(table.dates, asked, side) for side in ("left", "right"))
    around = np.unique(np.concatenate([first - 1, first, after]))
    return around[(around >= 0) & (around < len(table.dates))]


def _by_date(table: SessionTable, low: int, high: int) -> dict[int, Segments]:
    first, last = np.searchsorted(table.dates, [low, high + 1]).tolist()
    begin, end = int(table.first_segment[first]), int(table.first_segment[last])
    days = table.dates[table.session_of[begin:end]].tolist()
    columns = (column[begin:end].tolist() for column in (table.opens, table.closes, table.phase_of, table.counted_from))
    sessions: dict[int, Segments] = {}
    for day, *segment in zip(days, *columns, strict=True):
        sessions[day] = (*sessions.get(day, ()), Segment(*segment))
    return sessions
