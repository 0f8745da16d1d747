"""One request to the cluster: made again while that is only just coming up, its failure in clear words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeVar

from barloom.clock import SystemClock
from barloom.errors import BrokerUnreachable
from barloom.kafka.cluster.failures import client_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.clock import Clock

__all__ = ["CALL", "asked"]

CALL: Final = 15.0
"""Seconds that one request may take, and for which it is made again."""

_PAUSE: Final = 0.1
_Answer = TypeVar("_Answer")


def asked(call: Callable[[], _Answer], doing: str, clock: Clock | None = None, right: str = "") -> _Answer:
    """What `call` answers, which was `doing` something, such as ``"reading topic 'ticks'"``, and needs a `right`.

    A topic that was made a moment ago has no leader yet, and a group no coordinator: that passes. Raises `BrokerError`.
    """
    from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

    timer = SystemClock() if clock is None else clock
    until = timer.monotonic() + CALL
    while True:
        try:
            return call()
        except KafkaException as error:
            failure = client_error(error, doing, right)
            away = isinstance(failure, BrokerUnreachable)
            if away or not failure.retriable or timer.monotonic() > until:
                raise failure from error
            timer.sleep(_PAUSE)
