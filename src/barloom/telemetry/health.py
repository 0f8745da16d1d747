"""Whether an instance is alive and ready, for whoever restarts it or sends it work."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.clock import Clock

__all__ = ["Health"]

STALLED: Final = 60.0
"""Seconds without progress after which the loop is taken for stuck; its longest wait is far shorter."""

_RUNNING: Final = "RUNNING"


class Health:
    """What the loop tells of itself, for other threads to ask.

    It is alive while it made progress within the last `stalled` seconds: read, committed, restored, or tried again to
    reach a broker that is away. It is ready when it has its partitions and all of them are RUNNING.
    """

    def __init__(self, clock: Clock, *, stalled: float = STALLED) -> None:
        self._clock = clock
        self._stalled = stalled
        self._lock = Lock()
        self._progress = clock.monotonic()
        self._states: dict[int, str] | None = None

    def progressed(self) -> None:
        """The loop did something."""
        self._progress = self._clock.monotonic()

    def owned(self, partitions: Iterable[int]) -> None:
        """These are the partitions now, all that the instance has; new ones are not ready yet."""
        with self._lock:
            before = self._states or {}
            self._states = {partition: before.get(partition, "CREATED") for partition in partitions}

    def state(self, partition: int, state: str) -> None:
        """The state of one owned partition."""
        with self._lock:
            if self._states is not None and partition in self._states:
                self._states[partition] = state

    def healthz(self) -> str | None:
        """Why the instance should be restarted; none when it is alive."""
        silent = self._clock.monotonic() - self._progress
        return f"no progress for {silent:.0f} s" if silent > self._stalled else None

    def readyz(self) -> str | None:
        """What the instance is waiting for; none when it is ready. One without partitions is ready."""
        with self._lock:
            if self._states is None:
                return "no partitions were assigned yet"
            waiting = {partition: state for partition, state in self._states.items() if state != _RUNNING}
        listed = ", ".join(f"{partition} is {state}" for partition, state in sorted(waiting.items()))
        return f"partition {listed}" if waiting else None
