"""Coinbase Exchange: matches, with a heartbeat that names each product's last trade."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NoReturn

import msgspec

from barloom.feed.protocol import Addresses, Channel, History, Limits, Ping, Quote, Refusal, Request, Tail, Trade
from barloom.feed.venues.base import VenueBase
from barloom.feed.venues.reading import MICROSECOND, OK, http_time, instant, refused, tried, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.feed.protocol import Answer, Message

__all__ = ["Coinbase"]

_CHANNELS: Final = {Channel.TRADES: ("matches", "heartbeat"), Channel.QUOTES: ("ticker",)}
_TAKER: Final = {"buy": "sell", "sell": "buy"}
"""Matches tell the side of the order that was there before."""

_PRODUCT: Final = re.compile(r"\b[A-Z0-9]+-[A-Z0-9]+\b")
_PAGE: Final = 1000
_MISSING: Final = 404


class _Message(msgspec.Struct, gc=False):
    type: str
    product_id: str = ""
    trade_id: int | None = None
    price: str = ""
    size: str = ""
    side: str = ""
    time: str = ""
    last_trade_id: int | None = None
    best_bid: str = ""
    best_bid_size: str = ""
    best_ask: str = ""
    best_ask_size: str = ""
    message: str = ""
    reason: str = ""


class _Past(msgspec.Struct, gc=False):
    trade_id: int
    price: str
    size: str
    side: str
    time: str


class _Problem(msgspec.Struct):
    message: str = ""


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_PASTS: Final = msgspec.json.Decoder(list[_Past])
_PROBLEM: Final = msgspec.json.Decoder(_Problem)


class Coinbase(VenueBase):
    """The exchange (not the Advanced Trade interface).

    Times are cut to microseconds, which both roads have. History cannot begin at a time.
    """

    name = "coinbase"
    addresses = Addresses("wss://ws-feed.exchange.coinbase.com", "https://api.exchange.coinbase.com")
    limits = Limits(symbols=100, messages=20, weight=8, window=1)
    ping = Ping(every=20, silence=30)
    finds_time = False

    def symbol(self, written: str) -> str:
        """Such as ``BTC-USD``."""
        found = written.upper()
        if _PRODUCT.fullmatch(found) is None:
            message = f"coinbase knows no {written!r}: it writes symbols with a hyphen, such as BTC-USD"
            raise ValueError(message)
        return found

    def connect(self, symbols: Sequence[str], channels: Sequence[Channel]) -> str:  # noqa: ARG002
        """The address itself."""
        return "/"

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """One text a product: a text with one that is unknown is refused as a whole."""
        return _asked("subscribe", symbols, channels)

    def unsubscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """Likewise."""
        return _asked("unsubscribe", symbols, channels)

    def read(self, text: str | bytes) -> Sequence[Message]:
        """Also `last_match`, which is the trade before the first that comes."""
        message = typed(_MESSAGE, text)
        kind = message.type
        if kind in ("match", "last_match"):
            return (_trade(message),)
        if kind == "heartbeat":
            return _tail(message)
        if kind == "ticker":
            return _quote(message)
        if kind == "error":
            return (_refusal(message),)
        return ()

    def history(self, symbol: str, after: int | None, time: int, limit: int = _PAGE) -> Request:  # noqa: ARG002
        """Pages go from the newest down: the one below the number that lies a page beyond holds what is wanted."""
        limit = min(limit, _PAGE)
        return _request(symbol, {"after": str((after or 0) + limit + 1), "limit": str(limit)})

    def read_history(self, symbol: str, asked: Request, answer: Answer) -> History:
        """Newest first, turned round."""
        trades = self._trades(symbol, answer)
        top = int(asked.params["after"]) - 1
        return History(trades, beyond=bool(trades) and trades[-1].last == top)

    def latest(self, symbol: str) -> Request:
        """Without a number it answers with the latest."""
        return _request(symbol, {"limit": "1"})

    def read_latest(self, symbol: str, answer: Answer) -> tuple[Tail, Sequence[Trade]]:
        """The last of its trades."""
        trades = self._trades(symbol, answer)
        return Tail(symbol, trades[-1].last if trades else None, http_time(answer.headers)), trades

    def _trades(self, symbol: str, answer: Answer) -> list[Trade]:
        if answer.status != OK:
            self._refuse(symbol, answer)
        found = typed(_PASTS, answer.body)
        return [_past(item, symbol) for item in reversed(found)]

    def _refuse(self, symbol: str, answer: Answer) -> NoReturn:
        problem = tried(_PROBLEM, answer.body) or _Problem()
        if answer.status == _MISSING:
            message = f"coinbase knows no product {symbol}: {problem.message}"
            raise LookupError(message)
        raise refused(self.name, answer, problem.message)


def _asked(kind: str, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
    names = [name for channel in channels for name in _CHANNELS[channel]]
    return [
        msgspec.json.encode({"type": kind, "product_ids": [symbol], "channels": names}).decode() for symbol in symbols
    ]


def _request(symbol: str, params: dict[str, str]) -> Request:
    return Request(f"/products/{symbol}/trades", params)


def _trade(item: _Message) -> Trade:
    number = item.trade_id
    time = instant(item.time, MICROSECOND)
    return Trade(item.product_id, number, number, time, item.price, item.size, _TAKER.get(item.side))


def _past(item: _Past, symbol: str) -> Trade:
    time = instant(item.time, MICROSECOND)
    return Trade(symbol, item.trade_id, item.trade_id, time, item.price, item.size, _TAKER.get(item.side))


def _tail(item: _Message) -> Sequence[Message]:
    """Nothing where the number is zero: it was zero for months of products that traded, and says nothing."""
    if not item.last_trade_id:
        return ()
    return (Tail(item.product_id, item.last_trade_id, instant(item.time, MICROSECOND)),)


def _quote(item: _Message) -> Sequence[Message]:
    """Nothing from the tickers of old, which had no sizes."""
    if not (item.best_bid_size and item.best_ask_size):
        return ()
    sides = (item.best_bid, item.best_bid_size, item.best_ask, item.best_ask_size)
    return (Quote(item.product_id, instant(item.time, MICROSECOND), *sides),)


def _refusal(item: _Message) -> Refusal:
    said = ": ".join(part for part in (item.message, item.reason) if part)
    named = _PRODUCT.search(said)
    return Refusal(named[0] if named else None, said)
