"""The floors: the least that any program of this kind has to do. A process of its own, started by throughput.py.

``floor.py DEFINITION TICKS`` consumes the topic and decodes it to columns with the clients' settings of a run.
``floor.py DEFINITION TICKS READY`` also produces ready-made messages, in one transaction for each poll that was full.
READY is a JSON file: by topic how many, and the mean sizes of key and value.
"""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, Producer, TopicPartition
from scene import PARTITIONS, Work

from barloom.kafka.cluster.clients import consumer_config, producer_config
from barloom.kafka.runtime.collecting import seldom_collected
from barloom.kafka.runtime.fetched import Fetched

AT_ONCE = 50_000
A_FEW = 2_000
QUEUE = 25_000


class Ready:
    """Ready-made messages, a share of them in each transaction."""

    def __init__(self, work: Work, file: Path, total: int) -> None:
        self._total = total
        self._topics: dict[str, tuple[int, list[dict[str, bytes]]]] = {}
        for topic, (count, key, value) in json.loads(file.read_text()).items():
            self._topics[f"{topic}-floor"] = count, [{"key": bytes(key), "value": bytes(value)}] * QUEUE
        self._sent = dict.fromkeys(self._topics, 0)
        self._producer = Producer(producer_config(work.settings, f"{work.settings.app}-floor"))
        self._producer.init_transactions()

    def send(self, done: int) -> None:
        """What is due after so many ticks, in one transaction."""
        self._producer.begin_transaction()
        for topic, (count, messages) in self._topics.items():
            due = count * done // self._total - self._sent[topic]
            self._sent[topic] += due
            for partition in range(PARTITIONS):
                self._send(topic, partition, messages, due // PARTITIONS + (partition < due % PARTITIONS))
        self._producer.commit_transaction()

    def _send(self, topic: str, partition: int, messages: list[dict[str, bytes]], count: int) -> None:
        while count:
            sent: Any = self._producer.produce_batch(topic, messages[:count], partition)
            count -= sent
            if not sent:
                self._producer.poll(0.01)


def _fetched(consumer: Consumer) -> Fetched:
    """What is there, a few thousand at a time: faster than all at once, as in a run."""
    fetched, until = Fetched(), time.monotonic() + 0.1
    while len(fetched.values) < AT_ONCE:
        messages: Any = consumer.consume(A_FEW, max(0.0, until - time.monotonic()))
        fetched.add(messages)
        if len(messages) < A_FEW:
            break
    return fetched


def main() -> None:
    """Read so many ticks."""
    work, total = Work(Path(sys.argv[1]), ""), int(sys.argv[2])
    settings = work.settings
    (topic,) = settings.input
    decoder = work.serde.events
    ready = Ready(work, Path(sys.argv[3]), total) if len(sys.argv) > 3 else None  # noqa: PLR2004
    consumer = Consumer(consumer_config(settings, "floor"))
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    done = rows = unsent = 0
    while done < total:
        fetched = _fetched(consumer)
        if fetched.values:
            rows += decoder.decode(fetched.values).frame.height
        done += len(fetched.values)
        unsent += len(fetched.values)
        if ready is not None and (unsent >= AT_ONCE // 2 or done >= total):
            ready.send(done)
            unsent = 0
    consumer.close()
    print(f"{rows:,} rows")


if __name__ == "__main__":
    with seldom_collected():  # as in a run
        main()
