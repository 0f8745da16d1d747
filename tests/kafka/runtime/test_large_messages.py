"""Large messages among good ones stop no partition: they are kept, and all other bars are right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
import pytest

from barloom.clock import SystemClock
from barloom.errors import BrokerError
from barloom.kafka.runtime.transaction import Transactions
from barloom.plan.identity import topics as topics_of
from kafka.desk import Desk

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


def test_a_late_tick_in_a_message_of_a_megabyte_is_kept_and_nothing_stops(broker: Broker, topics: Topics) -> None:
    """In the side output it is larger than it came: what was in it is quoted there."""
    desk = Desk(broker, topics, 1)
    plan = desk.plan()
    desk.send([("ACME", "2025-11-10T10:00:00Z", "1"), ("ACME", "2025-11-10T10:00:01Z", "2")])
    late = {"symbol": "ACME", "at": "2025-11-10T10:00:00Z", "price": "8", "note": '"' * 490_000}
    desk.send_raw([msgspec.json.encode(late)])
    desk.send([("ACME", "2025-11-10T10:00:02Z", "3")])

    desk.make(plan, desk.settings(plan))

    finals = [msgspec.json.decode(value) for value in desk.finals(plan, "1s")]
    assert [("1.00", 1), ("2.00", 1)] == [(bar["close"], bar["count"]) for bar in finals]
    refused = desk.bars(topics_of(plan).late)
    assert [("late", "8")] == [(row["reason"], msgspec.json.decode(row["raw"])["price"]) for row in refused]


def test_a_key_that_no_message_has_room_for_is_a_dead_letter(broker: Broker, topics: Topics) -> None:
    """It would be in each message about its bars, several times."""
    desk = Desk(broker, topics, 1)
    plan = desk.plan()
    longest = "é" * 8_192
    desk.send([(longest, "2025-11-10T10:00:00Z", "1"), ("ACME", "2025-11-10T10:00:00Z", "2")])
    desk.send_raw(
        msgspec.json.encode({"symbol": "x" * length, "at": "2025-11-10T10:00:00Z", "price": "5"})
        for length in (16_385, 900_000)
    )
    desk.send([("ACME", "2025-11-10T10:00:02Z", "3")])

    desk.make(plan, desk.settings(plan))

    finals = [msgspec.json.decode(value) for value in desk.finals(plan, "1s")]
    assert [("ACME", "2.00"), (longest, "1.00")] == [(bar["symbol"], bar["close"]) for bar in finals]
    letters = desk.reader.records(topics_of(plan).dead_letter)
    problems = [dict(each.headers() or [])["barloom.error"] for each in letters]
    assert [b"its key is longer than 16384 bytes"] * 2 == problems


def test_a_record_that_the_cluster_never_takes_ends_the_process(broker: Broker, topics: Topics) -> None:
    """Trying again for ever would be a partition that stands still and says that it is running."""
    small = topics.create("small", 1, {"max.message.bytes": "1000"})
    transactions = Transactions(
        {"bootstrap.servers": broker.bootstrap, "transactional.id": f"{topics.prefix}writer"}, SystemClock()
    )
    transactions.take_over()

    def send_and_commit() -> None:
        transactions.send(small, 0, [b"key"], [b"x" * 2_000])
        transactions.commit()

    with pytest.raises(BrokerError, match="too large for the cluster") as caught:
        send_and_commit()

    transactions.close()
    assert not caught.value.retriable
