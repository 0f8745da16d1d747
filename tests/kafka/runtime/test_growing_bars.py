"""Bars that are sent again as they grow, from a topic: the last state of each is final, and the holes are filled."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.plan.identity import topics as topics_of
from kafka.desk import Desk

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
GROWING = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "NAME"
base = "1m"
input = "bars"
keep = "last"
gap = "carry"
clock = "off"
rollup = ["5m"]
[bars.select]
close = "last(price)"
total = "sum(price)"
"""


def minute(number: int, price: str, symbol: str = "ACME") -> tuple[str, str, str]:
    """A state of a minute after nine."""
    return symbol, f"2025-11-10T09:0{number}:00Z", price


def test_another_instance_goes_on_with_a_bar_that_grows(broker: Broker, topics: Topics) -> None:
    """It has the last state from the changelog; the next bar makes it final, and 09:02 is filled at its close."""
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan("bars", GROWING)
    settings = desk.settings(plan, output_format="json")
    desk.send([minute(0, "1.00"), minute(0, "2.00"), minute(1, "3.00")])
    desk.make(plan, settings)
    desk.send([minute(0, "9.00"), minute(1, "4.00"), minute(3, "5.00"), minute(5, "6.00")])
    desk.make(plan, settings)

    columns = ("start", "close", "total", "revision", "synthetic")
    finals = [tuple(bar[name] for name in columns) for bar in desk.bars(topics_of(plan).final["1m"])]
    assert [
        ("2025-11-10T09:00:00Z", "2.00", "2.00", 2, False),
        ("2025-11-10T09:01:00Z", "4.00", "4.00", 2, False),
        ("2025-11-10T09:02:00Z", "4.00", "0.00", 0, True),
        ("2025-11-10T09:03:00Z", "5.00", "5.00", 1, False),
        ("2025-11-10T09:04:00Z", "5.00", "0.00", 0, True),
    ] == finals
    (five,) = desk.bars(topics_of(plan).final["5m"])
    assert ("5.00", "11.00", 5, 3) == (five["close"], five["total"], five["slots"], five["filled"])
    assert ["late"] == [row["reason"] for row in desk.bars(topics_of(plan).late)]
