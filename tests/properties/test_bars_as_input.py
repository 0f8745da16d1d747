"""Coarser bars of finished bars are what plain loops say: complete ones early, the others at their deadline."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
import reference
from barloom.time.always import AlwaysOpen
from properties.quick import quick
from properties.running import Run, differences, same_refusals
from properties.splitting import split
from reference import MINUTE, SECOND, Aggregate, Definition, Level, Row, every_day

if TYPE_CHECKING:
    from collections.abc import Callable

START = reference.nanoseconds("2025-01-06T10:00:00+00:00")
DAYS = every_day(date(2025, 1, 6), date(2025, 1, 6))
QUICK = quick(60)


class Candle(bl.Event):
    """A finished one-minute bar."""

    symbol: str = bl.key()
    start: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)
    volume: Decimal = bl.decimal(12, 0)


def _of(name: str) -> Callable[[Row], Decimal]:
    def value(row: Row) -> Decimal:
        found: Decimal = row.values[name]
        return found

    return value


COLUMNS = {
    "open": Aggregate("first", _of("price")),
    "high": Aggregate("max", _of("price")),
    "low": Aggregate("min", _of("price")),
    "close": Aggregate("last", _of("price")),
    "volume": Aggregate("sum", _of("volume")),
}


def declared(delay: int) -> tuple[bl.Bars, Definition]:
    """The same definition twice; every level has the base's delay."""
    bars = (
        bl.from_(Candle)
        .bars("1m", delay=f"{delay}s")
        .select(
            open=bl.first("price"),
            high=bl.max("price"),
            low=bl.min("price"),
            close=bl.last("price"),
            volume=bl.sum("volume"),
        )
        .rollup("3m", "6m", "1h")
        .named("bars")
    )
    levels = (Level("1m"), Level("3m", "1m"), Level("6m", "3m"), Level("1h", "6m"))
    return bars, Definition(levels=levels, columns=COLUMNS, days=DAYS, delay=delay * SECOND)


@st.composite
def candles(draw: st.DrawFn) -> list[Row]:
    """Most minutes of a stretch, of two keys, more or less in order, some twice and some with other content."""
    stretch = draw(st.integers(1, 25))
    wanted = [
        (minute + draw(st.sampled_from([0, 0, 0, 0, 1, 3])), minute, key)
        for minute in range(stretch)
        for key in ("EURUSD", "XAUUSD")
        for _ in range(draw(st.sampled_from([1, 1, 1, 1, 0, 2])))
    ]
    return [
        Row(
            (key,),
            START + minute * MINUTE,
            offset,
            {"price": Decimal(minute % 7 + draw(st.sampled_from([0, 0, 0, 1]))), "volume": Decimal(minute)},
        )
        for offset, (_, minute, key) in enumerate(sorted(wanted, key=lambda item: item[:2]))
    ]


@QUICK
@given(
    candles(), st.sampled_from([0, 1, 61, 200]), st.lists(st.integers(0, 50), max_size=6), st.sets(st.integers(0, 6))
)
def test_parents_of_bars_are_the_references(rows: list[Row], delay: int, cuts: list[int], crashes: set[int]) -> None:
    """Finals, what was refused and why, in any batches and with crashes between them."""
    bars, definition = declared(delay)
    expected = reference.bars_of_bars(definition, rows)
    whole = Run(bars.plan, AlwaysOpen())
    whole.feed(rows)
    parts = Run(bars.plan, AlwaysOpen())
    for number, batch in enumerate(split(rows, cuts)):
        if number in crashes:
            parts.crash(batch)
        parts.feed(batch)

    assert [] == differences(expected.finals, whole.finals)
    assert [] == differences(expected.finals, parts.finals)
    assert same_refusals(expected, whole), (expected.refused, whole.refused)
    assert same_refusals(expected, parts), (expected.refused, parts.refused)
