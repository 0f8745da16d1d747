"""Binance spot and USD-M futures: streams by name, aggregated trades, history by aggregate id.

Sources: https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams and .../rest-api,
https://developers.binance.com/docs/derivatives/usds-margined-futures (Aggregate Trade Streams, Compressed Aggregate
Trades List, Important WebSocket Change Notice).
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, ClassVar, Final

from barloom.testing.venues.protocols.exchange import Exchange, Form, Listener, Reply, best_of, dumps
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.testing.venues.history import History
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["Binance", "BinanceFutures"]

_CHANNELS: Final = ("aggTrade", "bookTicker")
_MOST: Final = 1_000
_DEFAULT: Final = 500


class Binance(Exchange):
    """Binance spot."""

    name = "binance"
    grid = MILLISECOND
    pings = 20.0
    example = ("BTCUSDT", "ETHUSDT", "SOLUSDT")
    path: ClassVar[str] = "/api/v3/aggTrades"
    weight: ClassVar[tuple[str, int]] = ("X-MBX-USED-WEIGHT-1M", 4)
    roads: ClassVar[Mapping[str, tuple[str, ...]]] = {"": _CHANNELS}
    told = ("aggTrade",)

    def __init__(self) -> None:
        self._used = 0

    def writes(self, symbol: str) -> bool:
        """``BTCUSDT``."""
        return re.fullmatch(r"[A-Z0-9_]+", symbol) is not None

    def connected(self, listener: Listener, history: History, now: int) -> list[str] | None:  # noqa: ARG002
        """Streams can be named in the address; those that do not exist are taken and stay silent."""
        path = listener.path.removeprefix(self._road(listener))
        wrap = "stream" if path.rstrip("/") == "/stream" else ""
        if wrap:
            names = [name for name in listener.query.get("streams", "").split("/") if name]
        elif path == "/ws" or path.startswith("/ws/"):
            names = [name for name in path.removeprefix("/ws").split("/") if name]
        else:
            return None
        listener.identity = wrap
        for name in names:
            self._take(listener, name, history)
        return []

    def hear(self, listener: Listener, text: str, history: History, now: int) -> list[str]:  # noqa: ARG002
        """SUBSCRIBE, UNSUBSCRIBE, LIST_SUBSCRIPTIONS."""
        try:
            asked = json.loads(text)
        except ValueError:
            return [dumps({"code": 3, "msg": "Invalid JSON: expected value at line 1 column 1"})]
        method, names, number = asked.get("method"), asked.get("params"), asked.get("id")
        if method == "LIST_SUBSCRIPTIONS":
            streams = [f"{form.symbol.lower()}@{form.channel}" for form in listener.forms]
            return [dumps({"result": streams, "id": number})]
        if method not in {"SUBSCRIBE", "UNSUBSCRIBE"}:
            message = f"Invalid request: unknown variant `{method}`, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`"
            return [dumps({"code": 2, "msg": message})]
        for name in names or ():
            if method == "SUBSCRIBE":
                self._take(listener, name, history)
            else:
                symbol, _, channel = name.partition("@")
                listener.drop(Form(channel, symbol.upper(), listener.identity))
        return [dumps({"result": None, "id": number})]

    def _road(self, listener: Listener) -> str:
        return next((road for road in self.roads if road and listener.path.startswith(f"{road}/")), "")

    def _take(self, listener: Listener, name: str, history: History) -> None:
        symbol, _, channel = name.partition("@")
        served = self.roads.get(self._road(listener), ())
        if symbol == symbol.lower() and history.knows(symbol.upper()) and channel in served:
            listener.take(Form(channel, symbol.upper(), listener.identity))

    def trades(self, form: Form, trades: Sequence[MarketTrade]) -> Iterator[str]:
        """One message a trade."""
        make = self._aggregate if form.channel == "aggTrade" else self._ticker
        for trade in trades:
            text = make(trade)
            if form.wrap:
                text = f'{{"stream":"{form.symbol.lower()}@{form.channel}","data":{text}}}'
            yield text

    def _aggregate(self, trade: MarketTrade) -> str:
        time = trade.time // MILLISECOND
        first, last = self.range_of(trade.number)
        return (
            f'{{"e":"aggTrade","E":{time + trade.number % 7},"s":"{trade.symbol}","a":{trade.number},'
            f'"p":"{_digits(trade.price)}","q":"{_digits(trade.size)}","f":{first},"l":{last},"T":{time},'
            f'"m":{"true" if trade.side == "sell" else "false"},"M":true}}'
        )

    def _ticker(self, trade: MarketTrade) -> str:
        bid, bid_size, ask, ask_size = (_digits(text) for text in best_of(trade))
        return (
            f'{{"u":{trade.number * 3},"s":"{trade.symbol}","b":"{bid}","B":"{bid_size}","a":"{ask}","A":"{ask_size}"}}'
        )

    @staticmethod
    def range_of(number: int) -> tuple[int, int]:
        """The trade ids that an aggregated trade stands for: one, two or three, and the next follows them."""
        whole, part = divmod(number, 3)
        first = whole * 6 + (0, 1, 3)[part]
        return first, first + part

    def closing(self, listener: Listener, now: int) -> list[str]:
        """The event serverShutdown."""
        event = {"e": "serverShutdown", "E": now // MILLISECOND}
        return [dumps({"stream": "!serverShutdown", "data": event} if listener.identity else event)]

    def rest(self, path: str, query: Mapping[str, str], history: History, now: int) -> Reply:
        """Aggregated trades from an id on, between times, or the latest."""
        self._used += self.weight[1]
        headers = ((self.weight[0], str(self._used)),)
        if path.endswith("/time"):
            return Reply(200, dumps({"serverTime": now // MILLISECOND}), headers)
        if path != self.path:
            return Reply(404, dumps({"code": -1000, "msg": "Not found"}), headers)
        problem = self._problem(query, history)
        if problem is not None:
            return problem._replace(headers=headers)
        rows = [self._row(trade) for trade in self._found(query, history)]
        return Reply(200, dumps(rows), headers)

    @staticmethod
    def _problem(query: Mapping[str, str], history: History) -> Reply | None:
        if "symbol" not in query:
            return _refused(-1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed.")
        for name in ("fromId", "startTime", "endTime", "limit"):
            if not query.get(name, "0").isdigit():
                return _refused(
                    -1100, f"Illegal characters found in parameter '{name}'; legal range is '^[0-9]{{1,20}}$'."
                )
        if not history.knows(query["symbol"]):
            return _refused(-1121, "Invalid symbol.")
        return None

    @staticmethod
    def _found(query: Mapping[str, str], history: History) -> list[MarketTrade]:
        limit = min(int(query.get("limit", _DEFAULT)), _MOST)
        run = history.run(query["symbol"])
        if "fromId" in query:
            return run.beyond(int(query["fromId"]) - 1)[:limit]
        if "startTime" in query or "endTime" in query:
            first = int(query.get("startTime", 0)) * MILLISECOND
            last = (int(query["endTime"]) + 1) * MILLISECOND if "endTime" in query else 1 << 63
            return [trade for trade in run.trades if first <= trade.time < last][:limit]
        return run.trades[-limit:]

    def _row(self, trade: MarketTrade) -> dict[str, Any]:
        first, last = self.range_of(trade.number)
        return {
            "a": trade.number,
            "p": _digits(trade.price),
            "q": _digits(trade.size),
            "f": first,
            "l": last,
            "T": trade.time // MILLISECOND,
            "m": trade.side == "sell",
            "M": True,
        }

    def too_many(self, status: int) -> Reply:
        """Code -1003; 418 once the address is banned."""
        said = "Way too many requests; IP banned" if status == 418 else "Too many requests"  # noqa: PLR2004
        return Reply(
            status, dumps({"code": -1003, "msg": f"{said}; current limit is 6000 request weight per 1 MINUTE."})
        )

    def failed(self, status: int) -> Reply:
        """Code -1001, or the web server's own page."""
        if status == 500:  # noqa: PLR2004
            return Reply(status, dumps({"code": -1001, "msg": "Internal error; unable to process your request."}))
        return Reply(status, "<html><body>Service Temporarily Unavailable</body></html>")

    def rows(self, body: Any) -> list[Any] | None:  # noqa: ANN401 - JSON
        """The answer itself."""
        return body if isinstance(body, list) else None


class BinanceFutures(Binance):
    """Binance USD-M futures: ranges of trade ids leave some out, for those trades are not aggregated."""

    name = "binance-futures"
    pings = 180.0
    path = "/fapi/v1/aggTrades"
    weight = ("X-MBX-USED-WEIGHT-1M", 20)
    roads: ClassVar[Mapping[str, tuple[str, ...]]] = {"/market": ("aggTrade",), "/public": ("bookTicker",)}
    """Each kind of data has its own; what is asked for on another one is taken and stays silent."""

    @staticmethod
    def range_of(number: int) -> tuple[int, int]:
        """As on the spot market, and one trade id of an insurance fund's trade after every tenth."""
        first, last = Binance.range_of(number)
        return first + number // 10, last + number // 10

    def _aggregate(self, trade: MarketTrade) -> str:
        return super()._aggregate(trade).replace(',"M":true', "")

    def _ticker(self, trade: MarketTrade) -> str:
        time = trade.time // MILLISECOND
        bid, bid_size, ask, ask_size = best_of(trade)
        return (
            f'{{"e":"bookTicker","u":{trade.number * 3},"s":"{trade.symbol}","b":"{bid}","B":"{bid_size}",'
            f'"a":"{ask}","A":"{ask_size}","T":{time},"E":{time + 1}}}'
        )

    def _row(self, trade: MarketTrade) -> dict[str, Any]:
        row = super()._row(trade)
        del row["M"]
        return row


def _digits(text: str) -> str:
    """Eight digits behind the point, as Binance pads them."""
    whole, _, part = text.partition(".")
    return f"{whole}.{part:0<8}"


def _refused(code: int, message: str) -> Reply:
    return Reply(400, dumps({"code": code, "msg": message}))
