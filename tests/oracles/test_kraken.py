"""Bars of real trades equal the candles that Kraken published for them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl
from barloom.testing import Driver

if TYPE_CHECKING:
    from pathlib import Path

MINUTE = timedelta(minutes=1)


class Trade(bl.Event):
    """One trade as Kraken's REST interface gives it, an array."""

    pair: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 5)
    volume: Decimal = bl.decimal(18, 8)


def declared() -> bl.Bars:
    """One-minute bars, an empty minute at the previous close."""
    return (
        bl.from_(Trade)
        .tumbling("1m", gap="carry")
        .select(
            open=bl.first("price"),
            high=bl.max("price"),
            low=bl.min("price"),
            close=bl.last("price"),
            vwap=bl.vwap("price", "volume", scale=1, rounding="down"),
            volume=bl.sum("volume"),
            count=bl.count(),
        )
        .rollup("1h")
        .named("kraken")
    )


@pytest.fixture(scope="module")
def trades(oracles: Path) -> list[dict[str, Any]]:
    """The trades in their order; times have up to seven decimals, which is finer than a datetime."""
    listed = json.loads((oracles / "kraken_http_trades.json").read_text(), parse_float=str)["result"]["XBTUSDT"]
    return [
        {"pair": "XBTUSDT", "at": written(time), "price": price, "volume": volume} for price, volume, time, *_ in listed
    ]


def written(seconds: str) -> str:
    """A time of Kraken's, to the last digit."""
    whole, _, fraction = seconds.partition(".")
    return f"{datetime.fromtimestamp(int(whole), UTC):%Y-%m-%dT%H:%M:%S}.{fraction or 0}Z"


@pytest.fixture(scope="module")
def candles(oracles: Path) -> dict[datetime, tuple[Any, ...]]:
    """Kraken's candles: open, high, low, close, vwap, volume, count by start."""
    listed = json.loads((oracles / "kraken_http_ohlc.json").read_text(), parse_float=str)["result"]["XBTUSDT"]
    return {
        datetime.fromtimestamp(start, UTC): (*(Decimal(value) for value in values), count)
        for start, *values, count in listed
    }


def check(bars: pl.DataFrame, candles: dict[datetime, tuple[Any, ...]], last: datetime) -> None:
    """Every minute from the first full one to `last` is Kraken's."""
    traded = empty = 0
    names = ("open", "high", "low", "close", "vwap", "volume", "count")
    rows = [row for row in bars.rows(named=True) if row["start"] <= last and not began_before(row, bars)]
    previous = None
    for row in rows:
        expected = candles[row["start"]]
        actual = tuple(row[name] for name in names)
        assert previous in (None, row["start"] - MINUTE)
        previous = row["start"]
        if row["synthetic"]:
            flat = expected[0]
            assert (flat,) * 4 == actual[:4] == expected[:4]
            assert (0, 0) == actual[5:] == expected[5:]
            assert actual[4] is None
            empty += 1
        else:
            assert expected == actual
            traded += 1
    assert (273, 137) == (traded, empty)


def began_before(row: dict[str, Any], bars: pl.DataFrame) -> bool:
    """Whether it is the first minute, of which the first trade saw only a part."""
    return bool(row["start"] == bars["start"].min())


def test_computed_bars_are_krakens(trades: list[dict[str, Any]], candles: dict[datetime, tuple[Any, ...]]) -> None:
    """273 traded minutes equal, 137 empty ones flat at the previous close, to the last digit."""
    result = declared().compute(pl.DataFrame(trades))

    assert 0 == len(result.rejected)
    bars = result["1m"]
    assert bars["partial"][0]
    check(bars, candles, bars["start"].max())  # type: ignore[arg-type]
    hours = result["1h"].filter(~result["1h"]["partial"])
    for hour in hours.rows(named=True):
        minutes = bars.filter((bars["start"] >= hour["start"]) & (bars["start"] < hour["end"]) & ~bars["synthetic"])
        assert (hour["open"], hour["close"]) == (minutes["open"][0], minutes["close"][-1])
        assert (hour["high"], hour["low"]) == (minutes["high"].max(), minutes["low"].min())
        assert (hour["volume"], hour["count"]) == (minutes["volume"].sum(), minutes["count"].sum())
        turnover = sum(
            (Decimal(trade["price"]) * Decimal(trade["volume"]) for trade in trades if _within(trade, hour)), Decimal(0)
        )
        assert hour["vwap"] == (turnover / hour["volume"]).quantize(Decimal("0.1"), "ROUND_DOWN")


def _within(trade: dict[str, Any], hour: dict[str, Any]) -> bool:
    at = datetime.fromisoformat(trade["at"][:19]).replace(tzinfo=UTC)
    return bool(hour["start"] <= at < hour["end"])


def test_stored_bars_are_krakens(
    trades: list[dict[str, Any]], candles: dict[datetime, tuple[Any, ...]], tmp_path: Path
) -> None:
    """The same from a file that grows, in four runs, through a RocksDB store."""
    file, store = tmp_path / "trades.jsonl", tmp_path / "store"
    for part in range(4):
        with file.open("a") as output:
            output.writelines(json.dumps(trade) + "\n" for trade in trades[part * 250 : part * 250 + 250])
        bl.run(declared(), str(file), store, at_end="close" if part == 3 else "keep")
    with bl.TimeBucket.open(store, "1m") as bucket:
        bars = [*bucket.range("XBTUSDT")]

    check(pl.DataFrame([_row(bar) for bar in bars]), candles, bars[-1].start)


def _row(bar: bl.Bar) -> dict[str, Any]:
    names = ("start", "end", "open", "high", "low", "close", "vwap", "volume", "count", "synthetic", "partial")
    return {name: getattr(bar, name) for name in names}


def test_streamed_bars_are_krakens(trades: list[dict[str, Any]], candles: dict[datetime, tuple[Any, ...]]) -> None:
    """The same trade by trade batch on the log, with a crash in the middle."""
    driver = Driver(declared(), batch_rows=37)
    driver.feed(trades[:400])
    driver.append(trades[400:600])
    driver.crash_at("sent")
    driver.start("A")
    driver.assign({"A": [0]})
    driver.feed(trades[600:])
    driver.move_clock("1m")

    bars = driver.finals("1m")
    check(bars, candles, bars["start"].max())  # type: ignore[arg-type]
