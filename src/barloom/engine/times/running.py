"""The running maximum of the rows of each key: how far a key had come before each of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.engine.order import stable_order
from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from barloom.time.calendar import Integers

__all__ = ["Runs", "by_key", "largest", "reached_before"]

_ROOM: Final = 1 << 62


class Runs(NamedTuple):
    """Rows by key: `order` sorts them (equals as they stand), `key` are the keys in it, `begin` where each begins."""

    order: Integers
    key: Integers
    begin: Integers

    @property
    def sizes(self) -> Integers:
        """How many rows each key has."""
        return np.diff(self.begin, append=len(self.order))


def by_key(key: Integers) -> Runs:
    """The rows of a batch by key."""
    order = stable_order(key)
    ordered = key[order]
    changes = np.ones(len(key), np.bool_)
    np.not_equal(ordered[1:], ordered[:-1], out=changes[1:])
    begin = np.flatnonzero(changes)
    return Runs(order, ordered[begin], begin)


def largest(runs: Runs, times: Integers) -> Integers:
    """The largest time of each key."""
    found: Integers = np.maximum.reduceat(times[runs.order], runs.begin)
    return found


def reached_before(runs: Runs, begins: Integers, times: Integers) -> Integers:
    """For each row the largest time of its key ahead of it, and at least where the key begins."""
    sizes = runs.sizes
    reached = _accumulated(np.maximum(times[runs.order], np.repeat(begins, sizes)), runs.begin, sizes)
    ahead = np.empty(len(times), np.int64)
    ahead[1:] = reached[:-1]
    ahead[runs.begin] = begins
    before = np.empty(len(times), np.int64)
    before[runs.order] = ahead
    return before


def _accumulated(values: Integers, begin: Integers, sizes: Integers) -> Integers:
    """The running maximum within each run: with each lifted above the one before, all are one row of numbers."""
    falls = values[1:] < values[:-1]
    falls[begin[1:] - 1] = False
    if not falls.any():
        return values
    lowest = int(values.min(where=values > BEGINNING, initial=_ROOM)) - 1
    span = int(values.max()) - lowest + 1
    if span * len(sizes) >= _ROOM:
        return _one_by_one(values, begin, sizes)
    lift = np.repeat(np.arange(len(sizes)) * span, sizes)
    heights = np.maximum.accumulate(np.maximum(values, lowest) - lowest + lift) - lift
    return np.where(heights == 0, BEGINNING, heights + lowest)


def _one_by_one(values: Integers, begin: Integers, sizes: Integers) -> Integers:
    """The same run by run, for times so far apart that they cannot be lifted."""
    reached = values.copy()
    for first, size in zip(begin.tolist(), sizes.tolist(), strict=True):
        np.maximum.accumulate(reached[first : first + size], out=reached[first : first + size])
    return reached
