"""The double of OKX: messages as its documentation writes them, https://www.okx.com/docs-v5/en/."""

from __future__ import annotations

import json

import pytest
from websockets.sync.client import connect

from barloom.testing import MarketTrade, VenueDouble, VenueMarket
from testing.venues.clients import ask, messages

NOON = 1_762_776_000_000_000_000
TRADES = [
    MarketTrade("BTC-USDT", 21, NOON, "100.5", "0.25", "buy"),
    MarketTrade("BTC-USDT", 22, NOON + 2_000_000, "100.6", "0.00000001", "sell"),
    MarketTrade("BTC-USDT", 23, NOON + 2_000_000, "100.6", "0.5", "sell"),
    MarketTrade("BTC-USDT", 24, NOON + 3_999_999, "100.7", "1", "sell"),
]
MARKET = VenueMarket.of(TRADES)
KNOWN = VenueMarket.of(TRADES, before=4)


def subscribe(*symbols: str, channel: str = "trades-all", **more: str) -> str:
    """The request."""
    return json.dumps({**more, "op": "subscribe", "args": [{"channel": channel, "instId": each} for each in symbols]})


def test_trades_come_one_by_one() -> None:
    """On the business road: one trade a message, all values as text."""
    with VenueDouble("okx", MARKET) as venue:
        last = lambda said: said.get("data", [{}])[0].get("tradeId") == "24"  # noqa: E731 - what is waited for
        acknowledged, first, *others = messages(venue, "/ws/v5/business", subscribe("BTC-USDT", id="x1"), until=last)

    argument = {"channel": "trades-all", "instId": "BTC-USDT"}
    assert {"id": "x1", "event": "subscribe", "arg": argument, "connId": "a4d3ae55"} == acknowledged
    row = {"instId": "BTC-USDT", "tradeId": "21", "px": "100.5", "sz": "0.25", "side": "buy", "ts": "1762776000000"}
    assert {"arg": argument, "data": [row]} == first
    assert ["22", "23", "24"] == [each["data"][0]["tradeId"] for each in others]
    assert "1762776000003" == others[-1]["data"][0]["ts"]


def test_trades_of_one_order_come_together() -> None:
    """On the public road: `tradeId` is the last one's, `count` how many they are, `sz` their sum."""
    with VenueDouble("okx", MARKET) as venue:
        last = lambda said: said.get("data", [{}])[0].get("tradeId") == "24"  # noqa: E731 - what is waited for
        _, *said = messages(venue, "/ws/v5/public", subscribe("BTC-USDT", channel="trades"), until=last)

    rows = [each["data"][0] for each in said]
    assert [("21", "1", "0.25"), ("23", "2", "0.50000001"), ("24", "1", "1")] == [
        (row["tradeId"], row["count"], row["sz"]) for row in rows
    ]


def test_best_bid_and_ask() -> None:
    """One level each side, and the time."""
    with (
        VenueDouble("okx", MARKET, opens="called", waits=False) as venue,
        connect(f"{venue.websocket}/ws/v5/public") as ws,
    ):
        ws.send(subscribe("BTC-USDT", channel="bbo-tbt"))
        ws.recv(timeout=10)
        venue.open()
        said = json.loads(ws.recv(timeout=10))

    assert {"channel": "bbo-tbt", "instId": "BTC-USDT"} == said["arg"]
    assert [["100.5", "0.25", "0", "2"]] == said["data"][0]["asks"]
    assert [["100.49", "1.50000000", "0", "2"]] == said["data"][0]["bids"]
    assert "1762776000000" == said["data"][0]["ts"]


@pytest.mark.parametrize(
    ("road", "symbol", "channel"),
    [
        ("business", "NO-USDT", "trades-all"),
        ("public", "BTC-USDT", "trades-all"),
        ("business", "BTC-USDT", "trades"),
    ],
)
def test_what_does_not_exist_is_refused(road: str, symbol: str, channel: str) -> None:
    """A wrong instrument, or a channel on the wrong road: code 60018, which names both."""
    with VenueDouble("okx", MARKET, opens="called") as venue:
        (said,) = messages(venue, f"/ws/v5/{road}", subscribe(symbol, channel=channel), until=lambda _: True)

    assert ("error", "60018") == (said["event"], said["code"])
    assert f"channel:{channel},instId:{symbol} doesn't exist" in said["msg"]


def test_a_ping_is_a_text() -> None:
    """And so is the pong; what is no JSON otherwise is refused."""
    with VenueDouble("okx", MARKET, opens="called") as venue, connect(f"{venue.websocket}/ws/v5/public") as websocket:
        websocket.send("ping")
        assert "pong" == websocket.recv(timeout=10)
        websocket.send("pang")
        assert "60012" == json.loads(websocket.recv(timeout=10))["code"]


def test_history_is_newest_first() -> None:
    """All values as text."""
    with VenueDouble("okx", KNOWN) as venue:
        body = ask(venue, "/api/v5/market/history-trades", instId="BTC-USDT").json()

    assert ("0", "") == (body["code"], body["msg"])
    assert ["24", "23", "22", "21"] == [row["tradeId"] for row in body["data"]]
    assert {
        "instId": "BTC-USDT",
        "side": "sell",
        "sz": "1",
        "px": "100.7",
        "source": "0",
        "tradeId": "24",
        "ts": "1762776000003",
    } == body["data"][0]


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({"after": 23}, ["22", "21"]),
        ({"type": 1, "after": 24, "limit": 1}, ["23"]),
        ({"before": 21, "limit": 2}, ["24", "23"]),
        ({"before": 21, "after": 24}, ["23", "22"]),
        ({"type": 2, "after": 1762776000002}, ["21"]),
        ({"after": 21}, []),
    ],
)
def test_pages_by_id_or_time(params: dict[str, int], numbers: list[str]) -> None:
    """`after` is earlier, `before` is newer, by trade id only; of more than a page the latest."""
    with VenueDouble("okx", KNOWN) as venue:
        body = ask(venue, "/api/v5/market/history-trades", instId="BTC-USDT", **params).json()

    assert numbers == [row["tradeId"] for row in body["data"]]


def test_a_page_has_a_hundred() -> None:
    """Whatever is asked for; the road of the latest trades has up to five hundred."""
    market = VenueMarket.simulate(["BTC-USDT"], trades=600, before=600)
    with VenueDouble("okx", market) as venue:
        history = ask(venue, "/api/v5/market/history-trades", instId="BTC-USDT", limit=400).json()["data"]
        latest = ask(venue, "/api/v5/market/trades", instId="BTC-USDT", limit=900).json()["data"]

    assert [100, 500] == [len(history), len(latest)]


def test_an_unknown_instrument_is_an_error_of_status_200() -> None:
    """Code 51001; without one code 50014."""
    with VenueDouble("okx", KNOWN) as venue:
        wrong = ask(venue, "/api/v5/market/history-trades", instId="NO-USDT")
        none = ask(venue, "/api/v5/market/history-trades")

    assert [(200, "51001"), (200, "50014")] == [(each.status_code, each.json()["code"]) for each in (wrong, none)]
