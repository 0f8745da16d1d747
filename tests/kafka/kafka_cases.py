"""A small definition, and its settings on some broker, for the tests of this room."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.kafka.config.settings import KafkaSettings, kafka_settings
from barloom.plan.toml import read_toml

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

DEFINITION = """
[event]
key = ["venue", "symbol"]
timestamp = "at"
[event.fields]
venue = "string"
symbol = "string"
at = "timestamp"
price = "decimal(18, 6)"
[bars]
name = "NAME"
base = "1s"
ohlcv = { price = "price" }
rollup = ["1m", "1mo"]
[bars.timeframes."1m"]
retention = "30d"
"""


def plan(name: str = "bars") -> BarPlan:
    """Bars of 1s, 1m (kept for 30 days) and 1mo."""
    return read_toml(DEFINITION.replace("NAME", name))


def settings(name: str = "bars", **given: object) -> KafkaSettings:
    """The least that must be said, and what is given."""
    return kafka_settings(
        {"kafka": {"brokers": "127.0.0.1:1", "input": "ticks", "format": "json", **given}}, plan(name)
    )
