"""How much may be asked of a venue: what its requests weigh within a window, and when it asks for silence."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barloom.clock import Clock
    from barloom.feed.protocol import Limits

__all__ = ["Budget"]


class Budget:
    """Requests of all symbols of a venue draw on one budget; times are those of `Clock.monotonic`."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._spent: deque[tuple[float, int]] = deque()
        self._used = 0
        self._silent_until = clock.monotonic()

    def wait(self, weight: int) -> float:
        """For how many seconds a request of this weight has to wait; zero says that it is taken out of the budget."""
        now = self._clock.monotonic()
        while self._spent and self._spent[0][0] + self._limits.window <= now:
            self._used -= self._spent.popleft()[1]
        if now < self._silent_until:
            return self._silent_until - now
        if self._used and self._used + weight > self._limits.weight:
            return self._spent[0][0] + self._limits.window - now
        self._spent.append((now, weight))
        self._used += weight
        return 0.0

    def silence(self, seconds: float) -> None:
        """Ask nothing at all for so long."""
        self._silent_until = max(self._silent_until, self._clock.monotonic() + seconds)
