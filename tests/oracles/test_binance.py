"""Live bars of real trades equal the live candles that Binance sent between them."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import barloom as bl
from barloom.testing import Driver

if TYPE_CHECKING:
    from pathlib import Path


class AggregateTrade(bl.Event):
    """Trades of one taker at one price; `T` is their time, in milliseconds."""

    s: str = bl.key()
    T: int = bl.timestamp(unit="ms")
    p: Decimal = bl.decimal(18, 8)
    q: Decimal = bl.decimal(18, 8)


def declared() -> bl.Bars:
    """The columns of Binance's candles."""
    return (
        bl.from_(AggregateTrade)
        .tumbling("1m", delay="5s")
        .select(
            o=bl.first("p"),
            h=bl.max("p"),
            l=bl.min("p"),
            c=bl.last("p"),
            v=bl.sum("q"),
            q=bl.sum(bl.col("p") * bl.col("q")),
        )
        .named("binance")
    )


def messages(path: Path) -> list[dict[str, Any]]:
    """Everything the socket said, in order; the first line is the subscription."""
    lines = path.read_text().splitlines()
    return [json.loads(line.partition(": ")[2])["data"] for line in lines if ': {"stream"' in line]


def test_live_bars_are_binances(oracles: Path) -> None:
    """Where an update's trades are all known, the live bar of these trades is the update, field by field."""
    said = messages(oracles / "binance_futures_2021-07-22.ws")
    states = live_states([message for message in said if message["e"] == "aggTrade"])

    compared = 0
    for update in (message["k"] for message in said if message["e"] == "kline"):
        live = states.get((update["s"], update["t"], update["f"], update["L"]))
        if live is not None:
            assert [Decimal(update[name]) for name in "ohlcvq"] == [live[name] for name in "ohlcvq"]
            compared += 1
    # Of 67 updates, those whose minute began after the capture and that end with a whole aggregate trade.
    assert 15 == compared


def live_states(trades: list[dict[str, Any]]) -> dict[tuple[str, int, int, int], dict[str, Any]]:
    """The live bar after each trade, by symbol, minute, first and last trade of the minute."""
    driver = Driver(declared())
    states: dict[tuple[str, int, int, int], dict[str, Any]] = {}
    first: dict[tuple[str, int], int] = {}
    for trade in trades:
        minute = trade["T"] // 60_000 * 60_000
        began = first.setdefault((trade["s"], minute), trade["f"])
        driver.feed({name: trade[name] for name in ("s", "T", "p", "q")})
        live = driver.lives("1m")
        start = datetime.fromtimestamp(minute // 1000, UTC)
        (bar,) = live.filter((live["start"] == start) & (live["s"] == trade["s"])).rows(named=True)
        states[trade["s"], minute, began, trade["l"]] = bar
    return states
