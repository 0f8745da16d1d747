"""Ticks that Python writes for a ksqlDB pipeline: the server's stream reads them, each key where it belongs."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import fastavro
import pytest

import barloom as bl
from barloom.cli import main
from barloom.clock import SystemClock
from barloom.errors import BadRow, DefinitionError, SchemaMismatch
from barloom.kafka.config.settings import KafkaSettings
from barloom.kafka.events.scan import scan
from barloom.ksqldb.compile.phases import compile_script
from barloom.ksqldb.compile.settings import KsqlSettings
from barloom.serde.registry import Registry as SchemaRegistry
from barloom.serde.registry import RegistrySettings
from barloom.time.instants import to_datetime
from kafka.events.test_events import murmur2
from ksqldb.running_sql import Record, Stamp, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.ksqldb.compile.script import Script
    from servers.broker import Broker
    from servers.registry import Registry
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")

PARTITIONS = 3
BEGIN = datetime(2025, 11, 10, 9, 0, tzinfo=UTC)
CONNECT = {"connect.version": 1}
TIME = {
    "type": "long",
    **CONNECT,
    "connect.name": "org.apache.kafka.connect.data.Timestamp",
    "logicalType": "timestamp-millis",
}
PLAIN = {"VARCHAR": "string", "BIGINT": "long", "BOOLEAN": "boolean", "TIMESTAMP": TIME}


class Quote(bl.Event):
    """A quote of two key fields, with everything that a tick may have."""

    broker: str = bl.key()
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    size: Decimal | None = bl.decimal(18, 2)
    firm: bool | None
    venue: int
    seen: int | None = bl.field(unit="ms")


class Trade(bl.Event):
    """A trade of one key."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)


class Fill(bl.Event):
    """A trade of one key that is a number."""

    venue: int = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)


def kind_of(kind: str) -> Any:  # noqa: ANN401 - a schema
    """A type as the server's Avro has it, with the marks of Connect."""
    if not kind.startswith("DECIMAL"):
        return PLAIN[kind]
    precision, scale = (int(part) for part in kind.removeprefix("DECIMAL(").removesuffix(")").split(","))
    parameters = {"scale": str(scale), "connect.decimal.precision": str(precision)}
    of_connect = {"connect.parameters": parameters, "connect.name": "org.apache.kafka.connect.data.Decimal"}
    return {"type": "bytes", "scale": scale, "precision": precision, **CONNECT, **of_connect, "logicalType": "decimal"}


def record_of(name: str, space: str, columns: Any) -> dict[str, Any]:  # noqa: ANN401 - columns of an entity
    """A record of the server: everything may be null."""
    fields = [{"name": column.name, "type": ["null", kind_of(column.type)], "default": None} for column in columns]
    return {"type": "record", "name": name, "namespace": space, "fields": fields}


class Declared:
    """A topic of ticks whose stream a server has declared: it registered both schemas."""

    def __init__(self, event: type[bl.Event], broker: Broker, registry: Registry, topics: Topics) -> None:
        name = topics.create("ticks", partitions=PARTITIONS)
        bars = bl.from_(event).tumbling("1m").select(high=bl.max("bid"), n=bl.count())
        self.script: Script = compile_script(
            bars.named("bars").plan, KsqlSettings(source=name, partitions=PARTITIONS), allow_degraded=["all"]
        )
        source = self.script.of("source")
        keys = source.key_columns
        key = kind_of(keys[0].type) if len(keys) == 1 else record_of("BarKey", "barloom", keys)
        self.value = record_of("KsqlDataSourceSchema", "io.confluent.ksql.avro_schemas", source.columns)
        self.key = key
        self.topic = name
        self.registry = SchemaRegistry(RegistrySettings(registry.url))
        parts = {"key": self.key, "value": self.value}
        self.numbers = {
            part: self.registry.number(f"{name}-{part}", json.dumps(schema)) for part, schema in parts.items()
        }
        self.settings = KafkaSettings(
            brokers=broker.bootstrap,
            app=name,
            input=(name,),
            registry=RegistrySettings(registry.url),
            written_by="ksqldb",
        )

    def records(self) -> list[Record]:
        """The records of the server's stream, in the schemas that it declared; others it would pass over."""
        columns = self.script.of("source").key_columns
        found = []
        for message in scan(self.settings, self.topic):
            key = self._read("key", message.key() or b"")
            row = dict(zip((column.name for column in columns), [key], strict=True)) if len(columns) == 1 else key
            row |= self._read("value", message.value() or b"")
            times = {name: Stamp(value) for name, value in row.items() if name in {"AT", "SEEN"} and value is not None}
            found.append(Record(message.partition() or 0, message.offset() or 0, {**row, **times}, int(times["AT"])))
            assert found[-1].partition == (murmur2(message.key() or b"") & 0x7FFFFFFF) % PARTITIONS
        return found

    def _read(self, part: str, data: bytes) -> Any:  # noqa: ANN401
        assert b"\0" + self.numbers[part].to_bytes(4, "big") == data[:5]
        schema = json.loads(
            json.dumps(self.key if part == "key" else self.value).replace('"timestamp-millis"', '"none"')
        )
        body = io.BytesIO(data[5:])
        value = fastavro.schemaless_reader(body, fastavro.parse_schema(schema), None)
        assert not body.read()
        return value

    def versions(self) -> list[int]:
        """How many versions both subjects have."""
        return [len(self.registry.versions_of(f"{self.topic}-{part}")) for part in ("key", "value")]


@pytest.fixture
def declared(broker: Broker, registry: Registry, topics: Topics) -> Iterator[Declared]:
    """The ticks of `Quote`."""
    made = Declared(Quote, broker, registry, topics)
    yield made
    made.registry.close()


def quote(number: int) -> Quote:
    """The one with this number."""
    price = Decimal(number - 3) / 8
    nothing = number % 2 == 0
    return Quote(
        broker=f"b{number % 3}",
        symbol="XAUUSD",
        at=BEGIN + timedelta(milliseconds=1500 * number),
        bid=price,
        size=None if nothing else Decimal("12345.67") * number,
        firm=None if nothing else number % 3 == 0,
        venue=number - 2,
        seen=None if nothing else 1_762_765_200_000 + number,
    )


def test_the_server_reads_what_was_written(declared: Declared) -> None:
    """Under its own schemas, of which there is still one each, with every value exactly, nulls included."""
    events = [quote(number) for number in range(12)]
    with bl.kafka.EventWriter(Quote, declared.settings) as writer:
        for event in events:
            writer.write(event)

    found = sorted((dict(record.row) for record in declared.records()), key=lambda row: row["AT"])

    names = ("broker", "symbol", "bid", "size", "firm", "venue", "seen")
    assert [1, 1] == declared.versions()
    assert [tuple(getattr(event, name) for name in names) for event in events] == [
        tuple(row[name.upper()] for name in names) for row in found
    ]
    assert [1_762_765_200_000 + 1500 * number for number in range(12)] == [row["AT"] for row in found]


def test_the_bars_of_what_was_written_are_those_of_a_loop(declared: Declared) -> None:
    """The compiled statements over the stream, as a server runs them."""
    events = [quote(number) for number in range(300)]
    with bl.kafka.EventWriter(Quote, declared.settings) as writer:
        for event in events:
            writer.write(event)

    topics = run(declared.script.text(), declared.records())

    wanted: dict[tuple[str, int], list[Decimal]] = {}
    for event in events:
        minute = int(event.at.timestamp()) // 60 * 60_000
        wanted.setdefault((event.broker, minute), []).append(event.bid)
    found = {
        (row["BROKER"], row["BUCKET_START"]): (row["HIGH"], row["N"]) for row in topics.tables["BARS_FINAL_1M"].values()
    }
    assert {place: (max(prices), len(prices)) for place, prices in wanted.items()} == found


@pytest.mark.parametrize(("event", "key"), [(Trade, {"symbol": "EURUSD"}), (Fill, {"venue": -7})])
def test_one_key_is_bare(
    event: type[bl.Event], key: dict[str, Any], broker: Broker, registry: Registry, topics: Topics
) -> None:
    """Not a record of one field, and never null: so the server writes and reads a single key."""
    declared = Declared(event, broker, registry, topics)
    with bl.kafka.EventWriter(event, declared.settings) as writer:
        writer.write(event(**key, at=BEGIN, bid=Decimal("1.5")))

    (record,) = declared.records()

    name, value = next(iter(key.items()))
    assert {name.upper(): value, "AT": 1_762_765_200_000, "BID": Decimal("1.5")} == dict(record.row)
    declared.registry.close()


def test_they_are_read_back_in_python(declared: Declared) -> None:
    """By the same class and settings."""
    with bl.kafka.EventWriter(Quote, declared.settings) as writer:
        writer.write(quote(1))
        writer.write(quote(2))

    with bl.kafka.EventReader(Quote, declared.settings, at_end="stop") as reader:
        found = sorted((message.event for message in reader), key=lambda event: event.at)

    assert [quote(1), quote(2)] == found


def test_a_writer_that_does_not_know_of_ksqldb_is_stopped(declared: Declared) -> None:
    """Before it registers a second version of either schema, and with the way that works."""
    settings = KafkaSettings(
        brokers=declared.settings.brokers, app="x", input=(declared.topic,), registry=declared.settings.registry
    )

    with (
        bl.kafka.EventWriter(Quote, settings) as writer,
        pytest.raises(SchemaMismatch, match=r'is declared by ksqlDB.*\n.*written_by = "ksqldb"'),
    ):
        writer.write(quote(1))
    assert [1, 1] == declared.versions()
    assert [] == declared.records()


def test_what_ksqldb_cannot_keep_is_refused(declared: Declared) -> None:
    """A time of microseconds is neither cut nor rounded; an event of other fields has no schema there."""
    with (
        bl.kafka.EventWriter(Quote, declared.settings) as writer,
        pytest.raises(BadRow, match="no whole number of millisec"),
    ):
        writer.write(
            Quote(
                broker="b",
                symbol="s",
                at=BEGIN + timedelta(microseconds=1),
                bid=Decimal(1),
                size=None,
                firm=None,
                venue=1,
                seen=None,
            )
        )
    with (
        bl.kafka.EventWriter(Trade, declared.settings) as other,
        pytest.raises(
            SchemaMismatch, match=r"does not go with .*-key': it is string, and there is BROKER null or string"
        ),
    ):
        other.write(Trade(symbol="s", at=BEGIN, bid=Decimal(1)))
    assert [1, 1] == declared.versions()


@pytest.mark.parametrize(("age", "told"), [(timedelta(days=9), True), (timedelta(hours=1), False)])
def test_a_check_tells_how_old_the_ticks_are(  # noqa: PLR0913 - a case and its surroundings
    declared: Declared,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    broker: Broker,
    age: timedelta,
    *,
    told: bool,
) -> None:
    """By the event time that stands in them, decoded: their records were written this minute."""
    now = to_datetime(SystemClock().now()).replace(microsecond=0)
    with bl.kafka.EventWriter(Quote, declared.settings) as writer:
        writer.write(replace_time(quote(1), now - age))
        writer.write(replace_time(quote(2), now))
    path = tmp_path / "bars.toml"
    registry = "" if declared.settings.registry is None else declared.settings.registry.url
    path.write_text(
        CHECKED.replace("TOPIC", declared.topic).replace("BROKER", broker.bootstrap).replace("REG", registry)
    )

    assert 0 == main(["check", str(path), "--ksqldb"])

    said = " ".join(capsys.readouterr().out.split())
    assert told == (f"the oldest tick of topic '{declared.topic}' is of" in said)
    assert told == ("9 days 0 hours ago" in said)


def replace_time(event: Quote, at: datetime) -> Quote:
    """The same at another time."""
    return Quote(**{**{name: getattr(event, name) for name in Quote.__annotations__}, "at": at})


CHECKED = """
[event]
key = ["broker", "symbol"]
timestamp = "at"
[event.fields]
broker = "string"
symbol = "string"
at = "timestamp"
bid = "decimal(18, 6)"
size = "decimal(18, 2)?"
[bars]
name = "bars"
base = "1m"
clock = "off"
[bars.select]
high = "max(bid)"
[kafka]
brokers = "BROKER"
input = "TOPIC"
written_by = "ksqldb"
[kafka.registry]
url = "REG"
"""


def test_ticks_are_written_after_the_pipeline_is_there(declared: Declared) -> None:
    """The schemas are the server's to register, and there is no other place to know them from."""
    writer = bl.kafka.EventWriter(Quote, declared.settings, topic=f"{declared.topic}-new")
    with writer, pytest.raises(SchemaMismatch, match="deploy the pipeline first"):
        writer.write(quote(1))
    settings = KafkaSettings(brokers=declared.settings.brokers, app="x", input=("t",), written_by="ksqldb")
    with bl.kafka.EventWriter(Quote, settings) as lost, pytest.raises(DefinitionError, match="need a schema registry"):
        lost.write(quote(1))
