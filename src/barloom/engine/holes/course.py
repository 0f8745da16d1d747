"""The rows of a batch as their numbers are looked at: which keys just count on, and which do not."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from barloom.engine.holes.rows import KeyRows

if TYPE_CHECKING:
    from barloom.engine.holes.decisions import Decisions, Segments
    from barloom.engine.times.marks import KeyMarks
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Course", "Unread"]

_Column: TypeAlias = "np.ndarray[Any, Any]"


@dataclass(frozen=True, slots=True)
class Unread:
    """Rows that could not be read but for their key, time and numbers; `after` so many rows of the batch."""

    after: Integers
    key: Integers
    time: Integers
    first: Integers
    last: Integers
    before: Integers
    read: Booleans

    def __len__(self) -> int:
        return len(self.key)


@dataclass(slots=True)
class Course:
    """A batch.

    `start` is where the base slot of each row begins, `inside` whether it has one; rows that are not `read` count as if
    they had not come, those not `numbered` have no number. `odd` are the keys that do not just count on, each with its
    rows: positions in the batch, and behind these (from the number of rows on) those of the `unread`.
    """

    key: Integers
    time: Integers
    start: Integers
    inside: Booleans
    first: Integers
    last: Integers
    read: Booleans
    numbered: Booleans
    before: Integers
    segments: Segments
    decisions: Decisions
    marks: KeyMarks | None
    unread: Unread
    odd: dict[int, tuple[Integers, KeyRows]] = field(default_factory=dict)
    begun: dict[int, list[list[int]]] = field(default_factory=dict)
    pending: dict[int, bool] = field(default_factory=dict)
    in_order: bool = False
    accepted: Booleans = field(default_factory=lambda: np.zeros(0, np.bool_))
    refused: Booleans = field(default_factory=lambda: np.zeros(0, np.bool_))

    def __post_init__(self) -> None:
        self.in_order = self.marks is None and bool((self.time[1:] >= self.time[:-1]).all())

    def __len__(self) -> int:
        return len(self.key)

    def rows_of(self, key: int, plain: Booleans | None = None) -> tuple[Integers, KeyRows]:
        """The rows of a key, those unread among them; `plain` says of the rows of the batch which are not special."""
        begin, end = (int(edge[0]) for edge in self.segments.find(np.array([key])))
        own, unread = self.segments.order[begin:end], np.flatnonzero(self.unread.key == key)
        places = np.concatenate([2 * own + 1, 2 * self.unread.after[unread]])
        order = np.argsort(places, kind="stable") if len(unread) else slice(None)
        rows = np.concatenate([own, unread + len(self)])[order]

        def joined(of_rows: _Column, of_unread: _Column) -> _Column:
            made: _Column = np.concatenate([of_rows[own], of_unread[unread]])[order]
            return made

        none, all_ = np.zeros(len(self.unread), np.bool_), np.ones(len(self.unread), np.bool_)
        made = KeyRows.of(
            places[order],
            joined(self.first, self.unread.first),
            joined(self.last, self.unread.last),
            joined(self.time, self.unread.time),
            joined(self.before, self.unread.before),
            joined(self.read, self.unread.read),
            joined(self.numbered, all_),
            joined(np.ones(len(self), np.bool_) if plain is None else plain, none),
        )
        return rows, made
