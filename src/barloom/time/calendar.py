"""What the engine asks of trading time. All times are int64 nanoseconds since the epoch, UTC; calls take columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from barloom.time.timeframe import Timeframe

__all__ = ["Booleans", "Calendar", "Integers", "Located", "SlotGrid", "children_of", "expected_slots"]

Integers: TypeAlias = NDArray[np.int64]
Booleans: TypeAlias = NDArray[np.bool_]


class Located(NamedTuple):
    """The slot that holds each asked time; `start` and `end` mean nothing where `inside` is false."""

    start: Integers
    end: Integers
    inside: Booleans


class SlotGrid(Protocol):
    """The slots of one timeframe on one calendar, numbered by consecutive ordinals in time order.

    A grid raises `CalendarError` for times beyond what its calendar knows; a week or month is known when all its dates
    are. Only `ended` also answers before the first session: nothing has ended yet.
    """

    @property
    def timeframe(self) -> Timeframe:
        """The length of its slots."""
        ...

    def round_to_slot(self, times: Integers) -> Located:
        """The half-open slot ``[start, end)`` that holds each time; not inside where no session is open."""
        ...

    def ordinal(self, times: Integers) -> Integers:
        """How many slots start before each time, counted from a fixed origin: for a slot's start, its own ordinal."""
        ...

    def ended(self, times: Integers) -> Integers:
        """The ordinal of the first slot that ends after each time: all slots before it have ended."""
        ...

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        """Start and end of the slots with these ordinals."""
        ...

    def knows(self, times: Integers) -> Booleans:
        """Whether the calendar reaches far enough to tell the slot at each time; elsewhere `round_to_slot` raises."""
        ...

    def trading_date(self, starts: Integers) -> Integers:
        """The first trading date of the slots with these starts, in days since 1970-01-01."""
        ...


class Calendar(Protocol):
    """When a market is in session."""

    @property
    def name(self) -> str:
        """How a definition names it."""
        ...

    def grid(self, timeframe: Timeframe) -> SlotGrid:
        """The slots of one timeframe."""
        ...

    def is_open(self, times: Integers) -> Booleans:
        """Whether each time lies in a session."""
        ...

    def next_open(self, times: Integers) -> Integers:
        """The time itself where in session, else the start of the next session segment."""
        ...

    def advance(self, times: Integers, session_nanos: int) -> Integers:
        """The time at which `session_nanos` of session time have passed since each time.

        No later than the end of what the calendar knows: every slot it can name lies before.
        """
        ...

    def last_close(self, times: Integers) -> Integers:
        """The latest time, at or before each, at which regular hours closed; the smallest int64 where they never did.

        A close at which the next segment opens is none, nor is a closure that slots go on through.
        """
        ...

    @property
    def known_to(self) -> int:
        """The last time about which the calendar tells anything."""
        ...

    @property
    def shortest_pause(self) -> int:
        """The least time for which regular hours are ever over, in nanoseconds; zero where they never are."""
        ...

    def days_left(self, now: int) -> int | None:
        """How many days after the UTC date of `now` (nanoseconds) are still known; `None` where there is no end."""
        ...


def children_of(calendar: Calendar, parent: Timeframe, child: Timeframe) -> SlotGrid:
    """The slots of `child` that tile those of `parent`: under a parent of regular hours only those that lie in them."""
    return calendar.grid(child.in_regular_hours if parent.regular else child)


def expected_slots(parent: SlotGrid, child: SlotGrid, starts: Integers) -> Integers:
    """How many slots of `child` tile the slots of `parent` that begin at `starts`."""
    first, end = parent.bounds(parent.ordinal(starts))
    return child.ordinal(end) - child.ordinal(first)
