"""The topics of a publisher: the input that it writes, and the positions beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import TopicMismatch
from barloom.kafka.cluster.asking import CALL, asked
from barloom.kafka.cluster.topics import input_spec, positions_spec
from barloom.kafka.publish.positions import positions_topic

if TYPE_CHECKING:
    from barloom.kafka.cluster.admin import Cluster
    from barloom.kafka.cluster.topics import Found
    from barloom.kafka.config.settings import KafkaSettings

__all__ = ["provide_topics", "publishing_rights", "require_topics"]

_POLICY: Final = "cleanup.policy"
_COPIES: Final = 3
"""Of a topic that is made, where there are as many brokers and nothing else is said."""


def publishing_rights(topic: str) -> dict[str, tuple[str, ...]]:
    """The operations that a publisher does on each topic."""
    return {topic: ("WRITE",), positions_topic(topic): ("READ", "WRITE")}


def provide_topics(cluster: Cluster, settings: KafkaSettings, topic: str, partitions: int | None) -> int:
    """Make what is missing of them, and say how many partitions the input has.

    The input is made with so many `partitions`, where they are given. Raises `TopicMismatch` where it is not there and
    they are not, has another number, or is compacted: that would throw away all but the last row of each key.
    """
    found = cluster.found([topic], "WRITE").get(topic)
    if found is None:
        found = _made(cluster, settings, topic, partitions)
    _check(found, topic, partitions)
    cluster.provide([positions_spec(positions_topic(topic), settings.replicas or found.replicas)])
    return found.partitions


def require_topics(cluster: Cluster, topic: str) -> None:
    """`TopicMismatch` where a topic of a publisher at work has gone; a broker that starts may not know it at once."""
    names = (topic, positions_topic(topic))
    gone = [name for name in names if name not in cluster.awaited(names)]
    if gone:
        message = f"the topic {gone[0]!r} has been deleted\n    fix: begin anew, which makes it once more"
        raise TopicMismatch(message)


def _made(cluster: Cluster, settings: KafkaSettings, topic: str, partitions: int | None) -> Found:
    if partitions is None:
        message = (
            f"the input topic {topic!r} is not there (or an access rule hides it)\n    fix: create it with as many "
            "partitions as instances shall ever share the work, or let it be made: --partitions NUMBER"
        )
        raise TopicMismatch(message)
    brokers = asked(lambda: cluster.admin.list_topics(timeout=CALL).brokers, "looking at the brokers")
    cluster.provide([input_spec(topic, partitions, settings.replicas or min(len(brokers), _COPIES))])
    return cluster.found([topic], "WRITE")[topic]


def _check(found: Found, topic: str, partitions: int | None) -> None:
    if partitions not in {None, found.partitions}:
        message = (
            f"the topic {topic!r} has {found.partitions} partitions, not {partitions}\n"
            "    fix: leave --partitions out: it is only for a topic that is not there yet"
        )
        raise TopicMismatch(message)
    if "compact" in found.config.get(_POLICY, ""):
        told = f"the topic {topic!r} is compacted ({_POLICY} = {found.config[_POLICY]}): of each key it keeps one row"
        message = f"{told}\n    fix: set {_POLICY} = delete, or name another topic"
        raise TopicMismatch(message)
