"""Coinbase Exchange: matches and heartbeats, history by trade id, newest first. `side` is the maker's.

Sources: https://docs.cdp.coinbase.com/exchange/websocket-feed/channels, .../websocket-feed/errors,
.../rest-api/pagination, and the reference of Get product trades.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from barloom.testing.venues.protocols.exchange import Exchange, Form, Listener, Reply, best_of, dumps, stamp
from barloom.time.timeframe import MICROSECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.testing.venues.history import History
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["Coinbase"]

_CHANNELS: Final = ("matches", "heartbeat", "ticker", "ticker_batch")
_MOST: Final = 1_000


class Coinbase(Exchange):
    """Coinbase Exchange."""

    name = "coinbase"
    grid = MICROSECOND
    told = ("matches",)
    example = ("BTC-USD", "ETH-USD", "SOL-EUR")

    def writes(self, symbol: str) -> bool:
        """``BTC-USD``."""
        return re.fullmatch(r"[A-Z0-9]+-[A-Z0-9]+", symbol) is not None

    def connected(self, listener: Listener, history: History, now: int) -> list[str] | None:  # noqa: ARG002
        """Nothing is said before a subscription."""
        return [] if listener.path in {"", "/"} else None

    def hear(self, listener: Listener, text: str, history: History, now: int) -> list[str]:  # noqa: ARG002
        """A message with a product that does not exist is refused as a whole."""
        try:
            asked = json.loads(text)
        except ValueError:
            return [_error("Malformed JSON", "")]
        if asked.get("type") not in {"subscribe", "unsubscribe"}:
            return [_error("Invalid message type", f"{asked.get('type')} is not a valid type")]
        forms = list(_asked(asked))
        for form in forms:
            if form.channel not in _CHANNELS:
                return [_error("Failed to subscribe", f"{form.channel} is not a valid channel")]
            if not history.knows(form.symbol):
                return [_error("Failed to subscribe", f"{form.symbol} is not a valid product")]
        if asked["type"] == "unsubscribe":
            for form in forms:
                listener.drop(form)
            return [_subscriptions(listener)]
        new = [form for form in forms if form not in listener.forms]
        for form in new:
            listener.take(form)
        lasts = [text for form in new if form.channel == "matches" for text in _last(form, history)]
        return [_subscriptions(listener), *lasts]

    def beat(self, listener: Listener, history: History, now: int) -> list[str]:
        """A heartbeat of each product that has asked for it."""
        texts = []
        for form in listener.forms:
            if form.channel != "heartbeat" or not history.knows(form.symbol):
                continue
            last = history.latest(form.symbol)
            number = last.number if last else 0
            said = {"type": "heartbeat", "last_trade_id": number, "product_id": form.symbol, "sequence": number * 4 + 3}
            texts.append(dumps({**said, "time": stamp(now)}))
        return texts

    def trades(self, form: Form, trades: Sequence[MarketTrade]) -> Iterator[str]:
        """One message a trade."""
        if form.channel == "matches":
            return (_match(trade, "match") for trade in trades)
        if form.channel.startswith("ticker"):
            return (_ticker(trade) for trade in trades)
        return iter(())

    def rest(self, path: str, query: Mapping[str, str], history: History, now: int) -> Reply:
        """A page of trades, newest first, before or after a cursor."""
        if path == "/time":
            return Reply(200, dumps({"iso": stamp(now), "epoch": now / 1_000_000_000}))
        found = re.fullmatch(r"/products/([^/]+)/trades", path)
        if found is None or not history.knows(found[1]):
            return Reply(404, dumps({"message": "NotFound"}))
        if any(not query.get(name, "0").isdigit() for name in ("before", "after", "limit")):
            return Reply(400, dumps({"message": "Invalid cursor"}))
        limit = min(int(query.get("limit", _MOST)), _MOST)
        run = history.run(found[1])
        trades = run.below(int(query["after"])) if "after" in query else run.trades
        if "before" in query:
            trades = [trade for trade in trades if trade.number > int(query["before"])]
        page = trades[-limit:][::-1]
        cursors = (("CB-BEFORE", str(page[0].number)), ("CB-AFTER", str(page[-1].number))) if page else ()
        return Reply(200, dumps([_row(trade) for trade in page]), cursors)

    def too_many(self, status: int) -> Reply:
        """A message."""
        return Reply(status, dumps({"message": "Public rate limit exceeded"}))

    def failed(self, status: int) -> Reply:
        """A message."""
        said = {500: "Internal server error", 503: "Service unavailable"}
        return Reply(status, dumps({"message": said.get(status, "Server error")}))

    def rows(self, body: Any) -> list[Any] | None:  # noqa: ANN401 - JSON
        """The answer itself."""
        return body if isinstance(body, list) else None


def _asked(message: Mapping[str, Any]) -> Iterator[Form]:
    """Channels are named with the products beside them, or with their own."""
    products = message.get("product_ids", [])
    for channel in message.get("channels", ()):
        if isinstance(channel, str):
            yield from (Form(channel, product) for product in products)
        else:
            yield from (Form(channel["name"], product) for product in channel.get("product_ids", products))


def _error(message: str, reason: str) -> str:
    return dumps({"type": "error", "message": message, "reason": reason})


def _subscriptions(listener: Listener) -> str:
    channels: dict[str, list[str]] = {}
    for form in listener.forms:
        channels.setdefault(form.channel, []).append(form.symbol)
    said = [{"name": name, "product_ids": products, "account_ids": None} for name, products in channels.items()]
    return dumps({"type": "subscriptions", "channels": said})


def _last(form: Form, history: History) -> list[str]:
    last = history.latest(form.symbol)
    return [_match(last, "last_match")] if last else []


def _maker(trade: MarketTrade) -> str:
    return "sell" if trade.side == "buy" else "buy"


def _match(trade: MarketTrade, kind: str) -> str:
    orders = [UUID(int=(trade.number << 64) + part) for part in (1, 2)]
    return (
        f'{{"type":"{kind}","trade_id":{trade.number},"maker_order_id":"{orders[0]}","taker_order_id":"{orders[1]}",'
        f'"side":"{_maker(trade)}","size":"{trade.size}","price":"{trade.price}","product_id":"{trade.symbol}",'
        f'"sequence":{trade.number * 4 + 1},"time":"{stamp(trade.time)}"}}'
    )


def _ticker(trade: MarketTrade) -> str:
    bid, bid_size, ask, ask_size = best_of(trade)
    said = {"type": "ticker", "sequence": trade.number * 4 + 1, "product_id": trade.symbol, "price": trade.price}
    day = {"open_24h": trade.price, "volume_24h": "100.5", "low_24h": bid, "high_24h": ask, "volume_30d": "3000.5"}
    best = {"best_bid": bid, "best_bid_size": bid_size, "best_ask": ask, "best_ask_size": ask_size}
    last = {"side": trade.side, "time": stamp(trade.time), "trade_id": trade.number, "last_size": trade.size}
    return dumps({**said, **day, **best, **last})


def _row(trade: MarketTrade) -> dict[str, Any]:
    return {
        "trade_id": trade.number,
        "side": _maker(trade),
        "size": trade.size,
        "price": trade.price,
        "time": stamp(trade.time),
    }
