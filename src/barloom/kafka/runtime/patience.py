"""For how long the cluster is asked again, and for how long still once nobody wants to wait any more."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from barloom.clock import Clock

__all__ = ["GRACE", "SLICE", "Patience"]

SLICE: Final = 1.0
"""Seconds that one call of the client may take, where it may be made again to go on with what it was doing."""

GRACE: Final = 2.5
"""Seconds that a run which is to stop goes on trying, so that its last commit succeeds if the cluster is there."""


class Patience:
    """What is asked again ends when its own time is over, or `grace` seconds after it was seen that `stop` is set."""

    def __init__(self, clock: Clock, stop: Event | None = None, grace: float = GRACE) -> None:
        self._clock = clock
        self._stop = stop
        self._grace = grace
        self._seen_at: float | None = None

    @property
    def lost(self) -> bool:
        """Whether nothing is worth another call."""
        return self._clock.monotonic() > self._end()

    def at_most(self, seconds: float) -> Callable[[], bool]:
        """Asks, from now on, whether the time is over."""
        until = self._clock.monotonic() + seconds
        return lambda: self._clock.monotonic() > min(until, self._end())

    def _end(self) -> float:
        if self._stop is None or not self._stop.is_set():
            return inf
        if self._seen_at is None:
            self._seen_at = self._clock.monotonic()
        return self._seen_at + self._grace
