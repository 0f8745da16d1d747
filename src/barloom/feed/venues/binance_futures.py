"""Binance, USD-M futures: aggregated trades as on the spot market, but on an address of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.feed.protocol import Addresses, Channel, Limits, Ping
from barloom.feed.venues.binance import Binance

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["BinanceFutures"]


class BinanceFutures(Binance):
    """USD-M futures.

    Of its numbers only that of the aggregated trade is without holes: insurance fund and liquidation trades have trade
    ids and are in no aggregate.
    """

    name = "binance-futures"
    addresses = Addresses("wss://fstream.binance.com", "https://fapi.binance.com")
    limits = Limits(symbols=200, messages=8, life=86_400, weight=1_920, window=60)
    ping = Ping(every=20, silence=45)
    together = False
    path = "/fapi/v1/aggTrades"
    weight = 20

    def connect(self, symbols: Sequence[str], channels: Sequence[Channel]) -> str:  # noqa: ARG002
        """Trades are market data, and best bid and ask public data, each below a path of its own."""
        return "/public/stream" if Channel.QUOTES in channels else "/market/stream"
