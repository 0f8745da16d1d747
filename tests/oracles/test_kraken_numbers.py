"""A thousand real trades with their ids: bars know which of them lack one."""

from __future__ import annotations

import json
import random
from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.needs("oracles")

SECOND = 10**9
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
JITTER = 10 * MINUTE


class Trade(bl.Event):
    """One trade."""

    pair: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(18, 5)
    trade_id: int = bl.sequence(tiebreak=True)


def declared(delay: str = "0s") -> bl.Bars:
    """A minute, also an empty one, and an hour."""
    query = bl.from_(Trade).tumbling("1m", delay=delay, gap="carry").ohlcv(price="price")
    return query.rollup("1h").named("kraken")


@pytest.fixture(scope="module")
def trades(oracles: Path) -> pl.DataFrame:
    """The trades in their order."""
    listed = json.loads((oracles / "kraken_http_trades.json").read_text(), parse_float=Decimal)["result"]["XBTUSDT"]
    return pl.DataFrame(
        {
            "pair": ["XBTUSDT"] * len(listed),
            "at": [int(time * SECOND) for _, _, time, *_ in listed],
            "price": [Decimal(price) for price, *_ in listed],
            "trade_id": [row[6] for row in listed],
        },
        schema_overrides={"price": pl.Decimal(18, 5)},
    )


def shuffled(trades: pl.DataFrame) -> pl.DataFrame:
    """As they may arrive: each up to ten minutes later than it happened."""
    dice = random.Random(97)
    arrivals = [time + dice.randrange(JITTER) for time in trades["at"].to_list()]
    return trades.with_columns(pl.Series("arrived", arrivals)).sort("arrived").drop("arrived")


def told(bars: pl.DataFrame) -> dict[int, int]:
    """How many numbers are missing by start of the bar, where some are."""
    starts = bars["start"].cast(pl.Int64).to_list()
    return {start: number for start, number in zip(starts, bars["missing"], strict=True) if number}


ORDERS = pytest.mark.parametrize(("order", "delay"), [("in order", "0s"), ("in order", "30m"), ("shuffled", "30m")])


@ORDERS
def test_nothing_is_missing(trades: pl.DataFrame, order: str, delay: str) -> None:
    """In none of the 410 full minutes; all are complete but those that only the end of the file closed."""
    given = shuffled(trades) if order == "shuffled" else trades
    bars = declared(delay).compute(given)["1m"]
    last = trades["at"][-1]
    starts = bars["start"].cast(pl.Int64)
    decided = (starts + MINUTE + (0 if delay == "0s" else 30 * MINUTE)) <= last
    whole = decided & (starts > given["at"][0])  # others began before the first row came

    assert 410 == bars.height - 1  # the first one began before the trades did
    assert {} == told(bars)
    assert {"yes"} == set(bars.filter(whole)["complete"])
    assert {"unknown"} == set(bars.filter(~whole)["complete"])


@ORDERS
def test_bars_say_which_trades_they_lack(trades: pl.DataFrame, order: str, delay: str) -> None:
    """Every 97th is left out: it may lie in every minute and hour from the trade before it to the one behind it."""
    gone = range(97, 999, 97)
    kept = trades.with_row_index().filter(~pl.col("index").is_in(list(gone))).drop("index")
    computed = declared(delay).compute(shuffled(kept) if order == "shuffled" else kept)
    times = trades["at"].to_list()
    minutes: Counter[int] = Counter()
    hours: Counter[int] = Counter()
    for place in gone:
        first, last = times[place - 1], times[place + 1]
        minutes.update(range(first // MINUTE * MINUTE, last + 1, MINUTE))
        hours.update(range(first // HOUR * HOUR, last + 1, HOUR))

    assert 10 == len(gone)
    assert dict(minutes) == told(computed["1m"])
    assert dict(hours) == told(computed["1h"])
    lacking = computed["1m"].filter(pl.col("missing") > 0)
    assert {"no"} == set(lacking["complete"])
