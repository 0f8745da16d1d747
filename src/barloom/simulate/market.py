"""A deterministic, realistic market of ticks: bursts and quiet keys, and everything that goes wrong on the way here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.simulate.definition import ALWAYS, base_of, definition_of
from barloom.simulate.files import write_frames
from barloom.simulate.hours import Hours
from barloom.simulate.trading import Trading
from barloom.simulate.travel import KINDS, Rows, Shares, Travel
from barloom.time.timeframe import SECOND, Timeframe, parse_duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.time.calendar import Integers

__all__ = ["KINDS", "Market"]

_SCENES_AT_ONCE: Final = 64
_PRICE_SCALE: Final = 2
_SIZE_SCALE: Final = 3
_SIZE_UNIT: Final = 10
_DIGITS: Final = 18
_START: Final = 1_762_776_000 * SECOND  # 2025-11-10T12:00:00Z
_DATE: Final = date(2025, 11, 10)


@dataclass(frozen=True, slots=True)
class Market:
    """Ticks of a made-up market, the same for the same settings, everywhere.

    `ticks` rows (none: no end) at `rate` rows a second on average, or spread over about so many trading `days`, in
    `keys` symbols, from `start` (nanoseconds UTC, or a trading date: its open) on. With a `calendar` other than 24x7
    there are trades only in its sessions, and the definition has timeframes from one minute to a month.

    Rows come in the order of their arrival, some milliseconds after their event time. The shares of `ticks` that do
    not: `out_of_order` rows arrive behind younger ones but within `delay`; `late` ones after their slot of the finest
    timeframe and `delay` are over; `future` ones carry an event time far beyond their arrival; `duplicates` are a row
    sent twice; `outside` ones happen while the market is closed (where it ever is).

    A market is an iterable of Polars frames with the columns symbol, at, price, size, id, arrival: it can be given to
    `barloom.run` as it is, together with its `definition`.
    """

    ticks: int | None = 100_000
    keys: int = 12
    seed: int = 1
    rate: float = 200.0
    start: int | date | None = None
    delay: str = "2s"
    out_of_order: float = 0.05
    late: float = 0.002
    future: float = 0.0005
    duplicates: float = 0.002
    calendar: str = ALWAYS
    days: int | None = None
    outside: float = 0.001

    def __post_init__(self) -> None:
        shares = (self.out_of_order, self.late, self.future, self.duplicates, self.outside)
        if min(shares) < 0 or sum(shares) > 1:
            message = (
                f"the shares of out_of_order, late, future, duplicates and outside are {shares}; they are parts of 1"
            )
            raise ValueError(message)
        if self.days is not None and (self.days < 1 or not self.ticks):
            message = f"ticks are spread over at least one day, and there are some to spread: {self}"
            raise ValueError(message)
        if self.keys < 1 or self.rate <= 0 or (self.ticks is not None and self.ticks < 0):
            message = f"a market has at least one key, a rate above 0 and no negative ticks: {self}"
            raise ValueError(message)

    def __iter__(self) -> Iterator[pl.DataFrame]:
        """The ticks, frame by frame."""
        return (frame.drop("kind") for frame in self.labelled())

    @property
    def symbols(self) -> list[str]:
        """The names of the keys."""
        return [_symbol(number) for number in range(self.keys)]

    @property
    def definition(self) -> str:
        """A definition in TOML that fits the ticks, in whatever format they are written."""
        return definition_of(self.calendar, self.delay)

    def labelled(self) -> Iterator[pl.DataFrame]:
        """The ticks with a column `kind` that says of each row what is special about it (one of `KINDS`)."""
        left = self.ticks
        for rows in self._arriving():
            if left is not None and len(rows.arrival) >= left:
                yield self._frame(rows.take(np.arange(left)))
                return
            left = None if left is None else left - len(rows.arrival)
            yield self._frame(rows)

    def write(self, path: str | Path, on_progress: Callable[[int], None] | None = None) -> int:
        """Write the ticks to a ``.csv``, ``.jsonl`` (each also ``.gz``) or ``.parquet`` file; the number of rows.

        `on_progress` is called with the number of rows so far. `ValueError` for another extension or an endless market.
        """
        if self.ticks is None:
            message = "a market without end cannot be written; state how many ticks"
            raise ValueError(message)
        return write_frames(self, Path(path), on_progress)

    def _arriving(self) -> Iterator[Rows]:
        """Rows in the order of arrival. What is younger than the last trade so far has to wait for later trades."""
        default = _START if self.calendar == ALWAYS else _DATE
        hours = Hours(self.calendar, default if self.start is None else self.start)
        trading = Trading(self.seed, self.keys, round(SECOND / self.rate), hours.start)
        if self.days is not None and self.ticks is not None:
            trading.fill(hours.of_days(self.days), round(self.ticks * (1 - self.duplicates)))
        travel = self._travel(hours)
        scenes = _SCENES_AT_ONCE if self.ticks is None else min(_SCENES_AT_ONCE, self.ticks // trading.SCENE + 1)
        waiting = Rows.none()
        while True:
            trades = trading.next(scenes)
            happened = Rows(trades.number, hours.moments(trades.time), trades.key, trades.price, trades.size)
            rows = waiting.and_then(travel.of(happened))
            rows = rows.take(np.lexsort((rows.number, rows.arrival)))
            settled = int(np.searchsorted(rows.arrival, happened.time[-1], "left"))
            waiting = rows.take(np.arange(settled, len(rows.arrival)))
            yield rows.take(np.arange(settled))

    def _travel(self, hours: Hours) -> Travel:
        outside = self.outside if hours.closes else 0.0
        shares = Shares(self.out_of_order, self.late, self.future, self.duplicates, outside)
        base = Timeframe.parse(base_of(self.calendar)).nanos
        return Travel(self.seed, shares, hours, delay=parse_duration(self.delay), base=base)

    def _frame(self, rows: Rows) -> pl.DataFrame:
        names = pl.Series(self.symbols)
        return pl.DataFrame(
            {
                "symbol": names.gather(pl.Series(rows.key)),
                "at": pl.Series(rows.time).cast(pl.Datetime("ns", "UTC")),
                "price": _decimals(rows.price, _PRICE_SCALE),
                "size": _decimals(rows.size * _SIZE_UNIT, _SIZE_SCALE),
                "id": pl.Series(rows.number + 1),
                "arrival": pl.Series(rows.arrival).cast(pl.Datetime("ns", "UTC")),
                "kind": pl.Series(KINDS).gather(pl.Series(rows.kind)),
            }
        )


def _symbol(number: int) -> str:
    """AAA, AAB, … as a letter number."""
    letters = []
    for _ in range(3):
        number, place = divmod(number, 26)
        letters.append(chr(ord("A") + place))
    return "".join(reversed(letters)) + (str(number) if number else "")


def _decimals(numbers: Integers, scale: int) -> pl.Series:
    return pl.Series(numbers).cast(pl.Int128).reinterpret(dtype=pl.Decimal(_DIGITS, scale))
