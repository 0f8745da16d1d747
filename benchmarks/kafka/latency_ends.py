"""The two ends of a latency, each a process of its own.

``latency_ends.py write DEFINITION OUT SECONDS`` sends 20,000 ticks a second and notes when.
``latency_ends.py read DEFINITION OUT TOPIC...`` notes when the live bars of some topics, by level, came, until SIGTERM.
"""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path
from threading import Event

import numpy as np
import polars as pl
from confluent_kafka import Consumer, Producer, TopicPartition
from scene import PARTITIONS, READER, Work, frame

RATE, KEYS, AT_ONCE = 20_000, 1_000, 100


def write(work: Work, seconds: int, out: Path) -> None:
    """Ticks at a steady rate, a hundred at once, whose event time is when they are sent."""
    settings, encoder = work.settings, work.serde.event_encoder
    producer = Producer({"bootstrap.servers": settings.brokers, "partitioner": "murmur2", "linger.ms": 1})
    random = np.random.default_rng(1)
    sent = []
    began = time.monotonic()
    for turn in range(seconds * RATE // AT_ONCE):
        due = began + turn * AT_ONCE / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        at = np.full(AT_ONCE, time.time_ns() // 1_000_000)
        key, price = random.integers(0, KEYS, AT_ONCE), random.integers(10**4, 10**7, AT_ONCE)
        ticks = frame(key, at, price, np.full(AT_ONCE, 100))
        records = encoder.encode(ticks)
        messages = [{"key": key, "value": value} for key, value in zip(*records, strict=True)]
        producer.produce_batch(settings.input[0], messages)
        producer.poll(0)
        sent.append(ticks.select("symbol", "ts"))
    producer.flush()
    pl.concat(sent).write_parquet(out)


def read(work: Work, out: Path, topics: list[str]) -> None:
    """Live bars as they can be read, with the moment (ns) at which a poll brought them."""
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    consumer = Consumer(
        {
            "bootstrap.servers": work.settings.brokers,
            "group.id": "latency",
            "fetch.wait.max.ms": 10,
            "fetch.queue.backoff.ms": 5,
            **READER,
        }
    )
    consumer.assign([TopicPartition(topic, number, 0) for topic in topics for number in range(PARTITIONS)])
    found = []
    while not stop.is_set():
        messages = consumer.consume(2_000, 0.005)
        now = time.time_ns()
        found += [(now, message) for message in messages if message.error() is None]
    decoder = work.serde.bar_decoder
    frames = []
    for level, topic in enumerate(topics):
        ours = [(at, message) for at, message in found if message.topic() == topic]
        bars = decoder.frame(level, [message.key() for _, message in ours], [message.value() for _, message in ours])
        moments = pl.DataFrame({"at": [at for at, _ in ours], "level": np.full(len(ours), level)})
        frames.append(pl.concat([moments, bars.select("symbol", "close_time")], how="horizontal"))
    pl.concat(frames).write_parquet(out)


if __name__ == "__main__":
    role, definition, out, *more = sys.argv[1:]
    if role == "write":
        write(Work(Path(definition), ""), int(more[0]), Path(out))
    else:
        read(Work(Path(definition), ""), Path(out), more)
