"""One-minute finals, exactly once, by barloom and by its peers: the same topic of JSON, one after the other.

The figure is ticks per CPU-second (user and system) of the whole process, from its start to its end; what each has
published is compared with Polars, bar by bar. README.md says how to set the peers up; those that are not there are left
out.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from children import Child
from confluent_kafka import Consumer, Producer, TopicPartition
from scene import PARTITIONS, QUIET, READER, START, Scene, Work, frame, ticks

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
KEYS, MINUTE, DAY = 1_000, 60_000, 86_400_000
JSON = 'format = "json"\njson_times = "ms"\nlive_interval = "off"'
PRICES = ("open", "high", "low", "close")
_PATIENCE = 600.0
_POKE = 2.0

Bars = dict[tuple[str, int], tuple[Decimal, ...]]


class Engine(NamedTuple):
    """How a program is started; it finds INPUT, OUTPUT, BOOTSTRAP and STATE in its environment."""

    name: str
    command: tuple[str, ...]


class Published:
    """The finals in a topic, as readers of committed records see them."""

    def __init__(self, scene: Scene, topic: str) -> None:
        self.bars: Bars = {}
        self.twice = 0
        self._consumer = Consumer({"bootstrap.servers": scene.bootstrap, "group.id": "compare", **READER})
        self._consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])

    def poll(self) -> None:
        """Take what is new; bars of the ticks that close windows are left out."""
        for message in self._consumer.consume(10_000, 0.2):
            if message.error() is None:
                self._take(json.loads(message.value() or b"", parse_float=Decimal))

    def _take(self, bar: dict[str, object]) -> None:
        start = int(str(bar["start"]))
        name = bar.get("symbol") or json.loads(str(bar["key"]))["symbol"]
        if start < START + DAY - MINUTE:
            self.twice += (str(name), start) in self.bars
            self.bars[str(name), start] = tuple(Decimal(str(bar[field])) for field in (*PRICES, "volume", "count"))


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description="One-minute finals by barloom and by its peers, side by side.")
    parser.add_argument("--quick", action="store_true", help="a tenth of the ticks, to see that it works: no figures")
    parser.add_argument("--quix", metavar="PYTHON", help="a Python in which Quix Streams is installed")
    asked = parser.parse_args()
    rows = 200_000 if asked.quick else 2_000_000
    with Scene.open() as scene:
        topic = scene.create("ticks")
        work = scene.work("bars", topic, ("1m",), kafka=JSON)
        frames = ticks(rows, KEYS, 1_800 * rows / 2_000_000)
        scene.fill(work, frames)
        scene.fill(work, _closing())
        expected = _by_polars(frames)
        print(f"{'':<16} {'ticks a CPU-s':>14} {'CPU-s':>7} {'MB':>6} {'finals':>8} missing twice wrong")
        for engine in _engines(work, asked.quix):
            print(_measured(scene, work, engine, rows, expected), flush=True)


def _engines(work: Work, quix: str | None) -> Iterator[Engine]:
    yield Engine("barloom", (sys.executable, "-m", "barloom", "run", str(work.file)))
    jar = HERE / "kafka-streams" / "target" / "bars-1.jar"
    if jar.exists():
        path = f"{jar}{os.pathsep}{jar.parent / 'dependency' / '*'}"
        quiet = "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"
        yield Engine("Kafka Streams", ("java", quiet, "-cp", path, "Bars"))
    if quix is not None:
        yield Engine("Quix Streams", (quix, str(HERE / "quix_bars.py")))


def _measured(scene: Scene, work: Work, engine: Engine, rows: int, expected: Bars) -> str:
    name = engine.name.lower().replace(" ", "-")
    output = scene.create("bars_final_1m" if engine.name == "barloom" else f"{name}-out")
    state = scene.directory / f"{name}-state"
    more = {"BOOTSTRAP": scene.bootstrap, "INPUT": work.topic, "OUTPUT": output, "STATE": str(state)}
    published = Published(scene, output)
    child = Child(*engine.command, says=scene.directory / f"{name}.log", more=more)
    _until_complete(scene, work, child, published, len(expected))
    cost = child.stop()
    found = published.bars
    wrong = sum(not _same(bar, found[place]) for place, bar in expected.items() if place in found)
    return (
        f"{engine.name:<16} {rows / cost.cpu:14,.0f} {cost.cpu:7.1f} {cost.peak:6.0f} {len(found):8,} "
        f"{len(expected.keys() - found.keys()):7} {published.twice:5} {wrong:5}"
    )


def _until_complete(scene: Scene, work: Work, child: Child, published: Published, expected: int) -> None:
    """Read until all finals are there; now and then a later tick comes, without which some close no window."""
    end = time.monotonic() + _PATIENCE
    poke_at, later = time.monotonic() + 10 * _POKE, 2 * DAY
    producer = Producer({"bootstrap.servers": scene.bootstrap, **QUIET})
    while len(published.bars) < expected and time.monotonic() < end:
        child.check()
        published.poll()
        if time.monotonic() > poke_at:
            poke_at, later = time.monotonic() + _POKE, later + MINUTE
            records = work.serde.event_encoder.encode(_closing(1, later))
            for number in range(PARTITIONS):
                producer.produce(work.topic, records.values[0], records.keys[0], number)
            producer.flush()


def _closing(keys: int = KEYS, later: int = DAY) -> pl.DataFrame:
    """A tick of each key, far behind all others."""
    one = np.ones(keys, np.int64)
    return frame(np.arange(keys), START + later * one, 10_000 * one, 100 * one)


def _by_polars(frames: pl.DataFrame) -> Bars:
    price, size = pl.col("price"), pl.col("size")
    made = frames.group_by("symbol", start=pl.col("ts") // 1_000_000 // MINUTE * MINUTE, maintain_order=True).agg(
        open=price.first(), high=price.max(), low=price.min(), close=price.last(), volume=size.sum(), count=pl.len()
    )
    return {(name, start): tuple(map(Decimal, bar)) for name, start, *bar in made.iter_rows()}


def _same(expected: tuple[Decimal, ...], found: tuple[Decimal, ...]) -> bool:
    """Equal, but for the last bits of floating point."""
    return all(abs(one - other) < Decimal("0.00001") for one, other in zip(expected, found, strict=True))


if __name__ == "__main__":
    main()
