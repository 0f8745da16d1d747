"""A market that goes round and round, so that one of an hour or a day needs no more memory than one of minutes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import overload

from barloom.testing.venues.trades import MarketTrade

__all__ = ["Laps"]


class Laps(Sequence[MarketTrade]):
    """The trades of `base` again and again, `laps` times in all, `span` nanoseconds after each other.

    Numbers go on: each symbol's by as many as it has trades in a lap.
    """

    def __init__(self, base: Sequence[MarketTrade], laps: int, span: int) -> None:
        if laps < 1 or not base:
            message = f"a market goes round at least once, and with trades: {laps} laps of {len(base)}"
            raise ValueError(message)
        self.base, self.laps, self.span = tuple(base), laps, span
        self._length = len(self.base) * laps

    @cached_property
    def _counts(self) -> Counter[str]:
        return Counter(trade.symbol for trade in self.base)

    def __len__(self) -> int:
        return self._length

    @overload
    def __getitem__(self, place: int) -> MarketTrade: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[MarketTrade]: ...

    def __getitem__(self, place: int | slice) -> MarketTrade | Sequence[MarketTrade]:
        if isinstance(place, slice):
            return [self[each] for each in range(*place.indices(len(self)))]
        if not -self._length <= place < self._length:
            message = f"there is no trade {place} among {self._length}"
            raise IndexError(message)
        lap, within = divmod(place % self._length, len(self.base))
        symbol, number, time, price, size, side, restart = self.base[within]
        number, time = number + lap * self._counts[symbol], time + lap * self.span
        return MarketTrade(symbol, number, time, price, size, side, restart)

    def __iter__(self) -> Iterator[MarketTrade]:
        return (self[place] for place in range(len(self)))

    def changed(self, change: Callable[[MarketTrade], MarketTrade], span: int | None = None) -> Laps:
        """The same with each trade of a lap changed."""
        return Laps([change(trade) for trade in self.base], self.laps, self.span if span is None else span)
