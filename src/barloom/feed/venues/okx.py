"""OKX: trades one by one, each with the next number of its instrument."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import msgspec

from barloom.feed.protocol import (
    Addresses,
    Channel,
    History,
    Limits,
    Notice,
    Ping,
    Quote,
    Refusal,
    Request,
    Tail,
    TooMany,
    Trade,
)
from barloom.feed.venues.base import VenueBase
from barloom.feed.venues.reading import MILLISECOND, OK, http_time, refused, tried, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.feed.protocol import Answer, Message

__all__ = ["Okx"]

_CHANNELS: Final = {Channel.TRADES: "trades-all", Channel.QUOTES: "bbo-tbt"}
_INSTRUMENT: Final = re.compile(r"[A-Z0-9]+(-[A-Z0-9]+)+")
_NAMED: Final = re.compile(r"instId:\s*([A-Z0-9]+(?:-[A-Z0-9]+)+)")
_PAGE: Final = 100
_BY_NUMBER: Final = "1"
_BY_TIME: Final = "2"
_NO_INSTRUMENT: Final = "51001"
_TOO_MANY: Final = "50011"
_GOOD: Final = "0"


class _Argument(msgspec.Struct, gc=False):
    channel: str = ""
    instId: str = ""  # noqa: N815 - the venue's name


class _Item(msgspec.Struct, gc=False):
    """A trade, or the best bid and ask."""

    ts: str
    tradeId: str = ""  # noqa: N815
    px: str = ""
    sz: str = ""
    side: str | None = None
    count: str = "1"
    asks: list[list[str]] = []
    bids: list[list[str]] = []


class _Message(msgspec.Struct):
    arg: _Argument = msgspec.field(default_factory=_Argument)
    data: list[_Item] = []
    event: str = ""
    code: str = ""
    msg: str = ""


class _Answer(msgspec.Struct):
    code: str = ""
    msg: str = ""
    data: list[_Item] = []


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_ANSWER: Final = msgspec.json.Decoder(_Answer)


class Okx(VenueBase):
    """Spot, swaps, futures: whatever has an instrument's name. Trades and quotes have addresses of their own."""

    name = "okx"
    addresses = Addresses("wss://ws.okx.com:8443", "https://www.okx.com")
    limits = Limits(symbols=100, messages=10, weight=16, window=2)
    ping = Ping(every=20, text="ping", silence=30)
    together = False

    def symbol(self, written: str) -> str:
        """Such as ``BTC-USDT`` or ``BTC-USDT-SWAP``."""
        found = written.upper()
        if _INSTRUMENT.fullmatch(found) is None:
            message = f"okx knows no {written!r}: it writes symbols with hyphens, such as BTC-USDT or BTC-USDT-SWAP"
            raise ValueError(message)
        return found

    def connect(self, symbols: Sequence[str], channels: Sequence[Channel]) -> str:  # noqa: ARG002
        """Trades one by one are "business", best bid and ask "public"."""
        return "/ws/v5/public" if Channel.QUOTES in channels else "/ws/v5/business"

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """One text an instrument, so that one that is unknown is refused alone."""
        return _asked("subscribe", symbols, channels)

    def unsubscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """Likewise."""
        return _asked("unsubscribe", symbols, channels)

    def read(self, text: str | bytes) -> Sequence[Message]:
        """Also the pushes of the channel `trades`, which stand for `count` trades up to theirs.

        That channel is not asked for: trades of two sources at one price come apart, and their numbers then mix.
        """
        if text in ("pong", b"pong"):
            return ()
        message = typed(_MESSAGE, text)
        if message.event:
            return _event(message)
        symbol = message.arg.instId
        if message.arg.channel in ("trades-all", "trades"):
            return [_trade(item, symbol) for item in message.data]
        return [_quote(item, symbol) for item in message.data if item.bids and item.asks]

    def history(self, symbol: str, after: int | None, time: int, limit: int = _PAGE) -> Request:
        """Pages go from the newest down; by time the one before it leads there."""
        limit = min(limit, _PAGE)
        kind, below = (_BY_TIME, -(-time // MILLISECOND)) if after is None else (_BY_NUMBER, after + limit + 1)
        params = {"instId": symbol, "type": kind, "after": str(below), "limit": str(limit)}
        return Request("/api/v5/market/history-trades", params)

    def read_history(self, symbol: str, asked: Request, answer: Answer) -> History:
        """Newest first, turned round."""
        trades = self._trades(symbol, answer)
        if asked.params["type"] == _BY_TIME:
            return History(trades, beyond=True)
        return History(trades, beyond=bool(trades) and trades[-1].last == int(asked.params["after"]) - 1)

    def latest(self, symbol: str) -> Request:
        """The latest trade."""
        return Request("/api/v5/market/trades", {"instId": symbol, "limit": "1"})

    def read_latest(self, symbol: str, answer: Answer) -> tuple[Tail, Sequence[Trade]]:
        """The last of its trades."""
        trades = self._trades(symbol, answer)
        return Tail(symbol, trades[-1].last if trades else None, http_time(answer.headers)), trades

    def _trades(self, symbol: str, answer: Answer) -> list[Trade]:
        found = typed(_ANSWER, answer.body) if answer.status == OK else tried(_ANSWER, answer.body)
        if found is None:
            raise refused(self.name, answer)
        if found.code == _NO_INSTRUMENT:
            message = f"okx knows no instrument {symbol}: {found.msg}"
            raise LookupError(message)
        if found.code == _TOO_MANY:
            message = f"okx is asked too much: {found.code} {found.msg}"
            raise TooMany(message)
        if answer.status != OK or found.code != _GOOD:
            raise refused(self.name, answer, f"{found.code} {found.msg}")
        return [_trade(item, symbol) for item in reversed(found.data)]


def _asked(operation: str, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
    return [
        msgspec.json.encode({"op": operation, "args": [{"channel": _CHANNELS[channel], "instId": symbol}]}).decode()
        for channel in channels
        for symbol in symbols
    ]


def _trade(item: _Item, symbol: str) -> Trade:
    last = int(item.tradeId)
    return Trade(symbol, last + 1 - int(item.count), last, int(item.ts) * MILLISECOND, item.px, item.sz, item.side)


def _quote(item: _Item, symbol: str) -> Quote:
    bid, ask = item.bids[0], item.asks[0]
    return Quote(symbol, int(item.ts) * MILLISECOND, bid[0], bid[1], ask[0], ask[1])


def _event(message: _Message) -> Sequence[Message]:
    if message.event == "error":
        named = _NAMED.search(message.msg)
        return (Refusal(named[1] if named else None, f"{message.code} {message.msg}"),)
    if message.event == "notice":
        return (Notice(f"okx: {message.msg}", reconnect=True),)
    return ()
