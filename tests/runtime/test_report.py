"""What a run says at its end that a user may wonder about."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path

BEGIN = datetime(2025, 1, 6, 10, tzinfo=UTC)


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BARS = bl.from_(Trade).tumbling("1m").ohlcv(price="price").named("bars")


def rows(symbol: str, seconds: list[int]) -> list[dict[str, object]]:
    """Ticks of a symbol, so many seconds after ten."""
    return [{"symbol": symbol, "at": BEGIN + timedelta(seconds=each), "price": 1} for each in seconds]


def about_order(report: bl.RunReport) -> list[str]:
    """The notes about late rows."""
    return [note for note in report.notes if "in time order" in note]


@pytest.mark.parametrize("minutes", [4, 60, 200])
def test_one_symbol_behind_the_other_is_told_how_to_read_it(tmp_path: Path, minutes: int) -> None:
    """However small the file; no delay would help."""
    each = [60 * minute for minute in range(minutes)]
    report = bl.run(BARS, rows("A", each) + rows("B", each), tmp_path / "state")

    (note,) = about_order(report)
    assert note.startswith(f"{minutes - 1:,} of {2 * minutes:,} rows were late: ")
    assert note.endswith(
        "one symbol's rows stand behind another's; order = \"time\" under [source] sorts it while reading"
    )


def test_rows_that_are_a_little_late_are_told_the_delay_that_would_do(tmp_path: Path) -> None:
    """Ten rows for minutes that were decided 3 s before: a delay must be longer than that."""
    given = [second for minute in range(1, 11) for second in (60 * minute + 3, 60 * minute - 4)]
    report = bl.run(BARS, rows("A", given), tmp_path / "state")

    (note,) = about_order(report)
    assert note.startswith("10 of 20 rows were late: ")
    assert note.endswith("sorts it while reading, or declare a delay longer by 4s")


def test_one_late_row_among_many_is_no_matter_of_order(tmp_path: Path) -> None:
    """It is counted, and that is all."""
    report = bl.run(BARS, rows("A", [*range(0, 6000, 60), 0]), tmp_path / "state")

    assert report.rejected == {"late": 1}
    assert about_order(report) == []
