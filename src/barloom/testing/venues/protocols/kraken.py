"""Kraken, websocket v2: JSON numbers, a snapshot when asked for, history by time.

Sources: https://docs.kraken.com/exchange/api-reference/spot-websocket-v2/trade and .../ticker, .../heartbeat, .../ping,
https://docs.kraken.com/api-reference/market-data/get-recent-trades.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from barloom.testing.venues.protocols.exchange import Exchange, Form, Listener, Reply, best_of, dumps, grouped, stamp
from barloom.time.timeframe import MICROSECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.testing.venues.history import History
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["Kraken"]

_CHANNELS: Final = ("trade", "ticker")
_SNAPSHOT: Final = 50
_MOST: Final = 1_000
_OLD_NAMES: Final = {"BTC": "XBT", "DOGE": "XDG"}
_LETTERED: Final = {"XBT": "XXBT", "ETH": "XETH", "LTC": "XLTC", "XRP": "XXRP", "USD": "ZUSD", "EUR": "ZEUR"}
_SECONDS: Final = 1_000_000_000


class Kraken(Exchange):
    """Kraken's spot market."""

    name = "kraken"
    grid = MICROSECOND
    batch = 20
    quiet = True
    told = ("trade",)
    example = ("BTC/USD", "ETH/USD", "SOL/EUR")

    def writes(self, symbol: str) -> bool:
        """``BTC/USD``; stocks that are tokens end with a small x."""
        return re.fullmatch(r"[A-Z0-9.]+x?/[A-Z0-9.]+", symbol) is not None

    def connected(self, listener: Listener, history: History, now: int) -> list[str] | None:  # noqa: ARG002
        """The system's status comes first."""
        return [_status("online")] if listener.path.rstrip("/") == "/v2" else None

    def hear(self, listener: Listener, text: str, history: History, now: int) -> list[str]:
        """Methods subscribe, unsubscribe, ping; each symbol is answered by itself."""
        try:
            asked = json.loads(text)
        except ValueError:
            asked = {}
        method, params = asked.get("method"), asked.get("params") or {}
        number = {"req_id": asked["req_id"]} if "req_id" in asked else {}
        times = {"time_in": stamp(now), "time_out": stamp(now + 12_000)}
        if method == "ping":
            return [dumps({"method": "pong", **number, **times})]
        channel = params.get("channel")
        if method not in {"subscribe", "unsubscribe"} or channel not in _CHANNELS:
            return [
                dumps({"error": "Unsupported method or channel", "method": method, "success": False, **times, **number})
            ]
        answers, snapshots = [], []
        snapshot = params.get("snapshot", channel == "ticker")
        for symbol in params.get("symbol", ()):
            form = Form(channel, symbol)
            if not history.knows(symbol):
                error = f"Currency pair not supported {symbol}"
                said: dict[str, Any] = {"error": error, "method": method, "success": False, "symbol": symbol}
            else:
                said = {"method": method, "result": {"channel": channel, "symbol": symbol}, "success": True}
                if method == "unsubscribe":
                    listener.drop(form)
                else:
                    said["result"]["snapshot"] = snapshot
                    if form not in listener.forms and snapshot:
                        snapshots += self._snapshot(form, history)
                    listener.take(form)
            answers.append(dumps({**said, **times, **number}))
        return answers + snapshots

    def _snapshot(self, form: Form, history: History) -> list[str]:
        trades = history.by_time(form.symbol)[-_SNAPSHOT:]
        if form.channel == "ticker":
            return [_ticker(trade, "snapshot") for trade in trades[-1:]]
        return [_message(trades, "snapshot")]

    def beat(self, listener: Listener, history: History, now: int) -> list[str]:  # noqa: ARG002
        """About every second, where there is any subscription."""
        return ['{"channel":"heartbeat"}'] if listener.forms else []

    def trades(self, form: Form, trades: Sequence[MarketTrade]) -> Iterator[str]:
        """Several trades may come in one message."""
        if form.channel == "ticker":
            return (_ticker(trade, "update") for trade in trades)
        return (_message(group, "update") for group in grouped(trades, self.batch))

    def closing(self, listener: Listener, now: int) -> list[str]:  # noqa: ARG002
        """The system's status."""
        return [_status("maintenance")]

    def rest(self, path: str, query: Mapping[str, str], history: History, now: int) -> Reply:
        """Trades after a time, or the last thousand."""
        if path == "/0/public/Time":
            return Reply(200, dumps({"error": [], "result": {"unixtime": now // _SECONDS, "rfc1123": ""}}))
        if path != "/0/public/Trades":
            return Reply(200, dumps({"error": ["EGeneral:Unknown method"]}))
        symbol = next((name for name in history.symbols if query.get("pair") in _names(name)), None)
        if symbol is None:
            return Reply(200, dumps({"error": ["EQuery:Unknown asset pair"]}))
        since, most = query.get("since", "0"), query.get("count", str(_MOST))
        if not since.replace(".", "", 1).isdigit() or not most.isdigit() or not 1 <= int(most) <= _MOST:
            return Reply(200, dumps({"error": ["EGeneral:Invalid arguments"]}))
        if "since" in query:
            trades = history.by_time(symbol, _nanoseconds(since))[: int(most)]
        else:
            trades = history.by_time(symbol)[-int(most) :]
        last = str(trades[-1].time) if trades else str(_nanoseconds(since) or now)
        rows = ",".join(_row(trade) for trade in trades)
        return Reply(200, f'{{"error":[],"result":{{"{_names(symbol)[0]}":[{rows}],"last":"{last}"}}}}')

    def too_many(self, status: int) -> Reply:
        """The error EGeneral, whatever the status."""
        return Reply(status, dumps({"error": ["EGeneral:Too many requests"]}))

    def failed(self, status: int) -> Reply:
        """The error EService."""
        return Reply(status, dumps({"error": ["EService:Unavailable"]}))

    def rows(self, body: Any) -> list[Any] | None:  # noqa: ANN401 - JSON
        """The list beside `last`."""
        result = body.get("result") if isinstance(body, dict) else None
        lists = [value for value in result.values() if isinstance(value, list)] if result else []
        return lists[0] if lists else None


def _status(system: str) -> str:
    data = {"api_version": "v2", "connection_id": 13834774380200032777, "system": system, "version": "2.0.0"}
    return dumps({"channel": "status", "data": [data], "type": "update"})


def _message(trades: Sequence[MarketTrade], kind: str) -> str:
    rows = ",".join(
        f'{{"symbol":"{trade.symbol}","side":"{trade.side}","price":{trade.price},"qty":{trade.size},'
        f'"ord_type":"{_order(trade)}","trade_id":{trade.number},"timestamp":"{stamp(trade.time)}"}}'
        for trade in trades
    )
    return f'{{"channel":"trade","type":"{kind}","data":[{rows}]}}'


def _ticker(trade: MarketTrade, kind: str) -> str:
    bid, bid_size, ask, ask_size = best_of(trade)
    return (
        f'{{"channel":"ticker","type":"{kind}","data":[{{"symbol":"{trade.symbol}","bid":{bid},"bid_qty":{bid_size},'
        f'"ask":{ask},"ask_qty":{ask_size},"last":{trade.price},"volume":100.5,"vwap":{trade.price},"low":{bid},'
        f'"high":{ask},"change":0.0,"change_pct":0.0,"timestamp":"{stamp(trade.time)}"}}]}}'
    )


def _order(trade: MarketTrade) -> str:
    return "limit" if trade.number % 2 else "market"


def _row(trade: MarketTrade) -> str:
    seconds = f"{trade.time // _SECONDS}.{trade.time % _SECONDS // MICROSECOND:06}"
    return (
        f'["{trade.price}","{trade.size}",{float(seconds)!r},"{trade.side[0]}","{_order(trade)[0]}","",{trade.number}]'
    )


def _nanoseconds(since: str) -> int:
    """`since` in seconds or nanoseconds."""
    whole, _, part = since.partition(".")
    return int(whole) if len(whole) > 11 else int(whole) * _SECONDS + int(f"{part:0<9}"[:9])  # noqa: PLR2004


def _names(symbol: str) -> list[str]:
    """All names that REST takes for a pair; the first is the one it answers with."""
    base, quote = symbol.split("/")
    old = [_OLD_NAMES.get(part, part) for part in (base, quote)]
    full = (
        "".join(_LETTERED.get(part, part) for part in old) if all(part in _LETTERED for part in old) else "".join(old)
    )
    return [full, "".join(old), "/".join(old), base + quote, symbol]
