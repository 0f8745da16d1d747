"""Marks between the rows of a batch: up to when every row, of one key or of all, was given."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from barloom.engine.blocks import Marks
    from barloom.engine.keys import KeyIndex
    from barloom.time.calendar import Booleans, Integers

__all__ = ["ALL_KEYS", "KeyMarks"]

ALL_KEYS: Final = -1
"""The key of a mark of all keys."""


class KeyMarks(NamedTuple):
    """Marks in order: how many rows of the batch stand ahead of each, its time, and its key or `ALL_KEYS`."""

    after: Integers
    time: Integers
    key: Integers

    @classmethod
    def of(cls, marks: Marks | None, keys: KeyIndex, known_to: int) -> KeyMarks | None:
        """Those of a batch, none later than `known_to`; none where there are none."""
        if marks is None or not len(marks.time):
            return None
        key = np.full(len(marks.time), ALL_KEYS)
        own = [place for place, fields in enumerate(marks.keys) if fields is not None]
        if own:
            key[own] = keys.ids_of([fields for fields in marks.keys if fields is not None])
        return cls(np.asarray(marks.after, np.int64), np.minimum(marks.time, known_to), key)

    @property
    def of_all(self) -> KeyMarks:
        """Those of all keys."""
        return self.take(self.key == ALL_KEYS)

    @property
    def latest(self) -> int:
        """The largest time; `BEGINNING` of none."""
        return int(self.time.max(initial=BEGINNING))

    def take(self, which: Booleans) -> KeyMarks:
        """Some of them."""
        return KeyMarks(self.after[which], self.time[which], self.key[which])

    def ahead(self, rows: int) -> Integers:
        """For each of so many rows the largest time of the marks ahead of it; `BEGINNING` where there are none."""
        reached = np.append(BEGINNING, np.maximum.accumulate(self.time))
        found: Integers = reached[np.searchsorted(self.after, np.arange(rows), "right")]
        return found

    def among(self, key: Integers, times: Integers) -> tuple[Integers, Integers, Booleans]:
        """Keys and times of rows with the marks where they stand, and which of them are the rows."""
        where = self.after
        is_row = np.insert(np.ones(len(key), np.bool_), where, np.zeros(len(where), np.bool_))
        return np.insert(key, where, self.key), np.insert(times, where, self.time), is_row
