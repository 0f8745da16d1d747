"""The catalogue on a real broker: what it says of restarts, of partitions that change hands, and of once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalogue.cascade import CascadeCases
from catalogue.duplicates import DuplicateCases
from catalogue.end_to_end import EndToEndCases
from catalogue.finals import FinalCases
from catalogue.handover import HandOverCases
from catalogue.sessions import SessionCases
from catalogue.watermark import WatermarkCases

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom import Bars
    from barloom.time.calendar import Calendar
    from kafka.driver import KafkaDriver


@pytest.mark.needs("java", "maven")
class TestKafka(FinalCases, CascadeCases, WatermarkCases, SessionCases, DuplicateCases, EndToEndCases, HandOverCases):
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
