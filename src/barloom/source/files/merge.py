"""Merging several sorted sequences of rows into one, in blocks, with bounded memory.

The order is by key, then by lane, then by row: a function of the lanes' content alone, however it is cut into blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

import numpy as np

from barloom.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from barloom.source.decode import Rows
    from barloom.source.files.pieces import Piece
    from barloom.source.protocol import Origins
    from barloom.time.calendar import Integers

__all__ = ["Block", "Lane", "Merged", "Taken", "merge"]

_BEFORE_ALL: Final = -(2**63)
_ENOUGH_ROWS: Final = 20_000


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows of a lane with the key of each, never falling, and where given rows came from.

    `piece` is what they were read as, where they come straight from a file.
    """

    rows: Rows
    keys: Integers
    origins: Callable[[Integers], Origins]
    piece: Piece | None = None


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


class Lane:
    """One sequence to merge, read block by block.

    `first_key` postpones its opening until the merge comes there. `last_key` is the key of the last row at hand.
    `error` is what went wrong in reading; the merge raises it when all rows before it have been taken.
    """

    def __init__(self, order: int, blocks: Iterator[Block], first_key: int | None = None) -> None:
        self.order = order
        self.first_key = first_key
        self.last_key = _BEFORE_ALL
        self.error: SourceError | None = None
        self._unread = blocks
        self._blocks: list[Block] = []
        self._start = 0

    def __lt__(self, other: Lane) -> bool:
        return self.order < other.order

    @property
    def is_empty(self) -> bool:
        """Whether all rows that were read have been taken."""
        return not self._blocks

    def extend(self) -> int | None:
        """Read another block; how many rows it has, none at the end of the sequence or where reading fails."""
        try:
            block = next(self._unread, None)
        except SourceError as error:
            self.error = error
            return None
        if block is None:
            return None
        if len(block.keys):
            self._blocks.append(block)
            self.last_key = int(block.keys[-1])
        return len(block.keys)

    def take(self, key: int, side: Literal["left", "right"]) -> list[Taken]:
        """The rows before (or, on the right side, up to) a key; they are no longer at hand."""
        parts = []
        while self._blocks:
            block = self._blocks[0]
            stop = int(np.searchsorted(block.keys, key, side))
            if stop > self._start:
                parts.append(Taken(self, block, self._start, stop))
            if stop < len(block.keys):
                self._start = max(self._start, stop)
                break
            self._blocks.pop(0)
            self._start = 0
        return parts


def merge(lanes: Sequence[Lane]) -> Iterator[Merged]:
    """All rows of all lanes, ordered by (key, lane, row)."""
    waiting = [(lane.first_key, lane) for lane in lanes if lane.first_key is not None]
    heapify(waiting)
    merging = _Merging([lane for lane in lanes if lane.first_key is None], waiting)
    while merging.read_on():
        merged = merging.take()
        if merged is not None:
            yield merged


class _Merging:
    """`reading` are the lanes that may have more rows, by the key of their last row at hand; `held` all with rows."""

    def __init__(self, lanes: list[Lane], waiting: list[tuple[int, Lane]]) -> None:
        self._waiting = waiting
        self._reading = [(lane.last_key, lane) for lane in lanes]
        self._held = set(lanes)
        heapify(self._reading)

    def read_on(self) -> bool:
        """Read where the rows at hand end first, until enough rows can be given; whether there are any.

        Raises the error of a lane when its rows have been taken.
        """
        rows = 0
        while True:
            self._open_waiting()
            if not self._reading or rows >= _ENOUGH_ROWS:
                break
            _, lane = self._reading[0]
            if lane.error is not None:
                if lane.is_empty:
                    raise lane.error
                break
            count = lane.extend()
            if count is not None or lane.error is not None:
                heappop(self._reading)
                heappush(self._reading, (lane.last_key, lane))
                rows += count or 0
            else:
                heappop(self._reading)
        return bool(self._reading) or any(not lane.is_empty for lane in self._held)

    def take(self) -> Merged | None:
        """Every row that nothing unread can come before."""
        key, last = self._reading[0] if self._reading else (2**63 - 1, None)
        parts = []
        for lane in sorted(self._held):
            parts += lane.take(key, "right" if last is None or lane.order <= last.order else "left")
        reading = {lane for _, lane in self._reading}
        self._held = {lane for lane in self._held if not lane.is_empty or lane in reading}
        if not parts:
            return None
        if len({part.lane for part in parts}) == 1:
            return Merged(tuple(parts), None)
        keys = np.concatenate([part.block.keys[part.start : part.stop] for part in parts])
        return Merged(tuple(parts), np.argsort(keys, kind="stable"))

    def _open_waiting(self) -> None:
        """Open the lanes whose first row may come before the end of the rows at hand."""
        while self._waiting and not (self._reading and self._reading[0] < self._waiting[0]):
            _, lane = heappop(self._waiting)
            self._held.add(lane)
            heappush(self._reading, (lane.last_key, lane))
