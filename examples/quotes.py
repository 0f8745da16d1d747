"""Bid and ask bars in one definition, computed from a Polars frame."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import polars as pl

import barloom as bl


class Quote(bl.Event):
    """What a broker sends."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    bid: Decimal = bl.decimal(12, 5)
    ask: Decimal = bl.decimal(12, 5)


bars = (
    bl.from_(Quote)
    .tumbling("1s")
    .select(
        bid_open=bl.first("bid"),
        bid_high=bl.max("bid"),
        bid_low=bl.min("bid"),
        bid_close=bl.last("bid"),
        ask_close=bl.last("ask"),
        mid_close=bl.last((bl.col("bid") + bl.col("ask")) * "0.5"),
        widest=bl.max(bl.col("ask") - bl.col("bid")),
    )
    .rollup("1m")
    .named("quotes")
)

frame = pl.DataFrame(
    {
        "symbol": ["EURUSD"] * 4,
        "at": [f"2025-11-10T09:00:0{second}Z" for second in (0, 0, 1, 3)],
        "bid": ["1.15570", "1.15572", "1.15569", "1.15575"],
        "ask": ["1.15578", "1.15579", "1.15580", "1.15582"],
    }
)

if __name__ == "__main__":
    result = bars.compute(frame)
    print(result["1s"].select("start", "bid_open", "bid_close", "ask_close", "mid_close"))
    minute = result["1m"].row(0, named=True)
    print("over the minute:", minute["bid_low"], "to", minute["bid_high"], "and at most", minute["widest"], "apart")
    assert minute["widest"] == Decimal("0.00011")
