"""A run warns of a calendar that is near its end."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.testing import FakeClock

if TYPE_CHECKING:
    from pathlib import Path


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


ROWS = [{"symbol": "ACME", "at": "2030-01-07T10:00:00Z", "price": "1.00"}]
UNTIL_JUNE = {"zone": "UTC", "hours": "0900-1700", "from": "2030-01-01", "until": "2030-06-30"}


@pytest.mark.parametrize(
    ("now", "warnings"), [(datetime(2030, 4, 30, tzinfo=UTC), 0), (datetime(2030, 5, 1, tzinfo=UTC), 1)]
)
def test_the_report_warns_from_sixty_days_before_the_calendars_end(
    tmp_path: Path, now: datetime, warnings: int
) -> None:
    """By the clock of the run; 30 June is 61 days after 30 April."""
    bars = bl.from_(Trade).tumbling("1m", calendar=UNTIL_JUNE).ohlcv(price="price").named("trades")

    report = bl.run(bars, iter(ROWS), tmp_path / "state", clock=FakeClock(int(now.timestamp()) * 10**9))

    assert warnings == sum("ends on 2030-06-30, in 60 days" in note for note in report.notes)
