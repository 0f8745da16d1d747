"""OKX v5: trades one by one on the business road, aggregated on the public one, history newest first.

Source: https://www.okx.com/docs-v5/en/ (WS / All trades channel, WS / Trades channel, WS / Order book channel bbo-tbt,
GET / Trades history, Error Code).
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final

from barloom.testing.venues.protocols.exchange import Exchange, Form, Listener, Reply, best_of, dumps
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.testing.venues.history import History
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["Okx"]

_ROADS: Final = {
    "/ws/v5/public": ("trades", "bbo-tbt", "tickers"),
    "/ws/v5/business": ("trades-all",),
}
_MOST: Final = {"/api/v5/market/history-trades": 100, "/api/v5/market/trades": 500}
_BY_TIME: Final = "2"


class Okx(Exchange):
    """OKX."""

    name = "okx"
    grid = MILLISECOND
    told = ("trades-all", "trades")
    example = ("BTC-USDT", "ETH-USDT", "SOL-USDT-SWAP")

    def writes(self, symbol: str) -> bool:
        """``BTC-USDT``, ``BTC-USDT-SWAP``."""
        return re.fullmatch(r"[A-Z0-9]+(-[A-Z0-9]+)+", symbol) is not None

    def connected(self, listener: Listener, history: History, now: int) -> list[str] | None:  # noqa: ARG002
        """Nothing is said before a subscription."""
        return [] if listener.path in _ROADS else None

    def hear(self, listener: Listener, text: str, history: History, now: int) -> list[str]:  # noqa: ARG002
        """Operations subscribe and unsubscribe, each argument answered by itself; the text ping."""
        if text == "ping":
            return ["pong"]
        try:
            asked = json.loads(text)
        except ValueError:
            asked = {}
        number = {"id": asked["id"]} if "id" in asked else {}
        if asked.get("op") not in {"subscribe", "unsubscribe"}:
            return [self._error("60012", f"Illegal request: {text}", listener, number)]
        answers = []
        for argument in asked.get("args", ()):
            form = Form(argument.get("channel", ""), argument.get("instId", ""))
            if form.channel not in _ROADS[listener.path] or not history.knows(form.symbol):
                wrong = f"channel:{form.channel},instId:{form.symbol}"
                message = f"Wrong URL or {wrong} doesn't exist. Please use the correct URL, channel and parameters"
                answers.append(self._error("60018", f"{message} referring to API document.", listener, number))
                continue
            (listener.take if asked["op"] == "subscribe" else listener.drop)(form)
            answers.append(dumps({**number, "event": asked["op"], "arg": argument, "connId": listener.identity}))
        return answers

    @staticmethod
    def _error(code: str, message: str, listener: Listener, number: Mapping[str, Any]) -> str:
        return dumps({**number, "event": "error", "code": code, "msg": message, "connId": listener.identity})

    def trades(self, form: Form, trades: Sequence[MarketTrade]) -> Iterator[str]:
        """`trades-all` one by one; `trades` one message for what one order took at one price."""
        argument = f'{{"channel":"{form.channel}","instId":"{form.symbol}"}}'
        if form.channel == "trades-all":
            data = (_row(trade) for trade in trades)
        elif form.channel == "trades":
            groups = (list(group) for _, group in groupby(enumerate(trades), _taken_together))
            data = (_aggregate([trade for _, trade in group]) for group in groups)
        else:
            data = (_best(trade) if form.channel == "bbo-tbt" else _ticker(trade) for trade in trades)
        return (f'{{"arg":{argument},"data":[{row}]}}' for row in data)

    def closing(self, listener: Listener, now: int) -> list[str]:  # noqa: ARG002
        """The notice 64008."""
        message = "The connection will soon be closed for a service upgrade. Please reconnect."
        return [dumps({"event": "notice", "code": "64008", "msg": message, "connId": listener.identity})]

    def rest(self, path: str, query: Mapping[str, str], history: History, now: int) -> Reply:
        """A page of trades, newest first, by trade id or time."""
        if path == "/api/v5/public/time":
            return _answer([{"ts": str(now // MILLISECOND)}])
        if path not in _MOST:
            return Reply(404, dumps({"code": "404", "data": [], "msg": "Not Found"}))
        symbol, most = query.get("instId", ""), _MOST[path]
        if not symbol:
            return _refused("50014", "Parameter instId can not be empty.")
        if not history.knows(symbol):
            return _refused("51001", "Instrument ID, Instrument ID code, or Spread ID doesn't exist.")
        if any(not query.get(name, "0").isdigit() for name in ("after", "before", "limit")):
            return _refused("51000", "Parameter error")
        limit = min(int(query.get("limit", "100")), most)
        trades: Sequence[MarketTrade] = history.run(symbol).trades
        if path.endswith("/history-trades"):
            trades = _between(trades, query)
        return _answer([_fields(trade) for trade in trades[-limit:][::-1]])

    def too_many(self, status: int) -> Reply:
        """Code 50011."""
        return Reply(status, dumps({"code": "50011", "data": [], "msg": "Too Many Requests"}))

    def failed(self, status: int) -> Reply:
        """Code 50001, or 50026."""
        code, message = ("50026", "System error") if status == 500 else ("50001", "Service temporarily unavailable")  # noqa: PLR2004
        return Reply(status, dumps({"code": code, "data": [], "msg": f"{message}. Try again later"}))

    def rows(self, body: Any) -> list[Any] | None:  # noqa: ANN401 - JSON
        """What stands in `data`."""
        return body.get("data") if isinstance(body, dict) else None


def _taken_together(placed: tuple[int, MarketTrade]) -> tuple[object, ...]:
    """Trades follow each other and are of one time, price and side."""
    place, trade = placed
    return trade.number - place, trade.time, trade.price, trade.side


def _aggregate(trades: Sequence[MarketTrade]) -> str:
    whole = trades[-1]
    if len(trades) > 1:
        whole = whole._replace(size=_sum([trade.size for trade in trades]))
    return f'{_row(whole)[:-1]},"count":"{len(trades)}","source":"0","seqId":{whole.number * 2}}}'


def _sum(sizes: Sequence[str]) -> str:
    return str(sum((Decimal(size) for size in sizes), Decimal(0)))


def _row(trade: MarketTrade) -> str:
    return (
        f'{{"instId":"{trade.symbol}","tradeId":"{trade.number}","px":"{trade.price}","sz":"{trade.size}",'
        f'"side":"{trade.side}","ts":"{trade.time // MILLISECOND}"}}'
    )


def _fields(trade: MarketTrade) -> dict[str, Any]:
    return {
        "instId": trade.symbol,
        "side": trade.side,
        "sz": trade.size,
        "px": trade.price,
        "source": "0",
        "tradeId": str(trade.number),
        "ts": str(trade.time // MILLISECOND),
    }


def _best(trade: MarketTrade) -> str:
    bid, bid_size, ask, ask_size = best_of(trade)
    time = trade.time // MILLISECOND
    levels = {"asks": [[ask, ask_size, "0", "2"]], "bids": [[bid, bid_size, "0", "2"]]}
    return dumps({**levels, "ts": str(time), "seqId": trade.number * 2})


def _ticker(trade: MarketTrade) -> str:
    bid, bid_size, ask, ask_size = best_of(trade)
    last = {"instType": "SPOT", "instId": trade.symbol, "last": trade.price, "lastSz": trade.size}
    best = {"askPx": ask, "askSz": ask_size, "bidPx": bid, "bidSz": bid_size}
    day = {"open24h": trade.price, "high24h": ask, "low24h": bid, "volCcy24h": "1000.5", "vol24h": "100.5"}
    start = {"sodUtc0": trade.price, "sodUtc8": trade.price, "ts": str(trade.time // MILLISECOND)}
    return dumps({**last, **best, **day, **start})


def _between(trades: Sequence[MarketTrade], query: Mapping[str, str]) -> Sequence[MarketTrade]:
    """Earlier than `after` and, by trade id only, newer than `before`."""
    if query.get("type", "1") == _BY_TIME:
        before = int(query["after"]) * MILLISECOND if "after" in query else 1 << 63
        return [trade for trade in trades if trade.time < before]
    after, newer = int(query.get("after", 1 << 63)), int(query.get("before", 0))
    return [trade for trade in trades if newer < trade.number < after]


def _answer(data: list[dict[str, Any]]) -> Reply:
    return Reply(200, dumps({"code": "0", "msg": "", "data": data}))


def _refused(code: str, message: str) -> Reply:
    return Reply(200, dumps({"code": code, "msg": message, "data": []}))
