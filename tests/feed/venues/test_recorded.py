"""What venues really sent decodes to the ticks that were there: their numbers, and what else they said of them."""

from __future__ import annotations

import json
from collections import defaultdict
from decimal import Decimal
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from barloom.feed.protocol import Answer, Quote, Trade
from barloom.feed.venues import venue

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs("oracles")

FILES = {
    "binance": "feeds/binance_spot_2021-10-12.ws",
    "binance-futures": "binance_futures_2021-07-22.ws",
    "coinbase": "feeds/coinbase_2021-04-17.ws",
    "okx": "feeds/okx_2022-05-13.ws",
}


def texts(path: Path) -> Iterator[str]:
    """The messages of a recording, without the time of receipt; a recording may begin with the address."""
    for line in path.read_text().splitlines():
        text = line.partition(":")[2].strip()
        if text.startswith(("{", "[")):
            yield text


def by_symbol(name: str, oracles: Path) -> dict[str, list[Trade]]:
    """The trades that the venue's module reads from its recording."""
    found: dict[str, list[Trade]] = defaultdict(list)
    tried = venue(name)
    for text in texts(oracles / FILES[name]):
        for message in tried.read(text):
            if isinstance(message, Trade):
                found[message.symbol].append(message)
    return found


@pytest.mark.parametrize(
    ("name", "counts"),
    [
        ("okx", {"BTC-USDT": 69, "BTC-USD-220527": 4, "UNI-USD-SWAP": 1}),
        ("binance", 2),
        ("binance-futures", 91),
        ("coinbase", 107),
    ],
)
def test_every_trade_is_read(name: str, counts: dict[str, int] | int, oracles: Path) -> None:
    """As many as the recording's page says, by symbol where it says so; Coinbase's with the one before the first."""
    found = {symbol: len(trades) for symbol, trades in by_symbol(name, oracles).items()}

    assert counts == (found if isinstance(counts, dict) else sum(found.values()))


@pytest.mark.parametrize("name", FILES)
def test_numbers_go_up_by_one(name: str, oracles: Path) -> None:
    """For each symbol, without a hole and without one twice."""

    for symbol, trades in by_symbol(name, oracles).items():
        ranges = [(trade.first, trade.last) for trade in trades]
        assert [] == [(symbol, one, two) for one, two in pairwise(ranges) if one[1] is None or two[0] != one[1] + 1]


@pytest.mark.parametrize("name", FILES)
def test_trades_say_what_the_message_says(name: str, oracles: Path) -> None:
    """Price and size have the digits of the text, and each trade has its side and a time of the recording."""
    trades = [trade for listed in by_symbol(name, oracles).values() for trade in listed]
    whole = (oracles / FILES[name]).read_text()

    assert all(f'"{trade.price}"' in whole and f'"{trade.size}"' in whole for trade in trades)
    assert {"buy", "sell"} >= {str(trade.side) for trade in trades}
    days = {"binance": 18_912, "binance-futures": 18_830, "coinbase": 18_734, "okx": 19_125}  # since 1970
    assert {days[name]} == {trade.time // 86_400_000_000_000 for trade in trades}


def test_ranges_of_trade_ids_follow_each_other(oracles: Path) -> None:
    """In USD-M's recording `f` follows the `l` before, too, as no insurance fund trade was among them."""
    ranges: dict[str, list[tuple[int, int, int]]] = defaultdict(list)
    for text in texts(oracles / FILES["binance-futures"]):
        message = json.loads(text)
        if message["stream"].endswith("@aggTrade"):
            data = message["data"]
            ranges[data["s"]].append((data["a"], data["f"], data["l"]))
    read = by_symbol("binance-futures", oracles)

    assert {symbol: [item[0] for item in items] for symbol, items in ranges.items()} == {
        symbol: [trade.last for trade in trades] for symbol, trades in read.items()
    }
    assert all(two[1] == one[2] + 1 for items in ranges.values() for one, two in pairwise(items))


def test_candles_are_made_of_the_trades(oracles: Path) -> None:
    """Where a candle's trade ids are covered by whole aggregated trades, its prices and volume are theirs."""
    tried = venue("binance-futures")
    held: dict[str, list[tuple[int, int, Trade]]] = defaultdict(list)
    compared = 0
    for text in texts(oracles / FILES["binance-futures"]):
        message = json.loads(text)
        data = message["data"]
        if message["stream"].endswith("@aggTrade"):
            (trade,) = tried.read(text)
            assert isinstance(trade, Trade)
            held[data["s"]].append((data["f"], data["l"], trade))
        elif message["stream"].endswith("@kline_1m"):
            candle = data["k"]
            inside = [item for item in held[data["s"]] if candle["f"] <= item[0] and item[1] <= candle["L"]]
            if inside and inside[0][0] == candle["f"] and inside[-1][1] == candle["L"]:
                prices = [Decimal(trade.price) for _, _, trade in inside]
                volume = sum(Decimal(trade.size) for _, _, trade in inside)
                assert [Decimal(candle[name]) for name in "ohlcv"] == [
                    *(prices[0], max(prices), min(prices), prices[-1], volume)
                ]
                compared += 1

    assert compared > 0


def test_a_candle_ends_with_the_trade_before_it(oracles: Path) -> None:
    """On the spot market `l` of an aggregated trade is a trade id: the candle that it changes ends with that id."""
    messages = [json.loads(text) for text in texts(oracles / FILES["binance"])]
    ends = {item["data"]["s"]: item["data"]["l"] for item in messages if item["stream"].endswith("@aggTrade")}
    candles = {item["data"]["s"]: item["data"]["k"]["L"] for item in messages if "@kline" in item["stream"]}

    assert ends == candles


def test_coinbase_tickers_name_the_same_trades(oracles: Path) -> None:
    """A ticker has the number, price and size of the match before it, and the side that took: ours."""
    read = {(trade.symbol, trade.last): trade for listed in by_symbol("coinbase", oracles).values() for trade in listed}
    tickers = [json.loads(text) for text in texts(oracles / FILES["coinbase"]) if '"type":"ticker"' in text]
    named = [(item["product_id"], item["trade_id"]) for item in tickers]

    assert 107 == len(set(named) & read.keys())
    for item in tickers:
        trade = read[item["product_id"], item["trade_id"]]
        assert (item["price"], item["last_size"], item["side"]) == (trade.price, trade.size, trade.side)


@pytest.mark.parametrize(("name", "count"), [("binance", 84), ("binance-futures", 613)])
def test_quotes_are_read(name: str, count: int, oracles: Path) -> None:
    """Best bid and ask: USD-M says of when they are, the spot market does not; the bid lies below the ask."""
    tried = venue(name)
    read = [message for text in texts(oracles / FILES[name]) for message in tried.read(text)]
    quotes = [message for message in read if isinstance(message, Quote)]

    assert count == len(quotes)
    assert {name == "binance"} == {quote.time is None for quote in quotes}
    assert all(Decimal(quote.bid) < Decimal(quote.ask) for quote in quotes)


def test_kraken_answers_hold_a_thousand_trades(oracles: Path) -> None:
    """They go up by one, keep their digits, and their times are cut to microseconds, never rounded up."""
    kraken = venue("kraken")
    body = (oracles / "kraken_http_trades.json").read_bytes()
    listed = json.loads(body, parse_float=str)["result"]["XBTUSDT"]
    asked = kraken.history("BTC/USDT", listed[0][6] - 1, 1_762_795_433_971_744_000)

    answer = kraken.read_history("BTC/USDT", asked, Answer(200, {}, body))

    assert list(range(10218208, 10219208)) == [trade.last for trade in answer.trades]
    assert [(item[0], item[1]) for item in listed] == [(trade.price, trade.size) for trade in answer.trades]
    assert [{"b": "buy", "s": "sell"}[item[3]] for item in listed] == [trade.side for trade in answer.trades]
    exact = [int(Decimal(item[2]) * 10**9) for item in listed]
    assert [time // 1000 * 1000 for time in exact] == [trade.time for trade in answer.trades]
    assert answer.beyond
    assert answer.following is not None
    assert "1762820035982277753" == answer.following.params["since"]
