"""Three instances, an upstream that never stops, and everything that can go wrong: at random, by a seed that is told.

Run it with ``python -m kafka.chaos --kills 100``; it prints what it does and ends with a summary.
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
import tomllib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from barloom.cli.exits import Exit
from barloom.kafka.config.settings import kafka_settings
from barloom.plan.identity import topics as names_of
from barloom.plan.toml import read_toml
from barloom.serde.open import open_serde
from barloom.time.calendars import resolve
from kafka.audit import DEFINITION, Audit, Auditor
from kafka.committed import CommittedReader
from kafka.fleet import Process
from kafka.upstream import Upstream
from kafka.wire import AvroWire, JsonWire
from servers.broker import Broker
from servers.registry import Registry
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

PARTITIONS = 6
SESSION = 3.0
"""Seconds after which a silent instance is given up."""

WEIGHTS = {"kill": 6, "freeze": 2, "stop": 3, "restart the broker": 1}
"""What happens, and how often."""


@dataclass
class Run:
    """What was done, and what the audit says of it."""

    seed: int
    done: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    aborted: int = 0
    audit: Audit = field(default_factory=Audit)

    def summary(self) -> str:
        """For people."""
        actions = ", ".join(f"{count} times {name}" for name, count in sorted(self.done.items()))
        finals = ", ".join(f"{count:,} of {name}" for name, count in self.audit.finals.items())
        refused = ", ".join(f"{count:,} {name}" for name, count in sorted(self.audit.refused.items()))
        return (
            f"seed {self.seed}, {self.seconds:.0f} s: {actions}; {self.aborted} upstream transactions aborted\n"
            f"{self.audit.rows:,} ticks committed in {PARTITIONS} partitions; refused: {refused}, "
            f"of these late by the clock alone: {self.audit.late_by_clock:,}\n"
            f"{self.audit.generations:,} owners of partitions one after another\n"
            f"finals: {finals}\n"
            f"missing, twice, different, out of order, or not the last live state: {len(self.audit.problems)}"
        )


class Chaos:
    """One application on a broker of its own."""

    def __init__(  # noqa: PLR0913 - what a test may choose, by name
        self,
        directory: Path,
        broker: Broker,
        seed: int,
        tell: Callable[[str], None],
        *,
        registry: Registry | None = None,
        rate: float = 250,
        instances: str = "ABC",
    ) -> None:
        self.run = Run(seed)
        self._broker = broker
        self._registry = registry
        self._chance = random.Random(seed)
        self._tell = tell
        self._began = time.monotonic()
        name = f"chaos{seed}"
        more = f"""
[kafka]
brokers = "{broker.bootstrap}"
input = "{name}-ticks"
format = "{"json" if registry is None else "avro"}"
session_timeout = "{SESSION:.0f}s"
"""
        if registry is not None:
            more += f'[kafka.registry]\nurl = "{registry.url}"\n'
        text = DEFINITION.replace("NAME", name) + more
        self._definition = directory / f"{name}.toml"
        self._definition.write_text(text)
        self._plan = read_toml(text)
        self._settings = kafka_settings({"kafka": _kafka(text)}, self._plan)
        admin = AdminClient({"bootstrap.servers": broker.bootstrap, "log_level": 0})
        config = {"message.timestamp.type": "LogAppendTime"}
        made = admin.create_topics([NewTopic(f"{name}-ticks", PARTITIONS, 1, config=config)])
        made[f"{name}-ticks"].result(30)
        self.fleet = [Process(f"{name}-{letter}", self._definition) for letter in instances]
        self._wire = JsonWire() if registry is None else AvroWire(registry.url, f"{name}-ticks")
        self._upstream = Upstream(broker.bootstrap, f"{name}-ticks", seed, rate=rate, encode=self._wire.encode)

    def go(self, *, seconds: float = 0.0, kills: int = 0) -> Run:
        """Let things go wrong for so long, and until so many were killed; then calm, and the audit."""
        return self.through(lambda: self._rage(seconds, kills))

    def through(self, trouble: Callable[[], None]) -> Run:
        """Start, let `trouble` happen, then calm, and the audit."""
        for process in self.fleet:
            process.start()
        self._upstream.start()
        try:
            trouble()
        finally:
            self._upstream.stop()
        self._calm()
        self.run.aborted = self._upstream.aborted
        self.run.audit = self._auditor().audit()
        self.run.seconds = time.monotonic() - self._began
        return self.run

    def end(self) -> None:
        """Whatever happened: no process stays."""
        for process in self.fleet:
            if process.there:
                process.kill()

    def said(self) -> str:
        """The ends of the logs of all instances."""
        return "\n".join(f"--- {process.name}\n{process.said()}" for process in self.fleet)

    def _rage(self, seconds: float, kills: int) -> None:
        time.sleep(self._chance.uniform(3, 5))
        while time.monotonic() - self._began < seconds or self.run.done["kill"] < kills:
            weights = WEIGHTS | ({} if self._registry is None else {"restart the registry": 1})
            action = self._chance.choices([*weights], [*weights.values()])[0]
            self._act(action, self._chance.choice(self.fleet))
            time.sleep(self._chance.uniform(0.1, 3))

    def _act(self, action: str, process: Process) -> None:
        self._look_after()
        self.run.done[action] += 1
        self._tell(f"{time.monotonic() - self._began:6.1f} s  {action} {process.name} ({self.run.done['kill']} killed)")
        match action:
            case "kill":
                process.kill()
                time.sleep(self._chance.choice([0, 1, SESSION + 1]))
                process.start()
            case "freeze":
                process.freeze()
                time.sleep(SESSION + self._chance.uniform(1, 3))
                process.thaw()
            case "stop":
                self._stop(process)
                process.start()
            case "restart the registry":
                assert self._registry is not None
                self._registry.kill()
                self.fleet[0].kill()
                self.fleet[0].start()
                time.sleep(self._chance.uniform(2, 6))
                self._registry.start_again()
            case _:
                self._chance.choice([self._broker.stop, self._broker.kill])()
                time.sleep(self._chance.uniform(0, 3))
                self._broker.start_again()

    def _stop(self, process: Process) -> None:
        """A planned stop ends well; one that comes before the program can hear it ends it all the same."""
        code = process.terminate()
        assert code in {0, -signal.SIGTERM}, f"{process.name} ended with {code}:\n{process.said()}"

    def _look_after(self) -> None:
        for process in self.fleet:
            if process.ended == Exit.UNREACHABLE:  # it began while the broker was away for long: it is begun again
                self.run.done["start without a broker"] += 1
                process.start()
            assert process.ended is None, f"{process.name} ended with {process.ended}:\n{process.said()}"

    def _calm(self) -> None:
        """Everything is read, the clock closes what is open, and all stop in good order."""
        reader = CommittedReader(self._broker.bootstrap)
        ends = reader.ends(self._settings.input[0])
        until = time.monotonic() + PATIENCE
        while not self._has_read(reader, ends):
            assert time.monotonic() < until, "the instances do not come to the end of the input"
            time.sleep(0.5)
        time.sleep(5)
        self._look_after()
        for process in self.fleet:
            self._stop(process)

    def _has_read(self, reader: CommittedReader, ends: dict[int, int]) -> bool:
        names = names_of(self._plan, self._settings.app)
        told = {message.partition(): json.loads(message.value() or b"") for message in reader.records(names.progress)}
        topic = self._settings.input[0]
        return all(number in told and told[number]["position"].get(topic, 0) >= end for number, end in ends.items())

    def _auditor(self) -> Auditor:
        names = names_of(self._plan, self._settings.app)
        serde = open_serde(
            self._plan,
            resolve(self._plan.calendar),
            format=self._settings.format,
            registry=self._settings.registry,
            topics=names,
        )
        return Auditor(
            self._plan,
            self._settings,
            names,
            CommittedReader(self._broker.bootstrap),
            serde.bar_decoder,
            self._wire.decode,
        )


def _kafka(text: str) -> dict[str, object]:
    found: dict[str, object] = tomllib.loads(text)["kafka"]
    return found


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
    with (
        tempfile.TemporaryDirectory() as directory,
        Broker.start(Path(directory) / "broker") as broker,
        Registry.start(Path(directory) / "registry") as registry,
    ):
        chaos = Chaos(Path(directory), broker, asked.seed, _tell, registry=registry)
        try:
            run = chaos.go(kills=asked.kills)
        except AssertionError:
            _tell(chaos.said())
            raise
        finally:
            chaos.end()
        _tell("\n".join([run.summary(), *run.audit.problems[:20]]))
    return 1 if run.audit.problems else 0


if __name__ == "__main__":
    sys.exit(main())
