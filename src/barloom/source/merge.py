"""Merging several sorted sequences of rows into one, in blocks, with bounded memory.

The order is by key, then by lane, then by row: a function of the lanes' content alone, however it is cut into blocks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from barloom.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from barloom.source.decode import Rows
    from barloom.source.pieces import Piece
    from barloom.source.protocol import Origin
    from barloom.time.calendar import Integers

__all__ = ["Block", "Lane", "Merged", "Taken", "merge"]


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows of a lane with the key of each, never falling, and where given rows came from.

    `piece` is what they were read as, where they come straight from a file.
    """

    rows: Rows
    keys: Integers
    origins: Callable[[Sequence[int]], list[Origin]]
    piece: Piece | None = None


@dataclass(slots=True)
class Lane:
    """One sequence to merge, read block by block. `first_key` postpones its opening until the merge comes there.

    What goes wrong in reading is raised when all rows before it have been taken.
    """

    order: int
    blocks: Iterator[Block]
    first_key: int | None = None
    block: Block | None = None
    start: int = 0
    ended: bool = False
    _error: SourceError | None = field(default=None)

    def fill(self) -> None:
        """See to it that rows are at hand, unless the sequence has ended."""
        self.first_key = None
        while not self.ended and (self.block is None or self.start == len(self.block.keys)):
            if self._error is not None:
                raise self._error
            self.block, self.start = None, 0
            try:
                self.block = next(self.blocks, None)
            except SourceError as error:
                self._error = error
                continue
            self.ended = self.block is None

    @property
    def last_key(self) -> int:
        """The key of the last row at hand."""
        assert self.block is not None  # noqa: S101 - only asked after a fill that found rows
        return int(self.block.keys[-1])


class Taken(NamedTuple):
    """Rows `start` up to `stop` of a lane's block."""

    lane: Lane
    block: Block
    start: int
    stop: int


class Merged(NamedTuple):
    """Rows of several lanes, and in which order they stand (none: as they are)."""

    parts: tuple[Taken, ...]
    order: Integers | None


def merge(lanes: Sequence[Lane]) -> Iterator[Merged]:
    """All rows of all lanes, ordered by (key, lane, row)."""
    waiting = sorted((lane for lane in lanes if lane.first_key is not None), key=_opening, reverse=True)
    active = [lane for lane in lanes if lane.first_key is None]
    while active or waiting:
        for lane in active:
            lane.fill()
        active = [lane for lane in active if not lane.ended]
        bound = min(((lane.last_key, lane.order) for lane in active), default=None)
        if waiting and (bound is None or _opening(waiting[-1]) <= bound):
            active.append(waiting.pop())
            continue
        if bound is not None:
            yield _take(active, *bound)


def _opening(lane: Lane) -> tuple[int, int]:
    assert lane.first_key is not None  # noqa: S101 - only of lanes that wait
    return lane.first_key, lane.order


def _take(active: Sequence[Lane], key: int, order: int) -> Merged:
    """Every row up to the last row of the lane whose rows at hand end first: nothing unread can come before these."""
    parts = []
    for lane in sorted(active, key=lambda each: each.order):
        assert lane.block is not None  # noqa: S101 - active lanes have been filled
        side: Literal["left", "right"] = "right" if lane.order <= order else "left"
        stop = int(np.searchsorted(lane.block.keys, key, side))
        if stop > lane.start:
            parts.append(Taken(lane, lane.block, lane.start, stop))
            lane.start = stop
    if len(parts) == 1:
        return Merged(tuple(parts), None)
    keys = np.concatenate([part.block.keys[part.start : part.stop] for part in parts])
    return Merged(tuple(parts), np.argsort(keys, kind="stable"))
