"""Forgetting what an application knows: its changelog, its progress and its positions in the input."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from barloom.errors import BrokerError
from barloom.kafka.cluster.failures import client_error
from barloom.plan.identity import topics

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from barloom.kafka.cluster.admin import Cluster
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["Known", "forget", "known_of"]

_CALL: Final = 15.0
_PAUSE: Final = 0.2


@dataclass(frozen=True, slots=True)
class Known:
    """What there is of an application: its own topics, whether its group has positions, and its members now."""

    app: str
    topics: tuple[str, ...]
    group: bool
    members: int


def known_of(cluster: Cluster, plan: BarPlan, settings: KafkaSettings) -> Known:
    """What `forget` would remove."""
    names = topics(plan, settings.app)
    found = cluster.found((names.changelog, names.progress), "DELETE")
    described = _answer(
        cluster,
        lambda: cluster.admin.describe_consumer_groups([settings.app], request_timeout=_CALL),
        f"looking at group {settings.app!r}",
        f"DELETE of group {settings.app!r}",
    )
    members = 0 if described is None else len(described.members)
    listed = described is not None and described.state.name not in {"DEAD", "UNKNOWN"}
    return Known(settings.app, tuple(found), listed, members)


def forget(cluster: Cluster, known: Known) -> None:
    """Delete the topics and the group. `BrokerError` while the group has members: they would work on without."""
    if known.members:
        message = (
            f"the group {known.app!r} has {known.members} member(s)\n"
            "    fix: stop every instance first, and wait for the session timeout of one that was killed"
        )
        raise BrokerError(message)
    if known.group:
        _answer(
            cluster,
            lambda: cluster.admin.delete_consumer_groups([known.app], request_timeout=_CALL),
            f"forgetting group {known.app!r}",
            f"DELETE of group {known.app!r}",
        )
    for name in known.topics:
        _answer(
            cluster,
            partial(cluster.admin.delete_topics, [name], request_timeout=_CALL),
            f"deleting topic {name!r}",
            f"DELETE of topic {name!r}",
        )


def _answer(cluster: Cluster, ask: Callable[[], Mapping[str, Future[Any]]], doing: str, right: str) -> Any:  # noqa: ANN401 - any
    """The answer to a request about one thing; none where that is not there. Asked again while that may help."""
    from confluent_kafka import KafkaException  # noqa: PLC0415 - an extra

    until = cluster.clock.monotonic() + _CALL
    while True:
        (future,) = ask().values()
        try:
            return future.result()
        except KafkaException as error:
            if error.args[0].name() in {"GROUP_ID_NOT_FOUND", "UNKNOWN_TOPIC_OR_PART"}:
                return None
            failure = client_error(error, doing, right)
            if not failure.retriable or cluster.clock.monotonic() > until:
                raise failure from None
            cluster.clock.sleep(_PAUSE)
