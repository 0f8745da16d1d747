"""Replicas of partitions that others own, kept warm so that one can take them over at once."""

from __future__ import annotations

from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.errors import BarloomError
from barloom.kafka.runtime.patience import Patience
from barloom.kafka.state.changelog_reader import MEMORY, ChangelogReader
from barloom.kafka.state.replica import Replica
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Collection

    from barloom.clock import Clock
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Calendar

__all__ = ["Standby", "Warm"]

_log = get_logger(__name__)
_WAIT: Final = 0.25
_LOOK: Final = MEMORY / 4
"""Seconds between two questions where the changelogs end: it is told once only, unless we ask."""


class Warm(NamedTuple):
    """A replica, where its changelog is to be read next, and when (`Clock.monotonic`) it last held all of it."""

    replica: Replica
    offset: int
    since: float


class Standby:
    """A thread that follows the changelogs of all partitions but those that were taken away from it.

    A replica that was not complete for as long as the changelog remembers deletions may have missed one: it is read
    anew.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - whose changelogs, and where
        self, plan: BarPlan, settings: KafkaSettings, changelog: str, partitions: int, clock: Clock, calendar: Calendar
    ) -> None:
        self._plan = plan
        self._clock = clock
        self._calendar = calendar
        self._reader = ChangelogReader(settings, changelog, Patience(clock))
        self._lock = Lock()
        self._warm: dict[int, Replica] = {}
        self._offsets: dict[int, int] = {}
        self._complete: dict[int, float] = {}
        self._asked = clock.monotonic()
        self._wanted = set(range(partitions))
        self._changed = True
        self._stopped = False
        self._thread = Thread(target=self._follow, name="barloom-standby", daemon=True)
        self._thread.start()

    def take(self, number: int) -> Warm | None:
        """Hand a partition's replica over and follow it no more; none where there is none yet."""
        with self._lock:
            self._wanted.discard(number)
            self._changed = True
            self._reader.forget(number)
            replica = self._warm.pop(number, None)
            return None if replica is None else Warm(replica, self._offsets.pop(number), self._complete.pop(number))

    def give_back(self, numbers: Collection[int]) -> None:
        """Follow partitions again that are another's now."""
        with self._lock:
            self._wanted.update(numbers)
            self._changed = True

    def close(self) -> None:
        """Follow no more."""
        self._stopped = True
        self._thread.join()
        self._reader.close()

    def _follow(self) -> None:
        while not self._stopped:
            try:
                with self._lock:
                    now = self._clock.monotonic()
                    if self._changed or now - self._asked > _LOOK:
                        self._begin(now)
                messages = self._reader.fetch(_WAIT)  # whoever takes a replica over does not wait for more of it
                with self._lock:
                    ended = self._reader.apply(messages)
                    self._offsets.update(self._reader.offsets)
                    self._met(ended, now)
            except BarloomError as error:
                _log.warning("a standby begins anew", reason=str(error))
                with self._lock:
                    self._warm, self._offsets, self._changed = {}, {}, True

    def _met(self, ended: Collection[int], now: float) -> None:
        """Take note of replicas that have come to the end of their changelogs; too late, and they are thrown away."""
        for number in ended:
            if now - self._complete[number] > MEMORY:
                _log.warning("a standby was behind for too long and is read anew", partition=number)
                del self._warm[number]
                self._changed = True
            else:
                self._complete[number] = now

    def _begin(self, now: float) -> None:
        """Follow what is wanted now, each from where it was left."""
        self._changed, self._asked = False, now
        for number in self._wanted - self._warm.keys():
            self._warm[number] = Replica(self._plan, self._calendar)
            self._offsets[number], self._complete[number] = 0, now
        self._reader.follow(self._warm, self._offsets)
