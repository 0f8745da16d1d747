"""The two ends of a latency, each a process of its own.

``latency_ends.py write DEFINITION OUT SECONDS`` sends 20,000 ticks a second and notes when.
``latency_ends.py read DEFINITION OUT TOPIC...`` notes when the live bars of some topics, by level, came, until SIGTERM.
"""

from __future__ import annotations

import gc
import signal
import sys
import time
from pathlib import Path
from threading import Event

import numpy as np
import polars as pl
from confluent_kafka import Consumer, Producer, TopicPartition
from scene import PARTITIONS, READER, Work, frame

RATE, KEYS, STEP, LINGER = 20_000, 1_000, 0.005, 5
_AHEAD = 5.0


def write(work: Work, seconds: int, out: Path) -> None:
    """Ticks at a steady rate, each with the time at which it is due, which does not wait for those before it.

    All of them are made before the first is sent, so that the making is no part of the load.
    """
    settings, count = work.settings, seconds * RATE
    random = np.random.default_rng(1)
    began = time.time_ns() + int(_AHEAD * 1e9)
    due = began + np.arange(count) * (10**9 // RATE)
    price = random.integers(10**4, 10**7, count)
    ticks = frame(random.integers(0, KEYS, count), due // 1_000_000, price, np.full(count, 100))
    records = work.serde.event_encoder.encode(ticks)
    messages = [{"key": key, "value": value} for key, value in zip(*records, strict=True)]
    producer = Producer({"bootstrap.servers": settings.brokers, "partitioner": "murmur2", "linger.ms": LINGER})
    gc.disable()
    sent = 0
    while sent < count:
        time.sleep(max(STEP - (time.time_ns() - began) / 1e9 % STEP, 0.0))
        now = int(np.searchsorted(due, time.time_ns()))
        producer.produce_batch(settings.input[0], messages[sent:now])
        producer.poll(0)
        sent = now
    producer.flush()
    ticks.select("symbol", "ts").write_parquet(out)


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
    gc.disable()  # millions of messages are kept, and looking through them would be the latency that is measured
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
