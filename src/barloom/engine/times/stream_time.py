"""Stream time: the largest event time accepted so far, or its extension by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers

__all__ = ["BEGINNING", "NEVER", "StreamTime"]

BEGINNING: Final = int(np.iinfo(np.int64).min)
"""Before every time: stream time while nothing has been read."""

NEVER: Final = int(np.iinfo(np.int64).max)
"""After every time."""

_BEYOND: Final = "beyond"
_MARKED: Final = "marked"


@dataclass(slots=True)
class StreamTime:
    """Where the stream stands; by itself it only moves forward.

    `first` is the event time of the first accepted row, `max_event` the largest event time of a row that moved
    stream time and `arrived_at` when that row was received. `by_events` is where it would stand without the clock,
    `complete_from` since when the input has every row, where that was said when it began. `clock` is where the clock
    alone has brought it, `marked` where marks of all keys have; `by_marks` once there was any mark: then the clock does
    nothing. `inclusive` is true of a state of version 0.1, which decided slots of bars as input at their
    deadline and not beyond it.
    """

    now: int = BEGINNING
    first: int | None = None
    max_event: int | None = None
    arrived_at: int | None = None
    by_events: int = BEGINNING
    complete_from: int | None = None
    clock: int = BEGINNING
    inclusive: bool = False
    marked: int = BEGINNING
    by_marks: bool = False

    @property
    def common(self) -> int:
        """Where no key stands before: where the clock, or a mark of all keys, has brought them."""
        return max(self.clock, self.marked)

    @property
    def whole_from(self) -> int | None:
        """Slots that begin at or after this time are whole; none while there is no row."""
        return self.first if self.complete_from is None else self.complete_from

    def reached_before(self, times: Integers, moves: Booleans) -> Integers:
        """Stream time before each row, with the rows ahead of it; rows that do not move it leave it as it was."""
        return _reached(self.now, times, moves)

    @property
    def ahead_of_events(self) -> bool:
        """Whether it stands where only the clock has brought it."""
        return self.now > self.by_events

    def reached_without_clock(self, times: Integers, moves: Booleans) -> Integers:
        """The same as if the clock had never moved it; what lies between the two is the clock's."""
        return _reached(self.by_events, times, moves)

    def move(self, times: Integers, moves: Booleans, arrivals: Integers | None) -> None:
        """Take in the rows of a batch."""
        if not moves.any():
            return
        latest = int(np.argmax(np.where(moves, times, BEGINNING)))
        event = int(times[latest])
        if self.max_event is None or event > self.max_event:
            self.max_event = event
            self.arrived_at = None if arrivals is None else int(arrivals[latest])
        self.now = max(self.now, event)
        self.by_events = max(self.by_events, event)

    def extend(self, checked_at: int, live_within: int, after: int = 0) -> None:
        """Let the clock move stream time while the input is caught up (as of `checked_at`) and live.

        It does so `after` nanoseconds later than time passes.
        """
        if self.by_marks or self.max_event is None or self.arrived_at is None:
            return
        if self.arrived_at - self.max_event > live_within:
            return
        passed = min(checked_at, self.max_event + (checked_at - self.arrived_at)) - after
        self.now, self.clock = max(self.now, passed), max(self.clock, passed)

    def come_to(self, time: int) -> None:
        """Every row up to there was given; the clock has no part in it."""
        self.now, self.by_events = max(self.now, time), max(self.by_events, time)

    def mark(self, all_to: int, to: int) -> None:
        """There were marks: every row of all keys before `all_to` was given, and of some key before `to`."""
        self.by_marks = True
        self.marked = max(self.marked, all_to)
        if to > BEGINNING:
            self.come_to(to)

    def set_back(self, to: int) -> None:
        """Stand at an earlier time; the clock waits for the next row that moves it."""
        self.now, self.by_events, self.max_event, self.arrived_at = to, to, None, None
        self.clock, self.marked = min(self.clock, to), min(self.marked, to)
        if self.first is not None and self.first > to:
            self.first = None

    def dump(self) -> bytes:
        """For the state."""
        return msgspec.json.encode(
            {
                "stream_time": None if self.now == BEGINNING else self.now,
                "first": self.first,
                "max_event": self.max_event,
                "arrived_at": self.arrived_at,
                "by_events": None if self.by_events == BEGINNING else self.by_events,
                "complete_from": self.complete_from,
                "clock": None if self.clock == BEGINNING else self.clock,
                _BEYOND: 1,
                **({_MARKED: None if self.marked == BEGINNING else self.marked} if self.by_marks else {}),
            }
        )

    @classmethod
    def load(cls, content: bytes) -> StreamTime:
        """From the state."""
        saved = msgspec.json.decode(content, type=dict[str, int | None])
        now = saved["stream_time"]
        max_event = saved["max_event"]
        # An older state does not say what was the clock's: all beyond the largest event, or nothing after a set-back.
        by_events = saved.get("by_events", now if max_event is None else max_event)
        clock, marked = saved.get("clock"), saved.get(_MARKED)
        return cls(
            BEGINNING if now is None else now,
            saved["first"],
            max_event,
            saved["arrived_at"],
            BEGINNING if by_events is None else by_events,
            saved.get("complete_from"),
            BEGINNING if clock is None else clock,
            inclusive=_BEYOND not in saved,
            marked=BEGINNING if marked is None else marked,
            by_marks=_MARKED in saved,
        )

    def decide_at_deadlines(self) -> None:
        """Go on from a state that was `inclusive`: what has this deadline has been published."""
        if self.now != BEGINNING:
            self.now += 1
            self.by_events += self.by_events != BEGINNING


def _reached(begin: int, times: Integers, moves: Booleans) -> Integers:
    reached = np.empty(len(times) + 1, np.int64)
    reached[0] = begin
    np.copyto(reached[1:], np.where(moves, times, BEGINNING))
    np.maximum.accumulate(reached, out=reached)
    return reached[:-1]
