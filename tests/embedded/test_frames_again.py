"""A store that is given a frame, and then another one."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.errors import SourceReplaced

if TYPE_CHECKING:
    from pathlib import Path


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BARS = bl.from_(Trade).tumbling("1m").ohlcv(price="price").named("bars")


def minutes(*numbers: int) -> pl.DataFrame:
    """A trade in each of these minutes, whose price is the minute."""
    at = [f"2025-01-06T09:{number:02}:00Z" for number in numbers]
    return pl.DataFrame({"symbol": "A", "at": at, "price": [str(number) for number in numbers]})


def counts(report: bl.RunReport) -> tuple[int, int, int]:
    """Rows read, bars made, slots open."""
    return report.ticks, report.bars["1m"], report.open["1m"]


def test_a_frame_that_has_grown_goes_on(tmp_path: Path) -> None:
    """It begins with the rows it had before: the three new ones close three minutes."""
    bl.run(BARS, minutes(0, 1), tmp_path / "store")

    assert counts(bl.run(BARS, minutes(0, 1, 2, 3, 4), tmp_path / "store")) == (3, 3, 1)


def test_another_frame_is_new_where_that_is_said(tmp_path: Path) -> None:
    """All its rows are read, behind those of the first; without the word it is an error that says it."""
    bl.run(BARS, minutes(0, 1), tmp_path / "store")
    with pytest.raises(SourceReplaced, match=r'the frame is no longer the frame that was read .* say resume="new"'):
        bl.run(BARS, minutes(2, 3, 4), tmp_path / "store")

    assert counts(bl.run(BARS, minutes(2, 3, 4), tmp_path / "store", resume="new")) == (3, 3, 1)
    assert counts(bl.run(BARS, minutes(2, 3, 4, 5), tmp_path / "store")) == (1, 1, 1)


def test_the_same_rows_may_be_new(tmp_path: Path) -> None:
    """They are what the caller says: two trades of a minute that is open, and both count."""
    bl.run(BARS, minutes(0), tmp_path / "store")
    bl.run(BARS, minutes(0), tmp_path / "store", resume="new")
    bl.run(BARS, minutes(1), tmp_path / "store", resume="new")

    with bl.TimeBucket.open(tmp_path / "store", "1m") as bars:
        found = bars.get(key="A", start="2025-01-06T09:00:00Z")
    assert isinstance(found, bl.Found)
    assert found.bar.count == 2


def test_files_are_known_by_their_content_whatever_is_said(tmp_path: Path) -> None:
    """`resume` is for what cannot be known again."""
    minutes(0, 1).write_csv(tmp_path / "a.csv")
    bl.run(BARS, tmp_path / "a.csv", tmp_path / "store")

    assert counts(bl.run(BARS, tmp_path / "a.csv", tmp_path / "store", resume="new")) == (0, 0, 1)
