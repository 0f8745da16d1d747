"""The catalogue on the embedded runtime. Cases about partitions that change hands and about the clock need a log."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from catalogue.cascade import CascadeCases
from catalogue.duplicates import DuplicateCases
from catalogue.embedded import EmbeddedRig
from catalogue.end_to_end import EndToEndCases
from catalogue.finals import FinalCases
from catalogue.on_exchanges import ExchangeCases
from catalogue.sessions import SessionCases
from catalogue.watermark import WatermarkCases

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from barloom import Bars
    from barloom.time.calendar import Calendar


class TestEmbedded(
    FinalCases, CascadeCases, WatermarkCases, SessionCases, ExchangeCases, DuplicateCases, EndToEndCases
):
    """Every feed is a new run that continues from the RocksDB store."""

    make: Callable[[], Path]

    @pytest.fixture(autouse=True)
    def directories(self, tmp_path_factory: pytest.TempPathFactory) -> None:
        """A directory of its own for each rig that a case opens."""
        self.make = lambda: tmp_path_factory.mktemp("rig")

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> EmbeddedRig:
        """A new store."""
        return EmbeddedRig(bars, self.make(), calendar)
