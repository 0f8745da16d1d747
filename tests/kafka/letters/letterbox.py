"""An input topic, its dead letters and their ledger on a real broker, for tests of putting them back."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from confluent_kafka import Consumer, KafkaError, Message, Producer, TopicPartition

from barloom.kafka.config.settings import KafkaSettings
from barloom.kafka.letters.dead_letters import dead_letter
from barloom.plan.identity import Topics as Names
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

    from servers.broker import Broker
    from servers.topics import Topics

NOW = 1_763_000_000_500_000_000


class Sent(NamedTuple):
    """A message for the input that cannot be read."""

    partition: int
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]] = ()


class Letterbox:
    """The topics of one test."""

    def __init__(self, broker: Broker, topics: Topics) -> None:
        self.bootstrap = broker.bootstrap
        self.input = topics.create("ticks", 3)
        self.names = Names({}, {}, "", "", "", topics.create("desk_dlq", 3), topics.create("desk_replayed", 1), "")
        _wait_for(topics, {self.input, *self.names_of_letters})
        self.settings = KafkaSettings(brokers=broker.bootstrap, app=f"{topics.prefix}desk", input=(self.input,))

    @property
    def names_of_letters(self) -> tuple[str, str]:
        """The topics of dead letters and of their ledger."""
        return self.names.dead_letter, self.names.replayed

    def fail(self, messages: Sequence[Sent], error: str = "not Avro") -> None:
        """Send messages to the input, and each as a dead letter of the same partition."""
        before = {(message.partition(), message.offset()) for message in self.records(self.input)}
        producer = Producer({"bootstrap.servers": self.bootstrap})
        for sent in messages:
            producer.produce(self.input, sent.value, sent.key, sent.partition, headers=list(sent.headers))
        producer.flush()
        for message in self.records(self.input):
            if (message.partition(), message.offset()) in before:
                continue
            letter = dead_letter(message, error, NOW)
            producer.produce(
                self.names.dead_letter, letter.value, letter.key, message.partition() or 0, headers=letter.headers
            )
        producer.flush()

    def put_back(self) -> list[Message]:
        """The committed messages of the input that are replays."""
        return [
            message for message in self.records(self.input) if "barloom.replayed-from" in dict(message.headers() or ())
        ]

    def times(self) -> Counter[bytes]:
        """How often each value was put back."""
        return Counter(message.value() or b"" for message in self.put_back())

    def records(self, topic: str) -> list[Message]:
        """All committed records of a topic, by partition."""
        consumer = Consumer(
            {
                "bootstrap.servers": self.bootstrap,
                "group.id": "unused",
                "isolation.level": "read_committed",
                "enable.partition.eof": True,
            }
        )
        partitions = consumer.list_topics(topic, 10).topics[topic].partitions
        consumer.assign([TopicPartition(topic, partition, 0) for partition in partitions])
        found: list[Message] = []
        ended = 0
        while ended < len(partitions):
            for message in consumer.consume(1000, 0.2):
                error = message.error()
                if error is None:
                    found.append(message)
                else:
                    assert error.code() == KafkaError._PARTITION_EOF  # noqa: SLF001 - its public name
                    ended += 1
        consumer.close()
        return sorted(found, key=lambda message: (message.partition() or 0, message.offset() or 0))


def _wait_for(topics: Topics, names: set[str]) -> None:
    """A topic that was made is known to all a moment later."""
    until(lambda: names <= set(topics.names()))
