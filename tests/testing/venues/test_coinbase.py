"""The double of Coinbase Exchange: messages as its documentation writes them.

https://docs.cdp.coinbase.com/exchange/websocket-feed/channels, https://docs.cdp.coinbase.com/exchange/rest-api/pagination.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from barloom.testing import MarketTrade, VenueDouble, VenueMarket
from testing.venues.clients import ask, messages

NOON = 1_762_776_000_000_000_000
TRADES = [
    MarketTrade("BTC-USD", number, NOON + number * 1_000_500, f"10{number}.50", "0.25", side)
    for number, side in [(5, "buy"), (6, "sell"), (7, "buy"), (8, "buy")]
]
MARKET = VenueMarket.of(TRADES, before=1)
KNOWN = VenueMarket.of(TRADES, before=4)


def subscribe(*products: str, channels: tuple[object, ...] = ("matches",)) -> str:
    """The request."""
    return json.dumps({"type": "subscribe", "product_ids": products, "channels": channels})


def test_matches() -> None:
    """The subscriptions, the match before, and each match; `side` is the maker's."""
    with VenueDouble("coinbase", MARKET, beat=60) as venue:
        said = messages(venue, "/", subscribe("BTC-USD"), until=lambda each: each.get("trade_id") == 8)

    channels = [{"name": "matches", "product_ids": ["BTC-USD"], "account_ids": None}]
    assert {"type": "subscriptions", "channels": channels} == said[0]
    assert ["last_match", "match", "match", "match"] == [each["type"] for each in said[1:]]
    assert [5, 6, 7, 8] == [each["trade_id"] for each in said[1:]]
    assert ["sell", "buy", "sell", "sell"] == [each["side"] for each in said[1:]]
    match: dict[str, Any] = said[2]
    assert ("BTC-USD", "106.50", "0.25", "2025-11-10T12:00:00.006003Z") == (
        match["product_id"],
        match["price"],
        match["size"],
        match["time"],
    )
    assert {"maker_order_id", "taker_order_id", "sequence"} < set(match)


def test_heartbeats_name_the_last_trade() -> None:
    """Also one that was never sent."""
    with VenueDouble("coinbase", KNOWN, beat=0.02) as venue:
        text = subscribe(channels=({"name": "heartbeat", "product_ids": ["BTC-USD"]},))
        said = messages(venue, "/", text, until=lambda each: each["type"] == "heartbeat")

    assert ["type", "last_trade_id", "product_id", "sequence", "time"] == list(said[-1])
    assert ("BTC-USD", 8) == (said[-1]["product_id"], said[-1]["last_trade_id"])


def test_a_request_with_an_unknown_product_is_refused_as_a_whole() -> None:
    """The others of it are not subscribed to either."""
    with VenueDouble("coinbase", MARKET, opens="called", beat=60) as venue:
        texts = [subscribe("BTC-USD", "NO-USD"), subscribe("BTC-USD", channels=("ticker",))]
        refused, taken = messages(venue, "/", *texts, until=lambda each: each["type"] == "subscriptions")

    assert {"type": "error", "message": "Failed to subscribe", "reason": "NO-USD is not a valid product"} == refused
    assert ["ticker"] == [each["name"] for each in taken["channels"]]


def test_history_is_newest_first() -> None:
    """Each trade, and the cursors of the page before and after."""
    with VenueDouble("coinbase", KNOWN) as venue:
        answer = ask(venue, "/products/BTC-USD/trades", limit=2)

    assert {
        "trade_id": 8,
        "side": "sell",
        "size": "0.25",
        "price": "108.50",
        "time": "2025-11-10T12:00:00.008004Z",
    } == answer.json()[0]
    assert [8, 7] == [row["trade_id"] for row in answer.json()]
    assert ("8", "7") == (answer.headers["CB-BEFORE"], answer.headers["CB-AFTER"])


@pytest.mark.parametrize(
    ("params", "numbers"),
    [
        ({"after": 7}, [6, 5]),
        ({"after": 8, "limit": 1}, [7]),
        ({"before": 6}, [8, 7]),
        ({"before": 5, "limit": 1}, [8]),
        ({"before": 5, "after": 8}, [7, 6]),
        ({"after": 5}, []),
    ],
)
def test_pages_by_cursor(params: dict[str, int], numbers: list[int]) -> None:
    """`after` is older, `before` is newer; of more than a page the newest."""
    with VenueDouble("coinbase", KNOWN) as venue:
        answer = ask(venue, "/products/BTC-USD/trades", **params)

    assert numbers == [row["trade_id"] for row in answer.json()]


def test_an_unknown_product_is_not_found() -> None:
    """Status 404."""
    with VenueDouble("coinbase", KNOWN) as venue:
        answer = ask(venue, "/products/NO-USD/trades")

    assert (404, {"message": "NotFound"}) == (answer.status_code, answer.json())
