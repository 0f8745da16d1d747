"""The double of Kraken, websocket v2: messages as its documentation writes them.

https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/trade,
https://docs.kraken.com/api-reference/market-data/get-recent-trades.
"""

from __future__ import annotations

import json
import re

import pytest
from websockets.sync.client import connect

from barloom.testing import MarketTrade, VenueDouble, VenueMarket
from testing.venues.clients import ask, messages

NOON = 1_762_776_000_000_000_000
TRADES = [
    MarketTrade("BTC/USD", 7, NOON, "105944.20", "0.00027625", "buy"),
    MarketTrade("BTC/USD", 8, NOON + 250_000_999, "105944.2", "1.00000000", "sell"),
    MarketTrade("BTC/USD", 9, NOON + 1_000_000_000, "105900", "2", "sell"),
]
MARKET = VenueMarket.of(TRADES, before=1)
KNOWN = VenueMarket.of(TRADES, before=3)
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def subscribe(*symbols: str, channel: str = "trade", **more: object) -> str:
    """The request."""
    return json.dumps({"method": "subscribe", "params": {"channel": channel, "symbol": symbols, **more}, "req_id": 3})


def test_a_subscription() -> None:
    """The status, an answer for each symbol, a snapshot of what was before, and the trades."""
    with VenueDouble("kraken", MARKET, beat=60) as venue:
        last = lambda said: said.get("data", [{}])[-1].get("trade_id") == 9  # noqa: E731 - what is waited for
        status, acknowledged, snapshot, *updates = messages(
            venue, "/v2", subscribe("BTC/USD", snapshot=True), until=last
        )

    assert ("status", "update", "online", "v2") == (
        status["channel"],
        status["type"],
        status["data"][0]["system"],
        status["data"][0]["api_version"],
    )
    assert TIME.fullmatch(acknowledged.pop("time_in"))
    assert TIME.fullmatch(acknowledged.pop("time_out"))
    result = {"channel": "trade", "symbol": "BTC/USD", "snapshot": True}
    assert {"method": "subscribe", "result": result, "success": True, "req_id": 3} == acknowledged
    assert ("trade", "snapshot", [7]) == (
        snapshot["channel"],
        snapshot["type"],
        [row["trade_id"] for row in snapshot["data"]],
    )
    assert {"update"} == {each["type"] for each in updates}
    assert [8, 9] == [row["trade_id"] for each in updates for row in each["data"]]


def test_prices_are_numbers_with_their_digits() -> None:
    """JSON numbers whose text has the digits; times are cut to microseconds."""
    with VenueDouble("kraken", MARKET, beat=60) as venue, connect(f"{venue.websocket}/v2") as websocket:
        websocket.send(subscribe("BTC/USD", snapshot=True))
        text = ""
        while '"snapshot","data"' not in text:
            text = str(websocket.recv(timeout=10))
        update = str(websocket.recv(timeout=10))

    assert (
        '{"channel":"trade","type":"snapshot","data":[{"symbol":"BTC/USD","side":"buy","price":105944.20,"qty":0.00027625,'
        '"ord_type":"limit","trade_id":7,"timestamp":"2025-11-10T12:00:00.000000Z"}]}'
    ) == text
    assert '"price":105944.2,"qty":1.00000000,"ord_type":"market","trade_id":8' in update
    assert '"timestamp":"2025-11-10T12:00:00.250000Z"' in update


def test_there_is_no_snapshot_unless_it_is_asked_for() -> None:
    """The default of the trade channel; the ticker's is the other one."""
    with VenueDouble("kraken", MARKET, opens="called", beat=60) as venue:
        texts = [subscribe("BTC/USD"), subscribe("BTC/USD", channel="ticker"), '{"method":"ping","req_id":9}']
        said = messages(venue, "/v2", *texts, until=lambda each: each.get("method") == "pong")

    assert ["status", None, None, "ticker", None] == [each.get("channel") for each in said]
    quote = said[3]["data"][0]
    assert (105944.19, 1.5, 105944.2, 0.00027625) == (quote["bid"], quote["bid_qty"], quote["ask"], quote["ask_qty"])


def test_a_symbol_that_does_not_exist_is_refused_alone() -> None:
    """The others of the same request are served."""
    with VenueDouble("kraken", MARKET, opens="called", beat=60) as venue:
        texts = [subscribe("NO/USD", "BTC/USD"), '{"method":"ping","req_id":9}']
        _, refused, taken, pong = messages(venue, "/v2", *texts, until=lambda each: each.get("method") == "pong")

    assert ("Currency pair not supported NO/USD", False, "NO/USD") == (
        refused["error"],
        refused["success"],
        refused["symbol"],
    )
    assert taken["success"]
    assert 9 == pong["req_id"]


def test_heartbeats_come_while_there_is_nothing_to_say() -> None:
    """And a subscription."""
    with VenueDouble("kraken", MARKET, opens="called", beat=0.02) as venue:
        said = messages(venue, "/v2", subscribe("BTC/USD"), until=lambda each: each.get("channel") == "heartbeat")

    assert {"channel": "heartbeat"} == said[-1]


def test_several_trades_may_come_in_one_message() -> None:
    """At most twenty here."""
    market = VenueMarket.simulate(["BTC/USD"], trades=200)
    last = market.trades[-1].number
    with VenueDouble("kraken", market, beat=60) as venue:
        said = messages(
            venue,
            "/v2",
            subscribe("BTC/USD"),
            until=lambda each: last in [row.get("trade_id") for row in each.get("data", ())],
        )

    sizes = [len(each["data"]) for each in said if each.get("channel") == "trade"]
    assert 200 == sum(sizes)
    assert 20 == max(sizes)


def test_history_goes_by_time() -> None:
    """Text prices, seconds as a number, the trade id at the end, and `last` in nanoseconds."""
    with VenueDouble("kraken", KNOWN) as venue:
        answer = ask(venue, "/0/public/Trades", pair="XBTUSD", since=NOON, count=1)

    assert {
        "error": [],
        "result": {
            "XXBTZUSD": [["105944.2", "1.00000000", 1762776000.25, "s", "m", "", 8]],
            "last": str(NOON + 250_000_000),
        },
    } == answer.json()


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({}, [7, 8, 9]),
        ({"count": 2}, [8, 9]),
        ({"since": 0, "count": 2}, [7, 8]),
        ({"since": NOON // 1_000_000_000}, [8, 9]),
        ({"since": NOON + 250_000_000}, [9]),
        ({"since": NOON + 1_000_000_000}, []),
    ],
)
def test_history_since(params: dict[str, int], numbers: list[int]) -> None:
    """Without `since` the latest, with it those after that time: nanoseconds, or seconds."""
    with VenueDouble("kraken", KNOWN) as venue:
        answer = ask(venue, "/0/public/Trades", pair="BTC/USD", **params)

    assert numbers == [row[6] for row in answer.json()["result"]["XXBTZUSD"]]


def test_an_unknown_pair_is_an_error_of_status_200() -> None:
    """As all of Kraken's errors are."""
    with VenueDouble("kraken", KNOWN) as venue:
        answer = ask(venue, "/0/public/Trades", pair="NOUSD")

    assert (200, ["EQuery:Unknown asset pair"]) == (answer.status_code, answer.json()["error"])
