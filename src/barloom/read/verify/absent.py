"""Absent numbers that the side output tells of, and how many of them may lie in slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.time.calendar import Integers

__all__ = ["HOLE", "Absent"]

HOLE: Final = "hole"
"""The cause of records that tell of numbers nobody had given when a slot was decided, and of no row."""

_NONE: Final = np.iinfo(np.int64).max
_COME: Final = ("late", "invalid", "conflict", "gap")
"""Why rows were refused that came for absent numbers: for these they are the cause."""


class Absent:
    """Collects the holes that are told, and the numbers of refused rows."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = list(keys)
        self._holes: list[pl.DataFrame] = []
        self._come: list[pl.DataFrame] = []

    def take(self, said: pl.DataFrame) -> None:
        """Look at some of the side output."""
        wanted = [*self._keys, "at", "until", "first_number", "last_number"]
        numbered = said.filter(pl.col("first_number").is_not_null() & pl.col("at").is_not_null())
        self._holes.append(numbered.filter(pl.col("cause") == HOLE).select(wanted))
        come = numbered.filter(pl.col("cause").is_in(_COME) & ~pl.col("hole"))
        self._come.append(come.select(*self._keys, "first_number", "last_number"))

    def met(self, cells: pl.DataFrame) -> pl.DataFrame:
        """The slots that some hole meets, and how many of its numbers may lie in each and never came, as ``rows``.

        ``number`` is the lowest of the numbers of these holes. Every slot that the time of a hole meets may hold all of
        them.
        """
        none = {"rows": pl.lit(0, pl.Int64), "number": pl.lit(0, pl.Int64)}
        nothing = cells.select(*self._keys, "cell").clear().with_columns(**none)
        holes = pl.concat(self._holes).unique(maintain_order=True) if self._holes else None
        if holes is None or not holes.height:
            return nothing
        come = pl.concat(self._come).unique(maintain_order=True).partition_by(self._keys, as_dict=True)
        by_key = cells.sort("lo").partition_by(self._keys, as_dict=True)
        found = [
            self._of_key(ours, by_key[key], come.get(key))
            for key, ours in holes.partition_by(self._keys, as_dict=True).items()
            if key in by_key
        ]
        return pl.concat([nothing, *found])

    def _of_key(self, holes: pl.DataFrame, cells: pl.DataFrame, come: pl.DataFrame | None) -> pl.DataFrame:
        begin, end = holes["at"].to_numpy(), holes["until"].fill_null(holes["at"]).to_numpy()
        first = np.searchsorted(cells["hi"].to_numpy(), begin, "right")
        last = np.searchsorted(cells["lo"].to_numpy(), end, "right")
        places = np.where(first < last, first, 0), np.where(first < last, last, 0)
        left = _left(holes, come)
        rows, met = (_summed(cells.height, *places, each) for each in (left, np.ones_like(left)))
        lowest = _lowest(cells.height, *places, np.where(left > 0, holes["first_number"].to_numpy(), _NONE))
        told = cells.select(*self._keys, "cell").with_columns(rows=pl.Series(rows), number=pl.Series(lowest))
        return told.filter(pl.Series(met > 0))


def _left(holes: pl.DataFrame, come: pl.DataFrame | None) -> Integers:
    """How many numbers of each hole no refused row had."""
    first, last = (holes[name].to_numpy() for name in ("first_number", "last_number"))
    if come is None:
        return np.asarray(last - first + 1, np.int64)
    rows = come.sort("first_number")
    begins, ends = (rows[name].to_numpy() for name in ("first_number", "last_number"))
    before = np.concatenate([[0], np.cumsum(ends - begins + 1)])
    low, high = np.searchsorted(begins, first, "left"), np.searchsorted(begins, last, "right")
    return np.asarray(np.maximum(last - first + 1 - (before[high] - before[low]), 0), np.int64)


def _lowest(cells: int, first: np.ndarray[Any, Any], last: np.ndarray[Any, Any], number: Integers) -> Integers:
    """For each of some cells in order the lowest of the numbers whose range holds it."""
    found = np.full(cells, _NONE)
    for begin, end, one in zip(first.tolist(), last.tolist(), number.tolist(), strict=True):
        found[begin:end] = np.minimum(found[begin:end], one)
    return found


def _summed(cells: int, first: np.ndarray[Any, Any], last: np.ndarray[Any, Any], count: Integers) -> Integers:
    """For each of some cells in order the sum of the counts whose range, up to and without `last`, holds it."""
    steps = np.zeros(cells + 1, np.int64)
    np.add.at(steps, first, count)
    np.subtract.at(steps, last, count)
    return np.cumsum(steps)[:-1]
