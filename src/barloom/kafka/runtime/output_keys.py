"""One numbering for the keys of all partitions, so that their bars are encoded together."""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

if TYPE_CHECKING:
    from barloom.engine.blocks import Keys
    from barloom.time.calendar import Integers

__all__ = ["OutputKeys"]

_NONE = np.zeros(0, np.int64)


class OutputKeys:
    """Keys of several engines, each of which numbers its own, under numbers that are common to them."""

    def __init__(self) -> None:
        self._rows: list[tuple[object, ...]] = []
        self._number: dict[tuple[object, ...], int] = {}
        self._of: WeakKeyDictionary[Keys, Integers] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, ids: Integers) -> list[tuple[object, ...]]:
        """The key fields of each common number."""
        return [self._rows[number] for number in ids.tolist()]

    def numbers(self, ids: Integers, keys: Keys) -> Integers:
        """The common numbers of an engine's keys, given by its own."""
        known = self._of.get(keys, _NONE)
        if len(known) < len(keys):
            fresh = keys.rows(np.arange(len(known), len(keys)))
            known = self._of[keys] = np.concatenate([known, [self._learn(row) for row in fresh]])
        numbers: Integers = known[ids]
        return numbers

    def _learn(self, row: tuple[object, ...]) -> int:
        number = self._number.setdefault(row, len(self._rows))
        if number == len(self._rows):
            self._rows.append(row)
        return number
