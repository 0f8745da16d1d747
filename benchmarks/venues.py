"""What reading one trade of each venue costs: a message's text to its `Trade`, beside a plain decode of the same JSON.

Prints microseconds a message, the share of one core that 20,000 of them a second need, and the ratio to
``msgspec.json.decode``, which makes dictionaries and floats. Run it with ``python benchmarks/venues.py``.
"""

from __future__ import annotations

from time import perf_counter
from typing import TYPE_CHECKING

import msgspec

from barloom.feed.venues import venue

if TYPE_CHECKING:
    from collections.abc import Callable

MESSAGES = 100_000
ROUNDS = 5
RATE = 20_000
BINANCE = (
    '{"stream":"btcusdt@aggTrade","data":{"e":"aggTrade","E":1700000000123,"s":"BTCUSDT","a":15683430,'
    '"p":"35280.01000000","q":"0.00058000","f":19862790,"l":19862792,"T":1700000000123,"m":false,"M":true}}'
)
TEXTS = {
    "binance": BINANCE,
    "binance-futures": BINANCE,
    "coinbase": (
        '{"type":"match","trade_id":280232,"maker_order_id":"2a0da34e-0000-4c36-88e5-c9dd15927b16","taker_order_id":'
        '"3c82abaa-0000-4608-be59-6a1e69742891","side":"sell","size":"0.00985","price":"35280.01","product_id":"BTC-USD",'
        '"sequence":177100030,"time":"2023-11-14T22:13:20.089723Z"}'
    ),
    "kraken": (
        '{"channel":"trade","type":"update","data":[{"symbol":"BTC/USD","side":"buy","price":35280.10,"qty":0.00027625,'
        '"ord_type":"limit","trade_id":10218208,"timestamp":"2023-11-14T22:13:20.440295Z"}]}'
    ),
    "okx": (
        '{"arg":{"channel":"trades-all","instId":"BTC-USDT"},"data":[{"instId":"BTC-USDT","tradeId":"338476308",'
        '"px":"35280.1","sz":"0.001","side":"buy","ts":"1700000000123","source":"0"}]}'
    ),
}


def seconds(read: Callable[[str], object], text: str) -> float:
    """The best time of several rounds, for all messages."""

    def once() -> float:
        start = perf_counter()
        for _ in range(MESSAGES):
            read(text)
        return perf_counter() - start

    return min(once() for _ in range(ROUNDS))


def main() -> None:
    """Measure all venues."""
    for name, text in TEXTS.items():
        ours = seconds(venue(name).read, text)
        plain = seconds(msgspec.json.decode, text)
        share = ours / MESSAGES * RATE
        print(f"{name:<16} {ours / MESSAGES * 1e6:5.2f} us a message, {share:5.1%} of a core, {ours / plain:4.2f} x")


if __name__ == "__main__":
    main()
