"""The catalogue on a real broker: what it says of restarts, of partitions that change hands, and of once."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING, Any

import pytest

from catalogue.cascade import CascadeCases
from catalogue.duplicates import DuplicateCases
from catalogue.end_to_end import EndToEndCases
from catalogue.finals import FinalCases
from catalogue.handover import HandOverCases
from catalogue.sessions import SessionCases
from catalogue.watermark import WatermarkCases
from kafka.driver import KafkaDriver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom import Bars
    from barloom.time.calendar import Calendar
    from servers.broker import Broker
    from servers.topics import Topics


@pytest.mark.needs("java", "maven")
class TestKafka(FinalCases, CascadeCases, WatermarkCases, SessionCases, DuplicateCases, EndToEndCases, HandOverCases):
    """Members of a real consumer group, in threads."""

    make: Callable[..., KafkaDriver]

    @pytest.fixture(autouse=True)
    def drivers(self, broker: Broker, topics: Topics, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
        """Topics of its own for each case."""
        monkeypatch.setattr("barloom.runtime.kafka.instance._LOOK", 0.01)
        opened: list[KafkaDriver] = []

        def make(bars: Bars, **options: Any) -> KafkaDriver:  # noqa: ANN401 - the driver's own
            opened.append(KafkaDriver(bars, broker, topics, **options))
            return opened[-1]

        self.make = make
        yield
        for driver in opened:
            driver.close()
        opened.clear()
        gc.collect()  # clients that died with their members are not closed by anybody

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> KafkaDriver:
        """One member."""
        return self.make(bars, calendar=calendar)

    def group(self, bars: Bars, *instances: str) -> KafkaDriver:
        """Several that may own the one partition; who stands still for two seconds is given up."""
        return self.make(bars, instances=instances, patience=2.0)
