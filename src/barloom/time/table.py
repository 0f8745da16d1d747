"""A table of trading sessions: integer columns of open and close, checked once and searched by column."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from barloom.errors import CalendarError
from barloom.time.instants import check_range, date_of, written

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers

__all__ = ["SessionTable"]


@dataclass(frozen=True, eq=False)
class SessionTable:
    """Segments of open time in order, each belonging to a session, which belongs to a trading date.

    A session with a lunch break has two segments. `opens` and `closes` are int64 nanoseconds UTC, `session_of` the
    position of each segment's session, `dates` the trading date of each session in days since 1970-01-01.

    The table is complete for the trading dates `known_from` to `known_until` (inclusive, days since 1970-01-01): a date
    in between without a session is a holiday. Before `known_to` (nanoseconds) no further session opens.

    Raises `CalendarError` where the columns contradict each other.
    """

    name: str
    opens: Integers
    closes: Integers
    session_of: Integers
    dates: Integers
    known_from: int
    known_until: int
    known_to: int

    def __post_init__(self) -> None:
        if len(self.dates) == 0:
            self._refuse("has no session; give it at least one")
        self._check_segments()
        self._check_sessions()

    def _check_segments(self) -> None:
        empty = np.flatnonzero(self.closes <= self.opens)
        if len(empty):
            self._refuse(f"has a segment that closes no later than it opens, at {written(int(self.opens[empty[0]]))}")
        overlapping = np.flatnonzero(self.opens[1:] < self.closes[:-1])
        if len(overlapping):
            at = written(int(self.opens[overlapping[0] + 1]))
            self._refuse(f"has a segment that opens before the one ahead of it has closed, at {at}; sort and part them")
        if self.known_to < self.closes[-1]:
            self._refuse(f"says it is known to {written(self.known_to)}, before its last session closes")

    def _check_sessions(self) -> None:
        steps = np.diff(self.session_of, prepend=-1, append=len(self.dates))
        if steps[0] != 1 or steps[-1] != 1 or bool(((steps < 0) | (steps > 1)).any()):
            self._refuse("does not give every session its segments, in the order of the sessions")
        unsorted = np.flatnonzero(np.diff(self.dates) <= 0)
        if len(unsorted):
            self._refuse(f"has trading dates that do not increase, at {date_of(int(self.dates[unsorted[0] + 1]))}")
        if self.known_from > self.dates[0] or self.known_until < self.dates[-1]:
            self._refuse("has sessions outside of the dates it says it knows")

    def _refuse(self, why: str) -> None:
        message = f"calendar {self.name!r} {why}"
        raise CalendarError(message)

    @cached_property
    def first_segment(self) -> Integers:
        """The position of each session's first segment, and at the end the number of segments."""
        return np.searchsorted(self.session_of, np.arange(len(self.dates) + 1)).astype(np.int64)

    @cached_property
    def session_opens(self) -> Integers:
        """First open of each session."""
        return self.opens[self.first_segment[:-1]]

    @cached_property
    def session_closes(self) -> Integers:
        """Last close of each session."""
        return self.closes[self.first_segment[1:] - 1]

    @cached_property
    def elapsed(self) -> Integers:
        """Session time before each segment, and at the end the session time of the whole table."""
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(self.closes - self.opens)))

    def segment(self, times: Integers) -> Integers:
        """The last segment that has opened at each time, -1 before the first."""
        return np.searchsorted(self.opens, times, "right").astype(np.int64) - 1

    def in_session(self, times: Integers) -> Booleans:
        """Whether each time lies in a segment."""
        position = self.segment(times)
        inside: Booleans = (position >= 0) & (times < self.closes[position])
        return inside

    def passed(self, times: Integers) -> Integers:
        """Session time from the table's beginning to each time (which is not before the first open)."""
        position = self.segment(times)
        return self.elapsed[position] + np.minimum(times, self.closes[position]) - self.opens[position]

    def instant(self, passed: Integers) -> Integers:
        """The earliest time by which so much session time (more than none) has passed; `known_to` beyond the table."""
        position = np.searchsorted(self.elapsed, passed, "left").astype(np.int64) - 1
        inside = position < len(self.opens)
        position = np.minimum(position, len(self.opens) - 1)
        return np.where(inside, self.opens[position] + passed - self.elapsed[position], self.known_to)

    def check_times(self, times: Integers, *, closed_end: bool = False) -> None:
        """Raise `CalendarError` for a time before the first session, at `known_to` (but for `closed_end`) or after."""
        self._check(times, int(self.opens[0]), self.known_to if closed_end else self.known_to - 1)

    def check_not_after(self, times: Integers) -> None:
        """Raise `CalendarError` for a time after `known_to`."""
        self._check(times, np.iinfo(np.int64).min, self.known_to)

    def _check(self, times: Integers, first: int, last: int) -> None:
        check_range(times, first, last, calendar=self.name, known=self.known, fix=self.fix)

    @property
    def known(self) -> str:
        """What the table knows, as the middle of a sentence."""
        return f"knows the trading dates {date_of(self.known_from)} to {date_of(self.known_until)}"

    @property
    def fix(self) -> str:
        """What to do when that is not enough."""
        return "use a newer version of the calendar, or add the missing sessions to it"
