"""Final bars of one definition as the input of another, as they stand in its topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from confluent_kafka import Producer

from barloom.plan.identity import topics as topics_of
from barloom.plan.toml import read_toml
from runtime.desk import DEFINITION, Desk

if TYPE_CHECKING:
    from barloom.kafka.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.registry import Registry
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
MINUTES = DEFINITION.replace('base = "1s"\nrollup = ["1m", "1h"]', 'base = "1m"')
HOURS = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
open = "decimal(12, 2)?"
high = "decimal(12, 2)?"
low = "decimal(12, 2)?"
close = "decimal(12, 2)?"
count = "int?"
[source]
columns = { at = "start" }
[bars]
name = "NAME"
base = "1m"
input = "bars"
clock = "off"
rollup = ["1h", "1d"]
[bars.timeframes."1h"]
delay = "2m"
[bars.select]
open = "first(open)"
high = "max(high)"
low = "min(low)"
close = "last(close)"
count = "sum(count)"
"""


class Cascade:
    """A definition that makes minutes of ticks, and one that makes hours and days of its minutes."""

    def __init__(self, broker: Broker, topics: Topics, **given: object) -> None:
        self.desk = Desk(broker, topics, partitions=1)
        self.minutes: BarPlan = self.desk.plan("minutes", MINUTES)
        self.hours: BarPlan = read_toml(HOURS.replace("NAME", f"{topics.prefix}hours"))
        self.topic = topics_of(self.minutes).final["1m"]
        self.of_ticks: KafkaSettings = self.desk.settings(self.minutes, **{"output_format": "json", **given})
        form = self.of_ticks.output_format.value
        more = {name: value for name, value in given.items() if name == "registry"}
        self.of_minutes = self.desk.settings(self.hours, input=self.topic, format=form, output_format="json", **more)

    def tick(self, *times: str) -> None:
        """Ticks whose price is the minute, and the minutes and hours that they make."""
        self.desk.send([("ACME", f"2025-11-10T{at}:00Z", f"{at[3:5]}.00") for at in times])
        self.desk.make(self.minutes, self.of_ticks)
        self.roll_up()

    def roll_up(self) -> None:
        """Hours and days of the minutes that there are."""
        self.desk.make(self.hours, self.of_minutes)

    def finals(self, timeframe: str) -> list[tuple[Any, ...]]:
        """Start, prices, count, and how complete the final bars of a timeframe are."""
        names = ("start", "open", "high", "low", "close", "count", "slots", "filled", "expected_slots")
        found = self.desk.bars(topics_of(self.hours).final[timeframe])
        return [(bar["start"][8:16], *(bar[name] for name in names[1:])) for bar in found]

    def again(self, minute: str, **changed: object) -> None:
        """Put a final minute into its topic once more, with some values changed, and roll up."""
        records = self.desk.reader.records(self.topic)
        (record,) = [each for each in records if f"T{minute}:00Z".encode() in (each.key() or b"")][:1]
        value = msgspec.json.decode(record.value() or b"") | changed
        producer = Producer({"bootstrap.servers": self.desk.bootstrap})
        producer.produce(self.topic, msgspec.json.encode(value), record.key(), 0)
        producer.flush()
        self.roll_up()

    def late(self) -> list[tuple[str, list[str]]]:
        """Why refused minutes were refused, and what they are missing in."""
        return [(row["reason"], sorted(row["missed"])) for row in self.desk.bars(topics_of(self.hours).late)]


def test_an_hour_closes_when_all_its_minutes_are_there_or_at_its_deadline(broker: Broker, topics: Topics) -> None:
    """60 minutes complete 9:00 before anything of 10:00 is there. Of 10:00 there are two, and it ends at 11:02.

    The 11:01 minute ends at 11:02, and is final when 11:02 has begun.
    """
    cascade = Cascade(broker, topics)
    cascade.tick(*(f"09:{minute:02}" for minute in range(60)), "10:00")
    complete = cascade.finals("1h")
    cascade.tick("10:05", "11:00", "11:01")
    before = cascade.finals("1h")
    cascade.tick("11:02")
    after = cascade.finals("1h")

    assert [("10T09:00", "0.00", "59.00", "0.00", "59.00", "60", 60, 60, 60)] == complete == before
    assert [*complete, ("10T10:00", "0.00", "5.00", "0.00", "5.00", "2", 2, 2, 60)] == after
    assert [] == cascade.late()

    cascade.again("09:30")
    cascade.again("11:01")
    cascade.again("11:01", close="99.00")
    cascade.again("10:05", start="2025-11-10T10:07:00Z", end="2025-11-10T10:08:00Z")

    assert after == cascade.finals("1h")
    assert [("late", ["1d", "1h"]), ("duplicate", []), ("conflict", []), ("late", ["1d", "1h"])] == cascade.late()


def test_a_day_is_made_of_the_hours(broker: Broker, topics: Topics) -> None:
    """The first minute of the next day but one lets all of the day be decided."""
    cascade = Cascade(broker, topics)
    cascade.tick("09:00", "09:01", "23:59")
    cascade.desk.send([("ACME", f"2025-11-1{day}T00:0{minute}:00Z", "7.00") for day in (1, 2) for minute in (1, 5)])
    cascade.desk.make(cascade.minutes, cascade.of_ticks)
    cascade.roll_up()

    assert ("10T00:00", "0.00", "59.00", "0.00", "59.00", "3", 2, 2, 24) == cascade.finals("1d")[0]


def test_finals_of_several_keys_made_at_once_come_in_the_order_of_time(broker: Broker, topics: Topics) -> None:
    """After a catch-up: else all hours of one key would stand before the first of the next, which then came late."""
    cascade = Cascade(broker, topics)
    ticks = [(key, f"2025-11-10T{hour:02}:30:00Z", "1.00") for hour in range(9, 13) for key in ("BETA", "ACME", "CITY")]
    cascade.desk.send(ticks)
    cascade.desk.make(cascade.minutes, cascade.of_ticks)
    cascade.roll_up()

    starts = [bar["start"][11:16] for bar in cascade.desk.bars(cascade.topic)]
    assert ["09:30"] * 3 + ["10:30"] * 3 + ["11:30"] * 3 == starts
    assert [] == cascade.late()
    assert ["10T09:00"] * 3 + ["10T10:00"] * 3 == [row[0] for row in cascade.finals("1h")]


def test_bars_in_avro_are_read_with_the_schema_of_the_registry(
    broker: Broker, topics: Topics, registry: Registry
) -> None:
    """Times in milliseconds, decimals as bytes, columns that may be null: all of it by the writer's schema."""
    cascade = Cascade(broker, topics, output_format="avro", registry={"url": registry.url})
    cascade.tick(*(f"09:{minute:02}" for minute in range(60)), "10:00")

    assert [("10T09:00", "0.00", "59.00", "0.00", "59.00", "60", 60, 60, 60)] == cascade.finals("1h")
