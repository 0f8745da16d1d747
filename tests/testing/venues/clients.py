"""Plain clients of venue doubles: they know venues from their documentation, and nothing of barloom's feeds."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from websockets.sync.client import ClientConnection

    from barloom.testing import VenueDouble

PATHS = {"binance": "/ws", "binance-futures": "/market/ws", "kraken": "/v2", "coinbase": "/", "okx": "/ws/v5/business"}
SYMBOLS = {
    "binance": ["BTCUSDT", "ETHUSDT"],
    "binance-futures": ["BTCUSDT", "ETHUSDT"],
    "kraken": ["BTC/USD", "ETH/USD"],
    "coinbase": ["BTC-USD", "ETH-USD"],
    "okx": ["BTC-USDT", "ETH-USDT-SWAP"],
}
BARRIERS = {
    "binance": '{"method":"LIST_SUBSCRIPTIONS","id":999}',
    "binance-futures": '{"method":"LIST_SUBSCRIPTIONS","id":999}',
    "kraken": '{"method":"ping","req_id":999}',
    "coinbase": '{"type":"barrier"}',
    "okx": "ping",
}
ANSWERS = {
    "binance": '"id":999',
    "binance-futures": '"id":999',
    "kraken": '"pong"',
    "coinbase": "barrier",
    "okx": "pong",
}


class Seen(NamedTuple):
    """A trade as a client of the venue sees it."""

    symbol: str
    number: int
    price: str
    size: str
    side: str


def subscription(venue: str, symbols: Sequence[str]) -> str:
    """How trades are asked for."""
    if venue.startswith("binance"):
        return json.dumps({"method": "SUBSCRIBE", "params": [f"{each.lower()}@aggTrade" for each in symbols], "id": 1})
    if venue == "kraken":
        params = {"channel": "trade", "symbol": list(symbols), "snapshot": False}
        return json.dumps({"method": "subscribe", "params": params})
    if venue == "coinbase":
        return json.dumps({"type": "subscribe", "product_ids": list(symbols), "channels": ["matches", "heartbeat"]})
    return json.dumps({"op": "subscribe", "args": [{"channel": "trades-all", "instId": each} for each in symbols]})


def trades_of(venue: str, text: str) -> Iterator[Seen]:
    """The trades in a message; of Coinbase the taker's side is the other one."""
    try:
        said = json.loads(text, parse_float=str, parse_int=str)
    except ValueError:
        return
    if not isinstance(said, dict):
        return
    if venue.startswith("binance") and said.get("e") == "aggTrade":
        yield Seen(said["s"], int(said["a"]), said["p"], said["q"], "sell" if said["m"] else "buy")
    elif venue == "kraken" and said.get("channel") == "trade":
        for row in said["data"]:
            yield Seen(row["symbol"], int(row["trade_id"]), row["price"], row["qty"], row["side"])
    elif venue == "coinbase" and said.get("type") == "match":
        side = {"buy": "sell", "sell": "buy"}[said["side"]]
        yield Seen(said["product_id"], int(said["trade_id"]), said["price"], said["size"], side)
    elif venue == "okx" and "data" in said:
        for row in said["data"]:
            yield Seen(row["instId"], int(row["tradeId"]), row["px"], row["sz"], row["side"])


def listen(
    venue: VenueDouble,
    symbols: Sequence[str],
    *,
    on_text: Callable[[str], object] = str,
    silence: float = 10.0,
) -> list[Seen]:
    """All trades that a client hears which reconnects whenever it has lost its connection, until the market is over."""
    seen: list[Seen] = []
    over = False
    while not over:
        try:
            with connect(f"{venue.websocket}{PATHS[venue.name]}", close_timeout=0.1) as websocket:
                websocket.send(subscription(venue.name, symbols))
                for text in _texts(venue, websocket, silence):
                    on_text(text)
                    seen += trades_of(venue.name, text)
                    over = ANSWERS[venue.name] in text
        except (ConnectionClosed, InvalidStatus):
            continue
    return seen


def _texts(venue: VenueDouble, websocket: ClientConnection, silence: float) -> Iterator[str]:
    """What is said, up to the answer to what is asked once the market is over; to nothing after a silence."""
    asked, waited = False, 0.0
    while waited < silence:
        if venue.done.is_set() and not asked:
            asked = True
            with suppress(ConnectionClosed):  # what came before the end is still to be read
                websocket.send(BARRIERS[venue.name])
        try:
            text = websocket.recv(timeout=0.05)
        except TimeoutError:
            waited += 0.05
            continue
        waited = 0.0
        assert isinstance(text, str)
        yield text
        if asked and ANSWERS[venue.name] in text:
            return


def messages(
    venue: VenueDouble, path: str, *texts: str, until: Callable[[dict[str, Any]], bool]
) -> list[dict[str, Any]]:
    """What is said on a new connection after some messages of the client's, up to the one that `until` picks."""
    with connect(f"{venue.websocket}{path}", close_timeout=0.1) as websocket:
        for text in texts:
            websocket.send(text)
        said: list[dict[str, Any]] = []
        while not said or not until(said[-1]):
            said.append(json.loads(websocket.recv(timeout=10)))
        return said


def ask(venue: VenueDouble, path: str, **params: object) -> httpx.Response:
    """Ask over HTTP."""
    return httpx.get(f"{venue.rest}{path}", params={name: str(value) for name, value in params.items()})
