"""A table of trading sessions: integer columns of open and close, checked once and searched by column."""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from barloom.errors import CalendarError
from barloom.time.declared.hours import Phase
from barloom.time.instants import check_range, date_of, written

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers
    from barloom.time.timeframe import Timeframe

__all__ = ["SessionTable"]


@dataclass(frozen=True, eq=False)
class SessionTable:
    """Segments of open time in order, each belonging to a session, which belongs to a trading date.

    A session with a lunch break has two segments. `opens` and `closes` are int64 nanoseconds UTC, `session_of` the
    position of each segment's session, `dates` the trading date of each session in days since 1970-01-01.

    The table is complete for the trading dates `known_from` to `known_until` (inclusive, days since 1970-01-01): a date
    in between without a session is a holiday. Before `known_to` (nanoseconds) no further session opens.

    `zone` is where its hours are local, `phases` the `Phase` of each segment (all regular where not given), `early` the
    sessions that close before their usual time. `planned` is the table without the closures that interrupted it, where
    there were any: slots stay where it has them.

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
    zone: str = "UTC"
    phases: Integers | None = None
    early: Booleans | None = None
    planned: SessionTable | None = None

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
    def phase_of(self) -> Integers:
        """The `Phase` of each segment."""
        return np.zeros(len(self.opens), np.int64) if self.phases is None else self.phases

    @cached_property
    def early_closes(self) -> Booleans:
        """For each session whether it closes before its usual time."""
        return np.zeros(len(self.dates), np.bool_) if self.early is None else self.early

    def regular(self) -> SessionTable:
        """The same without the segments before and after regular hours; itself where there are none."""
        kept = self.phase_of == Phase.REGULAR
        if bool(kept.all()):
            return self
        sessions, session_of = np.unique(self.session_of[kept], return_inverse=True)
        return replace(
            self,
            opens=self.opens[kept],
            closes=self.closes[kept],
            session_of=session_of.astype(np.int64),
            dates=self.dates[sessions],
            phases=None,
            early=self.early_closes[sessions],
            planned=None if self.planned is None else self.planned.regular(),
        )

    def cut(self, at: Integers) -> SessionTable:
        """The same with segments parted at each of some times (ascending) that lies within one."""
        position = self.segment(at)
        within = (position >= 0) & (at > self.opens[position]) & (at < self.closes[position])
        if not bool(within.any()):
            return self
        at, position = at[within], position[within]
        return replace(
            self,
            opens=np.insert(self.opens, position + 1, at),
            closes=np.insert(self.closes, position, at),
            session_of=np.insert(self.session_of, position + 1, self.session_of[position]),
            phases=np.insert(self.phase_of, position + 1, self.phase_of[position]),
        )

    @cached_property
    def counted_from(self) -> Integers:
        """For each segment the open from which its slots are counted: its own, or as it was planned."""
        if self.planned is None:
            return self.opens
        return self.planned.opens[self.planned.segment(self.opens)]

    @cached_property
    def elapsed(self) -> Integers:
        """Session time before each segment, and at the end the session time of the whole table."""
        return np.concatenate((np.zeros(1, np.int64), np.cumsum(self.closes - self.opens)))

    def segment(self, times: Integers) -> Integers:
        """The last segment that has opened at each time, -1 before the first."""
        return np.broadcast_to(self.place(times), len(times)).copy()

    def place(self, times: Integers) -> Integers | np.int64:
        """As `segment`, but one number where it is the same for all times, as mostly for a batch of ticks."""
        if len(times) == 0:
            return np.zeros(0, np.int64)
        return self._place(times, int(times.min()), int(times.max()))

    def known_place(self, times: Integers, timeframe: Timeframe, *, closed_end: bool = False) -> Integers | np.int64:
        """`check_times` and `place`, with one look at the times."""
        if len(times) == 0:
            return np.zeros(0, np.int64)
        lowest, highest = int(times.min()), int(times.max())
        if lowest < self._listed[0] or highest > self.known_to - (not closed_end):
            self.check_times(times, timeframe, closed_end=closed_end)
        return self._place(times, lowest, highest)

    def _place(self, times: Integers, lowest: int, highest: int) -> Integers | np.int64:
        first, last = bisect_right(self._listed, lowest), bisect_right(self._listed, highest)
        if first == last:
            return np.int64(first - 1)
        position: Integers = np.searchsorted(self.opens[first:last], times, "right") + (first - 1)
        return position

    @cached_property
    def _listed(self) -> list[int]:
        """The opens as a list, in which a single time is found ten times faster than in an array."""
        listed: list[int] = self.opens.tolist()
        return listed

    def trading_date(self, times: Integers) -> Integers:
        """The trading date of the session that holds each time, or was the last to open before it."""
        self.check_times(times)
        return self.dates[self.session_of[self.segment(times)]]

    def in_session(self, times: Integers) -> Booleans:
        """Whether each time lies in a segment."""
        position = self.place(times)
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

    def tells(self, times: Integers) -> Booleans:
        """Where `check_times` does not raise."""
        known: Booleans = (times >= self.opens[0]) & (times < self.known_to)
        return known

    def check_times(self, times: Integers, timeframe: Timeframe | None = None, *, closed_end: bool = False) -> None:
        """Raise `CalendarError` for a time before the first session, at `known_to` (but for `closed_end`) or after."""
        self._check(times, int(self.opens[0]), self.known_to if closed_end else self.known_to - 1, timeframe)

    def check_not_after(self, times: Integers, timeframe: Timeframe | None = None) -> None:
        """Raise `CalendarError` for a time after `known_to`."""
        self._check(times, np.iinfo(np.int64).min, self.known_to, timeframe)

    def _check(self, times: Integers, first: int, last: int, timeframe: Timeframe | None) -> None:
        if len(times) == 0 or (first <= int(times.min()) and int(times.max()) <= last):
            return  # before the words of an error are made up
        known = self.known if timeframe is None else f"{self.known} and cannot tell a slot of {timeframe} there"
        check_range(times, first, last, calendar=self.name, known=known, fix=self.fix)

    def check_ordinals(self, ordinals: Integers, low: int, high: int, timeframe: Timeframe) -> None:
        """Raise `CalendarError` for the number of a slot before `low`, at `high` or after."""
        if len(ordinals) == 0 or (int(ordinals.min()) >= low and int(ordinals.max()) < high):
            return
        edge = date_of(self.known_from if int(ordinals.min()) < low else self.known_until)
        message = (
            f"calendar {self.name!r} does not hold the whole {timeframe} slot at the edge of its dates ({edge}): "
            f"it {self.known}; {self.fix}"
        )
        raise CalendarError(message)

    @property
    def known(self) -> str:
        """What the table knows, as the middle of a sentence."""
        return f"knows the trading dates {date_of(self.known_from)} to {date_of(self.known_until)}"

    @property
    def fix(self) -> str:
        """What to do when that is not enough."""
        return "use a newer version of the calendar, or add the missing sessions to it"
