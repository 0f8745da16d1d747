"""The time at a venue double: the market's own, as far as it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barloom.clock import Clock

__all__ = ["VenueClock"]


class VenueClock:
    """A `Clock` for a run that listens to a venue double.

    Its time of day is the market's: it stands until the venue opens, is that of the latest trade made known, and from
    there on goes by (`speed` times as fast as the machine's). So a market of last year, or one that is played as fast
    as it goes, has rows that are neither old nor from the future. `monotonic` and `sleep` are the machine's.
    """

    def __init__(self, machine: Clock, now: int, *, speed: float = 1.0, skew: int = 0, stands: bool = True) -> None:
        self._machine = machine
        self._now = now
        self._since = machine.monotonic()
        self._speed = speed
        self._skew = skew
        self._stands = stands
        self._next: int | None = None

    def now(self) -> int:
        """The time of day by a right clock, in nanoseconds since the epoch, UTC."""
        return self.venue() - self._skew

    def venue(self) -> int:
        """The time of day by the venue's clock, which may go wrong."""
        if self._stands:
            return self._now
        passed = round((self._machine.monotonic() - self._since) * self._speed * 1_000_000_000)
        return self._now + passed if self._next is None else max(self._now, min(self._now + passed, self._next))

    def monotonic(self) -> float:
        """Seconds from an arbitrary origin."""
        return self._machine.monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait, in real time."""
        self._machine.sleep(seconds)

    def comes(self, time: int | None) -> None:
        """The next trade is of this time (none: there is none); before that is told it is not later, however late."""
        self._next = time

    def reach(self, time: int) -> None:
        """The market has come to this time of the venue's; it never goes back."""
        if self._stands or time > self.venue():
            self._now = max(time, self._now)
            self._since, self._stands = self._machine.monotonic(), False
