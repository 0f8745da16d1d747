"""What a venue double has made known so far, as its history answers it."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.testing.venues.trades import MarketTrade

__all__ = ["History", "Run"]


@dataclass(slots=True)
class Run:
    """A symbol's trades in the order of their numbers; after a restart of the numbers those since then."""

    numbers: list[int] = field(default_factory=list)
    trades: list[MarketTrade] = field(default_factory=list)
    restart: int = 0
    latest: MarketTrade | None = None

    def shorten(self, keeps: int) -> None:
        """Forget the oldest where there are more than so many."""
        del self.numbers[:-keeps], self.trades[:-keeps]

    def add(self, trade: MarketTrade, *, kept: bool) -> None:
        """A trade is made known; one that is not `kept` history will never have."""
        if trade.restart != self.restart:
            self.numbers, self.trades, self.restart = [], [], trade.restart
        self.latest = trade
        if kept:
            self.numbers.append(trade.number)
            self.trades.append(trade)

    def beyond(self, number: int) -> list[MarketTrade]:
        """Those with a larger number."""
        return self.trades[bisect_right(self.numbers, number) :]

    def below(self, number: int) -> list[MarketTrade]:
        """Those with a smaller number."""
        return self.trades[: bisect_left(self.numbers, number)]


class History:
    """All symbols' trades that happened, or the latest that it `keeps` of each.

    What is `forgotten` it does not have, and the latest may `lag`.
    """

    def __init__(
        self,
        symbols: Iterable[str],
        forgotten: frozenset[tuple[str, int, int]] = frozenset(),
        keeps: int | None = None,
    ) -> None:
        self._keeps = keeps
        self._runs = {symbol: Run() for symbol in symbols}
        self._forgotten = forgotten
        self._all: dict[str, list[MarketTrade]] = {symbol: [] for symbol in self._runs}
        self.lag = 0

    def begin(self, trades: Iterable[MarketTrade]) -> None:
        """These happened before, and nothing else did."""
        self._runs = {symbol: Run() for symbol in self._runs}
        self._all = {symbol: [] for symbol in self._runs}
        for trade in trades:
            self.add(trade)

    def add(self, trade: MarketTrade) -> None:
        """A trade is made known."""
        kept = (trade.symbol, trade.restart, trade.number) not in self._forgotten
        self._runs[trade.symbol].add(trade, kept=kept)
        if kept:
            trades = self._all[trade.symbol]
            if trades and trades[-1].time >= trade.time:
                insort(trades, trade, key=_by_time)
            else:
                trades.append(trade)
            if self._keeps is not None and len(trades) > 2 * self._keeps:
                # Now and then, since it costs as much as there is.
                self._runs[trade.symbol].shorten(self._keeps)
                del trades[: -self._keeps]

    def drop(self, symbol: str) -> None:
        """A symbol is known no more."""
        self._runs.pop(symbol, None)

    def knows(self, symbol: str) -> bool:
        """Whether the venue has such a symbol."""
        return symbol in self._runs

    @property
    def symbols(self) -> list[str]:
        """Those that are traded."""
        return list(self._runs)

    def latest(self, symbol: str) -> MarketTrade | None:
        """A symbol's last trade, also where history does not have it."""
        return self._runs[symbol].latest

    def run(self, symbol: str) -> Run:
        """A symbol's trades by number."""
        run = self._runs[symbol]
        if not self.lag:
            return run
        return Run(run.numbers[: -self.lag], run.trades[: -self.lag], run.restart, run.latest)

    def by_time(self, symbol: str, after: int | None = None) -> list[MarketTrade]:
        """A symbol's trades in the order of time, those before a restart of its numbers too; all, or after a time."""
        trades = self._all[symbol]
        first = 0 if after is None else bisect_right(trades, after, key=_time)
        return trades[first : len(trades) - self.lag]


def _time(trade: MarketTrade) -> int:
    return trade.time


def _by_time(trade: MarketTrade) -> tuple[int, ...]:
    return trade.time, trade.restart, trade.number
