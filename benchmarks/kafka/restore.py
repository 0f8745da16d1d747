"""How long a partition takes from its assignment to RUNNING: from the changelog alone, and with a warm standby.

100,000 keys hold an open bar in each of seven timeframes. Cold, in four partitions: an instance that starts. With
``standby = 1`` all of them in one partition, whose owner is killed.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np
from members import Member
from scene import PARTITIONS, START, Scene, Work, frame
from table import Row, main

if TYPE_CHECKING:
    from collections.abc import Iterator

COLD_LIMIT = 10.0
WARM_LIMIT = 1.0
LONG = 'delay = "1h"'


def measure(scene: Scene, *, quick: bool) -> Iterator[Row]:
    """The rows of the table."""
    keys = 10_000 if quick else 100_000
    what = f"{keys:,} keys x 7 timeframes"
    cold = _held(scene, "cold", keys, PARTITIONS)
    member = Member(cold, "again")
    member.wait_for(range(PARTITIONS))
    yield Row(f"restore of {what}", member.seconds_to_run(), "s", COLD_LIMIT, "from the changelog, four partitions")
    member.stop()
    warm = _held(scene, "warm", keys, 1, "standby = 1")
    taken = _take_over(warm)
    yield Row("the same with a standby, its owner killed", taken, "s", WARM_LIMIT, "one partition")


def _held(scene: Scene, name: str, keys: int, partitions: int, kafka: str = "") -> Work:
    """A definition that has read a tick of each key, whose bars are all open, and that was stopped."""
    topic = scene.create(f"{name}-ticks", partitions)
    work = scene.work(name, topic, bars=LONG, kafka=kafka)
    number = np.arange(keys)
    scene.fill(work, frame(number, START + number // 100, 10_000 + number, 100 + number))
    first = Member(work, "first")
    scene.wait_until_read(work)
    first.stop()
    return work


def _take_over(work: Work) -> float:
    owner = Member(work, "owner")
    owner.wait_for({0})
    heir = Member(work, "heir")
    time.sleep(20)  # it reads the changelog
    killed_at = time.monotonic()
    owner.kill()
    heir.wait_for({0})
    heir.stop()
    return heir.seconds_to_run(killed_at)


if __name__ == "__main__":
    main("How long it takes until a partition's state is back.", measure)
