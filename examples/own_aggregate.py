"""An aggregate of one's own: the share of buys in the volume, right at every timeframe."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import polars as pl

import barloom as bl


def buying(size: bl.Operand) -> bl.Aggregate:
    """Bought volume in percent of all volume, with one digit behind the point."""
    return bl.aggregate(
        "buying",
        partials={"bought": bl.sum(size, when=bl.col("side") == "buy"), "all": bl.sum(size)},
        result=lambda parts: bl.ratio(parts["bought"] * 100, parts["all"], scale=1),
    )


bl.register_aggregate("buying", buying)  # so that TOML may say  buying = "buying(size)"


class Trade(bl.Event):
    """A trade and which side took the price."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    size: Decimal = bl.decimal(12, 3)
    side: str


bars = bl.from_(Trade).tumbling("1m").select(buying=buying("size"), volume=bl.sum("size")).rollup("5m").named("flow")

frame = pl.DataFrame(
    {
        "symbol": ["ACME"] * 3,
        "at": ["2025-11-10T09:00:01Z", "2025-11-10T09:00:02Z", "2025-11-10T09:01:00Z"],
        "size": ["1", "3", "6"],
        "side": ["buy", "sell", "buy"],
    }
)

if __name__ == "__main__":
    result = bars.compute(frame)
    print(result["1m"].select("start", "buying", "volume"))
    print(result["5m"].select("start", "buying", "volume"))
    # 7 of 10, from sums: the average of 25.0 and 100.0 would be wrong.
    assert result["5m"]["buying"].to_list() == [Decimal("70.0")]
