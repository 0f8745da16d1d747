"""Local times to UTC, also where the clocks are set back and an hour comes twice.

Which of the two is meant is stated: none (such a row is refused), the ``earlier``, the ``later``, or what the ``order``
of the rows says: the earlier one until the times step back, for that is where the second hour begins. Steps back of up
to `STEP` are ticks out of order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers

__all__ = ["STEP", "Twice", "to_utc"]

STEP: Final = 10 * SECOND
"""How far rows may step back within one of the two hours."""


@dataclass(slots=True)
class Twice:
    """Which of two times one is that comes twice; `last` is the time of the latest row, where the order tells."""

    rule: str = "refuse"
    last: int | None = None

    def settled(self) -> Twice:
        """The same, as far as it is known without other rows than one's own: the order of rows says nothing then."""
        return Twice("refuse") if self.rule == "order" else self


def to_utc(local: pl.Series, zone: str, twice: Twice) -> pl.Series:
    """Nanoseconds UTC of nanoseconds of local time, null for hours that do not come, or twice without a rule."""
    if twice.rule == "refuse":
        return _utc(local, zone, "null")
    if twice.rule != "order":
        return _utc(local, zone, "earliest" if twice.rule == "earlier" else "latest")
    early, late = _utc(local, zone, "earliest"), _utc(local, zone, "latest")
    differ = (early != late).fill_null(value=False)
    times = _by_order(early, late, differ.to_numpy(), twice.last) if differ.any() else early
    known = times.drop_nulls()
    twice.last = int(known[-1]) if len(known) else twice.last
    return times


def _utc(local: pl.Series, zone: str, ambiguous: str) -> pl.Series:
    stamps = local.cast(pl.Datetime("ns"))
    return stamps.dt.replace_time_zone(zone, ambiguous=ambiguous, non_existent="null").to_physical()  # type: ignore[arg-type]  # one of Polars' words


def _by_order(early: pl.Series, late: pl.Series, differ: Booleans, last: int | None) -> pl.Series:
    """Row by row, but only those that come twice: an hour or so in a year."""
    chosen: Integers = early.fill_null(0).to_numpy().copy()
    later: Integers = late.fill_null(0).to_numpy()
    known = early.is_not_null().to_numpy()
    before = _previous(known)
    for row in np.flatnonzero(differ).tolist():
        previous = last if before[row] < 0 else int(chosen[before[row]])
        if previous is not None and chosen[row] < previous - STEP <= later[row]:
            chosen[row] = later[row]
    return pl.Series(chosen).set(pl.Series(~known), None)


def _previous(known: Booleans) -> Integers:
    """The latest row before each that has a time; -1 where there is none."""
    places = np.where(known, np.arange(len(known)), -1)
    return np.concatenate([[-1], np.maximum.accumulate(places)[:-1]])
