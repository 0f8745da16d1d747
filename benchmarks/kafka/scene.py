"""The private cluster, the definitions and the ticks that the benchmarks on Kafka share.

The cluster is the one of the tests (`tests/servers`): a broker and a schema registry on loopback, started here and
stopped with the benchmark. Needs Java 17 and Maven, and ``PYTHONPATH=tests``.
"""

from __future__ import annotations

import tempfile
import time
import tomllib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from confluent_kafka import Consumer, KafkaException, Producer, TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from barloom.kafka.config.settings import KafkaSettings, kafka_settings
from barloom.plan.identity import topics
from barloom.plan.toml import read_toml
from barloom.serde.open import Serde, open_serde
from barloom.time.calendars import resolve
from servers.broker import Broker
from servers.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.plan.barplan import BarPlan

START = 1_700_000_000_000
"""Event time of the first tick, in milliseconds."""
LADDER = ("1s", "5s", "1m", "5m", "15m", "1h", "1d")
PARTITIONS = 4
QUIET = {"log_level": 0}
READER = {**QUIET, "enable.auto.commit": False, "enable.partition.eof": True, "isolation.level": "read_committed"}
_PATIENCE = 300.0
_AT_ONCE = 50_000
_DEFINITION = """\
[event]
key = ["symbol"]
timestamp = "ts"
[event.fields]
symbol = "string"
ts = "timestamp(ms)"
price = "decimal(18, 4)"
size = "decimal(18, 2)"

[bars]
name = "{name}"
base = "{base}"
rollup = {rollup}
ohlcv = {{ price = "price", size = "size" }}
{bars}

[kafka]
brokers = "{brokers}"
input = "{topic}"
{kafka}

[kafka.registry]
url = "{registry}"
"""


@dataclass(frozen=True)
class Work:
    """A definition over one input topic: as a file for `barloom run`, and what it says."""

    file: Path
    topic: str

    @property
    def plan(self) -> BarPlan:
        """Its bars."""
        return read_toml(self.file.read_text())

    @property
    def settings(self) -> KafkaSettings:
        """Where and how it runs."""
        return kafka_settings(tomllib.loads(self.file.read_text()), self.plan)

    @property
    def serde(self) -> Serde:
        """What reads and writes its messages."""
        plan, settings = self.plan, self.settings
        return open_serde(
            plan,
            resolve(plan.calendar),
            format=settings.format,
            output_format=settings.output_format,
            registry=settings.registry,
            topics=topics(plan, settings.app),
            input_topics=settings.input,
        )

    @property
    def outputs(self) -> list[str]:
        """Every topic that a run writes."""
        named = topics(self.plan, self.settings.app)
        live = named.live.values() if self.settings.live_interval is not None else ()
        return [*named.final.values(), *live, named.late, named.changelog, named.progress]


class Scene:
    """A broker and a registry, and what is asked of them."""

    def __init__(self, directory: Path, broker: Broker, registry: Registry) -> None:
        self.directory = directory
        self.broker = broker
        self.bootstrap = broker.bootstrap
        self.registry = registry.url
        self.admin = AdminClient({"bootstrap.servers": self.bootstrap, **QUIET})

    @classmethod
    @contextmanager
    def open(cls) -> Iterator[Scene]:
        """Both servers, until the end of the block."""
        with (
            tempfile.TemporaryDirectory(prefix="barloom-bench-") as name,
            Broker.start(Path(name) / "broker", heap="1g") as broker,
            Registry.start(Path(name) / "registry") as registry,
        ):
            yield cls(Path(name), broker, registry)

    def create(self, topic: str, partitions: int = PARTITIONS) -> str:
        """A new topic."""
        self.admin.create_topics([NewTopic(topic, partitions, 1)])[topic].result(30)
        return topic

    def work(
        self, name: str, topic: str, timeframes: tuple[str, ...] = LADDER, *, bars: str = "", kafka: str = ""
    ) -> Work:
        """A definition; `bars` and `kafka` are more lines of these tables."""
        base, *rollup = timeframes
        file = self.directory / f"{name}.toml"
        text = _DEFINITION.format(
            name=name,
            base=base,
            rollup=str(rollup).replace("'", '"'),
            topic=topic,
            bars=bars,
            kafka=kafka,
            brokers=self.bootstrap,
            registry=self.registry,
        )
        file.write_text(text)
        return Work(file, topic)

    def fill(self, work: Work, ticks: pl.DataFrame) -> None:
        """Put ticks into the input topic of a definition, as its format has them, by key into partitions."""
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "partitioner": "murmur2",
                "enable.idempotence": True,
                "linger.ms": 20,
                **QUIET,
                "queue.buffering.max.messages": 2 * _AT_ONCE,
            }
        )
        encoder = work.serde.event_encoder
        for part in ticks.iter_slices(_AT_ONCE):
            records = encoder.encode(part)
            messages = [{"key": key, "value": value} for key, value in zip(*records, strict=True)]
            if producer.produce_batch(work.topic, messages) != len(messages):
                message = "the producer's queue was full"
                raise RuntimeError(message)
            producer.flush()

    def wait_until_read(self, work: Work) -> None:
        """Wait until a definition's group has committed all that is in its input now."""
        group = Consumer({"bootstrap.servers": self.bootstrap, "group.id": work.settings.app, **QUIET})
        numbers = group.list_topics(work.topic, timeout=30).topics[work.topic].partitions
        places = [TopicPartition(work.topic, number) for number in numbers]
        count = sum(group.get_watermark_offsets(place)[1] for place in places)
        end = time.monotonic() + _PATIENCE
        while time.monotonic() < end:
            time.sleep(0.1)
            with suppress(KafkaException):  # a new cluster's coordinator takes its time
                if sum(max(0, item.offset) for item in group.committed(places, 10)) >= count:
                    group.close()
                    return
        message = f"{work.file.stem} did not read {count:,} ticks in {_PATIENCE:.0f} s"
        raise TimeoutError(message)

    def read(self, topic: str) -> Iterator[tuple[list[bytes], list[bytes]]]:
        """All committed records of a topic, batch by batch: keys and values (empty for none)."""
        consumer = Consumer({"bootstrap.servers": self.bootstrap, "group.id": "bench-reader", **READER})
        numbers = consumer.list_topics(topic, timeout=30).topics[topic].partitions
        consumer.assign([TopicPartition(topic, number, 0) for number in numbers])
        open_ones = set(numbers)
        while open_ones:
            messages = consumer.consume(_AT_ONCE, 1.0)
            records = [message for message in messages if message.error() is None]
            open_ones -= {message.partition() for message in messages if message.error() is not None}
            yield [record.key() or b"" for record in records], [record.value() or b"" for record in records]
        consumer.close()


def ticks(rows: int, keys: int, seconds: float, *, seed: int = 0) -> pl.DataFrame:
    """Ticks in time order with keys at random, as rows of the definition's event."""
    random = np.random.default_rng(seed)
    at = np.sort(random.integers(0, int(seconds * 1_000), rows)) + START
    return frame(
        random.integers(0, keys, rows), at, random.integers(10**4, 10**7, rows), random.integers(1, 10**5, rows)
    )


def frame(key: np.ndarray, at: np.ndarray, price: np.ndarray, size: np.ndarray) -> pl.DataFrame:
    """Rows of the event from numbers: of the key, milliseconds, and scaled prices and sizes."""
    names = pl.Series([f"SYM{number:06}" for number in range(int(key.max()) + 1)])
    return pl.DataFrame(
        {
            "symbol": names[key],
            "ts": at * 1_000_000,
            "price": pl.Series(price).cast(pl.Int128).reinterpret(dtype=pl.Decimal(18, 4)),
            "size": pl.Series(size).cast(pl.Int128).reinterpret(dtype=pl.Decimal(18, 2)),
        }
    )
