"""Ticks without an event id, on Kafka: none is a duplicate, and whoever takes the partition over goes on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from barloom.plan.identity import topics as topics_of
from kafka.desk import DEFINITION, Desk

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
WITH_IDS = DEFINITION.replace('price = "decimal(12, 2)"', 'price = "decimal(12, 2)"\nnumber = "string?"').replace(
    'timestamp = "at"', 'timestamp = "at"\nevent_id = "number"'
)


def fills(second: str, *numbers: str | None) -> list[bytes]:
    """Trades of one second with these ids."""
    at = f"2025-11-10T09:00:{second}Z"
    return [msgspec.json.encode({"symbol": "ACME", "at": at, "price": "1.00", "number": number}) for number in numbers]


def test_a_changelog_that_holds_rows_without_an_id_is_continued(broker: Broker, topics: Topics) -> None:
    """Two instances, one after the other: five rows of a second, of which one has come before."""
    desk = Desk(broker, topics, partitions=1)
    plan = desk.plan(definition=WITH_IDS)
    settings = desk.settings(plan)
    desk.send_raw(fills("01", None, "7", None))
    desk.make(plan, settings)
    desk.send_raw(fills("01", "7", None, "8") + fills("02", None))
    desk.make(plan, settings)

    (second,) = desk.bars(topics_of(plan).final["1s"])
    assert 5 == second["revision"]
    assert ["duplicate"] == [row["reason"] for row in desk.bars(topics_of(plan).late)]
