"""The public API as a type checker sees it: read by ``mypy --strict`` and by pyright in ``make lint``, never run.

Each line that must be refused carries the ignores of both checkers, and both report an ignore that is not needed.
"""
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import assert_type

import numpy as np
import polars as pl

import barloom as bl
from barloom.clock import Clock, SystemClock
from barloom.time.calendar import Integers
from barloom.time.slots import InstantSlot, Slot, expected_slots, round_to_slot


class Quote(bl.Event):
    """An event as in the guide."""

    broker: str = bl.key()
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    ask: Decimal | None = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 2)


def an_event_has_a_typed_constructor(at: datetime, price: Decimal) -> Quote:
    """Fields have the declared types; a missing or float argument is refused."""
    quote = Quote("OANDA", "EURUSD", at, price, None, size=price)
    assert_type(quote.bid, Decimal)
    assert_type(quote.ask, Decimal | None)
    assert_type(quote.symbol, str)
    Quote("OANDA", "EURUSD", at, price, None)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    Quote("OANDA", "EURUSD", at, 1.5, None, price)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    quote.bid = price  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]
    return quote


def a_declaration_becomes_bars() -> bl.Bars:
    """Every step has a type, and a float is no literal."""
    query = bl.from_(Quote).where(bl.col("bid") > "0.1").tumbling("1s", delay="2s", calendar="24x7")
    assert_type(query, bl.Query)
    bl.col("bid") * 0.5  # type: ignore[operator]  # pyright: ignore[reportOperatorIssue, reportUnusedExpression]
    chosen = query.select(
        open=bl.first("bid"),
        mid=bl.last((bl.col("bid") + bl.col("ask")) * "0.5"),
        vwap=bl.vwap("bid", "size", scale=1, rounding="down"),
        count=bl.count(),
    )
    return chosen.rollup("1m", bl.timeframe("1h", delay="5m", gap="carry"), "1d").named("bars")


def bars_are_computed_into_frames(bars: bl.Bars, ticks: pl.DataFrame) -> pl.DataFrame:
    """A notebook gets frames."""
    result = bars.compute(ticks)
    assert_type(bars.plan, bl.BarPlan)
    return result["1m"]


def a_time_is_answered_in_kind(at: datetime, nanos: int, column: pl.Series) -> None:
    """The slot of a datetime has datetimes, of an integer integers, of a Series a frame."""
    assert_type(round_to_slot(at, "5m"), Slot | None)
    assert_type(round_to_slot(nanos, "5m"), InstantSlot | None)
    assert_type(round_to_slot(column, "5m"), pl.DataFrame)
    assert_type(round_to_slot(np.array([nanos]), "5m").start, Integers)
    assert_type(expected_slots("1h", "1m", at), int)
    assert_type(round_to_slot("2025-11-10T09:00:00Z", "5m"), Slot | None)
    round_to_slot(3.5, "5m")  # type: ignore[call-overload]  # pyright: ignore[reportArgumentType, reportCallIssue]


class Minute(bl.Bar):
    """A bar as in the guide."""

    symbol: str
    close: Decimal


def a_bucket_gives_bars_of_its_class() -> None:
    """Of one's own, or `Bar`."""
    bucket = bl.TimeBucket.open("state", "1m", bar=Minute)
    assert_type(bucket, bl.TimeBucket[Minute])
    assert_type(bucket.latest("A"), list[Minute])
    assert_type(bl.TimeBucket.open("state", "1m"), bl.TimeBucket[bl.Bar])
    bl.TimeBucket.open("state", "1m", bar=int)  # type: ignore[type-var]  # pyright: ignore[reportArgumentType]


def the_system_clock_is_a_clock() -> Clock:
    """Doubles and the machine's own clock are interchangeable."""
    return SystemClock()
