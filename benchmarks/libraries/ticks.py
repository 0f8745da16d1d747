"""The ticks that every reader is given, written in one way or another."""

from __future__ import annotations

import numpy as np
import polars as pl

START = 1_700_000_000 * 10**6
SYMBOLS = 1_000


def ticks(rows: int, *, seed: int = 0, shuffled: bool = False) -> pl.DataFrame:
    """Symbol, time (microseconds), bid (6 places) and size (2 places), in time order unless `shuffled`."""
    random = np.random.default_rng(seed)
    at = START + random.integers(0, max(rows, 1) * 1_000, rows)
    names = pl.Series([f"SYM{number:06}" for number in range(SYMBOLS)])
    return pl.DataFrame(
        {
            "symbol": names[random.integers(0, SYMBOLS, rows)],
            "at": at if shuffled else np.sort(at),
            "bid": _decimals(random.integers(10**6, 2 * 10**8, rows), 6),
            "size": _decimals(random.integers(1, 10**6, rows), 2),
        }
    )


def written(rows: int) -> pl.DataFrame:
    """The same as texts, times in ISO 8601."""
    frame = ticks(rows)
    return frame.select(
        "symbol",
        pl.col("at").cast(pl.Datetime("us")).dt.to_string("%Y-%m-%dT%H:%M:%S.%6fZ"),
        pl.col("bid").cast(pl.String),
        pl.col("size").cast(pl.String),
    )


def _decimals(numbers: np.ndarray, scale: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.Int128).reinterpret(dtype=pl.Decimal(18, scale))
