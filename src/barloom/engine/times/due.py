"""Which open rows the clock closes: found by the end of their slot, at the cost of those that are due."""

from __future__ import annotations

from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.time.calendar import Integers

__all__ = ["EndQueue"]

_SLACK: Final = 1024
"""Entries of rows that are gone, for which it is not worth to sort anew."""


class EndQueue:
    """Rows by the end of their slot, the earliest first.

    Slots of many keys end at one time, so that there are few different ends. Rows that have left stay in it until their
    end comes or the queue is built anew: whoever asks looks again whether a row still has that end.
    """

    def __init__(self) -> None:
        self._by_end: dict[int, list[Integers]] = {}
        self._ends: list[int] = []
        self._entries = 0

    def swollen(self, open_rows: int) -> bool:
        """Whether most of its entries are of rows that are gone."""
        return self._entries > 2 * open_rows + _SLACK

    def build(self, rows: Integers, ends: Integers) -> None:
        """Hold these rows and no others."""
        self._by_end = {}
        self._entries = 0
        self._note(rows, ends)
        self._ends = list(self._by_end)
        heapify(self._ends)

    def add(self, rows: Integers, ends: Integers) -> None:
        """Hold more rows."""
        for end in self._note(rows, ends):
            heappush(self._ends, end)

    def take(self, until: int) -> Iterator[tuple[int, Integers]]:
        """The rows whose slots end at or before a time, with that end; they are gone from here."""
        while self._ends and self._ends[0] <= until:
            end = heappop(self._ends)
            rows = np.concatenate(self._by_end.pop(end))
            self._entries -= len(rows)
            yield end, rows

    def _note(self, rows: Integers, ends: Integers) -> list[int]:
        """Put rows under their ends; gives the ends that are new."""
        order = np.argsort(ends, kind="stable")
        rows, ends = rows[order], ends[order]
        firsts = np.flatnonzero(np.append(True, ends[1:] != ends[:-1])) if len(ends) else np.empty(0, np.int64)
        fresh: list[int] = []
        for end, part in zip(ends[firsts].tolist(), np.split(rows, firsts[1:]), strict=False):
            held = self._by_end.get(end)
            if held is None:
                self._by_end[end] = [part]
                fresh.append(end)
            else:
                held.append(part)
        self._entries += len(rows)
        return fresh
