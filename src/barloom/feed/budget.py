"""How much may be asked of a venue: what its requests weigh within a window, and when it asks for silence."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from barloom.clock import Clock
    from barloom.feed.protocol import Limits

__all__ = ["Budget"]


class Budget:
    """Requests of all symbols of a venue draw on one budget, or those of each symbol on its own; silence is of all.

    Times are those of `Clock.monotonic`.
    """

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._spent: dict[str, deque[tuple[float, int]]] = {}
        self._silent_until = clock.monotonic()

    def wait(self, symbol: str, weight: int) -> float:
        """For how many seconds a request of this weight has to wait; zero says that it is taken out of the budget."""
        now = self._clock.monotonic()
        if now < self._silent_until:
            return self._silent_until - now
        spent = self._spent.setdefault(symbol if self._limits.by_symbol else "", deque())
        while spent and spent[0][0] + self._limits.window <= now:
            spent.popleft()
        if spent and sum(each for _, each in spent) + weight > self._limits.weight:
            return spent[0][0] + self._limits.window - now
        spent.append((now, weight))
        return 0.0

    def silence(self, seconds: float) -> None:
        """Ask nothing at all for so long."""
        self._silent_until = max(self._silent_until, self._clock.monotonic() + seconds)
