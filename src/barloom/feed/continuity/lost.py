"""Numbers that were given up, a bounded number of intervals of them."""

from __future__ import annotations

from typing import Final

__all__ = ["Lost"]

_MOST: Final = 256


class Lost:
    """Intervals of numbers; the oldest are forgotten."""

    def __init__(self) -> None:
        self._intervals: list[tuple[int, int]] = []

    def __len__(self) -> int:
        return len(self._intervals)

    def add(self, first: int, last: int) -> None:
        """These were given up."""
        self._intervals.append((first, last))
        del self._intervals[:-_MOST]

    def has(self, first: int, last: int) -> bool:
        """Whether all of these were given up."""
        return any(low <= first and last <= high for low, high in self._intervals)

    def take(self, first: int, last: int) -> bool:
        """They came all the same: whether all of them had been given up."""
        for place, (low, high) in enumerate(self._intervals):
            if low <= first and last <= high:
                rest = [(low, first - 1), (last + 1, high)]
                self._intervals[place : place + 1] = [(a, b) for a, b in rest if a <= b]
                return True
        return False
