"""The numbers of a range that have not come yet."""

from __future__ import annotations

from bisect import bisect_left, bisect_right

__all__ = ["Wanted"]


class Wanted:
    """Ranges of whole numbers, first and last included, from which numbers are taken out as they come."""

    def __init__(self, first: int, last: int) -> None:
        self._ranges = [(first, last)] if first <= last else []

    def __bool__(self) -> bool:
        return bool(self._ranges)

    def __str__(self) -> str:
        shown = ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in self._ranges[:3])
        return shown if len(self._ranges) <= 3 else f"{shown} and more"  # noqa: PLR2004 - as many as are shown

    @property
    def first(self) -> int:
        """The smallest."""
        return self._ranges[0][0]

    def ranges(self) -> list[tuple[int, int]]:
        """All of them, in order."""
        return list(self._ranges)

    def ends_by(self, number: int) -> bool:
        """Whether none is larger than a number."""
        return not self._ranges or self._ranges[-1][1] <= number

    def beyond(self, number: int) -> int:
        """The smallest that is larger than a number. There must be one."""
        low, _ = self._ranges[bisect_right(self._ranges, number, key=lambda item: item[1])]
        return max(low, number + 1)

    def remove(self, first: int, last: int) -> bool:
        """Take out a range; false where none of it was wanted."""
        begin = bisect_left(self._ranges, first, key=lambda item: item[1])
        end = begin
        left: list[tuple[int, int]] = []
        while end < len(self._ranges) and self._ranges[end][0] <= last:
            low, high = self._ranges[end]
            left += [part for part in ((low, min(high, first - 1)), (max(low, last + 1), high)) if part[0] <= part[1]]
            end += 1
        self._ranges[begin:end] = left
        return end > begin
