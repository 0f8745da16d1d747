"""A partition whose state is back before the client fetches from it is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import confluent_kafka
import msgspec
import pytest
from confluent_kafka import KafkaError, KafkaException

from kafka.desk import Desk

if TYPE_CHECKING:
    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")


def test_a_client_that_is_not_fetching_yet_is_asked_again(
    broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It first asks for the group's positions; where an open transaction keeps these back, that takes its time."""
    refusals = iter(range(3))

    class Slow(confluent_kafka.Consumer):
        def seek(self, partition: confluent_kafka.TopicPartition) -> None:
            if next(refusals, None) is not None:
                raise KafkaException(KafkaError(KafkaError._STATE))  # noqa: SLF001 - its public name
            super().seek(partition)

    monkeypatch.setattr(confluent_kafka, "Consumer", Slow)
    desk = Desk(broker, topics)
    plan = desk.plan()
    for partition, symbol in enumerate(("ACME", "BETA")):
        desk.send([(symbol, f"2025-11-10T10:00:0{second}Z", "1") for second in range(3)], partition)

    desk.make(plan, desk.settings(plan))

    finals = [msgspec.json.decode(value) for value in desk.finals(plan, "1s")]
    expected = [(symbol, f"2025-11-10T10:00:0{second}Z") for symbol in ("ACME", "BETA") for second in range(2)]
    assert expected == [(bar["symbol"], bar["start"]) for bar in finals]
    assert next(refusals, None) is None
