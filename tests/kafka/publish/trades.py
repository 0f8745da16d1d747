"""Trades with numbers, the definition that takes them, and what is in a topic of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from barloom.kafka.config.settings import KafkaSettings, kafka_settings
from barloom.kafka.events.marks import COMPLETE_TO
from barloom.plan.toml import read_toml
from barloom.source.feeds.feed import FeedSource
from kafka.committed import CommittedReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from servers.broker import Broker
    from servers.topics import Topics

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
time = "TIME"
base = "1s"
ohlcv = { price = "price", size = "size" }
"""
SECOND = 1_000_000_000
START = 1_763_000_000 * SECOND


def trade(symbol: str, number: int, **more: Any) -> dict[str, Any]:  # noqa: ANN401
    """The one with this number: one each 100 ms."""
    at = START + number * SECOND // 10
    return {
        "venue": "kraken",
        "symbol": symbol,
        "first_trade_id": number,
        "trade_id": number,
        "time": at,
        "price": f"{100 + number % 7}.25",
        "size": "0.5",
        "side": "buy",
        "received_at": at + 1000,
        **more,
    }


def market(symbols: str, count: int) -> list[dict[str, Any]]:
    """The trades of some symbols, one of each in turn."""
    return [trade(symbol, number) for number in range(1, count + 1) for symbol in symbols]


class Told(NamedTuple):
    """A mark in a topic."""

    partition: int
    key: Any
    time: int


class Desk:
    """An input topic of trades, its definition, and what is in it."""

    def __init__(self, broker: Broker, topics: Topics, partitions: int = 3, time: str = "key") -> None:
        self.broker, self.topics = broker, topics
        self.input = topics.create("trades", partitions)
        self.plan: BarPlan = read_toml(DEFINITION.replace("NAME", f"{topics.prefix}bars").replace("TIME", time))
        self.settings: KafkaSettings = self.settings_with()
        self.reader = CommittedReader(broker.bootstrap)

    def settings_with(self, **more: object) -> KafkaSettings:
        """How it is published: JSON, unless said otherwise."""
        least = {
            "brokers": self.broker.bootstrap,
            "input": self.input,
            "format": "json",
            "commit_interval": "20ms",
            "session_timeout": "1s",
        }
        return kafka_settings({"kafka": {**least, **more}}, self.plan)

    def rows(self) -> list[dict[str, Any]]:
        """The committed trades, by partition and offset."""
        return [json.loads(record.value()) for record in self.reader.records(self.input) if record.value() is not None]

    def marks(self) -> list[Told]:
        """The committed marks, by partition and offset."""
        return [
            Told(record.partition(), None if record.key() is None else json.loads(record.key()), int(value))
            for record in self.reader.records(self.input)
            for name, value in record.headers() or ()
            if name == COMPLETE_TO
        ]

    def positions(self) -> dict[tuple[Any, ...], int]:
        """The last number by venue and symbol."""
        found = self.reader.latest(f"{self.input}_positions")
        return {
            tuple(json.loads(key).values()): json.loads(record.value() or b"")["number"]
            for key, record in found.items()
        }

    def numbers(self) -> dict[str, list[int]]:
        """The numbers of each symbol, in the order in which they stand in its partition."""
        found: dict[str, list[int]] = {}
        for row in self.rows():
            found.setdefault(row["symbol"], []).append(row["trade_id"])
        return found


class Marked:
    """A feed of which it is known that marks will come."""

    def __init__(self, items: Sequence[Any]) -> None:
        self._items = items

    def source_for(self, plan: BarPlan, clock: Clock | None) -> FeedSource:
        """As any iterable, and it says so."""
        return _MarkedSource(plan, self._items, clock=clock)


class _MarkedSource(FeedSource):
    gives_marks = True
