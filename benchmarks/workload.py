"""The ticks, the definition and the yardstick that the benchmarks share."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import barloom as bl
from barloom.engine.blocks import TickBatch

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.plan.barplan import BarPlan

TIMEFRAMES = ("1s", "5s", "1m", "5m", "15m", "1h", "1d")
START = 1_700_000_000 * 10**9
NANOSECONDS = {"s": 10**9, "m": 60 * 10**9, "h": 3600 * 10**9, "d": 86_400 * 10**9}


class Quote(bl.Event):
    """A quote with one price."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 2)


class NumberedQuote(Quote):
    """The same with a number that goes up by one from quote to quote of a symbol."""

    number: int = bl.sequence()


def ladder(delay: str = "2s", event: type[bl.Event] = Quote) -> BarPlan:
    """Seven timeframes of OHLC, volume and count."""
    base, *parents = TIMEFRAMES
    query = bl.from_(event).tumbling(base, delay=delay).ohlcv(price="bid", size="size").rollup(*parents)
    return query.named("bars").plan


def ticks(rows: int, keys: int, seconds: float, *, seed: int = 0, begin: int = START) -> pl.DataFrame:
    """Ticks in time order, keys at random."""
    random = np.random.default_rng(seed)
    at = np.sort(random.integers(0, int(seconds * 10**9), rows)) + begin
    names = pl.Series([f"SYM{number:06}" for number in range(keys)])
    return pl.DataFrame(
        {
            "symbol": names[random.integers(0, keys, rows)],
            "at": at,
            "bid": decimals(random.integers(10**6, 2 * 10**6, rows), 6),
            "size": decimals(random.integers(1, 10**4, rows), 2),
        }
    )


def numbered(frame: pl.DataFrame) -> pl.DataFrame:
    """Ticks with their numbers."""
    return frame.with_columns(number=pl.int_range(1, pl.len() + 1).over("symbol"))


def decimals(numbers: np.ndarray, scale: int) -> pl.Series:
    """Scaled integers as decimals."""
    return pl.Series(numbers).cast(pl.Int128).reinterpret(dtype=pl.Decimal(18, scale))


def batches(frame: pl.DataFrame, rows: int) -> Iterator[TickBatch]:
    """The frame in pieces, as a source would give them."""
    for offset in range(0, frame.height, rows):
        piece = frame[offset : offset + rows]
        yield TickBatch(piece, np.arange(offset, offset + piece.height))


def plain_polars(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """The same seven tables, each one group-by over the whole frame: the yardstick.

    The frame is put into time order first, since first and last mean nothing without it.
    """
    ordered = frame.sort("at")
    return [
        ordered.group_by("symbol", (pl.col("at") // length * length).alias("start")).agg(
            open=pl.col("bid").first(),
            high=pl.col("bid").max(),
            low=pl.col("bid").min(),
            close=pl.col("bid").last(),
            volume=pl.col("size").sum(),
            count=pl.len(),
        )
        for length in (int(text[:-1]) * NANOSECONDS[text[-1]] for text in TIMEFRAMES)
    ]
