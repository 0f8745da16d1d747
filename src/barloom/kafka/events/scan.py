"""A whole topic, from its first record to the last one that is committed when the reading begins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import BrokerUnreachable
from barloom.kafka.cluster.asking import CALL, asked
from barloom.kafka.cluster.clients import admin_config, consumer_config
from barloom.kafka.cluster.failures import client_error, is_of_group

if TYPE_CHECKING:
    from collections.abc import Collection, Generator
    from typing import Self

    from confluent_kafka import Message
    from confluent_kafka.admin import AdminClient

    from barloom.kafka.config.settings import KafkaSettings

__all__ = ["partitions_of", "record_at", "scan"]

_WAIT: Final = 0.1
"""Seconds that one poll waits for a full batch."""

_PATIENCE: Final = 300
"""Polls without an answer, after which the broker is taken to be gone."""

_BATCH: Final = 500


def scan(settings: KafkaSettings, topic: str, partition: int | None = None) -> Generator[Message]:
    """Every committed record (of one partition), in order within its partition; of what is there when it begins.

    Raises `TopicMismatch` where there is no such topic, and `BrokerError` where it cannot be read.
    """
    with _Log(settings, topic) as log:
        ends = {number: each for number, each in log.ends().items() if partition in (None, number)}
        log.begin({number: first for number, (first, _) in ends.items()})
        waiting = {number: end for number, (_, end) in ends.items()}
        while waiting:
            for number, message in log.poll():
                end = waiting.get(number, 0)
                offset = end if message is None else message.offset() or 0
                if message is not None and offset < end:
                    yield message
                if offset + 1 >= end:
                    waiting.pop(number, None)


def record_at(settings: KafkaSettings, topic: str, partition: int, offset: int) -> Message | None:
    """One record; none where there is none at that place, or it is gone or was never committed."""
    with _Log(settings, topic) as log:
        first, end = log.ends().get(partition, (0, 0))
        if not first <= offset < end:
            return None
        log.begin({partition: offset})
        _, message = log.poll()[0]
        return message if message is not None and message.offset() == offset else None


def partitions_of(settings: KafkaSettings, names: Collection[str], operation: str = "READ") -> dict[str, int]:
    """How many partitions these topics have; those that are not there are left out.

    `operation` is what they are looked at for, for messages; it has to bring DESCRIBE with it.
    """
    from confluent_kafka.admin import AdminClient  # noqa: PLC0415 - an extra

    admin = AdminClient(admin_config(settings))
    found = {name: _described(admin, name, operation) for name in names}
    return {name: count for name, count in found.items() if count is not None}


def _described(admin: AdminClient, name: str, operation: str) -> int | None:
    """The number of a topic's partitions; none where it is not there."""
    from confluent_kafka import KafkaException, TopicCollection  # noqa: PLC0415 - an extra

    def ask() -> int | None:
        (answer,) = admin.describe_topics(TopicCollection([name]), request_timeout=CALL).values()
        try:
            return len(answer.result().partitions)
        except KafkaException as error:
            if error.args[0].name() == "UNKNOWN_TOPIC_OR_PART":
                return None
            raise

    return asked(ask, f"looking at topic {name!r}", right=f"{operation} of topic {name!r}")


class _Log:
    """One topic, read by a consumer of no group."""

    def __init__(self, settings: KafkaSettings, topic: str) -> None:
        from confluent_kafka import Consumer  # noqa: PLC0415 - an extra

        self._topic = topic
        self._doing = f"reading topic {topic!r}"
        self._right = f"READ of topic {topic!r}"
        self._consumer = Consumer(consumer_config(settings, settings.app))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._consumer.close()

    def ends(self) -> dict[int, tuple[int, int]]:
        """The first offset and the end of what is committed, by partition; empty partitions are left out."""
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 - an extra

        consumer, name = self._consumer, self._topic

        def partitions() -> list[int]:
            found = consumer.list_topics(name, timeout=CALL).topics[name]
            if found.error is not None:
                raise KafkaException(found.error)
            return list(found.partitions)

        def ask(partition: int) -> tuple[int, int]:
            return asked(
                lambda: consumer.get_watermark_offsets(TopicPartition(name, partition), CALL),
                self._doing,
                right=self._right,
            )

        ends = {partition: ask(partition) for partition in asked(partitions, self._doing, right=self._right)}
        return {partition: (first, end) for partition, (first, end) in ends.items() if first < end}

    def begin(self, offsets: dict[int, int]) -> None:
        """Read these partitions from these offsets on."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        self._consumer.assign([TopicPartition(self._topic, *place) for place in offsets.items()])

    def poll(self) -> list[tuple[int, Message | None]]:
        """The next records, at least one, by partition; none for the end of a partition."""
        from confluent_kafka import KafkaError  # noqa: PLC0415 - an extra

        for _ in range(_PATIENCE):
            found: list[tuple[int, Message | None]] = []
            for message in asked(lambda: self._consumer.consume(_BATCH, _WAIT), self._doing, right=self._right):
                error = message.error()
                if error is not None and is_of_group(error):
                    continue
                if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                    raise client_error(error, self._doing, self._right)
                found.append((message.partition() or 0, message if error is None else None))
            if found:
                return found
        text = f"{self._doing}: no answer for {_PATIENCE * _WAIT:.0f} s\n    fix: check that the brokers run"
        raise BrokerUnreachable(text, retriable=True)
