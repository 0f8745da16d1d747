"""Rows that wait behind a hole, by number."""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from barloom.feed.batch import AnyRow
    from barloom.feed.continuity.rules import Room

__all__ = ["Held", "HeldRows"]


class Held(NamedTuple):
    """A row that waits: its event time, when it was received by the clock of day, and at which moment."""

    row: AnyRow
    time: int
    received: int
    moment: float

    @property
    def last(self) -> int:
        """The last number that it stands for."""
        return self.row.last or 0  # type: ignore[union-attr]  # quotes have no number and never wait


class HeldRows:
    """Rows by their first number; what they take of the common room is counted there."""

    def __init__(self, room: Room) -> None:
        self._room = room
        self._rows: dict[int, Held] = {}
        self._firsts: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    def get(self, first: int) -> Held | None:
        """The row with this first number."""
        return self._rows.get(first)

    def put(self, first: int, held: Held) -> None:
        """Another row, or one in the place of that with the same first number."""
        if first not in self._rows:
            heappush(self._firsts, first)
            self._room.held += 1
        self._rows[first] = held

    def take(self, first: int) -> Held | None:
        """The row with this first number, which waits no more."""
        held = self._rows.pop(first, None)
        if held is not None:
            self._room.held -= 1
        return held

    @property
    def earliest(self) -> float | None:
        """When the first of them came."""
        found = next(iter(self._rows.values()), None)
        return None if found is None else found.moment

    def front(self, least: int) -> tuple[int | None, list[Held]]:
        """The lowest first number from `least` on, and rows that begin below it, which wait no more."""
        below: list[Held] = []
        while self._firsts and (self._firsts[0] < least or self._firsts[0] not in self._rows):
            held = self.take(heappop(self._firsts))
            if held is not None:
                below.append(held)
        return (self._firsts[0] if self._firsts else None), below

    def gaps(self, reached: int, time: int, top: int) -> list[tuple[int, int, int]]:
        """What is missing from `reached`, of the event time `time`, up to `top`.

        The number before each hole, its event time, and the last number of the hole.
        """
        found = []
        for first in sorted(self._rows):
            held = self._rows[first]
            if first > reached + 1:
                found.append((reached, time, first - 1))
            reached, time = max(reached, held.last), held.time
        return found if reached >= top else [*found, (reached, time, top)]
