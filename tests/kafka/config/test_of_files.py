"""What is declared of reading files is refused by name where the input is a topic."""

from __future__ import annotations

import pytest

from barloom.errors import DefinitionError
from barloom.kafka.config.settings import kafka_settings
from source.reading import plan

KAFKA = {"kafka": {"brokers": "localhost:9092", "input": "ticks", "format": "json"}}


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ({"columns": {"symbol": "@file:([A-Z]+)"}}, r"source\.columns\.symbol: the name of the file.*of files only"),
        ({"columns": {"symbol": "@hive.symbol"}}, r"source\.columns\.symbol: the directory symbol=….*of files only"),
        ({"columns": {"at": ("date", "time")}}, r"source\.columns\.at: date and time is read of files only"),
        ({"ambiguous": "order"}, r"source\.ambiguous: the order of the messages"),
        ({"decimal_separator": ","}, r"source\.decimal_separator: numbers in messages have a point"),
        ({"thousands": "."}, r"source\.thousands: numbers in messages"),
    ],
)
def test_refused(source: dict[str, object], problem: str) -> None:
    """A message has no file, and its neighbours are no file in order."""
    with pytest.raises(DefinitionError, match=problem):
        kafka_settings(KAFKA, plan(**source))


def test_what_messages_have_as_well() -> None:
    """A rule that needs no other row holds on Kafka too."""
    assert ("ticks",) == kafka_settings(KAFKA, plan(ambiguous="earlier", zone="UTC")).input
