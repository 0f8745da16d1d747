"""The doubles of Binance: messages as its documentation writes them.

Spot: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and .../rest-api. USD-M futures:
https://developers.binance.com/docs/derivatives/usds-margined-futures.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from barloom.testing import MarketTrade, VenueDouble, VenueMarket
from testing.venues.clients import ask, messages

if TYPE_CHECKING:
    from collections.abc import Callable

NOON = 1_762_776_000_000_000_000
TRADES = [
    MarketTrade("BTCUSDT", 28, NOON, "100.5", "0.25", "buy"),
    MarketTrade("BTCUSDT", 29, NOON + 5_000_000, "100.50", "0.00000001", "sell"),
    MarketTrade("BTCUSDT", 30, NOON + 6_999_999, "101", "3", "buy"),
]
MARKET = VenueMarket.of(TRADES)
KNOWN = VenueMarket.of(TRADES, before=3)


def is_trade(number: int) -> Callable[[dict[str, Any]], bool]:
    """Whether a message tells this trade."""
    return lambda said: said.get("data", said).get("a") == number


def test_an_aggregated_trade() -> None:
    """Every field, on a raw stream: prices padded to eight digits, milliseconds, the taker sells where `m` is true."""
    with VenueDouble("binance", MARKET) as venue:
        subscribe = '{"method":"SUBSCRIBE","params":["btcusdt@aggTrade"],"id":7}'
        acknowledged, first, second, third = messages(venue, "/ws", subscribe, until=is_trade(30))

    assert {"result": None, "id": 7} == acknowledged
    assert {
        "e": "aggTrade",
        "E": 1762776000000,
        "s": "BTCUSDT",
        "a": 28,
        "p": "100.50000000",
        "q": "0.25000000",
        "f": 55,
        "l": 56,
        "T": 1762776000000,
        "m": False,
        "M": True,
    } == first
    assert ("0.00000001", True, 57, 59) == (second["q"], second["m"], second["f"], second["l"])
    assert (1762776000006, 60, 60) == (third["T"], third["f"], third["l"])


def test_streams_in_the_address_are_wrapped() -> None:
    """A combined stream names each message's stream, and a quote comes before the trade that it belongs to."""
    with VenueDouble("binance", MARKET) as venue:
        path = "/stream?streams=btcusdt@aggTrade/btcusdt@bookTicker"
        said = messages(venue, path, until=is_trade(28))

    assert ["btcusdt@bookTicker", "btcusdt@aggTrade"] == [each["stream"] for each in said]
    best = {"u": 84, "s": "BTCUSDT", "b": "100.49000000", "B": "1.50000000", "a": "100.50000000", "A": "0.25000000"}
    assert best == said[0]["data"]


def test_streams_can_be_left_and_listed() -> None:
    """UNSUBSCRIBE and LIST_SUBSCRIPTIONS; what is no JSON or no method is told."""
    with VenueDouble("binance", MARKET, opens="called") as venue:
        texts = [
            '{"method":"SUBSCRIBE","params":["btcusdt@aggTrade","btcusdt@bookTicker"],"id":1}',
            '{"method":"UNSUBSCRIBE","params":["btcusdt@aggTrade"],"id":2}',
            "{",
            '{"method":"PUBLISH","id":4}',
            '{"method":"LIST_SUBSCRIPTIONS","id":5}',
        ]
        said = messages(venue, "/ws", *texts, until=lambda each: each.get("id") == 5)

    assert [{"result": None, "id": 1}, {"result": None, "id": 2}] == said[:2]
    assert [3, 2] == [each["code"] for each in said[2:4]]
    assert {"result": ["btcusdt@bookTicker"], "id": 5} == said[4]


def test_a_stream_that_does_not_exist_stays_silent() -> None:
    """It is acknowledged like any other; names in capitals do not exist either."""
    with VenueDouble("binance", MARKET, opens="called") as venue:
        texts = [
            '{"method":"SUBSCRIBE","params":["nousdt@aggTrade","BTCUSDT@aggTrade"],"id":1}',
            '{"method":"LIST_SUBSCRIPTIONS","id":2}',
        ]
        said = messages(venue, "/ws", *texts, until=lambda each: each["id"] == 2)

    assert [None, []] == [each["result"] for each in said]


def test_history_goes_by_id() -> None:
    """From an id on, that one too, oldest first; with the weight used so far and the venue's time."""
    with VenueDouble("binance", KNOWN) as venue:
        answer = ask(venue, "/api/v3/aggTrades", symbol="BTCUSDT", fromId=29, limit=1)

    assert [
        {
            "a": 29,
            "p": "100.50000000",
            "q": "0.00000001",
            "f": 57,
            "l": 59,
            "T": 1762776000005,
            "m": True,
            "M": True,
        }
    ] == answer.json()
    assert "4" == answer.headers["X-MBX-USED-WEIGHT-1M"]
    assert "Mon, 10 Nov 2025 12:00:00 GMT" == answer.headers["Date"]


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({}, [28, 29, 30]),
        ({"limit": 2}, [29, 30]),
        ({"fromId": 31}, []),
        ({"fromId": 1}, [28, 29, 30]),
        ({"startTime": 1762776000005}, [29, 30]),
        ({"startTime": 1762776000000, "endTime": 1762776000005}, [28, 29]),
    ],
)
def test_history_between(params: dict[str, int], numbers: list[int]) -> None:
    """The latest where nothing is asked for; both ends of a span of time belong to it."""
    with VenueDouble("binance", KNOWN) as venue:
        answer = ask(venue, "/api/v3/aggTrades", symbol="BTCUSDT", **params)

    assert numbers == [row["a"] for row in answer.json()]


def test_a_page_has_five_hundred_and_at_most_a_thousand() -> None:
    """By default and at most."""
    market = VenueMarket.simulate(["BTCUSDT"], trades=1_200, before=1_200)
    with VenueDouble("binance", market) as venue:
        default = ask(venue, "/api/v3/aggTrades", symbol="BTCUSDT", fromId=0).json()
        most = ask(venue, "/api/v3/aggTrades", symbol="BTCUSDT", fromId=0, limit=5_000).json()

    assert [500, 1_000] == [len(default), len(most)]


@pytest.mark.parametrize(
    ("params", "code"),
    [({}, -1102), ({"symbol": "NOUSDT"}, -1121), ({"symbol": "BTCUSDT", "fromId": "x"}, -1100)],
)
def test_requests_that_are_wrong(params: dict[str, str], code: int) -> None:
    """Status 400 and the venue's code."""
    with VenueDouble("binance", KNOWN) as venue:
        answer = ask(venue, "/api/v3/aggTrades", **params)

    assert (400, code) == (answer.status_code, answer.json()["code"])


def test_futures_leave_out_trade_ids_and_a_field() -> None:
    """Ranges of trade ids have holes for good, between aggregates 29 and 30 here; there is no `M`."""
    with VenueDouble("binance-futures", MARKET) as venue:
        said = messages(venue, "/market/stream?streams=btcusdt@aggTrade", until=is_trade(30))
        rows = ask(venue, "/fapi/v1/aggTrades", symbol="BTCUSDT", fromId=28).json()

    ranges = [(each["data"]["a"], each["data"]["f"], each["data"]["l"]) for each in said]
    assert [(28, 57, 58), (29, 59, 61), (30, 63, 63)] == ranges
    assert ranges == [(row["a"], row["f"], row["l"]) for row in rows]
    assert ["e", "E", "s", "a", "p", "q", "f", "l", "T", "m"] == list(said[0]["data"])


@pytest.mark.parametrize(
    ("path", "kept"),
    [("/market/ws", ["btcusdt@aggTrade"]), ("/public/ws", ["btcusdt@bookTicker"]), ("/ws", [])],
)
def test_futures_have_a_road_for_each_kind(path: str, kept: list[str]) -> None:
    """Trades on the market's, best prices on the public one; the old one takes all and says nothing."""
    with VenueDouble("binance-futures", MARKET, opens="called") as venue:
        texts = [
            json.dumps({"method": "SUBSCRIBE", "params": ["btcusdt@aggTrade", "btcusdt@bookTicker"], "id": 1}),
            json.dumps({"method": "LIST_SUBSCRIPTIONS", "id": 2}),
        ]
        said = messages(venue, path, *texts, until=lambda each: each["id"] == 2)

    assert {"result": kept, "id": 2} == said[-1]
