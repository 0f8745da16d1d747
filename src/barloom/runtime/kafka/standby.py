"""Replicas of partitions that others own, kept warm so that one can take them over at once."""

from __future__ import annotations

from threading import Lock, Thread
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.errors import BarloomError
from barloom.runtime.kafka.changelog_reader import ChangelogReader
from barloom.runtime.kafka.replica import Replica
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Collection

    from barloom.kafka.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Calendar

__all__ = ["Standby", "Warm"]

_log = get_logger(__name__)
_WAIT: Final = 0.25


class Warm(NamedTuple):
    """A replica, and where its changelog is to be read next."""

    replica: Replica
    offset: int


class Standby:
    """A thread that follows the changelogs of all partitions but those that were taken away from it."""

    def __init__(
        self, plan: BarPlan, settings: KafkaSettings, changelog: str, partitions: int, calendar: Calendar
    ) -> None:
        self._plan = plan
        self._calendar = calendar
        self._reader = ChangelogReader(settings, changelog)
        self._lock = Lock()
        self._warm: dict[int, Replica] = {}
        self._offsets: dict[int, int] = {}
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
            replica = self._warm.pop(number, None)
            return None if replica is None else Warm(replica, self._offsets.pop(number))

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
                    if self._changed:
                        self._begin()
                    self._reader.poll(_WAIT)
                    self._offsets.update(self._reader.offsets)
            except BarloomError as error:
                _log.warning("a standby begins anew", reason=str(error))
                with self._lock:
                    self._warm, self._offsets, self._changed = {}, {}, True

    def _begin(self) -> None:
        """Follow what is wanted now, each from where it was left."""
        self._changed = False
        for number in self._wanted - self._warm.keys():
            self._warm[number] = Replica(self._plan, self._calendar)
            self._offsets[number] = 0
        self._reader.follow(self._warm, self._offsets)
