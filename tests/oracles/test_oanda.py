"""Bars of real quotes equal the vendor's, bid and ask in one definition."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path

MIDNIGHT = datetime(2014, 5, 4, tzinfo=UTC)
SIDES = {
    f"{side}_{name}": (kind, side)
    for side in ("bid", "ask")
    for name, kind in zip(("open", "high", "low", "close"), (bl.first, bl.max, bl.min, bl.last), strict=True)
}


class Quote(bl.Event):
    """A two-sided quote."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ms")
    bid: Decimal = bl.decimal(18, 6)
    ask: Decimal = bl.decimal(18, 6)


def declared() -> bl.Bars:
    """Bid and ask bars side by side."""
    columns = {name: kind(side) for name, (kind, side) in SIDES.items()}
    return bl.from_(Quote).tumbling("1s").select(**columns).rollup("1m").named("xauusd")


def lines(oracles: Path, name: str) -> list[list[str]]:
    """The rows of the one file in a zip."""
    with zipfile.ZipFile(oracles / f"oanda_xauusd_{name}_20140504_quote.zip") as archive:
        (member,) = archive.namelist()
        return [line.split(",") for line in io.TextIOWrapper(archive.open(member)).read().splitlines()]


def answers(oracles: Path, name: str) -> dict[datetime, tuple[Decimal, ...]]:
    """The vendor's bars: open, high, low, close of bid, then of ask."""
    return {
        MIDNIGHT + timedelta(milliseconds=int(row[0])): tuple(map(Decimal, [*row[1:5], *row[6:10]]))
        for row in lines(oracles, name)
    }


def quotes(oracles: Path) -> list[dict[str, Any]]:
    """The quotes, with their time cut to whole milliseconds."""
    first = int(MIDNIGHT.timestamp()) * 1000
    return [
        {"symbol": "XAUUSD", "at": first + int(milliseconds.partition(".")[0]), "bid": bid, "ask": ask}
        for milliseconds, bid, ask in lines(oracles, "tick")
    ]


@pytest.mark.parametrize(("timeframe", "name", "count"), [("1s", "second", 2216), ("1m", "minute", 120)])
def test_bid_and_ask_bars_are_oandas(oracles: Path, timeframe: str, name: str, count: int) -> None:
    """Every second and every minute, on both sides, and no bar that the vendor does not have."""
    result = declared().compute(pl.DataFrame(quotes(oracles)))

    expected = answers(oracles, name)
    assert 0 == len(result.rejected)
    assert count == len(expected)
    assert expected == {
        row["start"]: tuple(row[column] for column in SIDES) for row in result[timeframe].rows(named=True)
    }
