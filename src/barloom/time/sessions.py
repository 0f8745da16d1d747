"""Calendars made of sessions: slots anchored at a segment's open and cut at its close, days that are trading dates."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.errors import CalendarError
from barloom.time.calendar import Located
from barloom.time.instants import date_of, days_of, nanos_of
from barloom.time.table import SessionTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date, datetime

    from barloom.time.calendar import Booleans, Integers, SlotGrid
    from barloom.time.timeframe import Timeframe

__all__ = ["Session", "SessionCalendar", "calendar_of_sessions"]


class Session(NamedTuple):
    """One trading date and its open times; a lunch break parts two of them. Times state their zone."""

    date: date
    segments: Sequence[tuple[datetime, datetime]]


def calendar_of_sessions(
    sessions: Iterable[Session | tuple[date, Sequence[tuple[datetime, datetime]]]],
    *,
    name: str = "sessions",
    known_from: date | None = None,
    known_until: date | None = None,
    known_to: datetime | None = None,
) -> SessionCalendar:
    """A calendar of exactly these sessions.

    `known_from` and `known_until` (default: first and last session's date) say for which trading dates the list is
    complete; weeks and months that reach beyond them are refused. `known_to` (default: the last close) is the time
    before which no further session opens.

    Raises `CalendarError` for sessions that are empty, out of order or overlap.

    Example::

        calendar_of_sessions([
            (date(2024, 7, 3), [(datetime(2024, 7, 3, 13, 30, tzinfo=UTC), datetime(2024, 7, 3, 17, tzinfo=UTC))]),
        ])
    """
    listed = [Session(*item) for item in sessions]
    segments = [(number, *segment) for number, item in enumerate(listed) for segment in item.segments]
    if not listed or not segments:
        message = f"calendar {name!r} has no session; give it at least one"
        raise CalendarError(message)
    closes = np.array([nanos_of(close) for _, _, close in segments], np.int64)
    dates = np.array([days_of(item.date) for item in listed], np.int64)
    return SessionCalendar(
        SessionTable(
            name=name,
            opens=np.array([nanos_of(opening) for _, opening, _ in segments], np.int64),
            closes=closes,
            session_of=np.array([number for number, _, _ in segments], np.int64),
            dates=dates,
            known_from=int(dates[0]) if known_from is None else days_of(known_from),
            known_until=int(dates[-1]) if known_until is None else days_of(known_until),
            known_to=int(closes[-1]) if known_to is None else nanos_of(known_to),
        )
    )


class SessionCalendar:
    """A calendar read from a table of sessions.

    Intraday slots lie in one segment; a day runs from its session's first open to its last close, a week or month from
    the first open of its first trading date to the last close of its last. Times between segments are out of session at
    every level.
    """

    def __init__(self, table: SessionTable) -> None:
        self.table = table
        self._grids: dict[Timeframe, SlotGrid] = {}

    def __repr__(self) -> str:
        return f"SessionCalendar({self.name!r}, {len(self.table.dates)} sessions)"

    @property
    def name(self) -> str:
        """How a definition names it."""
        return self.table.name

    def grid(self, timeframe: Timeframe) -> SlotGrid:
        """The slots of one timeframe."""
        if timeframe not in self._grids:
            kind = _SegmentGrid if timeframe.intraday else _PeriodGrid
            self._grids[timeframe] = kind(self.table, timeframe)
        return self._grids[timeframe]

    def is_open(self, times: Integers) -> Booleans:
        """Whether each time lies in a session's segment."""
        self.table.check_times(times)
        return self.table.in_session(times)

    def next_open(self, times: Integers) -> Integers:
        """The time itself where in session, else the open of the next segment."""
        table = self.table
        table.check_times(times)
        following = table.segment(times) + 1
        waiting = ~table.in_session(times)
        if bool((waiting & (following == len(table.opens))).any()):
            message = f"calendar {self.name!r} does not say when the next session opens: it {table.known}; {table.fix}"
            raise CalendarError(message)
        return np.where(waiting, table.opens[np.minimum(following, len(table.opens) - 1)], times)

    def advance(self, times: Integers, session_nanos: int) -> Integers:
        """The time at which `session_nanos` of session time have passed since each time, at most the table's end."""
        self.table.check_times(times, closed_end=True)
        if session_nanos == 0:
            return times
        whole = int(self.table.elapsed[-1])
        return self.table.instant(self.table.passed(times) + min(session_nanos, whole + 1))


class _SegmentGrid:
    """Intraday slots: anchored at each segment's open, the last one cut at its close."""

    def __init__(self, table: SessionTable, timeframe: Timeframe) -> None:
        self._table = table
        self._timeframe = timeframe
        self._length = timeframe.nanos
        self._slots = -((table.opens - table.closes) // self._length)
        self._first = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._slots)))

    @property
    def timeframe(self) -> Timeframe:
        return self._timeframe

    def round_to_slot(self, times: Integers) -> Located:
        table = self._table
        table.check_times(times)
        position = table.segment(times)
        opened, closed = table.opens[position], table.closes[position]
        start = (times - opened) // self._length * self._length + opened
        return Located(start, np.minimum(start + self._length, closed), times < closed)

    def ordinal(self, times: Integers) -> Integers:
        self._table.check_times(times, closed_end=True)
        position = self._table.segment(times)
        begun = -((self._table.opens[position] - times) // self._length)
        count: Integers = self._first[position] + np.minimum(begun, self._slots[position])
        return count

    def ended(self, times: Integers) -> Integers:
        table = self._table
        table.check_not_after(times)
        position = table.segment(times)
        over = times >= table.closes[position]
        count = np.where(over, self._slots[position], (times - table.opens[position]) // self._length)
        return np.where(position < 0, 0, self._first[position] + count)

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        table = self._table
        _check_ordinals(table, self._timeframe, ordinals, 0, int(self._first[-1]))
        position = np.searchsorted(self._first, ordinals, "right").astype(np.int64) - 1
        start = table.opens[position] + (ordinals - self._first[position]) * self._length
        return start, np.minimum(start + self._length, table.closes[position])

    def trading_date(self, starts: Integers) -> Integers:
        return _trading_date(self._table, starts)


class _PeriodGrid:
    """Days, weeks and months: slots made of whole sessions.

    The first and the last week or month of the table may reach beyond the dates it knows. Such a slot has an ordinal,
    so that the others are numbered, but nothing about it is told.
    """

    def __init__(self, table: SessionTable, timeframe: Timeframe) -> None:
        self._table = table
        self._timeframe = timeframe
        number, first_date, last_date = _periods(timeframe, table.dates)
        begins = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
        ends = np.append(begins[1:], len(number)) - 1
        self._starts = table.session_opens[begins]
        self._ends = table.session_closes[ends]
        self._low = int(first_date[0] < table.known_from)
        self._high = len(begins) - int(last_date[-1] > table.known_until)

    @property
    def timeframe(self) -> Timeframe:
        return self._timeframe

    def round_to_slot(self, times: Integers) -> Located:
        self._table.check_times(times)
        inside = self._table.in_session(times)
        index = np.searchsorted(self._starts, times, "right").astype(np.int64) - 1
        self._check(index[inside])
        return Located(self._starts[index], self._ends[index], inside)

    def ordinal(self, times: Integers) -> Integers:
        self._table.check_times(times, closed_end=True)
        return np.searchsorted(self._starts, times, "left").astype(np.int64)

    def ended(self, times: Integers) -> Integers:
        self._table.check_not_after(times)
        count = np.searchsorted(self._ends, times, "right").astype(np.int64)
        self._check(count - 1, low=-1)
        return count

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        self._check(ordinals)
        return self._starts[ordinals], self._ends[ordinals]

    def trading_date(self, starts: Integers) -> Integers:
        return _trading_date(self._table, starts)

    def _check(self, ordinals: Integers, low: int | None = None) -> None:
        _check_ordinals(self._table, self._timeframe, ordinals, self._low if low is None else low, self._high)


def _periods(timeframe: Timeframe, dates: Integers) -> tuple[Integers, Integers, Integers]:
    """For each date the number of its period, and the period's first and last calendar date."""
    if timeframe.unit == "d":
        return dates, dates, dates
    if timeframe.unit == "w":
        week = (dates + 3) // 7  # 1970-01-01 was a Thursday
        return week, week * 7 - 3, week * 7 + 3
    months = dates.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)
    number = months // timeframe.count
    edges = [
        (month * timeframe.count).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        for month in (number, number + 1)
    ]
    return number, edges[0], edges[1] - 1


def _trading_date(table: SessionTable, starts: Integers) -> Integers:
    table.check_times(starts)
    return table.dates[table.session_of[table.segment(starts)]]


def _check_ordinals(table: SessionTable, timeframe: Timeframe, ordinals: Integers, low: int, high: int) -> None:
    if len(ordinals) == 0 or (int(ordinals.min()) >= low and int(ordinals.max()) < high):
        return
    edge = date_of(table.known_from if int(ordinals.min()) < low else table.known_until)
    message = (
        f"calendar {table.name!r} does not hold the whole {timeframe} slot at the edge of its dates ({edge}): "
        f"it {table.known}; {table.fix}"
    )
    raise CalendarError(message)
