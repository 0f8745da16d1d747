"""Applications on a real broker, in threads of this process: ticks in, instances that come and go, topics out."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Event, Thread
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import msgspec
from confluent_kafka import KafkaException, Producer

from barloom.kafka.config.settings import KafkaSettings, kafka_settings
from barloom.kafka.runtime.running import run
from barloom.plan.identity import topics as topics_of
from barloom.plan.toml import read_toml
from kafka.committed import CommittedReader
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "NAME"
base = "1s"
rollup = ["1m", "1h"]
ohlcv = { price = "price" }
clock = "off"
"""


class Desk:
    """An input topic, and what is made of it."""

    def __init__(self, broker: Broker, topics: Topics, partitions: int = 2) -> None:
        self.topics = topics
        self.bootstrap = broker.bootstrap
        self.input = topics.create("ticks", partitions)
        self.reader = CommittedReader(broker.bootstrap)
        self._producer = Producer({"bootstrap.servers": broker.bootstrap, "linger.ms": 1})

    def plan(self, name: str = "bars", definition: str = DEFINITION) -> BarPlan:
        """Bars whose topics belong to this test alone."""
        return read_toml(definition.replace("NAME", self.topics.prefix + name))

    def settings(self, plan: BarPlan, **given: object) -> KafkaSettings:
        """How they are made; JSON from the input unless said otherwise."""
        least = {"brokers": self.bootstrap, "input": self.input, "format": "json", "commit_interval": "50ms"}
        return kafka_settings({"kafka": {**least, **given}}, plan)

    def send(
        self,
        rows: Iterable[tuple[str, str, str]],
        partition: int = 0,
        headers: Sequence[tuple[str, bytes | None]] = (),
        stamp: int = 0,
    ) -> None:
        """Ticks: symbol, time, price; their messages stamped with milliseconds, or now."""
        for symbol, at, price in rows:
            value = msgspec.json.encode({"symbol": symbol, "at": at, "price": price})
            self._producer.produce(
                self.input, value, symbol.encode(), partition, headers=list(headers), timestamp=stamp
            )
        self._producer.flush(PATIENCE)

    def send_raw(self, values: Iterable[bytes], partition: int = 0) -> None:
        """Messages as they are."""
        for value in values:
            self._producer.produce(self.input, value, b"key", partition)
        self._producer.flush(PATIENCE)

    @contextmanager
    def running(self, plan: BarPlan, settings: KafkaSettings) -> Iterator[None]:
        """An instance, which is stopped in good order at the end; what it raised is raised."""
        stop, failures = Event(), list[BaseException]()

        def work() -> None:
            try:
                run(plan, settings, stop=stop)
            except BaseException as error:  # noqa: BLE001 - told by the test
                failures.append(error)

        thread = Thread(target=work, daemon=True)
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(PATIENCE)
        for failure in failures:
            raise failure

    def make(self, plan: BarPlan, settings: KafkaSettings) -> None:
        """Run an instance until everything sent was read and committed."""
        with self.running(plan, settings):
            self.settle(plan, settings)

    def settle(self, plan: BarPlan, settings: KafkaSettings) -> None:
        """Wait until the application has committed all there is in the input."""
        wanted = self.reader.ends(settings.input[0])
        progress = topics_of(plan, settings.app).progress
        until = monotonic() + PATIENCE
        while monotonic() < until:
            at = self._positions(progress, settings.input[0])
            if at == wanted:
                return
            sleep(0.1)
        raise AssertionError((at, wanted))

    def _positions(self, progress: str, topic: str) -> dict[int, int]:
        """How far each partition says that it is; nothing while the topic is only just being made."""
        try:
            records = self.reader.records(progress) if progress in self.topics.names() else []
        except KafkaException:
            return {}
        told = [msgspec.json.decode(record.value() or b"") for record in records if b"/" not in (record.key() or b"")]
        return {each["partition"]: each["position"].get(topic, 0) for each in told}

    def bars(self, topic: str) -> list[dict[str, Any]]:
        """The values of a topic, by partition and offset; none for a tombstone."""
        values = [record.value() for record in self.reader.records(topic)]
        return [{} if value is None else msgspec.json.decode(value) for value in values]

    def finals(self, plan: BarPlan, timeframe: str) -> list[bytes]:
        """The finals of a timeframe, to the byte, sorted."""
        return sorted(record.value() or b"" for record in self.reader.records(topics_of(plan).final[timeframe]))
