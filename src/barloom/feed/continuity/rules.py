"""By what a feed's continuity is kept, and how much it may hold meanwhile."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from barloom.feed.batch import SymbolId  # noqa: TC001 - a field of a named tuple

__all__ = ["Ask", "Room", "Rules", "Want"]


@dataclass(frozen=True, slots=True)
class Rules:
    """Seconds, but for `restart_after`, which is nanoseconds of event time.

    A hole of which nothing came for `fill_within` is given up. A symbol that was not heard of for `check_every` is
    compared with what the venue says. Nothing is fetched before `patience` has passed: rows may only be out of order.
    `together` says that a hole of one symbol holds all.
    """

    fill_within: float = 60.0
    check_every: float = 15.0
    patience: float = 0.25
    restart_after: int = 1_000_000_000
    together: bool = False
    max_held: int = 200_000

    @property
    def longest_pause(self) -> float:
        """The longest time between two attempts to fetch, so that there are several within `fill_within`."""
        return max(self.fill_within / 8, 0.02)

    def pause(self, tries: int) -> float:
        """How long to wait after so many attempts that brought nothing."""
        return min(self.longest_pause, max(self.patience, 0.02) * float(1 << min(tries, 20)))


class Room:
    """How many rows all symbols together hold back, and how many were let go since there was no room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0
        self.dropped = 0

    @property
    def is_full(self) -> bool:
        """Whether no more rows may be held."""
        return self.held >= self._most


class Ask(Enum):
    """What is asked of a venue's history."""

    MISSING = "missing"
    LATEST = "latest"


class Want(NamedTuple):
    """A question: the rows of a symbol after a number, whose event time is `time`, up to another; or its latest row."""

    of: SymbolId
    ask: Ask
    after: int
    time: int
    until: int
