"""Memory of an instance while its broker is stopped for five minutes under load, and whether a bar was lost.

10,000 ticks a second of 1,000 keys become seven timeframes with live bars. The writer keeps what it cannot send, sends
it when the broker is back, and goes on. The figure is the instance's largest resident memory from its start until it
has caught up and all is steady again, over the largest until the stop: of an instance that has begun with a minute's
backlog, as one does that is restarted. Event times lie in the past, so that events alone move the bars' time and each
final is known beforehand.
"""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from beside import beside
from children import Child
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from scene import LADDER, PARTITIONS, QUIET, START, Scene, Work, frame
from table import Row, main

from barloom.plan.identity import topics
from barloom.time.timeframe import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

RATE, KEYS = 10_000, 1_000
LIMIT = 1.5
_QUEUE = 100_000
_AT_ONCE = 20_000
_LATER = 3 * 24 * 3_600_000
"""Milliseconds after the last tick at which one more of each key closes every slot."""
_PATIENCE = 600.0


class Plan(NamedTuple):
    """Seconds of load: before the instance starts, before the stop, without a broker, and after it has caught up."""

    backlog: int
    before: int
    without: int
    after: int


def measure(scene: Scene, *, quick: bool) -> Iterator[Row]:
    """The rows of the table."""
    plan = Plan(10, 10, 10, 5) if quick else Plan(60, 90, 300, 30)
    work = scene.work("outage", scene.create("outage-ticks"))
    load = Load(scene, work)
    with load.flowing():
        time.sleep(plan.backlog)
        instance = Child.running(work.file)
        load.wait_until_read()
        time.sleep(plan.before)
        normal = instance.peak()
        scene.broker.stop()
        time.sleep(plan.without)
        alone = instance.peak()
        scene.broker.start_again()
        seconds = load.wait_until_read()
        caught_up = instance.peak()
        time.sleep(plan.after)
    peak = instance.peak()
    load.close_all()
    scene.wait_until_read(work)
    instance.stop()
    detail = (
        f"peaks: {normal:.0f} MB before, {alone:.0f} when the broker came back, {caught_up:.0f} caught up, "
        f"{peak:.0f} at the end; caught up {seconds:.0f} s after it was back; {compared(scene, work, load.sent)}"
    )
    yield Row(f"memory with the broker stopped for {plan.without} s", peak / normal, "x", LIMIT, detail)


class Load:
    """Ticks at a steady rate, whoever listens: the one with number n is due n / RATE seconds after the start."""

    def __init__(self, scene: Scene, work: Work) -> None:
        self.sent = 0
        self._topic, self._encoder = work.topic, work.serde.event_encoder
        self._places = [TopicPartition(work.topic, number) for number in range(PARTITIONS)]
        self._group = Consumer({"bootstrap.servers": scene.bootstrap, "group.id": work.settings.app, **QUIET})
        self._producer = Producer(
            {
                "bootstrap.servers": scene.bootstrap,
                "partitioner": "murmur2",
                "enable.idempotence": True,
                "message.timeout.ms": 0,
                "queue.buffering.max.messages": _QUEUE,
                "linger.ms": 5,
                **QUIET,
            }
        )
        self._began = time.monotonic()

    @contextmanager
    def flowing(self) -> Iterator[None]:
        """Send until the end of the block, in a thread of its own."""
        self._began = time.monotonic()

        def write(stop: Event) -> None:
            while not stop.wait(0.01):
                self._producer.poll(0)
                while not stop.is_set() and (due := min(self._due() - self.sent, _AT_ONCE, self._room())) > 0:
                    self._send(*tick(np.arange(self.sent, self.sent + due)))
                    self.sent += due

        with beside(write):
            yield
        self._producer.flush()

    def close_all(self) -> None:
        """A last tick of each key, so late that no slot stays open."""
        key, at, price = tick(np.arange(self.sent, self.sent + KEYS))
        self._send(key, at + _LATER, price)
        self._producer.flush()

    def wait_until_read(self) -> float:
        """Wait until the instance is less than a second of load behind what is due; the seconds that this took."""
        since = time.monotonic()
        while time.monotonic() < since + _PATIENCE:
            with suppress(KafkaException):
                read = sum(max(0, place.offset) for place in self._group.committed(self._places, 5))
                if read > self._due() - RATE:
                    return time.monotonic() - since
            time.sleep(0.2)
        message = f"the instance did not catch up in {_PATIENCE:.0f} s"
        raise TimeoutError(message)

    def _due(self) -> int:
        return int((time.monotonic() - self._began) * RATE)

    def _room(self) -> int:
        """The client's queue is never full; what does not fit is due and unsent."""
        return _QUEUE - len(self._producer)

    def _send(self, key: np.ndarray, at: np.ndarray, price: np.ndarray) -> None:
        records = self._encoder.encode(frame(key, at, price, np.full(len(key), 100)))
        messages = [{"key": name, "value": value} for name, value in zip(*records, strict=True)]
        if self._producer.produce_batch(self._topic, messages) != len(messages):
            message = "the producer's queue was full"
            raise RuntimeError(message)


def tick(number: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Key, time in milliseconds and scaled price of the ticks with these numbers."""
    return number % KEYS, START + number * 1_000 // RATE, 10_000 + number * 7_919 % 1_000_003


def compared(scene: Scene, work: Work, count: int) -> str:
    """How many finals there are; an error where one is missing, there twice, or other than brute force has it."""
    ticks = frame(*tick(np.arange(count)), np.full(count, 100)).with_columns(at=pl.col("ts") // 1_000_000)
    named = topics(work.plan)
    total = 0
    for level, name in enumerate(LADDER):
        length = parse_duration(name) // 1_000_000
        bars = ticks.group_by("symbol", start=pl.col("at") // length * length).agg(
            open=pl.col("price").first(),
            high=pl.col("price").max(),
            low=pl.col("price").min(),
            close=pl.col("price").last(),
            count=pl.len().cast(pl.Int64),
        )
        found = []
        for keys, values in scene.read(named.final[name]):
            found.append(work.serde.bar_decoder.frame(level, keys, values))
        finals = pl.concat(found).with_columns(pl.col("start").dt.epoch("ms"))
        expected, actual = (rows.select(bars.columns).sort("symbol", "start") for rows in (bars, finals))
        if not expected.equals(actual):
            message = f"finals of {name}: {len(actual):,}, and not the {len(expected):,} that brute force has"
            raise RuntimeError(message)
        total += len(actual)
    return f"all {total:,} finals of {count:,} ticks are there, once and right"


if __name__ == "__main__":
    main("What an outage of the broker costs in memory.", measure)
