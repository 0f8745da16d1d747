"""How long readers wait for the next final when one of two instances goes away, with default settings.

``kill -9`` comes inside an open transaction: the instance is halted, and killed if one of its output partitions then
holds records that are not committed. The figure is the time from the kill until the last of its partitions shows a
final again to a consumer of committed records; for a planned stop, the longest pause between two finals of a partition.
"""

from __future__ import annotations

import signal
import time
from collections import defaultdict
from contextlib import contextmanager
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from beside import beside
from confluent_kafka import Consumer, IsolationLevel, Producer, TopicPartition
from confluent_kafka.admin import OffsetSpec
from members import Member, share_evenly
from scene import PARTITIONS, QUIET, READER, Scene, Work, frame
from table import Row, main

from barloom.plan.identity import topics

if TYPE_CHECKING:
    from collections.abc import Iterator
    from threading import Event

TIMEFRAMES = ("100ms", "1s", "1m")
RATE, KEYS, AT_ONCE = 4_000, 200, 20
KILL_HALF, KILL_WORST, STOP_WORST = 8.0, 10.0, 1.0
_SETTLE = 2.0


class Finals:
    """When finals of each partition became visible, on the monotonic clock."""

    def __init__(self) -> None:
        self.at: dict[int, list[float]] = defaultdict(list)

    def resumed(self, partitions: set[int], since: float) -> float | None:
        """Seconds until the last of the partitions went on: after the longest pause that it had; none: not yet."""
        ends = [self._pause(number, since)[1] for number in partitions]
        return None if any(end is None for end in ends) else max(end - since for end in ends if end is not None)

    def longest(self, partitions: set[int], since: float) -> float:
        """The longest pause of any of these partitions."""
        return max(self._pause(number, since)[0] for number in partitions)

    def _pause(self, number: int, since: float) -> tuple[float, float | None]:
        times = self.at[number]
        earlier = [at for at in times if at <= since]
        later = [*earlier[-1:], *(at for at in times if at > since)]
        pauses = [(then - at, then) for at, then in pairwise(later)]
        return max(pauses, default=(0.0, None))


def measure(scene: Scene, *, quick: bool) -> Iterator[Row]:
    """The rows of the table."""
    kills, stops = (2, 1) if quick else (30, 6)
    work = scene.work("failover", scene.create("failover-ticks"), TIMEFRAMES, bars='delay = "100ms"')
    finals = Finals()
    with _writing(scene, work):
        members = [Member(work, "0"), Member(work, "1")]
        share_evenly(*members, PARTITIONS)
        with _watching(scene, work, finals):
            stopped = [_stop(work, members, turn, finals) for turn in range(stops)]
            killed = [_kill(scene, work, members, turn, finals) for turn in range(kills)]
        for member in members:
            member.stop()
    detail = f"{kills} times; sorted: " + " ".join(f"{seconds:.1f}" for seconds in sorted(killed))
    yield Row("kill -9 in a transaction to the next final, p50", float(np.median(killed)), "s", KILL_HALF, detail)
    yield Row("the same, worst", max(killed), "s", KILL_WORST)
    yield Row("planned stop, longest pause between finals, worst", max(stopped), "s", STOP_WORST, f"{stops} times")


def _stop(work: Work, members: list[Member], turn: int, finals: Finals) -> float:
    leaver = members[turn % 2]
    partitions = leaver.running()
    since = time.monotonic()
    leaver.stop()
    time.sleep(5)
    paused = finals.longest(partitions, since)
    print(f"  planned stop {turn + 1}: {paused:.2f} s", flush=True)
    _return(work, members, turn)
    return paused


def _kill(scene: Scene, work: Work, members: list[Member], turn: int, finals: Finals) -> float:
    victim, survivor = members[turn % 2], members[1 - turn % 2]
    partitions = victim.running()
    while True:
        victim.signal(signal.SIGSTOP)
        if _is_open(scene, work, partitions):
            break
        victim.signal(signal.SIGCONT)
        time.sleep(0.03)
    since = time.monotonic()
    victim.kill()
    survivor.wait_for(range(PARTITIONS))
    time.sleep(_SETTLE)
    seconds = finals.resumed(partitions, since)
    if seconds is None:
        message = f"partitions {sorted(partitions)} showed no final again"
        raise RuntimeError(message)
    print(f"  kill {turn + 1}: {seconds:.2f} s", flush=True)
    _return(work, members, turn)
    return seconds


def _return(work: Work, members: list[Member], turn: int) -> None:
    members[turn % 2] = Member(work, f"after{time.monotonic_ns()}")
    share_evenly(members[0], members[1], PARTITIONS)
    time.sleep(_SETTLE)


def _is_open(scene: Scene, work: Work, partitions: set[int]) -> bool:
    """Whether some output partition of these holds records beyond its last stable offset."""
    places = [TopicPartition(topic, number) for topic in work.outputs for number in partitions]
    ends = []
    for isolation in (IsolationLevel.READ_COMMITTED, IsolationLevel.READ_UNCOMMITTED):
        asked = {place: OffsetSpec.latest() for place in places}
        found = scene.admin.list_offsets(asked, isolation_level=isolation)
        ends.append([found[place].result(10).offset for place in places])
    return ends[0] != ends[1]


@contextmanager
def _writing(scene: Scene, work: Work) -> Iterator[None]:
    """A steady stream of ticks, stamped with the time at which they are sent."""
    producer = Producer({"bootstrap.servers": scene.bootstrap, "partitioner": "murmur2", "linger.ms": 1, **QUIET})
    random, encoder = np.random.default_rng(1), work.serde.event_encoder

    def write(stop: Event) -> None:
        while not stop.wait(AT_ONCE / RATE):
            at = np.full(AT_ONCE, time.time_ns() // 1_000_000)
            key, price = random.integers(0, KEYS, AT_ONCE), random.integers(10**4, 10**7, AT_ONCE)
            records = encoder.encode(frame(key, at, price, np.full(AT_ONCE, 100)))
            messages = [{"key": key, "value": value} for key, value in zip(*records, strict=True)]
            producer.produce_batch(work.topic, messages)
            producer.poll(0)

    with beside(write):
        yield
    producer.flush()


@contextmanager
def _watching(scene: Scene, work: Work, finals: Finals) -> Iterator[None]:
    """A consumer of the committed finals of the base."""
    topic = topics(work.plan).final[TIMEFRAMES[0]]
    consumer = Consumer({"bootstrap.servers": scene.bootstrap, "group.id": "watch", "fetch.wait.max.ms": 10, **READER})
    consumer.assign([TopicPartition(topic, number) for number in range(PARTITIONS)])

    def watch(stop: Event) -> None:
        while not stop.is_set():
            messages = consumer.consume(1_000, 0.01)
            now = time.monotonic()
            for number in {message.partition() for message in messages if message.error() is None}:
                finals.at[number].append(now)

    with beside(watch):
        yield
    consumer.close()


if __name__ == "__main__":
    main("How long readers wait when an instance goes away.", measure)
