"""Stream time: the largest event time accepted so far, or its extension by the clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers

__all__ = ["BEGINNING", "StreamTime"]

BEGINNING: Final = int(np.iinfo(np.int64).min)
"""Before every time: stream time while nothing has been read."""


@dataclass(slots=True)
class StreamTime:
    """Where the stream stands; by itself it only moves forward.

    `first` is the event time of the first accepted row, `max_event` the largest event time of a row that moved
    stream time and `arrived_at` when that row was received. `complete_from` is since when the input has every row,
    where that was said when it began.
    """

    now: int = BEGINNING
    first: int | None = None
    max_event: int | None = None
    arrived_at: int | None = None
    complete_from: int | None = None

    @property
    def whole_from(self) -> int | None:
        """Slots that begin at or after this time are whole; none while there is no row."""
        return self.first if self.complete_from is None else self.complete_from

    def reached_before(self, times: Integers, moves: Booleans) -> Integers:
        """Stream time before each row, with the rows ahead of it; rows that do not move it leave it as it was."""
        reached = np.empty(len(times) + 1, np.int64)
        reached[0] = self.now
        np.copyto(reached[1:], np.where(moves, times, BEGINNING))
        np.maximum.accumulate(reached, out=reached)
        return reached[:-1]

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

    def extend(self, checked_at: int, live_within: int) -> None:
        """Let the clock move stream time while the input is caught up (as of `checked_at`) and live."""
        if self.max_event is None or self.arrived_at is None:
            return
        if self.arrived_at - self.max_event > live_within:
            return
        self.now = max(self.now, min(checked_at, self.max_event + (checked_at - self.arrived_at)))

    def set_back(self, to: int) -> None:
        """Stand at an earlier time; the clock waits for the next row that moves it."""
        self.now, self.max_event, self.arrived_at = to, None, None
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
                "complete_from": self.complete_from,
            }
        )

    @classmethod
    def load(cls, content: bytes) -> StreamTime:
        """From the state."""
        saved = msgspec.json.decode(content, type=dict[str, int | None])
        now = saved["stream_time"]
        return cls(
            BEGINNING if now is None else now,
            saved["first"],
            saved["max_event"],
            saved["arrived_at"],
            saved.get("complete_from"),
        )
