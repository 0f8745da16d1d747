"""A market's history as each venue's REST interface gives it, written from the venues' documentation."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

SYMBOLS = {
    "binance": "BTCUSDT",
    "binance-futures": "BTCUSDT",
    "coinbase": "BTC-USD",
    "kraken": "BTC/USD",
    "okx": "BTC-USDT",
}
DATE = "Tue, 14 Nov 2023 22:13:25 GMT"


class Print(NamedTuple):
    """A trade of the market: its number, its time in microseconds, and what was traded for how much."""

    number: int
    time: int
    price: str
    size: str


def answered(name: str, request: httpx.Request, prints: Sequence[Print]) -> httpx.Response:
    """What the venue answers a request with."""
    params = dict(request.url.params)
    body = _ANSWERS[name](request.url.path, params, prints)
    return httpx.Response(200, headers={"Date": DATE}, content=json.dumps(body))


def _binance(path: str, params: Mapping[str, str], prints: Sequence[Print]) -> object:
    assert path in {"/api/v3/aggTrades", "/fapi/v1/aggTrades"}
    assert params["symbol"] == "BTCUSDT"
    limit = int(params.get("limit", 500))
    if "fromId" in params:
        chosen = [item for item in prints if item.number >= int(params["fromId"])][:limit]
    elif "startTime" in params:
        chosen = [item for item in prints if item.time // 1000 >= int(params["startTime"])][:limit]
    else:
        chosen = list(prints)[-limit:]
    return [
        {"a": number, "p": price, "q": size, "f": 3 * number, "l": 3 * number + 2, "T": time // 1000, "m": False}
        for number, time, price, size in chosen
    ]


def _coinbase(path: str, params: Mapping[str, str], prints: Sequence[Print]) -> object:
    assert path == "/products/BTC-USD/trades"
    limit = int(params.get("limit", 1000))
    below = int(params["after"]) if "after" in params else None
    chosen = [item for item in prints if below is None or item.number < below][-limit:]
    return [
        {"trade_id": number, "price": price, "size": size, "side": "sell", "time": _iso(time)}
        for number, time, price, size in reversed(chosen)
    ]


def _kraken(path: str, params: Mapping[str, str], prints: Sequence[Print]) -> object:
    assert path == "/0/public/Trades"
    assert params["pair"] == "XBTUSD"
    count = int(params.get("count", 1000))
    if "since" in params:
        chosen = [item for item in prints if item.time * 1000 > int(params["since"])][:count]
    else:
        chosen = list(prints)[-count:]
    last = chosen[-1].time * 1000 if chosen else int(params.get("since", 0))
    rows = [[price, size, time / 1e6, "b", "l", "", number] for number, time, price, size in chosen]
    return {"error": [], "result": {"XXBTZUSD": rows, "last": str(last)}}


def _okx(path: str, params: Mapping[str, str], prints: Sequence[Print]) -> object:
    assert params["instId"] == "BTC-USDT"
    limit = int(params.get("limit", 100))
    assert limit <= 100
    chosen = list(prints)
    if path == "/api/v5/market/history-trades" and params["type"] == "1":
        chosen = [item for item in prints if item.number < int(params["after"])]
    elif path == "/api/v5/market/history-trades":
        chosen = [item for item in prints if item.time // 1000 < int(params["after"])]
    else:
        assert path == "/api/v5/market/trades"
    rows = [
        {
            "instId": "BTC-USDT",
            "tradeId": str(number),
            "px": price,
            "sz": size,
            "side": "buy",
            "ts": str(time // 1000),
        }
        for number, time, price, size in reversed(chosen[-limit:])
    ]
    return {"code": "0", "msg": "", "data": rows}


def _iso(microseconds: int) -> str:
    moment = datetime.fromtimestamp(microseconds // 1_000_000, UTC).replace(microsecond=microseconds % 1_000_000)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment:%f}Z"


_ANSWERS: dict[str, Callable[[str, Mapping[str, str], Sequence[Print]], object]] = {
    "binance": _binance,
    "binance-futures": _binance,
    "coinbase": _coinbase,
    "kraken": _kraken,
    "okx": _okx,
}
