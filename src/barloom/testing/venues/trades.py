"""Trades as they truly were."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl

__all__ = ["MarketTrade", "frame_of"]


class MarketTrade(NamedTuple):
    """A trade as it truly was: `time` in nanoseconds since the epoch, `price` and `size` as digits, the taker's `side`.

    Numbers go up by one per symbol. `restart` counts how often the symbol's numbers have begun anew before it.
    """

    symbol: str
    number: int
    time: int
    price: str
    size: str
    side: str
    restart: int = 0


def frame_of(trades: Iterable[MarketTrade]) -> pl.DataFrame:
    """Trades as a frame."""
    import polars as pl  # noqa: PLC0415 - a market of hand-written trades needs no frame

    rows = [trade[:6] for trade in trades]
    names = ("symbol", "trade_id", "time", "price", "size", "side")
    texts = {name: pl.Int64 if name in {"trade_id", "time"} else pl.String for name in names}
    frame = pl.DataFrame(rows, schema=texts, orient="row")
    return frame.with_columns(
        pl.col("time").cast(pl.Datetime("ns", "UTC")), pl.col("price", "size").cast(pl.Decimal(38, 10))
    )
