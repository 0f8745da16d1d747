"""Topics that ksqlDB wrote, on a real broker: as input of coarser bars, and read as bars."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from confluent_kafka import Producer

import barloom as bl
from barloom.errors import DefinitionError
from barloom.front.ksqldb_topics import written_bars
from barloom.kafka.app import KafkaApp
from barloom.kafka.config.settings import KafkaSettings, kafka_settings
from barloom.kafka.runtime.running import run
from barloom.ksqldb.compile.phases import compile_script
from barloom.plan.toml import read_toml
from barloom.read.answers import Found, NotFound, Why
from barloom.serde.registry import Registry as SchemaRegistry
from barloom.serde.registry import RegistrySettings
from kafka.desk import Desk
from ksqldb.written import framed, key_schema, typed, value_schema, windowed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from barloom.ksqldb.compile.script import Entity, Role
    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.registry import Registry
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")

PIPELINE = Path(__file__).resolve().parents[3] / "shared" / "ksqldb" / "pipeline"
REFERENCE = Path(__file__).parent / "golden" / "reference.toml"
HOUR, DAY = 3_600_000, 86_400_000
BEGIN = 1_763_596_800_000  # 2025-11-20T00:00:00Z, a Thursday
DAILY = """
[event]
name = "Hour"
key = ["broker", "symbol"]
timestamp = "start"
[event.fields]
broker = "string"
symbol = "string"
start = "timestamp"
open = "decimal(18, 6)"
high = "decimal(18, 6)"
low = "decimal(18, 6)"
close = "decimal(18, 6)"
volume = "decimal(38, 2)"
n = "int"
[source.columns]
broker = "@key.BROKER"
symbol = "@key.SYMBOL"
start = "@window_start"
open = "OPEN"
high = "HIGH"
low = "LOW"
close = "CLOSE"
volume = "VOLUME"
n = "N"
[bars]
name = "NAME"
input = "bars"
base = "1h"
delay = "1h"
rollup = ["1d", "1w"]
clock = "off"
[bars.select]
open = "first(open)"
high = "max(high)"
low = "min(low)"
close = "last(close)"
volume = "sum(volume)"
n = "sum(n)"
"""
PRICES = ("open", "high", "low", "close", "volume")
Row = dict[str, Any]


def hours() -> list[Row]:
    """Two keys over two days, with quiet hours; each key's own walk, written down by a rule and not by chance."""
    rows = []
    for hour in range(48):
        for broker, symbol, step in (("b1", "EURUSD", 7), ("b2", "EURUSD", 5)):
            if (hour * step) % 4 == 3:
                continue  # a quiet hour has no bar
            price = Decimal(step) + Decimal((hour * step) % 13) / 8
            rows.append(
                {
                    "broker": broker,
                    "symbol": symbol,
                    "bucket_start": BEGIN + hour * HOUR,
                    "open": price,
                    "high": price + Decimal("0.5"),
                    "low": price - Decimal("0.000001"),
                    "close": price + Decimal((hour % 3) - 1) / 4,
                    "volume": Decimal(hour) + Decimal("0.25"),
                    "n": hour + 1,
                }
            )
    return rows


def folded(rows: Iterable[Row], length: int) -> dict[tuple[str, str, int], tuple[Any, ...]]:
    """What coarser bars hold, by a plain loop: slots of `length` milliseconds from 1970."""
    found: dict[tuple[str, str, int], list[Row]] = {}
    for row in sorted(rows, key=lambda each: each["bucket_start"]):
        start = row["bucket_start"] - row["bucket_start"] % length
        found.setdefault((row["broker"], row["symbol"], start), []).append(row)
    return {
        place: (
            children[0]["open"],
            max(child["high"] for child in children),
            min(child["low"] for child in children),
            children[-1]["close"],
            sum(child["volume"] for child in children),
            sum(child["n"] for child in children),
            len(children),
        )
        for place, children in found.items()
    }


class Pipeline:
    """Topics of a definition as a ksqlDB server writes them."""

    def __init__(
        self, definition: str, broker: Broker, registry: Registry, topics: Topics, partitions: int = 1
    ) -> None:
        self.plan = read_toml(definition)
        self.script = compile_script(self.plan, allow_degraded=["all"])
        self.registry = RegistrySettings(registry.url)
        self.settings = KafkaSettings(
            brokers=broker.bootstrap, app=self.plan.name, input=("ticks",), registry=self.registry, written_by="ksqldb"
        )
        self.app = KafkaApp(self.plan, self.settings, written_bars)
        for entity in self.script.entities:
            if entity.windowed and entity.derived:
                topics.create(entity.topic.removeprefix(topics.prefix), partitions)
        self._schemas = SchemaRegistry(self.registry)

    def write(self, role: Role, timeframe: str, rows: Iterable[Mapping[str, Any]], partition: int = 0) -> str:
        """Rows into a topic: its name."""
        entity: Entity = self.script.of(role, timeframe)
        bare = len(entity.key_columns) == 1
        key, value = key_schema(entity.key_columns, bare=bare), value_schema(entity)
        of_key, of_value = (
            self._schemas.number(f"{entity.topic}-{part}", json.dumps(schema))
            for part, schema in (("key", key), ("value", value))
        )
        producer = Producer({"bootstrap.servers": self.settings.brokers})
        for row in rows:
            fields = {column.name: row[column.name.lower()] for column in entity.key_columns}
            body = next(iter(fields.values())) if bare else fields
            name = windowed(framed(of_key, key, body), row["bucket_start"])
            body = framed(of_value, value, typed(entity, {"bucket_end": 0, "open_time": 1, "close_time": 2, **row}))
            producer.produce(entity.topic, body, name, partition)
        producer.flush(30)
        return entity.topic

    def close(self) -> None:
        """Let go of the registry."""
        self._schemas.close()


@pytest.fixture
def reference(broker: Broker, registry: Registry, topics: Topics) -> Iterator[Pipeline]:
    """The pipeline of the reference definition."""
    definition = REFERENCE.read_text().replace('name = "bars"', f'name = "{topics.prefix}bars"')
    made = Pipeline(definition, broker, registry, topics)
    yield made
    made.close()


def rolled_up(desk: Desk, pipeline: Pipeline, topic: str) -> tuple[BarPlan, list[Row]]:
    """The final days that barloom makes of a topic of hours."""
    plan = desk.plan("daily", DAILY)
    registry = {"url": pipeline.registry.url}
    settings = desk.settings(plan, format="avro", output_format="json", registry=registry, input=topic)
    desk.make(plan, settings)
    return plan, desk.bars(plan.topic("final", "1d"))


def told(days: Iterable[Row]) -> dict[tuple[str, str, int], tuple[Any, ...]]:
    """Days by key and start, as `folded` has them."""
    return {
        (day["broker"], day["symbol"], int(datetime.fromisoformat(day["start"]).timestamp() * 1000)): (
            *(Decimal(day[name]) for name in PRICES),
            int(day["n"]),
            day["filled"],
        )
        for day in days
    }


def closing(rows: list[Row], days: int) -> list[Row]:
    """A bar some days after the last one, which closes everything before it."""
    last = rows[-1]
    return [{**last, "bucket_start": last["bucket_start"] // DAY * DAY + days * DAY + HOUR}]


def test_barloom_rolls_up_from_a_topic_of_ksqldb(broker: Broker, topics: Topics, reference: Pipeline) -> None:
    """Compiled up to 1h, rolled up to 1d and 1w: key and start come from the windowed key, days are those of a loop."""
    desk, rows = Desk(broker, topics), hours()
    topic = reference.write("final", "1h", [*rows, *closing(rows, 4)])

    plan, days = rolled_up(desk, reference, topic)

    assert folded(rows, DAY) == told(days)
    assert all(day["final"] and day["slots"] == day["filled"] < day["expected_slots"] == 24 for day in days)
    weeks = desk.bars(plan.topic("final", "1w"))  # the week from Monday the 17th has the two days of each key
    assert {("b1", 2), ("b2", 2)} == {(week["broker"], week["filled"]) for week in weeks}
    assert [] == desk.bars(f"{plan.name}_dlq")


@pytest.mark.needs("ksqldb")
def test_the_days_are_those_that_a_server_gave(broker: Broker, topics: Topics, reference: Pipeline) -> None:
    """The hours of the reference pipeline, rolled up here, are its days to the last digit."""
    hourly, daily = (lines(PIPELINE / f"expected_{each}.jsonl") for each in ("1h", "1d"))
    hourly.sort(key=lambda row: row["bucket_start"])
    topic = reference.write("final", "1h", [*hourly, *closing(hourly, 1)])

    _, days = rolled_up(Desk(broker, topics), reference, topic)

    assert {
        (row["broker"], row["symbol"], row["bucket_start"]): (*(Decimal(row[name]) for name in PRICES), row["n"])
        for row in daily
    } == {place: bar[:-1] for place, bar in told(days).items()}


def lines(path: Path) -> list[Row]:
    """A file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_finals_are_read_message_by_message(reference: Pipeline) -> None:
    """With commits and types as those that barloom wrote; a message that is no bar is a problem of its own."""

    class Hour(bl.Bar):
        broker: str
        close: Decimal
        n: int

    rows = hours()[:3]
    reference.write("final", "1h", rows)

    with reference.app.bars("1h", typed=Hour, group="g", at_end="stop") as reader:
        found = list(reader)
        found[-1].commit()

    assert [(row["broker"], row["close"], row["n"], True) for row in rows] == [
        (message.bar.broker, message.bar.close, message.bar.n, message.bar.final) for message in found
    ]
    assert [((row["broker"], row["symbol"]), row["bucket_start"] * 10**6) for row in rows] == [
        (message.fields, message.start) for message in found
    ]


def test_what_ksqldb_does_not_keep_cannot_be_asked_for(reference: Pipeline) -> None:
    """Neither by a class of bars nor by a timeframe, and it is said at once."""

    class Counted(bl.Bar):
        slots: int

    with pytest.raises(DefinitionError, match="the bars have no 'slots'"):
        reference.app.bars("1h", typed=Counted)
    with pytest.raises(ValueError, match="no topic of these live bars"):
        reference.app.bars("1s", "live")


def test_a_reader_keeps_a_copy_of_a_pipeline(reference: Pipeline, tmp_path: Path) -> None:
    """Live bars until their final comes, ranges, and no guess about a bar that is not there."""
    rows = [row for row in hours() if row["broker"] == "b1"][:4]
    reference.write("live", "1h", [{**rows[0], "close": Decimal(1)}, *rows])
    reference.write("final", "1h", rows[:2])

    with reference.app.reader(tmp_path / "copy") as reader:
        bars = reader.wait_running(30).bucket("1h")
        found = list(bars.range(("b1", "EURUSD")))
        missing = bars.get(("b1", "EURUSD"), (BEGIN + 100 * HOUR) * 10**6)
        last = bars.get(("b1", "EURUSD"), rows[3]["bucket_start"] * 10**6)

    assert [(row["close"], row["volume"]) for row in rows] == [(bar.close, bar.volume) for bar in found]
    assert [True, True, False, False] == [bar.final for bar in found]
    assert NotFound(Why.NO_ROW, decided=False) == missing
    assert isinstance(last, Found)
    with pytest.raises(AttributeError, match="no 'slots'"):
        _ = last.bar.slots


def test_bars_of_ksqldb_are_not_made_here(reference: Pipeline) -> None:
    """An application with these settings would write into the topics of the pipeline."""
    with pytest.raises(DefinitionError, match="are made and written by ksqldb"):
        run(reference.plan, reference.settings, stop=Event())


def test_ksqldb_writes_avro() -> None:
    """Other formats are no settings of it."""
    plan = read_toml(REFERENCE.read_text())
    with pytest.raises(DefinitionError, match="ksqlDB writes bars as avro"):
        kafka_settings({"kafka": {"brokers": "b", "input": "t", "format": "json", "written_by": "ksqldb"}}, plan)
