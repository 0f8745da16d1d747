"""Binance, the spot market: aggregated trades, whose own number goes up by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

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
    Trade,
)
from barloom.feed.venues.base import VenueBase
from barloom.feed.venues.reading import MILLISECOND, OK, groups, http_time, refused, tried, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.feed.protocol import Answer, Message

__all__ = ["Binance"]

_STREAMS: Final = {Channel.TRADES: "aggTrade", Channel.QUOTES: "bookTicker"}
_AT_ONCE: Final = 100
"""How many streams one text asks for."""

_PAGE: Final = 1000
_NO_SYMBOL: Final = -1121


class _Trade(msgspec.Struct, gc=False):
    a: int
    p: str
    q: str
    T: int
    m: bool
    s: str = ""


class _Quote(msgspec.Struct, gc=False):
    s: str
    b: str
    B: str
    a: str
    A: str
    T: int | None = None


class _Envelope(msgspec.Struct, gc=False):
    stream: str = ""
    data: msgspec.Raw = msgspec.Raw(b"null")
    msg: str = ""
    error: _Problem | None = None


class _Problem(msgspec.Struct):
    code: int = 0
    msg: str = ""


_ENVELOPE: Final = msgspec.json.Decoder(_Envelope)
_TRADE: Final = msgspec.json.Decoder(_Trade)
_QUOTE: Final = msgspec.json.Decoder(_Quote)
_TRADES: Final = msgspec.json.Decoder(list[_Trade])
_PROBLEM: Final = msgspec.json.Decoder(_Problem)


class Binance(VenueBase):
    """The spot market. A stream of an unknown symbol is silent: only REST says that there is none."""

    name = "binance"
    addresses = Addresses("wss://stream.binance.com:9443", "https://api.binance.com")
    limits = Limits(symbols=400, messages=4, life=86_400, weight=4_800, window=60)
    ping = Ping(every=20, silence=45)
    path = "/api/v3/aggTrades"
    weight = 4

    def symbol(self, written: str) -> str:
        """Such as ``BTCUSDT``."""
        found = written.upper()
        if not found or any(sign in found for sign in "/-: @") or not found.isprintable():
            message = f"{self.name} knows no {written!r}: it writes symbols in one, such as BTCUSDT"
            raise ValueError(message)
        return found

    def connect(self, symbols: Sequence[str], channels: Sequence[Channel]) -> str:  # noqa: ARG002
        """The streams are asked for afterwards."""
        return "/stream"

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """A hundred streams at once."""
        return self._asked("SUBSCRIBE", symbols, channels)

    def unsubscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """Likewise."""
        return self._asked("UNSUBSCRIBE", symbols, channels)

    def _asked(self, method: str, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        streams = [f"{symbol.lower()}@{_STREAMS[channel]}" for channel in channels for symbol in symbols]
        return [
            msgspec.json.encode({"method": method, "params": part, "id": number}).decode()
            for number, part in enumerate(groups(streams, _AT_ONCE), 1)
        ]

    def read(self, text: str | bytes) -> Sequence[Message]:
        """The data of the stream that a message names."""
        envelope = typed(_ENVELOPE, text)
        stream = envelope.stream
        if stream.endswith("@aggTrade"):
            return (_trade(typed(_TRADE, envelope.data), ""),)
        if stream.endswith("@bookTicker"):
            return (_quote(typed(_QUOTE, envelope.data)),)
        if stream == "!serverShutdown":
            return (Notice(f"{self.name} shuts this server down", reconnect=True),)
        said = envelope.msg or (envelope.error.msg if envelope.error else "")
        return (Refusal(None, said),) if said else ()

    def history(self, symbol: str, after: int | None, time: int, limit: int = _PAGE) -> Request:
        """From a number on, or from a time on."""
        begin = ("startTime", -(-time // MILLISECOND)) if after is None else ("fromId", after + 1)
        return self._request({"symbol": symbol, begin[0]: str(begin[1]), "limit": str(min(limit, _PAGE))})

    def read_history(self, symbol: str, asked: Request, answer: Answer) -> History:
        """Oldest first."""
        trades = self._trades(symbol, answer)
        return History(trades, beyond=len(trades) >= int(asked.params["limit"]))

    def latest(self, symbol: str) -> Request:
        """Without a beginning it answers with the latest."""
        return self._request({"symbol": symbol, "limit": "1"})

    def read_latest(self, symbol: str, answer: Answer) -> tuple[Tail, Sequence[Trade]]:
        """The number of an aggregated trade, as everywhere here."""
        trades = self._trades(symbol, answer)
        return Tail(symbol, trades[-1].last if trades else None, http_time(answer.headers)), trades

    def _request(self, params: dict[str, str]) -> Request:
        return Request(self.path, params, self.weight)

    def _trades(self, symbol: str, answer: Answer) -> list[Trade]:
        if answer.status != OK:
            self._refuse(symbol, answer)
        return [_trade(item, symbol) for item in typed(_TRADES, answer.body)]

    def _refuse(self, symbol: str, answer: Answer) -> NoReturn:
        problem = tried(_PROBLEM, answer.body) or _Problem()
        if problem.code == _NO_SYMBOL:
            message = f"{self.name} knows no symbol {symbol}: {problem.msg}"
            raise LookupError(message)
        raise refused(self.name, answer, problem.msg)


def _trade(item: _Trade, symbol: str) -> Trade:
    side = "sell" if item.m else "buy"  # m: the buyer was there before, so the seller took
    return Trade(item.s or symbol, item.a, item.a, item.T * MILLISECOND, item.p, item.q, side)


def _quote(item: _Quote) -> Quote:
    time = None if item.T is None else item.T * MILLISECOND
    return Quote(item.s, time, item.b, item.B, item.a, item.A)
