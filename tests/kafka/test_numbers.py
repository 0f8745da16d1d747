"""Numbers of trades on a real broker: bars, side output and state say the same as in a frame."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from oracles.test_kraken_numbers import SECOND, declared

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from kafka.driver import KafkaDriver

pytestmark = pytest.mark.needs("java", "maven", "oracles")


def test_bars_say_which_trades_they_lack(drive: Callable[..., KafkaDriver], oracles: Path) -> None:
    """Every 97th trade is left out, and an instance that is restarted beside a hole finds it in the changelog."""
    listed = json.loads((oracles / "kraken_http_trades.json").read_text(), parse_float=Decimal)["result"]["XBTUSDT"]
    trades = [
        {"pair": "XBTUSDT", "at": int(row[2] * SECOND), "price": str(row[0]), "trade_id": row[6]}
        for place, row in enumerate(listed)
        if place % 97 or not place
    ]
    driver = drive(declared())
    for start, stop in ((0, 97), (97, 500), (500, 501), (501, len(trades))):
        driver.feed(trades[start:stop])
        driver.restart()
    frame = pl.DataFrame(trades).with_columns(pl.col("price").cast(pl.Decimal(18, 5)))
    computed = declared().compute(frame, at_end="keep")

    for timeframe in ("1m", "1h"):
        assert computed[timeframe].write_csv() == driver.finals(timeframe).write_csv()
    assert 10 <= (computed["1m"]["missing"] > 0).sum()
    records = driver.rejected()
    assert {("gap", "open")} <= {(record.reason, record.hole) for record in records}
    gone = [listed[place][6] for place in range(97, 1000, 97)]
    assert gone == sorted(record.first_number or 0 for record in records if record.hole == "open")
