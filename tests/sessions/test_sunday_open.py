"""The real Sunday open of gold belongs to Monday: under ``24x5-fx`` its bars are the vendor's, its day is the 5th."""

from __future__ import annotations

import io
import zipfile
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path

SUNDAY = datetime(2014, 5, 4, tzinfo=UTC)
MONDAY = date(2014, 5, 5)
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


def lines(oracles: Path, name: str) -> list[list[str]]:
    """The rows of the one file in a zip."""
    with zipfile.ZipFile(oracles / f"oanda_xauusd_{name}_20140504_quote.zip") as archive:
        (member,) = archive.namelist()
        return [line.split(",") for line in io.TextIOWrapper(archive.open(member)).read().splitlines()]


@pytest.fixture(scope="module")
def computed(oracles: Path) -> bl.Computed:
    """All levels, with the day closed by the end of the input."""
    columns = {name: kind(side) for name, (kind, side) in SIDES.items()}
    query = bl.from_(Quote).tumbling("1s", calendar="24x5-fx").select(**columns, count=bl.count())
    midnight = int(SUNDAY.timestamp()) * 1000
    quotes = [
        {"symbol": "XAUUSD", "at": midnight + int(milliseconds.partition(".")[0]), "bid": bid, "ask": ask}
        for milliseconds, bid, ask in lines(oracles, "tick")
    ]
    return query.rollup("1m", "1h", "1d", "1w", "1mo").named("xauusd").compute(pl.DataFrame(quotes))


@pytest.mark.parametrize(("timeframe", "name", "count"), [("1s", "second", 2216), ("1m", "minute", 120)])
def test_bars_are_the_vendor_s_and_of_monday(
    computed: bl.Computed, oracles: Path, timeframe: str, name: str, count: int
) -> None:
    """Every second and minute on both sides; on a Sunday evening, but of Monday's trading date."""
    expected = {
        SUNDAY + timedelta(milliseconds=int(row[0])): tuple(map(Decimal, [*row[1:5], *row[6:10]]))
        for row in lines(oracles, name)
    }

    found = computed[timeframe]
    assert 0 == len(computed.rejected)
    assert count == len(expected) == found.height
    assert expected == {row["start"]: tuple(row[column] for column in SIDES) for row in found.rows(named=True)}
    assert [MONDAY] == found["trading_date"].unique().to_list()


def test_there_is_no_sunday_session(computed: bl.Computed) -> None:
    """Day, week and month hold all quotes from Sunday 17:00 in New York (21:00 UTC) on, and know their children."""
    for timeframe, start, end, children in (
        ("1d", "2014-05-04T21:00", "2014-05-05T21:00", 24),
        ("1w", "2014-05-04T21:00", "2014-05-09T21:00", 5),
        # May 2014 begins on a Thursday and has 22 weekdays.
        ("1mo", "2014-04-30T21:00", "2014-05-30T21:00", 22),
    ):
        (bar,) = computed[timeframe].rows(named=True)
        edges = (datetime.fromisoformat(edge).replace(tzinfo=UTC) for edge in (start, end))
        assert (*edges, children) == (bar["start"], bar["end"], bar["expected_slots"])
        assert (9889, True) == (bar["count"], bar["partial"])
        assert (date(2014, 5, 1) if timeframe == "1mo" else MONDAY) == bar["trading_date"]
