"""Pieces: consecutive decoded rows of one file, and what it takes to continue after any of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from barloom.source.decode import Rows
    from barloom.source.files.position import FilePosition
    from barloom.time.calendar import Integers

__all__ = ["Ending", "Piece", "PieceReader"]


@dataclass(frozen=True, slots=True)
class Piece:
    """Rows read together.

    `before` continues at the first of them and `after` behind the last; neither knows the running maximum of event
    time, which is the merge's. `records` gives the text of rows, by position in the piece. `done` is how many bytes
    of the file have been read.
    """

    rows: Rows
    before: FilePosition
    after: FilePosition
    records: Callable[[Integers], pl.Series | list[str]]
    done: int

    def position(self, count: int, high: int | None) -> FilePosition:
        """Where reading continues when `count` of the rows have been taken."""
        if count == self.rows.count:
            return msgspec.structs.replace(self.after, high=high)
        before = self.before
        return msgspec.structs.replace(before, rows=before.rows + count, skip=before.skip + count, high=high)


class Ending(NamedTuple):
    """What is known at a file's end: the position with it, and a remark for the user."""

    position: FilePosition
    note: str | None = None


class PieceReader(Protocol):
    """Reads one file from a position on."""

    def pieces(self) -> Iterator[Piece]:
        """The rest of the file's rows. Raises `SourceError` after the last row that could be read."""
        ...

    def ending(self, position: FilePosition) -> Ending:
        """After the last piece: what to keep beside the position behind it."""
        ...
