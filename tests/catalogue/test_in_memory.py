"""The catalogue on the in-memory log: any number of partitions and instances, and a clock that moves by hand."""

from __future__ import annotations

from typing import Any

from catalogue.cascade import CascadeCases
from catalogue.duplicates import DuplicateCases
from catalogue.end_to_end import EndToEndCases
from catalogue.finals import FinalCases
from catalogue.handover import HandOverCases
from catalogue.heartbeat import HeartbeatCases
from catalogue.rounding import RoundingCases
from catalogue.sessions import SessionCases
from catalogue.watermark import WatermarkCases

from barloom.testing import Driver


class TestInMemory(
    HeartbeatCases,
    FinalCases,
    CascadeCases,
    WatermarkCases,
    SessionCases,
    HandOverCases,
    DuplicateCases,
    RoundingCases,
    EndToEndCases,
):
    """All named cases."""

    def open(self, bars: Any, **options: Any) -> Driver:
        """One instance with one partition."""
        return Driver(bars, **options)
