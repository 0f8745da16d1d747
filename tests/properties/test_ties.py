"""Rows of equal event time are ordered by the declared tiebreak, whatever comes in which batch and in which order."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
from barloom.engine.blocks import TickBatch
from barloom.time.calendars import resolve
from properties.quick import quick
from properties.running import Run
from properties.world import START
from reference import SECOND

MINUTE = 60 * SECOND


class Print(bl.Event):
    """A trade with a number of its own."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    number: int = bl.tiebreak()
    price: int
    bid: int | None
    size: int


BARS = (
    bl.from_(Print)
    .tumbling("1m", delay="10m")
    .select(
        open=bl.first("price"),
        close=bl.last("price"),
        first_bid=bl.first("bid"),
        last_bid=bl.last("bid"),
        first_large=bl.first("price", when=bl.col("size") > 1),
        last_large=bl.last("price", when=bl.col("size") > 1),
        volume=bl.sum("size"),
    )
    .rollup("5m")
    .named("ties")
)


class Row(NamedTuple):
    """A row in the order of the source."""

    symbol: str
    at: int
    number: int
    price: int
    bid: int | None
    size: int


@st.composite
def rows(draw: st.DrawFn) -> list[Row]:
    """Rows of two keys at few times, so that many are equal; numbers repeat too."""
    one = st.builds(
        Row,
        st.sampled_from("AB"),
        st.sampled_from([START, START + 59 * SECOND, START + MINUTE, START + 61 * SECOND]),
        st.integers(-2, 3),
        st.integers(1, 1000),
        st.one_of(st.none(), st.integers(1, 1000)),
        st.integers(1, 2),
    )
    return draw(st.lists(one, min_size=1, max_size=14))


def batch(given: list[Row], first: int) -> TickBatch:
    """Rows as the engine takes them; `first` is the offset of the first."""
    schema = dict.fromkeys(("at", "number", "price", "bid", "size"), pl.Int64())
    frame = pl.DataFrame([row._asdict() for row in given], schema={"symbol": pl.String(), **schema})
    return TickBatch(frame, np.arange(first, first + len(given)), None)


def expected(given: list[Row], length: int) -> dict[tuple[str, int], dict[str, int | None]]:
    """By brute force: each slot's rows sorted by (time, number, place in the source)."""
    bars: dict[tuple[str, int], dict[str, int | None]] = {}
    for key, start in {(row.symbol, row.at // length * length) for row in given}:
        inside = [row for row in given if row.symbol == key and row.at // length * length == start]
        inside.sort(key=lambda row: (row.at, row.number))  # sorting keeps the order of equal rows
        bids = [row.bid for row in inside if row.bid is not None] or [None]
        large = [row.price for row in inside if row.size > 1] or [None]
        bars[key, start] = {
            "open": inside[0].price,
            "close": inside[-1].price,
            "first_bid": bids[0],
            "last_bid": bids[-1],
            "first_large": large[0],
            "last_large": large[-1],
            "volume": sum(row.size for row in inside),
        }
    return bars


@quick(150)
@given(rows(), st.sets(st.integers(1, 13), max_size=4), st.booleans())
def test_ties_are_broken_by_the_declared_number(given: list[Row], cuts: set[int], crashes: bool) -> None:  # noqa: FBT001 - drawn
    """First and last of a slot go by (event time, number, place in the source), for any batches and after crashes."""
    made = Run(BARS.plan, resolve("24x7"))
    edges = [0, *sorted(cut for cut in cuts if cut < len(given)), len(given)]
    for begin, end in pairwise(edges):
        made.take(batch(given[begin:end], begin))
        if crashes:
            made.crash()
    made.close()

    for timeframe, length in (("1m", MINUTE), ("5m", 5 * MINUTE)):
        found = {
            (bar.key[0], bar.start): {**bar.values, "volume": int(bar.values["volume"])}
            for bar in made.finals[timeframe]
        }
        assert expected(given, length) == found


def test_numbers_beyond_64_bits_order_too() -> None:
    """A decimal of 38 digits is kept whole in the state."""
    text = """
        [event]
        key = "symbol"
        timestamp = "at"
        tiebreak = "number"
        [event.fields]
        symbol = "string"
        at = "timestamp(ns)"
        number = "decimal(38, 0)"
        price = "int"
        [bars]
        name = "wide"
        base = "1m"
        ohlcv = { price = "price" }
    """
    from barloom.plan.toml import read_toml  # noqa: PLC0415 - this test's alone

    made = Run(read_toml(text), resolve("24x7"))
    numbers = [10**37 + 2, 10**37 + 1, 10**37 + 3]
    for offset, number in enumerate(numbers):
        frame = pl.DataFrame(
            {
                "symbol": ["A"],
                "at": [START],
                "number": pl.Series([Decimal(number)], dtype=pl.Decimal(38, 0)),
                "price": [offset],
            }
        )
        made.take(TickBatch(frame, np.array([offset]), None))
        made.crash()
    made.close()

    assert [(1, 2)] == [(bar.values["open"], bar.values["close"]) for bar in made.finals["1m"]]
