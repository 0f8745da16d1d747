"""What is sent within a transaction arrives whole, once and in order, however small the producer's queue is."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from confluent_kafka import Consumer, TopicPartition

from barloom.clock import SystemClock
from barloom.kafka.runtime.transaction import Transactions
from servers.topics import Topics

if TYPE_CHECKING:
    from servers.broker import Broker

pytestmark = [pytest.mark.needs("java"), pytest.mark.needs("maven")]


def committed(bootstrap: str, topic: str) -> list[tuple[bytes | None, bytes | None]]:
    """The records of partition 0 that a reader of committed ones sees."""
    consumer = Consumer(
        {
            "bootstrap.servers": bootstrap,
            "group.id": "reader",
            "isolation.level": "read_committed",
            "enable.partition.eof": True,
        }
    )
    consumer.assign([TopicPartition(topic, 0, 0)])
    found: list[tuple[bytes | None, bytes | None]] = []
    while True:
        messages = consumer.consume(10_000, 0.2)
        found += [(message.key(), message.value()) for message in messages if message.error() is None]
        if any(message.error() is not None for message in messages):
            consumer.close()
            return found


def test_records_for_two_topics_outlast_a_full_queue(broker: Broker) -> None:
    """The same records go to each topic, once and in order, though the queue takes a part of them at a time."""
    topics = Topics({"bootstrap.servers": broker.bootstrap})
    config = {
        "bootstrap.servers": broker.bootstrap,
        "transactional.id": f"{topics.prefix}writer",
        "queue.buffering.max.messages": 100,
        "linger.ms": 1,
    }
    one, other = topics.create("one", 1), topics.create("other", 1)
    keys = [b"%d" % number for number in range(250)]
    transactions = Transactions(config, SystemClock())
    transactions.take_over()

    transactions.send(one, 0, keys[:90], keys[:90])
    transactions.send(one, 0, keys[90:], keys[90:], also=(other,))
    transactions.commit()
    transactions.close()

    expected = list(zip(keys, keys, strict=True))
    assert expected == committed(broker.bootstrap, one)
    assert expected[90:] == committed(broker.bootstrap, other)
    topics.delete()
