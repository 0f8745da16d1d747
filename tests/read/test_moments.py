"""Times as people give them to a `TimeBucket`."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


@pytest.fixture
def days(tmp_path: Path) -> Iterator[bl.TimeBucket[bl.Bar]]:
    """One day of one symbol."""
    bars = bl.from_(Trade).tumbling("1m").ohlcv("price").rollup("1d").named("bars")
    bl.run(bars, [{"symbol": "A", "at": "2025-11-10T09:00:00Z", "price": 1}], tmp_path / "s", at_end="close")
    with bl.TimeBucket.open(tmp_path / "s", "1d") as bucket:
        yield bucket


def test_a_date_is_its_midnight_in_utc(days: bl.TimeBucket[bl.Bar]) -> None:
    """As on the command line."""
    found = days.get("A", "2025-11-10")

    assert isinstance(found, bl.Found)
    assert found.bar.start == datetime(2025, 11, 10, tzinfo=UTC)
    assert len(list(days.range("A", "2025-11-10", "2025-11-11"))) == 1


@pytest.mark.parametrize(
    ("number", "told"),
    [
        (1_762_732_800, "1762732800 seconds are 1762732800000000000 (2025-11-10T00:00:00Z)"),
        (1_762_732_800_000, "1762732800000 milliseconds are 1762732800000000000 (2025-11-10T00:00:00Z)"),
        (1_762_732_800_000_000, "1762732800000000 microseconds are 1762732800000000000 (2025-11-10T00:00:00Z)"),
    ],
)
def test_a_number_that_is_no_slot_is_told_its_likely_unit(days: bl.TimeBucket[bl.Bar], number: int, told: str) -> None:
    """Numbers count nanoseconds; those of another unit lie in 1970."""
    with pytest.raises(ValueError, match="no slot of 1d begins at 1970-01-") as refused:
        days.get("A", number)

    assert f"Numbers are nanoseconds; {told}" in str(refused.value)


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("yesterday", "'yesterday' is not a time: .*; write it like 2025-11-10T12:34:00Z"),
        ("2025-11-10T00:00", r"has no time zone; write one, such as 2025-11-10T00:00:00\+00:00$"),
        (1762732800.5, "is not a time; give a datetime with a zone, whole nanoseconds since 1970"),
    ],
)
def test_what_is_no_time_is_told_how_to_write_one(days: bl.TimeBucket[bl.Bar], given: str, told: str) -> None:
    """Once."""
    with pytest.raises((ValueError, TypeError), match=told):
        days.get("A", given)
