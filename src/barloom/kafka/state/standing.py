"""How an application on Kafka stands, by partition: what its owners told last, and what the cluster knows itself."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from barloom.errors import TopicMismatch
from barloom.kafka.cluster.asking import CALL, asked
from barloom.kafka.cluster.clients import admin_config
from barloom.kafka.events.scan import partitions_of, scan
from barloom.kafka.letters.dead_letters import raw
from barloom.kafka.state.key_progress import key_progress_of, name_of_key
from barloom.kafka.state.progress import Progress
from barloom.read.key_stands import stands
from barloom.store.stream_times import StreamTimes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barloom.engine.times.key_columns import KeyTime
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.identity import Topics
    from barloom.read.key_stands import KeyStands

__all__ = ["NO_OWNER", "Standing", "standing"]

NO_OWNER: Final = "NO_OWNER"
"""The state of a partition that no living member of the group has, whatever its last owner told."""

Place = tuple[str, int]


class _Member(NamedTuple):
    """Somebody in the group, by the name that owners have, if it has one."""

    name: str | None


@dataclass(frozen=True, slots=True)
class Standing:
    """One partition; times are nanoseconds UTC, and none where nobody told anything yet.

    `owner`, `stream_time`, `since` (when the owner took it over) and `at` (when it told this) are its owner's words,
    `state` too unless nobody is there. Where the group has given the partition to another who has told nothing yet,
    that one is the `owner`, `RESTORING` since an unknown time, and the other words are its predecessor's. `lag` is the
    records between the group's committed position and the end of the input's logs, as the cluster has them at the
    moment. `keys` says where its keys stand where each has a time of its own, those furthest behind first.
    """

    partition: int
    owner: str | None
    state: str
    lag: int
    stream_time: int | None
    since: int | None
    at: int | None
    keys: tuple[KeyStands, ...] = ()


def standing(settings: KafkaSettings, names: Topics) -> list[Standing]:
    """Every partition of the input. Raises `TopicMismatch` where an input topic is missing, and other `BrokerError`."""
    counts = partitions_of(settings, settings.input, "DESCRIBE")
    missing = [name for name in settings.input if name not in counts]
    if missing:
        message = f"there is no topic {missing[0]!r}\n    fix: create it, or name the input in [kafka] input or --input"
        raise TopicMismatch(message)
    places = [(topic, partition) for topic, number in counts.items() for partition in range(number)]
    told, keys = _told(settings, names.progress)
    cluster = _Cluster(settings)
    owners, lags = cluster.owners(), cluster.lags(places)
    return [
        replace(
            _standing(
                partition,
                told.get(partition),
                next((owners[topic, partition] for topic in counts if (topic, partition) in owners), None),
                sum(lags.get((topic, partition), 0) for topic in counts),
            ),
            keys=_keys(told.get(partition), keys.get(partition, {})),
        )
        for partition in range(max(counts.values()))
    ]


def _keys(told: Progress | None, keys: Mapping[str, KeyTime]) -> tuple[KeyStands, ...]:
    times = StreamTimes(clock=None if told is None else told.clock)
    return stands(((name.encode(), time) for name, time in keys.items()), times)


def _standing(partition: int, told: Progress | None, member: _Member | None, lag: int) -> Standing:
    if told is None:
        owner, state = (None, NO_OWNER) if member is None else (member.name, "CREATED")
        return Standing(partition, owner, state, lag, None, None, None)
    if member is None:
        return Standing(partition, told.owner, NO_OWNER, lag, told.stream_time, told.since, told.at)
    if member.name in {None, told.owner}:
        return Standing(partition, told.owner, told.state, lag, told.stream_time, told.since, told.at)
    return Standing(partition, member.name, "RESTORING", lag, told.stream_time, None, told.at)


def _told(settings: KafkaSettings, topic: str) -> tuple[dict[int, Progress], dict[int, dict[str, KeyTime]]]:
    """The last word on each partition, and on each key that has a time of its own."""
    found: dict[int, Progress] = {}
    keys: dict[int, dict[str, KeyTime]] = {}
    if not partitions_of(settings, {topic}):
        return found, keys
    for message in scan(settings, topic):
        value, name = raw(message.value()), name_of_key(raw(message.key()))
        if value is None:
            continue
        if name is None:
            progress = msgspec.json.decode(value, type=Progress)
            found[progress.partition] = progress
        else:
            keys.setdefault(message.partition() or 0, {})[name] = key_progress_of(value)
    return found, keys


class _Cluster:
    """What the brokers know of the group and of its input."""

    def __init__(self, settings: KafkaSettings) -> None:
        from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - an extra

        self._admin = AdminClient(admin_config(settings))
        self._group = settings.app

    def owners(self) -> dict[Place, _Member]:
        """The living member that has each partition."""
        group = self._group

        def ask() -> Any:  # noqa: ANN401 - the client's description of a group
            return self._admin.describe_consumer_groups([group], request_timeout=CALL)[group].result()

        members = asked(ask, f"asking for the group {group!r}", right=f"DESCRIBE of group {group!r}").members
        return {
            (at.topic, at.partition): _Member(self._name(member))
            for member in members
            for at in member.assignment.topic_partitions
        }

    def _name(self, member: Any) -> str | None:  # noqa: ANN401 - the client's description of a member
        """What a member calls itself.

        Not known of a static member that comes back, who keeps its predecessor's name in the group, nor of an older
        barloom, whose members are all called like the application.
        """
        name: str = member.client_id
        return None if member.group_instance_id or name == self._group else name

    def lags(self, places: Iterable[Place]) -> dict[Place, int]:
        """Records from the committed position, or where there is none from the first record, to the end."""
        from confluent_kafka.admin import OffsetSpec  # noqa: PLC0415 - an extra

        committed = self._committed(places)
        first = self._offsets(places, OffsetSpec.earliest())  # type: ignore[no-untyped-call]
        end = self._offsets(places, OffsetSpec.latest())  # type: ignore[no-untyped-call]
        return {place: max(0, end[place] - max(committed.get(place, 0), first[place])) for place in end}

    def _committed(self, places: Iterable[Place]) -> Mapping[Place, int]:
        from confluent_kafka import ConsumerGroupTopicPartitions, TopicPartition  # noqa: PLC0415 - an extra

        group = self._group
        wanted = [ConsumerGroupTopicPartitions(group, [TopicPartition(*place) for place in places])]

        def ask() -> Any:  # noqa: ANN401 - the client's positions of a group
            return self._admin.list_consumer_group_offsets(wanted, request_timeout=CALL)[group].result()

        found = asked(
            ask, f"asking for the positions of the group {group!r}", right=f"DESCRIBE of group {group!r}"
        ).topic_partitions
        return {(at.topic, at.partition): at.offset for at in found}

    def _offsets(self, places: Iterable[Place], which: Any) -> Mapping[Place, int]:  # noqa: ANN401 - an OffsetSpec
        from confluent_kafka import IsolationLevel, TopicPartition  # noqa: PLC0415 - an extra

        wanted = {TopicPartition(*place): which for place in places}

        def ask() -> dict[Place, int]:
            found = self._admin.list_offsets(
                wanted, isolation_level=IsolationLevel.READ_UNCOMMITTED, request_timeout=CALL
            )
            return {(at.topic, at.partition): offset.result().offset for at, offset in found.items()}

        return asked(ask, "asking where the input ends")
