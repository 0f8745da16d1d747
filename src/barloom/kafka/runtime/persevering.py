"""One membership of a group after another, whatever becomes of the brokers meanwhile."""

from __future__ import annotations

import gc
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from math import inf
from typing import TYPE_CHECKING, Final

from barloom.errors import AccessRefused, BrokerError, BrokerUnreachable, Fenced, LoginRefused
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    import random
    from collections.abc import Callable
    from threading import Event

    from barloom.clock import Clock
    from barloom.telemetry.health import Health
    from barloom.telemetry.metrics import Metrics

__all__ = ["GLANCE", "Persevering"]

_log = get_logger(__name__)
_FIRST_PAUSE: Final = 0.25
_LONGEST_PAUSE: Final = 10.0
_SECRET_CHANGES: Final = 5.0
"""Seconds for which a login that was good before may be refused."""

_ALL_WELL: Final = 30.0
"""Seconds after which trouble counts as the first again."""

GLANCE: Final = 2.0
"""Seconds that a look around may take."""


@dataclass(frozen=True, slots=True)
class Persevering:
    """Goes on with growing pauses while memberships fail for a reason that may pass."""

    clock: Clock
    stop: Event
    metrics: Metrics
    health: Health
    chance: random.Random

    def keep_going(
        self,
        membership: Callable[[int], bool],
        look_around: Callable[[], None],
        given_up: Callable[[BrokerError], None],
    ) -> None:
        """Be members, numbered from 1 on, until one says that it is done or `stop` is set.

        `look_around` finds out plainly whether we are let in, with the secrets as they are now, and may do what we have
        to. `given_up` is told why the last one failed, where nobody waits for another.
        """
        pause, refused_at = _FIRST_PAUSE, inf
        for number in count(1):
            if self.stop.is_set():
                return
            began = self.clock.monotonic()
            try:
                if number > 1:
                    gc.collect()  # what the last membership has fetched and not sent is kept alive by its callbacks
                    look_around()
                if membership(number):
                    return
            except BrokerError as error:
                if self.clock.monotonic() - began > _ALL_WELL:
                    pause, refused_at = _FIRST_PAUSE, inf
                if isinstance(error, LoginRefused):
                    refused_at = min(refused_at, self.clock.monotonic())
                if not self._may_pass(error, refused_at, look_around):
                    raise
                if self._pause(error, pause):
                    given_up(error)
                pause = min(2 * pause, _LONGEST_PAUSE)

    def _pause(self, error: BrokerError, seconds: float) -> bool:
        """Wait about so long; whether it was said meanwhile to stop."""
        wait = seconds * self.chance.uniform(0.5, 1.5)
        self.metrics.broker_retry()
        self.health.progressed()
        _log.warning("begins anew", reason=str(error), after_seconds=round(wait, 2))
        return self.stop.wait(wait)

    def _may_pass(self, error: BrokerError, refused_at: float, look_around: Callable[[], None]) -> bool:
        """Whether another membership may do better. A login may be refused while its secret is being changed."""
        if isinstance(error, LoginRefused):
            return self.clock.monotonic() - refused_at < _SECRET_CHANGES
        if isinstance(error, AccessRefused):
            with suppress(BrokerUnreachable, LoginRefused):
                look_around()  # tells every right that is missing, and not only the first that was needed
            return False
        return error.retriable or isinstance(error, Fenced)
