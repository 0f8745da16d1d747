"""Topics of bars on a real broker, written in transactions as the runtime writes them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from confluent_kafka import Producer

from barloom.kafka.cluster.clients import producer_config
from barloom.kafka.config.settings import KafkaSettings
from barloom.plan.identity import topics as named
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.time.calendars import resolve
from barloom.time.timeframe import SECOND
from kafka.reader.messages import KEYS
from store import bars

if TYPE_CHECKING:
    from barloom.serde.registry import RegistrySettings
    from servers.topics import Topics

_WAIT = 30.0


class Publisher:
    """One definition's topics, and the one who writes them."""

    def __init__(
        self,
        topics: Topics,
        bootstrap: str,
        *,
        partitions: int = 2,
        form: Format = Format.JSON,
        registry: RegistrySettings | None = None,
    ) -> None:
        self.plan = bars.plan(name=f"{topics.prefix}bars")
        app = self.plan.name
        self.settings = KafkaSettings(
            brokers=bootstrap, app=app, input=("ticks",), format=form, output_format=form, registry=registry
        )
        self.topics = topics
        self.names = named(self.plan, app)
        self.partitions = partitions
        for name in (*self.names.live.values(), *self.names.final.values(), self.names.progress):
            topics.create(name.removeprefix(topics.prefix), partitions, {"cleanup.policy": "compact"})
        calendar = resolve(self.plan.calendar)
        self._serde = open_serde(self.plan, calendar, format=form, registry=registry, topics=self.names)
        self._encoder = self._serde.bars
        self._producer = Producer(producer_config(self.settings, f"{app}-p"))
        self._producer.init_transactions(_WAIT)
        self._open = False

    def begin(self) -> Publisher:
        """Open a transaction, if none is."""
        if not self._open:
            self._producer.begin_transaction()
            self._open = True
        return self

    def bars(
        self,
        *given: tuple[int, int, int | None, int, int],
        final: bool = True,
        level: int = 0,
        partition: int = 0,
        topic: str | None = None,
    ) -> Publisher:
        """Bars as `store.bars.block` wants them."""
        self.begin()
        frame = ("1s", "1m")[level]
        (records,) = self._encoder.encode([bars.block(list(given), level=level, final=final)], KEYS)
        name = topic or (self.names.final if final else self.names.live)[frame]
        for key, value in zip(records.keys, records.values, strict=True):
            self.raw(name, key, value, partition=partition)
        return self

    def raw(self, topic: str, key: bytes, value: bytes | None, *, partition: int = 0) -> Publisher:
        """Any message."""
        self.begin()
        self._producer.produce(topic, value, key, partition)
        return self

    def reached(self, seconds: int, *, partition: int = 0) -> Publisher:
        """The progress that is committed with the bars."""
        content = {"v": 1, "partition": partition, "stream_time": seconds * SECOND, "first": 0, "state": "RUNNING"}
        return self.raw(self.names.progress, str(partition).encode(), msgspec.json.encode(content), partition=partition)

    def flush(self) -> Publisher:
        """All is in the logs, in an open transaction."""
        self._producer.flush(_WAIT)
        return self

    def commit(self) -> Publisher:
        """Everything since the last commit is there for readers."""
        self._producer.commit_transaction(_WAIT)
        self._open = False
        return self

    def abort(self) -> Publisher:
        """Nothing of it ever will be."""
        self._producer.abort_transaction(_WAIT)
        self._open = False
        return self

    def all_reached(self, seconds: int) -> Publisher:
        """The same progress in every partition."""
        for partition in range(self.partitions):
            self.reached(seconds, partition=partition)
        return self

    def close(self) -> None:
        """Let go of the registry."""
        self._serde.close()
