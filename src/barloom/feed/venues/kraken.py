"""Kraken, the spot market over its second websocket interface; its history goes by time."""

from __future__ import annotations

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
from barloom.feed.venues.reading import MICROSECOND, OK, digits, groups, http_time, instant, refused, seconds, typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.feed.protocol import Answer, Message

__all__ = ["Kraken"]

_PARAMS: Final = {
    Channel.TRADES: {"channel": "trade", "snapshot": True},
    Channel.QUOTES: {"channel": "ticker", "event_trigger": "bbo", "snapshot": True},
}
_REST_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
"""REST has old names for these."""

_TOKENIZED: Final = "x"
"""Stocks as tokens end with this, in small: ``AAPLx/USD``."""

_TOO_MANY: Final = ("EGeneral:Too many requests", "EAPI:Rate limit exceeded")
_SIDES: Final = {"b": "buy", "s": "sell"}
_PATH: Final = "/0/public/Trades"
_AT_ONCE: Final = 50
_PAGE: Final = 1000
_NOTHING: Final = msgspec.Raw(b"0")


class _Item(msgspec.Struct, gc=False):
    """A trade, a quote or what the status says: each has its own of these."""

    symbol: str = ""
    side: str = ""
    price: msgspec.Raw = _NOTHING
    qty: msgspec.Raw = _NOTHING
    trade_id: int | None = None
    timestamp: str = ""
    bid: msgspec.Raw = _NOTHING
    bid_qty: msgspec.Raw = _NOTHING
    ask: msgspec.Raw = _NOTHING
    ask_qty: msgspec.Raw = _NOTHING
    system: str = ""


class _Message(msgspec.Struct):
    channel: str = ""
    data: list[_Item] = []
    method: str = ""
    success: bool = True
    error: str = ""
    symbol: str = ""


class _Past(msgspec.Struct, array_like=True, gc=False):
    price: str
    volume: str
    time: msgspec.Raw
    side: str
    order: str
    misc: str
    number: int


class _Answer(msgspec.Struct):
    error: list[str] = []
    result: dict[str, msgspec.Raw] = {}


_MESSAGE: Final = msgspec.json.Decoder(_Message)
_ANSWER: Final = msgspec.json.Decoder(_Answer)
_PASTS: Final = msgspec.json.Decoder(list[_Past])
_CURSOR: Final = msgspec.json.Decoder(str)


class Kraken(VenueBase):
    """The spot market. Times are cut to microseconds: the websocket has no more, REST has seven decimals."""

    name = "kraken"
    addresses = Addresses("wss://ws.kraken.com", "https://api.kraken.com")
    limits = Limits(symbols=100, messages=5, weight=1, window=1, by_symbol=True)
    ping = Ping(every=10, text='{"method":"ping"}', silence=20)
    by_time = True

    def symbol(self, written: str) -> str:
        """Such as ``BTC/USD``."""
        found = written.upper() if written.islower() else written
        base, slash, quote = found.partition("/")
        if not (base and slash and quote) or "/" in quote or not f"{base}{quote}".isalnum():
            message = f"kraken knows no {written!r}: it writes symbols with a slash, such as BTC/USD"
            raise ValueError(message)
        if base in _REST_NAMES.values() or quote in _REST_NAMES.values():
            message = f"kraken writes {written!r} with the names of today: BTC for XBT, DOGE for XDG"
            raise ValueError(message)
        return found

    def connect(self, symbols: Sequence[str], channels: Sequence[Channel]) -> str:  # noqa: ARG002
        """Its second version."""
        return "/v2"

    def subscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """With a snapshot: the latest fifty trades show at once what was missed."""
        return _asked("subscribe", symbols, channels)

    def unsubscribe(self, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
        """Likewise."""
        return _asked("unsubscribe", symbols, channels)

    def read(self, text: str | bytes) -> Sequence[Message]:
        """Several trades may come in one message."""
        message = typed(_MESSAGE, text)
        if message.channel == "trade":
            return [_trade(item) for item in message.data]
        if message.channel == "ticker":
            return [_quote(item) for item in message.data]
        if message.channel == "status":
            return [Notice(f"kraken is {item.system}") for item in message.data if item.system != "online"]
        if message.error or not message.success:
            return (Refusal(message.symbol or None, message.error or "refused"),)
        return ()

    def history(self, symbol: str, after: int | None, time: int, limit: int = _PAGE) -> Request:  # noqa: ARG002
        """From a time on, that time included."""
        return _request(symbol, since=max(time - 1, 0), count=limit)

    def read_history(self, symbol: str, asked: Request, answer: Answer) -> History:
        """Oldest first; `last` of the answer is where the next one begins."""
        trades, cursor = self._trades(symbol, answer)
        beyond = len(trades) >= int(asked.params["count"])
        if not (beyond and cursor):
            return History(trades, beyond)
        since = int(cursor) - 1  # trades of the same nanosecond may stand on both pages
        if since <= int(asked.params["since"]):
            since = int(cursor)
        return History(trades, beyond, _request(symbol, since=since, count=int(asked.params["count"])))

    def latest(self, symbol: str) -> Request:
        """Without a time it answers with the latest."""
        return _request(symbol, since=None, count=1)

    def read_latest(self, symbol: str, answer: Answer) -> tuple[Tail, Sequence[Trade]]:
        """The last of its trades."""
        trades, _ = self._trades(symbol, answer)
        return Tail(symbol, trades[-1].last if trades else None, http_time(answer.headers)), trades

    def _trades(self, symbol: str, answer: Answer) -> tuple[list[Trade], str]:
        if answer.status != OK:
            raise refused(self.name, answer)
        found = typed(_ANSWER, answer.body)
        for problem in found.error:
            if problem.startswith("EQuery:Unknown asset pair"):
                message = f"kraken knows no symbol {symbol}: {problem}"
                raise LookupError(message)
            if problem.startswith(_TOO_MANY):
                message = f"kraken is asked too much: {problem}"
                raise TooMany(message)
            if not problem.startswith("W"):
                raise refused(self.name, answer, problem)
        listed = [part for name, part in found.result.items() if name != "last"]
        if len(listed) != 1:
            raise refused(self.name, answer)
        cursor = typed(_CURSOR, found.result["last"]) if "last" in found.result else ""
        return [_past(item, symbol) for item in typed(_PASTS, listed[0])], cursor if cursor.isdecimal() else ""


def _asked(method: str, symbols: Sequence[str], channels: Sequence[Channel]) -> Sequence[str]:
    return [
        msgspec.json.encode({"method": method, "params": {**_PARAMS[channel], "symbol": part}}).decode()
        for channel in channels
        for part in groups(symbols, _AT_ONCE)
    ]


def _request(symbol: str, *, since: int | None, count: int) -> Request:
    base, quote = symbol.split("/")
    pair = _REST_NAMES.get(base, base) + _REST_NAMES.get(quote, quote)
    params = {"pair": pair, "count": str(min(count, _PAGE))}
    if base.endswith(_TOKENIZED):
        params["asset_class"] = "tokenized_asset"
    return Request(_PATH, params if since is None else {**params, "since": str(since)})


def _trade(item: _Item) -> Trade:
    time = instant(item.timestamp, MICROSECOND)
    number = item.trade_id
    return Trade(item.symbol, number, number, time, digits(item.price), digits(item.qty), item.side)


def _past(item: _Past, symbol: str) -> Trade:
    time = seconds(digits(item.time), MICROSECOND)
    return Trade(symbol, item.number, item.number, time, item.price, item.volume, _SIDES.get(item.side))


def _quote(item: _Item) -> Quote:
    time = instant(item.timestamp, MICROSECOND) if item.timestamp else None
    sides = (digits(item.bid), digits(item.bid_qty), digits(item.ask), digits(item.ask_qty))
    return Quote(item.symbol, time, *sides)
