"""Three instances behind a publisher and its standby, a venue with troubles, and everything that can go wrong besides.

Run it with ``python -m kafka.publish.chaos --kills 100``; it prints what it does and ends with a summary.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from confluent_kafka.admin import AdminClient

from barloom.cli.exits import Exit
from barloom.testing import VenueDouble, VenueMarket
from barloom.testing.venues.script import Script
from kafka.committed import CommittedReader
from kafka.fleet import Process
from servers.broker import Broker
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD", "XRP/USD")
SECOND = 1_000_000_000
FRAMES = {"1s": SECOND, "10s": 10 * SECOND}
WEIGHTS = {"kill": 6, "freeze": 2, "stop": 3, "restart the broker": 1}

DEFINITION = """
[event]
key = ["venue", "symbol"]
timestamp = "time"
sequence = "trade_id"
[event.fields]
venue = "string"
symbol = "string"
trade_id = "int"
time = "timestamp(ns)"
price = "decimal(18, 8)"
size = "decimal(18, 8)"
[source]
arrival = "received_at"
arrival_unit = "ns"
[bars]
name = "NAME"
time = "key"
base = "1s"
rollup = ["10s"]
ohlcv = { price = "price", size = "size" }
[kafka]
brokers = "BROKERS"
input = "NAME-trades"
format = "json"
session_timeout = "2s"
[feed]
feeds = [FEEDS]
fill_within = "60s"
check_every = "500ms"
[feed.venues.kraken]
websocket = "WEBSOCKET"
rest = "REST"
"""


@dataclass
class Run:
    """What was done, and what is not as it must be."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    trades: int = 0
    finals: Counter[str] = field(default_factory=Counter)
    complete: Counter[str] = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)

    def summary(self) -> str:
        """For people."""
        actions = ", ".join(f"{count} times {name}" for name, count in sorted(self.done.items()))
        finals = ", ".join(f"{count:,} of {name}" for name, count in self.finals.items())
        complete = ", ".join(f"{count:,} {name}" for name, count in self.complete.items())
        return (
            f"seed {self.seed}: {actions}\n{self.trades:,} trades published; finals: {finals}; complete: {complete}\n"
            f"lost, twice, different, late or out of order: {len(self.problems)}"
        )


class FeedChaos:
    """A venue, a broker, two publishers and three instances."""

    def __init__(  # noqa: PLR0913 - what a test may choose, by name
        self, directory: Path, broker: Broker, seed: int, tell: Callable[[str], None], *, trades: int, rate: float
    ) -> None:
        self.run = Run(seed)
        self._name = f"feeds{seed}"
        self._broker = broker
        self._chance = random.Random(seed)
        self._tell = tell
        market = VenueMarket.simulate(SYMBOLS, trades=trades, seed=seed)
        script = Script.random(seed, trades, SYMBOLS, answers=True, silences=False)
        self._venue = VenueDouble("kraken", market, script, rate=rate)
        self._reader = CommittedReader(broker.bootstrap)
        self._path = directory / "feeds.toml"
        self._publishers = [
            Process(f"publisher-{letter}", self._path, "--partitions", "3", command=("feed", "publish"))
            for letter in "PQ"
        ]
        self._instances = [Process(f"instance-{letter}", self._path) for letter in "ABC"]

    @property
    def fleet(self) -> list[Process]:
        """All processes."""
        return [*self._publishers, *self._instances]

    def go(self, kills: int) -> Run:
        """Until the market is over and so many were killed; then calm, and compare."""
        with self._venue as venue:
            feeds = ", ".join(f'"kraken:{symbol}"' for symbol in SYMBOLS)
            text = DEFINITION.replace("NAME", self._name).replace("BROKERS", self._broker.bootstrap)
            text = text.replace("FEEDS", feeds).replace("WEBSOCKET", venue.websocket).replace("REST", venue.rest)
            self._path.write_text(text)
            try:
                self._begin()
                while not venue.done.wait(self._chance.uniform(0.2, 3)) or self.run.done["kill"] < kills:
                    self._act()
                self._compare()
            except AssertionError:
                self._tell("\n".join(f"--- {process.name}\n{process.said()}" for process in self.fleet))
                raise
            finally:
                for process in self.fleet:
                    if process.there:
                        process.kill()
        return self.run

    def _begin(self) -> None:
        """The first publisher makes the topic that the instances need."""
        self._publishers[0].start()
        admin = AdminClient({"bootstrap.servers": self._broker.bootstrap, "log_level": 0})
        self._until(lambda: f"{self._name}-trades" in admin.list_topics(timeout=PATIENCE).topics, "a topic")
        for process in self.fleet[1:]:
            process.start()
        assert self._venue.opened.wait(PATIENCE), "nobody listens to the venue"

    def _act(self) -> None:
        self._look_after()
        process = self._chance.choice([*self._publishers, *self._publishers, *self._instances])
        action = self._chance.choices([*WEIGHTS], [*WEIGHTS.values()])[0]
        self.run.done[action] += 1
        self._tell(f"{action} {process.name} ({self.run.done['kill']} killed)")
        match action:
            case "kill":
                process.kill()
                time.sleep(self._chance.choice([0, 0, 3]))
                process.start()
            case "freeze":
                process.freeze()
                time.sleep(self._chance.uniform(3, 5))
                process.thaw()
            case "stop":
                self._stop(process)
                process.start()
            case _:
                self._chance.choice([self._broker.stop, self._broker.kill])()
                time.sleep(self._chance.uniform(0, 2))
                self._broker.start_again()

    def _stop(self, process: Process) -> None:
        code = process.terminate()
        assert code in {0, -signal.SIGTERM}, f"{process.name} ended with {code}:\n{process.said()}"

    def _look_after(self) -> None:
        for process in self.fleet:
            if process.ended == Exit.UNREACHABLE:  # it began while the broker was away for long: it is begun again
                process.start()
            assert process.ended is None, f"{process.name} ended with {process.ended}:\n{process.said()}"

    def _compare(self) -> None:
        """Marks close what is quiet: wait for the finals of all trades, then look at each."""
        expected = self._expected()
        self._until(lambda: self._published() == len(self._venue.frame()), "all trades in the topic")
        self._until(lambda: all(len(self._finals(name)) >= len(expected[name]) for name in FRAMES), "all finals")
        for process in self.fleet:
            self._stop(process)
        self._compare_trades()
        for name in FRAMES:
            self._compare_finals(name, expected[name])
        late = [json.loads(record.value() or b"") for record in self._reader.records(f"{self._name}_late")]
        self.run.problems += [f"refused: {row}" for row in late]

    def _published(self) -> int:
        return sum(record.value() is not None for record in self._reader.records(f"{self._name}-trades"))

    def _compare_trades(self) -> None:
        """Each once, and those of a symbol in the order of their numbers."""
        found: dict[str, list[int]] = {}
        for record in self._reader.records(f"{self._name}-trades"):
            value = record.value()
            if value is not None:
                row = json.loads(value)
                found.setdefault(row["symbol"], []).append(row["trade_id"])
        true: dict[str, list[int]] = {}
        for symbol, number in self._venue.frame().select("symbol", "trade_id").iter_rows():
            true.setdefault(symbol, []).append(number)
        self.run.trades = sum(map(len, found.values()))
        self.run.problems += [f"trades of {symbol} differ" for symbol in true if found.get(symbol) != true[symbol]]

    def _expected(self) -> dict[str, dict[tuple[str, int], tuple[Decimal, ...]]]:
        """Open, high, low, close, volume and count of each slot with trades, worked out trade by trade."""
        found: dict[str, dict[tuple[str, int], list[tuple[int, int, Decimal, Decimal]]]] = {name: {} for name in FRAMES}
        frame = self._venue.frame()
        times = frame["time"].to_physical().to_list()
        for time_, (symbol, number, price, size) in zip(
            times, frame.select("symbol", "trade_id", "price", "size").iter_rows(), strict=True
        ):
            for name, length in FRAMES.items():
                slot = (symbol, time_ // length * length)
                found[name].setdefault(slot, []).append((time_, number, price, size))
        return {name: {slot: _bar(sorted(trades)) for slot, trades in slots.items()} for name, slots in found.items()}

    def _finals(self, name: str) -> list[dict[str, Any]]:
        records = self._reader.records(f"{self._name}_final_{name}")
        return [json.loads(record.value() or b"", parse_float=Decimal) for record in records]

    def _compare_finals(self, name: str, expected: dict[tuple[str, int], tuple[Decimal, ...]]) -> None:
        seen: dict[str, int] = {}
        for bar in self._finals(name):
            slot = (bar["symbol"], _nanos(bar["start"]))
            says = tuple(Decimal(bar[each]) for each in ("open", "high", "low", "close", "volume", "count"))
            self.run.finals[name] += 1
            self.run.complete[bar["complete"]] += 1
            if expected.pop(slot, None) != says:
                self.run.problems.append(f"{name} {slot}: {says}")
            if seen.get(slot[0], -1) >= slot[1]:
                self.run.problems.append(f"{name} {slot} is out of order")
            wanted = "yes" if slot[0] in seen else "unknown"  # what was before the first trade nobody knows
            if bar["complete"] != wanted:
                self.run.problems.append(f"{name} {slot} says complete: {bar['complete']}")
            seen[slot[0]] = slot[1]
            if bar["missing"]:
                self.run.problems.append(f"{name} {slot} misses {bar['missing']}")
        self.run.problems += [f"{name} {slot} is not there" for slot in expected]

    def _until(self, done: Callable[[], bool], what: str) -> None:
        until = time.monotonic() + PATIENCE
        while not done():
            self._look_after()
            assert time.monotonic() < until, f"{what}: not there"
            time.sleep(0.3)


def _bar(trades: list[tuple[int, int, Decimal, Decimal]]) -> tuple[Decimal, ...]:
    prices = [price for _, _, price, _ in trades]
    volume = sum((size for *_, size in trades), Decimal(0))
    return prices[0], max(prices), min(prices), prices[-1], volume, Decimal(len(trades))


def _nanos(text: str) -> int:
    """The start of a slot, which is a whole second."""
    return int(datetime.fromisoformat(text).timestamp()) * SECOND


def _tell(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def main() -> int:
    """From the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    asked = parser.parse_args()
    _tell(f"seed {asked.seed}")
    with tempfile.TemporaryDirectory() as directory, Broker.start(Path(directory) / "broker") as broker:
        chaos = FeedChaos(Path(directory), broker, asked.seed, _tell, trades=600 * asked.kills, rate=150)
        run = chaos.go(asked.kills)
        _tell("\n".join([run.summary(), *run.problems[:20]]))
    return 1 if run.problems else 0


if __name__ == "__main__":
    sys.exit(main())
