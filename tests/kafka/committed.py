"""Topics as a read_committed reader sees them, from their first record to their end."""

from __future__ import annotations

from time import monotonic
from typing import TYPE_CHECKING, Any

from confluent_kafka import Consumer, IsolationLevel, KafkaError, Message, TopicPartition
from confluent_kafka.admin import AdminClient, OffsetSpec

from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Mapping

"""Seconds for which an open transaction is waited for, on a busy machine."""


class CommittedReader:
    """Reads whole topics; what is in an open transaction is waited for until that one ends."""

    def __init__(self, bootstrap: str) -> None:
        self._line: dict[str, Any] = {"bootstrap.servers": bootstrap, "log_level": 0}
        self._admin = AdminClient(dict(self._line))

    def ends(self, topic: str) -> dict[int, int]:
        """The high watermark of each partition."""
        partitions = self._admin.list_topics(topic, timeout=PATIENCE).topics[topic].partitions
        spec = OffsetSpec.latest()  # type: ignore[no-untyped-call]
        asked = self._admin.list_offsets(
            {TopicPartition(topic, number): spec for number in partitions},
            isolation_level=IsolationLevel.READ_UNCOMMITTED,
            request_timeout=PATIENCE,
        )
        return {where.partition: answer.result().offset for where, answer in asked.items()}

    def records(self, topic: str) -> list[Message]:
        """All committed records, by partition and offset."""
        ends = self.ends(topic)
        consumer = Consumer(self._config())
        consumer.assign([TopicPartition(topic, number, 0) for number in ends])
        found: dict[int, list[Message]] = {number: [] for number in ends}
        waiting = {number for number, end in ends.items() if end}
        until = monotonic() + PATIENCE
        while waiting:
            assert monotonic() < until, f"{topic} {sorted(waiting)}: a transaction stays open"
            for message in consumer.consume(10_000, 0.02):
                error, number = message.error(), message.partition() or 0
                if error is None:
                    found[number].append(message)
                else:
                    assert error.code() == KafkaError._PARTITION_EOF, error  # noqa: SLF001 - its public name
                if (message.offset() or 0) + (error is None) >= ends[number]:
                    waiting.discard(number)
        consumer.close()
        return [message for number in sorted(found) for message in found[number]]

    def latest(self, topic: str) -> Mapping[bytes, Message]:
        """The last committed record of each key that still has a value, as compaction leaves them."""
        last = {record.key() or b"": record for record in self.records(topic)}
        return {key: record for key, record in last.items() if record.value() is not None}

    def _config(self) -> dict[str, Any]:
        return {
            **self._line,
            "group.id": "reading",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
            "enable.auto.commit": False,
            "fetch.wait.max.ms": 20,
        }
