"""A clock that stands still until it is told to move."""

from __future__ import annotations

from typing import Final

from barloom.time.timeframe import parse_duration

__all__ = ["EPOCH", "FakeClock"]

EPOCH: Final = 1_577_836_800_000_000_000
"""2020-01-01T00:00:00Z in nanoseconds, where a `FakeClock` starts unless told otherwise."""


class FakeClock:
    """Wall and monotonic time that only move by `move`, `set` and `sleep`; times are nanoseconds since the epoch, UTC.

    >>> clock = FakeClock(0)
    >>> clock.move("5s")
    5000000000
    """

    def __init__(self, now: int = EPOCH) -> None:
        self._now = now
        self._monotonic = 0

    def now(self) -> int:
        """The wall time."""
        return self._now

    def monotonic(self) -> float:
        """Seconds this clock has moved forward; never goes back."""
        return self._monotonic / 1_000_000_000

    def sleep(self, seconds: float) -> None:
        """Return at once, that much later."""
        self.move(round(seconds * 1_000_000_000))

    def move(self, by: int | str) -> int:
        """Move forward by nanoseconds or a written duration (``"5s"``) and return the new time."""
        nanos = parse_duration(by) if isinstance(by, str) else by
        if nanos < 0:
            message = f"a clock moves forward only, not by {nanos} ns"
            raise ValueError(message)
        self._now += nanos
        self._monotonic += nanos
        return self._now

    def set(self, now: int) -> int:
        """Set the wall time, as an operator or NTP would: it may go back, the monotonic time does not."""
        self._monotonic += max(0, now - self._now)
        self._now = now
        return now
