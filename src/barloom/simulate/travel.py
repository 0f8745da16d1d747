"""What happens to trades between the market and here: latency, detours, wrong clocks, repetitions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.simulate.dice import Dice
from barloom.time.timeframe import MILLISECOND, SECOND

if TYPE_CHECKING:
    from barloom.simulate.hours import Hours
    from barloom.time.calendar import Booleans, Integers

__all__ = ["KINDS", "Rows", "Shares", "Travel"]

KINDS: Final = ("plain", "out_of_order", "late", "future", "duplicate", "outside")
"""What can be said of a row of `Market.labelled`."""

_LATENCY: Final = (MILLISECOND, 40 * MILLISECOND)
_REPEATED_AFTER: Final = (5 * MILLISECOND, 200 * MILLISECOND)
_AHEAD: Final = (30 * SECOND, 120 * SECOND)
_LATE_BY: Final = (3 * SECOND, 12 * SECOND)
_PARTS: Final = 1 << 20


class Rows(NamedTuple):
    """Rows as parallel columns; `kind` is a position in `KINDS`."""

    number: Integers
    time: Integers
    key: Integers
    price: Integers
    size: Integers
    arrival: Integers = np.zeros(0, np.int64)
    kind: Integers = np.zeros(0, np.int64)

    @classmethod
    def none(cls) -> Rows:
        """No rows."""
        return cls(*(np.zeros(0, np.int64) for _ in cls._fields))

    def take(self, places: Integers | Booleans) -> Rows:
        """Some of them."""
        return Rows(*(column[places] for column in self))

    def and_then(self, others: Rows) -> Rows:
        """These rows and behind them others."""
        return Rows(*(np.concatenate(pair) for pair in zip(self, others, strict=True)))


@dataclass(frozen=True, slots=True)
class Shares:
    """Which parts of all rows have which trouble."""

    out_of_order: float
    late: float
    future: float
    duplicates: float
    outside: float


class Travel:
    """From trades to rows with a time of arrival; each draw depends on the trade's number alone."""

    def __init__(self, seed: int, shares: Shares, hours: Hours, *, delay: int, base: int) -> None:
        self._fates, self._latency, self._detour, self._again, self._aside = (Dice(seed, each) for each in range(7, 12))
        wanted = (shares.out_of_order, shares.late, shares.future, shares.duplicates, shares.outside)
        # A duplicate is a row of its own, so it is drawn among fewer than all rows.
        whole = 1 - shares.duplicates
        self._edges = np.cumsum([round(_PARTS * share / whole) for share in wanted])
        self._hours = hours
        self._delay = delay
        self._over = delay + base

    def of(self, trades: Rows) -> Rows:
        """The rows of some trades; they are not yet in the order of their arrival."""
        number = trades.number
        fate = np.searchsorted(self._edges, self._fates.below(_PARTS, number), "right")
        disordered, late, future, repeated, outside = (fate == each for each in range(5))
        latency = self._latency.between(*_LATENCY, number)
        longest = max(self._delay * 4 // 5, 2 * _LATENCY[1])
        latency = np.where(disordered, self._detour.between(_LATENCY[1], longest, number), latency)
        latency = np.where(late, self._over + self._detour.between(*_LATE_BY, number), latency)
        happened = trades.time.copy()
        if outside.any():
            happened[outside] = self._hours.aside(happened[outside], self._aside, number[outside])
        arrival = happened + latency // 1_000 * 1_000
        ahead = self._detour.between(*_AHEAD, number) // 1_000 * 1_000
        time = np.where(future, arrival + ahead, happened)
        kind = np.select([disordered, late, future, outside], [1, 2, 3, 5], 0)
        rows = trades._replace(time=time, arrival=arrival, kind=kind)
        copies = rows.take(repeated)
        later = self._again.between(*_REPEATED_AFTER, copies.number)
        copies = copies._replace(arrival=copies.arrival + later // 1_000 * 1_000, kind=np.full(len(later), 4))
        return rows.and_then(copies)
