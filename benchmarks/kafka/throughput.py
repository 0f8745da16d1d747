"""CPU of whole processes, start included, beside the least that any program must spend on the same topic.

Floor A consumes the topic and decodes it to columns. Floor B also produces as many ready-made messages, of the same
sizes, as the ladder does. Rounds alternate; the best of each counts.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from children import Child, Cost
from scene import LADDER, Scene, Work, ticks
from table import Row, main

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

KEYS = 1_000
SECONDS = 1_800
FLOOR = Path(__file__).with_name("floor.py")
MINUTE_LIMIT = 1.5
LADDER_LIMIT = 2.0


def measure(scene: Scene, *, quick: bool) -> Iterator[Row]:
    """The rows of the table."""
    rows, rounds = (200_000, 1) if quick else (2_000_000, 3)
    topic = scene.create("ticks")
    floor = scene.work("floor", topic, ("1m",))
    scene.fill(floor, ticks(rows, KEYS, SECONDS * rows / 2_000_000))
    ready = scene.directory / "ready.json"
    counted = _ladder(scene, topic, "ladder")
    ready.write_text(json.dumps(_sizes(scene, counted)))
    for name, *_ in json.loads(ready.read_text()).items():
        scene.create(f"{name}-floor")
    best: dict[str, Cost] = {}
    for turn in range(rounds):
        _keep(best, "floor A", lambda: _floor(floor, rows))
        _keep(best, "1m", lambda turn=turn: _minutes(scene, topic, f"minutes{turn}"))
        _keep(best, "floor B", lambda: _floor(floor, rows, ready))
        _keep(best, "ladder", lambda turn=turn: _cost_of_ladder(scene, topic, f"ladder{turn}"))
    messages = sum(count for count, *_ in json.loads(ready.read_text()).values())
    yield _row("floor A: consume and decode", rows, best["floor A"])
    yield _row("1-minute finals, exactly once", rows, best["1m"], best["floor A"], MINUTE_LIMIT)
    yield _row(f"floor B: and produce {messages:,} ready-made messages", rows, best["floor B"])
    yield _row("seven timeframes from 1s, finals, live, changelog", rows, best["ladder"], best["floor B"], LADDER_LIMIT)


def _keep(best: dict[str, Cost], name: str, work: Callable[[], Cost]) -> None:
    cost = work()
    print(f"  {name}: {cost.cpu:.2f} CPU-seconds", flush=True)
    best[name] = min(best.get(name, Cost(math.inf, 0)), cost)


def _row(what: str, rows: int, cost: Cost, floor: Cost | None = None, limit: float = 1) -> Row:
    detail = f"{cost.cpu:.2f} CPU-s, {rows / cost.cpu / 1_000:,.0f} k ticks a CPU-s"
    detail += f", {cost.peak:.0f} MB" if cost.peak else ""
    return Row(what, cost.cpu / (floor or cost).cpu, "x", limit, detail)


def _floor(work: Work, rows: int, *more: Path) -> Cost:
    says = work.file.with_suffix(".log")
    return Cost(Child(sys.executable, str(FLOOR), str(work.file), str(rows), *map(str, more), says=says).wait(), 0)


def _minutes(scene: Scene, topic: str, name: str) -> Cost:
    return _run(scene, scene.work(name, topic, ("1m",), kafka='live_interval = "off"'))


def _cost_of_ladder(scene: Scene, topic: str, name: str) -> Cost:
    return _run(scene, scene.work(name, topic, LADDER))


def _ladder(scene: Scene, topic: str, name: str) -> Work:
    work = scene.work(name, topic, LADDER)
    _run(scene, work)
    return work


def _run(scene: Scene, work: Work) -> Cost:
    """The cost of a run until it has committed all ticks."""
    child = Child.running(work.file)
    scene.wait_until_read(work)
    return child.stop()


def _sizes(scene: Scene, work: Work) -> dict[str, tuple[int, int, int]]:
    """For each topic that a run has written: how many messages, and the mean sizes of key and value."""
    found = {}
    for topic in work.outputs:
        count = of_keys = of_values = 0
        for keys, values in scene.read(topic):
            count += len(keys)
            of_keys += sum(map(len, keys))
            of_values += sum(map(len, values))
        if count:
            found[topic] = count, round(of_keys / count), round(of_values / count)
    return found


if __name__ == "__main__":
    main("What a run costs, beside what any program must spend on the same topic.", measure)
