"""The market behind a venue double: trades with consecutive numbers, the same for the same settings, everywhere."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import count
from typing import TYPE_CHECKING, Final

from barloom.testing.venues.laps import Laps
from barloom.testing.venues.trades import frame_of
from barloom.time.timeframe import MILLISECOND, SECOND, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import polars as pl

    from barloom.testing.venues.trades import MarketTrade

__all__ = ["START", "VenueMarket"]

START: Final = 1_762_776_000_000_000_000
"""2025-11-10T12:00:00Z: when a market begins unless told otherwise."""

_FIRST: Final = 1_000_001


@dataclass(frozen=True, slots=True)
class VenueMarket:
    """Trades in the order in which a venue makes them known.

    `start` is when it begins, in nanoseconds since the epoch; none says that times are counted from `START` and that a
    double may move them, so that they begin when it opens. The first `before` trades are history when it opens.
    `number` is the first trade's number of the first symbol; each further symbol begins a million higher.

    ::

        import barloom as bl

        market = bl.testing.VenueMarket.simulate(["BTC/USD", "ETH/USD"], trades=1_000, seed=7)
        print(market.frame())
    """

    trades: Sequence[MarketTrade]
    before: int = 0
    start: int | None = None

    def __post_init__(self) -> None:
        if not 0 <= self.before <= len(self._lap):
            message = f"a market of {len(self._lap)} trades cannot have {self.before} before it opens"
            raise ValueError(message)

    @classmethod
    def simulate(  # noqa: PLR0913 - each by its name
        cls,
        symbols: Sequence[str] = ("BTC/USD",),
        *,
        trades: int = 1_000,
        seed: int = 1,
        per_second: float = 20.0,
        disorder: float = 0.0,
        fills: float = 0.2,
        before: int = 0,
        start: int | None = None,
        number: int = _FIRST,
    ) -> VenueMarket:
        """A made-up market by `barloom.simulate`, with so many trades in all.

        `disorder` is the share of trades that carry a time a few milliseconds before their predecessor's, so that ids
        are not in the order of time. `fills` is the share of trades that are a further fill of the same order: with
        the time, price and side of the trade before.
        """
        from barloom.testing.venues.making import made  # noqa: PLC0415 - it loads numpy and polars

        rows = made(symbols, trades, seed, per_second, disorder, fills, START if start is None else start, number)
        return cls(tuple(rows), before, start)

    @classmethod
    def of(cls, trades: Iterable[MarketTrade], before: int = 0) -> VenueMarket:
        """A market of trades written by hand, at the times that they say."""
        rows = tuple(trades)
        return cls(rows, before, min((trade.time for trade in rows), default=START))

    def repeated(self, laps: int) -> VenueMarket:
        """The same trades again and again, with numbers and times that go on: a long market in little memory.

        A lap ends a whole second after its last trade. A double `keeps` only so much of such a market as history.
        """
        times = [trade.time for trade in self.trades]
        span = ((max(times) - min(times)) // SECOND + 1) * SECOND if times else SECOND
        return VenueMarket(Laps(self.trades, laps, span), self.before, self.start)

    @property
    def symbols(self) -> list[str]:
        """What is traded, in the order of the first trades."""
        return list(dict.fromkeys(trade.symbol for trade in self._lap))

    @property
    def _lap(self) -> Sequence[MarketTrade]:
        return self.trades.base if isinstance(self.trades, Laps) else self.trades

    def of_symbol(self, symbol: str) -> list[MarketTrade]:
        """The trades of one symbol."""
        return [trade for trade in self.trades if trade.symbol == symbol]

    def moved(self, by: int) -> VenueMarket:
        """The same market, that much later."""
        start = (START if self.start is None else self.start) + by
        return self._changed(lambda trade: trade._replace(time=trade.time + by), start)

    def cut(self, grid: int) -> VenueMarket:
        """The same market with times cut to a venue's precision, in nanoseconds."""
        return self._changed(lambda trade: trade._replace(time=trade.time // grid * grid), self.start)

    def paced(self, per_second: float) -> VenueMarket:
        """The same market with times that follow each other evenly from its start on; those before go back from it."""
        origin = START if self.start is None else self.start
        wait = SECOND / per_second
        places = count(-self.before)
        span = -(-round(len(self._lap) * wait) // MILLISECOND) * MILLISECOND
        return self._changed(lambda trade: trade._replace(time=origin + round(next(places) * wait)), self.start, span)

    def _changed(
        self, change: Callable[[MarketTrade], MarketTrade], start: int | None, span: int | None = None
    ) -> VenueMarket:
        if isinstance(self.trades, Laps):
            return VenueMarket(self.trades.changed(change, span), self.before, start)
        return VenueMarket(tuple(change(trade) for trade in self.trades), self.before, start)

    def frame(self) -> pl.DataFrame:
        """The trades as a Polars frame: symbol, trade_id, time, price, size, side; prices and sizes are decimals."""
        return frame_of(self.trades)

    def place_of(self, at: int | str) -> int:
        """Where something happens: after so many trades since the opening, or a written duration after it."""
        if isinstance(at, int):
            return min(self.before + at, len(self.trades))
        if self.before == len(self.trades):
            return self.before
        moment = self.trades[self.before].time + parse_duration(at)
        places: Iterator[int] = (place for place in range(self.before, len(self.trades)) if self._later(place, moment))
        return next(places, len(self.trades))

    def _later(self, place: int, moment: int) -> bool:
        return self.trades[place].time >= moment
