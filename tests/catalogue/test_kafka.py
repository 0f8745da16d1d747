"""The catalogue on a real broker: what it says of restarts, of partitions that change hands, and of once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalogue.cascade import CascadeCases
from catalogue.duplicates import DuplicateCases
from catalogue.end_to_end import EndToEndCases
from catalogue.finals import FinalCases
from catalogue.handover import HandOverCases
from catalogue.heartbeat import HeartbeatCases
from catalogue.sessions import SessionCases
from catalogue.watermark import WatermarkCases

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom import Bars
    from barloom.time.calendar import Calendar
    from kafka.driver import KafkaDriver


@pytest.mark.needs("java", "maven")
class TestKafka(
    HeartbeatCases,
    FinalCases,
    CascadeCases,
    WatermarkCases,
    SessionCases,
    HandOverCases,
    DuplicateCases,
    EndToEndCases,
):
    """Members of a real consumer group, in threads."""

    make: Callable[..., KafkaDriver]

    @pytest.fixture(autouse=True)
    def drivers(self, drive: Callable[..., KafkaDriver]) -> None:
        """Topics of its own for each case."""
        self.make = drive

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> KafkaDriver:
        """One member."""
        return self.make(bars, calendar=calendar)

    def group(self, bars: Bars, *instances: str) -> KafkaDriver:
        """Several that may own the one partition; who stands still for two seconds is given up."""
        return self.make(bars, instances=instances, patience=2.0)

    def share(self, bars: Bars, *instances: str) -> KafkaDriver:
        """As many partitions as members."""
        driver = self.make(bars, partitions=len(instances), instances=instances)
        driver.start(*instances[1:])
        return driver

    def symbols_by_partition(self, driver: KafkaDriver, timeframe: str) -> dict[int, set[str]]:
        """As a reader of committed records sees them."""
        found: dict[int, set[str]] = {}
        for record in driver.reader.records(driver.names.live[timeframe]):
            place, _ = driver.serde.bar_decoder.place(record.key() or b"")
            found.setdefault(record.partition() or 0, set()).add(str(place[0]))
        return found
