"""A definition at work on the shared broker, as a fixture."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom import Bars
    from kafka.driver import KafkaDriver
    from servers.broker import Broker
    from servers.topics import Topics


@pytest.fixture
def drive(broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., KafkaDriver]]:
    """Call with bars, and with options of `KafkaDriver`; its members end with the test."""
    from kafka.driver import KafkaDriver  # noqa: PLC0415 - most tests need no client

    monkeypatch.setattr("barloom.kafka.runtime.instance._LOOK", 0.01)
    opened: list[KafkaDriver] = []

    def make(bars: Bars, **options: Any) -> KafkaDriver:  # noqa: ANN401 - the driver's own
        opened.append(KafkaDriver(bars, broker, topics, **options))
        return opened[-1]

    yield make
    for driver in opened:
        driver.close()
    opened.clear()
    gc.collect()  # clients that died with their members are not closed by anybody
