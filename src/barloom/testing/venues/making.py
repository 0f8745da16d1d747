"""How a market for a venue double is made of a simulated one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.simulate import Market
from barloom.simulate.dice import Dice
from barloom.testing.venues.trades import MarketTrade
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["made"]

_APART: Final = 1_000_000
_BACK: Final = 4 * MILLISECOND
_DUST: Final = 100_000
"""Sizes get five more digits, so that who reads them as floats is found out."""


def made(  # noqa: PLR0913, PLR0917 - handed through
    symbols: Sequence[str],
    trades: int,
    seed: int,
    per_second: float,
    disorder: float,
    fills: float,
    start: int,
    number: int,
) -> list[MarketTrade]:
    """The trades of `VenueMarket.simulate`. Raises `ValueError` for symbols or shares that make no market."""
    _check(symbols, trades, disorder, fills)
    shares = dict.fromkeys(("out_of_order", "late", "future", "duplicates", "outside"), 0.0)
    market = Market(ticks=trades, keys=len(symbols), seed=seed, rate=per_second, start=start, **shares)  # type: ignore[arg-type]
    names = dict(zip(market.symbols, symbols, strict=True))
    places = np.arange(trades)
    dust = Dice(seed, 20).below(_DUST, places)
    side = Dice(seed, 21).below(2, places)
    back = Dice(seed, 22).chance(disorder, places)
    more = Dice(seed, 23).chance(fills, places)
    following = {symbol: number + place * _APART for place, symbol in enumerate(symbols)}
    last: dict[str, MarketTrade] = {}
    rows: list[MarketTrade] = []
    for frame in market:
        for symbol, at, price, size in (
            frame.sort("id").select("symbol", "at", "price", "size").cast({"at": int}).rows()
        ):
            place, name = len(rows), names[symbol]
            text = f"{size}{dust[place]:05}"
            trade = MarketTrade(name, following[name], at, str(price), text, ("buy", "sell")[side[place]])
            before = last.get(name)
            if more[place] and rows and before is rows[-1]:
                trade = trade._replace(time=before.time, price=before.price, side=before.side)
            elif back[place] and before is not None:
                trade = trade._replace(time=before.time - _BACK)
            last[name] = trade
            following[name] += 1
            rows.append(trade)
    return rows


def _check(symbols: Sequence[str], trades: int, disorder: float, fills: float) -> None:
    if isinstance(symbols, str):
        message = f"symbols are a list: [{symbols!r}]"
        raise TypeError(message)
    if not symbols or len(set(symbols)) < len(symbols):
        message = f"a market has at least one symbol and each once, not {list(symbols)}"
        raise ValueError(message)
    if trades < 0 or not 0 <= disorder <= 1 or not 0 <= fills <= 1:
        message = f"trades is not negative, disorder and fills are parts of 1: {trades}, {disorder}, {fills}"
        raise ValueError(message)
