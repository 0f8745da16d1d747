"""Calendars made of sessions: which times are open, and the slots that are laid on them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.errors import CalendarError
from barloom.time.declared.hours import Phase
from barloom.time.grids import grid_of
from barloom.time.instants import date_of, days_of, nanos_of, to_datetime
from barloom.time.options import Options
from barloom.time.table import SessionTable
from barloom.time.timeframe import DAY

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from datetime import date, datetime
    from typing import TypeAlias

    from barloom.time.calendar import Booleans, Integers, SlotGrid
    from barloom.time.timeframe import Timeframe

    Date: TypeAlias = date

__all__ = ["Session", "SessionCalendar", "calendar_of_sessions"]


class Session(NamedTuple):
    """One trading date and its open times; a lunch break parts two of them. Times state their zone.

    `phases` has the phase of each segment (none given: all are regular); `early_close` tells a session that closes
    before its usual time.
    """

    date: date
    segments: Sequence[tuple[datetime, datetime]]
    phases: Sequence[Phase] = ()
    early_close: bool = False

    @property
    def trading_date(self) -> Date:
        """The date that the session's bars belong to."""
        return self.date


def calendar_of_sessions(  # noqa: PLR0913 - each is one property of a market
    sessions: Iterable[Session | tuple[date, Sequence[tuple[datetime, datetime]]]],
    *,
    zone: str = "UTC",
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
    listed = [item if isinstance(item, Session) else Session(item[0], item[1]) for item in sessions]
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
            zone=zone,
            phases=_phases(listed),
            early=np.array([item.early_close for item in listed], np.bool_),
        )
    )


def _phases(listed: Sequence[Session]) -> Integers:
    phases = [item.phases or [Phase.REGULAR] * len(item.segments) for item in listed]
    return np.array([phase for of_session in phases for phase in of_session], np.int64)


class SessionCalendar:
    """A calendar read from a table of sessions.

    Intraday slots lie in one segment; a day runs from its session's first open to its last close, a week or month from
    the first open of its first trading date to the last close of its last. Times between segments are out of session at
    every level. `options` lay intraday slots otherwise, or add the hours before and after the regular ones.
    """

    def __init__(self, table: SessionTable, options: Options | None = None) -> None:
        self.options = options or Options()
        self.table = table if self.options.extended else table.regular()
        self._grids: dict[Timeframe, SlotGrid] = {}

    def __repr__(self) -> str:
        return f"SessionCalendar({self.name!r}, {len(self.table.dates)} sessions)"

    @property
    def name(self) -> str:
        """How a definition names it."""
        return f"{self.table.name}{self.options}"

    def grid(self, timeframe: Timeframe) -> SlotGrid:
        """The slots of one timeframe."""
        if timeframe not in self._grids:
            self._grids[timeframe] = grid_of(self.table, timeframe, self.options)
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

    def last_close(self, times: Integers) -> Integers:
        """The latest time, at or before each, at which regular hours closed; the smallest int64 where they never did.

        A closure that slots go on through is no close.
        """
        closes, _ = self._pauses
        place = np.searchsorted(closes, times, "right") - 1
        return np.where(place < 0, np.iinfo(np.int64).min, closes[np.maximum(place, 0)])

    @cached_property
    def _pauses(self) -> tuple[Integers, Integers]:
        """The closes after which regular hours do not go on, and the opens after all but the last of them."""
        table = self.table.regular()
        ends = table.opens[1:] > table.closes[:-1]
        ends &= np.diff(table.counted_from) != 0
        return table.closes[np.append(ends, np.True_)], table.opens[1:][ends]

    @property
    def known_to(self) -> int:
        """The last time about which the calendar tells anything."""
        return self.table.known_to

    @property
    def shortest_pause(self) -> int:
        """The least time for which regular hours are ever over, in nanoseconds; zero where they never are."""
        closes, opens = self._pauses
        return int((opens - closes[:-1]).min()) if len(opens) else 0

    def days_left(self, now: int) -> int:
        """How many days after the UTC date of `now` (nanoseconds) are still known; negative when it has run out."""
        return self.table.known_until - now // DAY

    def phase(self, times: Integers) -> Integers:
        """The `Phase` of the segment that holds each time (or was the last to open before it)."""
        self.table.check_times(times)
        return self.table.phase_of[self.table.segment(times)]

    def sessions(self, first: date, last: date) -> Iterator[Session]:
        """The sessions with trading dates from `first` to `last`, inclusive, in UTC.

        Raises `CalendarError` for dates that the calendar does not know.
        """
        table = self.table
        asked = days_of(first), days_of(last)
        unknown = [day for day in asked if not table.known_from <= day <= table.known_until]
        if unknown:
            message = f"calendar {self.name!r} does not tell about {date_of(unknown[0])}: it {table.known}; {table.fix}"
            raise CalendarError(message)
        low, high = np.searchsorted(table.dates, [asked[0], asked[1] + 1]).tolist()
        for number in range(low, high):
            segments = range(int(table.first_segment[number]), int(table.first_segment[number + 1]))
            yield Session(
                date_of(int(table.dates[number])),
                [(to_datetime(int(table.opens[at])), to_datetime(int(table.closes[at]))) for at in segments],
                [Phase(int(table.phase_of[at])) for at in segments],
                bool(table.early_closes[number]),
            )
