"""Final bars of one definition as the input of another, as they stand in its topic."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from confluent_kafka import Producer

from barloom.plan.identity import topics as topics_of
from barloom.plan.toml import read_toml
from kafka.desk import DEFINITION, Desk

if TYPE_CHECKING:
    from typing import Self

    from barloom.kafka.config.settings import KafkaSettings
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
        self._running = ExitStack()
        self.desk = Desk(broker, topics, partitions=1)
        self.minutes: BarPlan = self.desk.plan("minutes", MINUTES)
        self.hours: BarPlan = read_toml(HOURS.replace("NAME", f"{topics.prefix}hours"))
        self.topic = topics_of(self.minutes).final["1m"]
        self.of_ticks: KafkaSettings = self.desk.settings(self.minutes, **{"output_format": "json", **given})
        form = self.of_ticks.output_format.value
        more = {name: value for name, value in given.items() if name == "registry"}
        self.of_minutes = self.desk.settings(self.hours, input=self.topic, format=form, output_format="json", **more)

    def __enter__(self) -> Self:
        self._running.enter_context(self.desk.running(self.minutes, self.of_ticks))
        self.desk.settle(self.minutes, self.of_ticks)  # then their topic is there
        self._running.enter_context(self.desk.running(self.hours, self.of_minutes))
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def tick(self, *times: str) -> None:
        """Ticks whose price is the minute; returns when the hours that they make are there."""
        self.desk.send([("ACME", f"2025-11-{at}:00Z", f"{at[-2:]}.00") for at in times])
        self.desk.settle(self.minutes, self.of_ticks)
        self.desk.settle(self.hours, self.of_minutes)

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
        self.desk.settle(self.hours, self.of_minutes)

    def late(self) -> list[tuple[str, list[str]]]:
        """Why refused minutes were refused, and what they are missing in."""
        return [(row["reason"], sorted(row["missed"])) for row in self.desk.bars(topics_of(self.hours).late)]


def test_an_hour_closes_when_all_its_minutes_are_there_or_at_its_deadline(broker: Broker, topics: Topics) -> None:
    """60 minutes complete 9:00 before anything of 10:00 is there. Of 10:00 there are two, and its deadline is 11:02.

    The 11:01 minute ends at 11:02, which is not beyond; the 11:02 minute is, and is final when 11:03 has begun.
    """
    with Cascade(broker, topics) as cascade:
        cascade.tick(*(f"10T09:{minute:02}" for minute in range(60)), "10T10:00")
        complete = cascade.finals("1h")
        cascade.tick("10T10:05", "10T11:00", "10T11:01", "10T11:02")
        before = cascade.finals("1h")
        cascade.tick("10T11:03")
        after = cascade.finals("1h")

        assert [("10T09:00", "0.00", "59.00", "0.00", "59.00", "60", 60, 60, 60)] == complete == before
        assert [*complete, ("10T10:00", "0.00", "5.00", "0.00", "5.00", "2", 2, 2, 60)] == after
        assert [] == cascade.late()

        cascade.again("09:30")
        cascade.again("11:01")
        cascade.again("11:01", close="99.00")
        cascade.again("10:05", start="2025-11-10T10:07:00Z", end="2025-11-10T10:08:00Z")

        assert after == cascade.finals("1h")
        assert [
            ("late", ["1d", "1h"]),
            ("duplicate", []),
            ("conflict", []),
            ("late", ["1d", "1h"]),
        ] == cascade.late()


def test_a_day_is_made_of_the_hours(broker: Broker, topics: Topics) -> None:
    """Of 24 hours two had bars, with three ticks; the next day but one closes the first."""
    with Cascade(broker, topics) as cascade:
        cascade.tick("10T09:00", "10T09:01", "10T23:59", "11T00:01", "11T00:05", "12T00:01", "12T00:05")

        assert ("10T00:00", "0.00", "59.00", "0.00", "59.00", "3", 2, 2, 24) == cascade.finals("1d")[0]


def test_bars_in_avro_are_read_with_the_schema_of_the_registry(
    broker: Broker, topics: Topics, registry: Registry
) -> None:
    """Times in milliseconds, decimals as bytes, columns that may be null: all of it by the writer's schema."""
    with Cascade(broker, topics, output_format="avro", registry={"url": registry.url}) as cascade:
        cascade.tick(*(f"10T09:{minute:02}" for minute in range(60)), "10T10:00")

        assert [("10T09:00", "0.00", "59.00", "0.00", "59.00", "60", 60, 60, 60)] == cascade.finals("1h")
