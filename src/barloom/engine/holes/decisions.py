"""At which row or mark of a batch slots were decided: what counts as known in a bar is what was known by then."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.times.marks import ALL_KEYS
from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from barloom.engine.times.marks import KeyMarks
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Decisions", "Segments", "bisect_each"]


def bisect_each(values: Integers, begin: Integers, end: Integers, wanted: Integers) -> Integers:
    """For each the first position, from `begin` up to `end`, at which rising values are at least `wanted`."""
    place, step = begin.copy(), 1 << int((end - begin).max(initial=0)).bit_length()
    most = len(values) - 1
    while (step := step >> 1) and most >= 0:
        ahead = place + step
        less = values[np.minimum(ahead - 1, most)] < wanted
        less &= ahead <= end
        place += less * step
    return place


class Segments:
    """The rows of a batch by key: `order` sorts them, equals as they stand, `keys` are the keys in it."""

    def __init__(self, key: Integers, order: Integers) -> None:
        self.order = order
        self.of_row = key[order]
        changes = np.ones(len(key), np.bool_)
        np.not_equal(self.of_row[1:], self.of_row[:-1], out=changes[1:])
        self.begin = np.flatnonzero(changes)
        self.keys = self.of_row[self.begin]
        self.end = np.append(self.begin[1:], len(key))[: len(self.begin)]

    def find(self, key: Integers) -> tuple[Integers, Integers]:
        """Where the rows of keys begin and end; an empty span for those without."""
        if not len(self.keys):
            return np.zeros(len(key), np.int64), np.zeros(len(key), np.int64)
        place = np.minimum(np.searchsorted(self.keys, key), len(self.keys) - 1)
        found = self.keys[place] == key
        return np.where(found, self.begin[place], 0), np.where(found, self.end[place], 0)


class Decisions:
    """Places in a batch: 2 n + 1 is its row n, 2 n the marks ahead of that row, and `last` lies behind all.

    `reached` is stream time behind each row, of the partition or (`by_key`) of its key.
    """

    def __init__(self, segments: Segments, reached: Integers, marks: KeyMarks | None, *, by_key: bool) -> None:
        self.last = 2 * len(reached) + 2
        self._segments = segments
        self._reached = reached[segments.order] if by_key else reached
        self._by_key = by_key
        self._marks = marks
        self._of_all = None if marks is None else marks.of_all

    def places(self, key: Integers, deadline: Integers) -> Integers:
        """Where slots of keys with these deadlines were decided."""
        if self._by_key:
            begin, end = self._segments.find(key)
            row = bisect_each(self._reached, begin, end, deadline)
            found = np.full(len(key), self.last)
            there = row < end
            found[there] = 2 * self._segments.order[row[there]] + 1
        else:
            moments, of_each = np.unique(deadline, return_inverse=True)  # many slots end at one time
            row = np.searchsorted(self._reached, moments)
            found = np.where(row < len(self._reached), 2 * row + 1, self.last)[of_each]
        if self._of_all is not None:
            found = np.minimum(found, self._first_mark(self._of_all, deadline))
            if self._by_key:
                for which, marks in self._own(key):
                    found[which] = np.minimum(found[which], self._first_mark(marks, deadline[which]))
        return found

    def complete_to(self, key: Integers, place: Integers) -> Integers:
        """Up to when marks of this batch, up to these places, had said of keys that all was given."""
        if self._of_all is None:
            return np.full(len(key), BEGINNING)
        found = _latest(self._of_all, place)
        for which, marks in self._own(key):
            found[which] = np.maximum(found[which], _latest(marks, place[which]))
        return found

    def last_rows(self, key: Integers, place: Integers) -> Integers:
        """The last row of each key up to a place; -1 where it has none by then."""
        begin, end = self._segments.find(key)
        row = bisect_each(self._segments.order, begin, end, (place + 1) >> 1) - 1
        found = np.full(len(key), -1)
        there = row >= begin
        found[there] = self._segments.order[row[there]]
        return found

    def _own(self, key: Integers) -> list[tuple[Booleans, KeyMarks]]:
        """The marks of single keys, with which of the given keys they are of."""
        if self._marks is None:
            return []
        own = np.unique(self._marks.key[self._marks.key != ALL_KEYS])
        asked = own[np.isin(own, key)]
        return [(key == one, self._marks.take(self._marks.key == one)) for one in asked.tolist()]

    def _first_mark(self, marks: KeyMarks, deadline: Integers) -> Integers:
        if not len(marks.time):
            return np.full(len(deadline), self.last)
        place = np.searchsorted(np.maximum.accumulate(marks.time), deadline)
        return np.append(2 * marks.after, self.last)[place]


def _latest(marks: KeyMarks, place: Integers) -> Integers:
    reached = np.append(BEGINNING, np.maximum.accumulate(marks.time))
    found: Integers = reached[np.searchsorted(2 * marks.after, place, "right")]
    return found
