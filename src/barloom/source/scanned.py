"""Reading typed rows, of a Parquet file or a Polars frame, in batches from a row on, with bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import SourceError, SourceReplaced
from barloom.source.columns import frame_expressions
from barloom.source.pieces import Ending, Piece
from barloom.source.position import FilePosition, digest
from barloom.source.rowtext import row_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.source.decode import Decoder
    from barloom.source.inputs import FrameInput, InputFile

__all__ = ["ScannedRows"]

_HEAD_ROWS: Final = 100


class ScannedRows:
    """Reads one Parquet file or frame. It is known by its first rows: one written anew with more rows has grown."""

    def __init__(
        self, file: InputFile | FrameInput, decoder: Decoder, position: FilePosition | None, *, block_rows: int
    ) -> None:
        self._file = file
        self._decoder = decoder
        self._start = position or FilePosition()
        self._block_rows = block_rows
        self._digests: dict[int, str] = {}

    def pieces(self) -> Iterator[Piece]:
        """The rest of the rows."""
        rows = self._start.rows
        try:
            scan = self._scan()
            head = scan.head(_HEAD_ROWS).collect()
            total: int = scan.select(pl.len()).collect().item()
            self._identify(head, total)
            size = self._file.size()
            if rows < total:
                for frame in scan.slice(rows).collect_batches(chunk_size=self._block_rows, maintain_order=True):
                    for block in frame.iter_slices(self._block_rows):
                        yield self._piece(block, rows, head, size * (rows + block.height) // total)
                        rows += block.height
        except (pl.exceptions.PolarsError, OSError) as error:
            kept = f", after {rows} rows; these are kept" if rows else ""
            message = f"{self._file.name} is {self._file.broken}{kept} ({_first_line(error)})"
            raise SourceError(message) from None

    def ending(self, position: FilePosition) -> Ending:
        """Nothing more is known at the end."""
        return Ending(position)

    def _scan(self) -> pl.LazyFrame:
        scan = self._file.scan()
        return scan.select(frame_expressions(self._decoder.paths, scan.collect_schema(), self._file.name))

    def _identify(self, head: pl.DataFrame, total: int) -> None:
        length = self._start.head_length
        if total < self._start.rows or head.height < length:
            why = f"it has {total} rows, {self._start.rows} were read before"
        elif length and _digest(head.head(length)) != self._start.head:
            why = f"its first {length} rows differ"
        else:
            return
        message = (
            f"{self._file.name} is no longer the file that was read before: {why}. "
            "Files may grow, not change: put the old content back, give new content a new name, or start a new store"
        )
        raise SourceReplaced(message)

    def _piece(self, block: pl.DataFrame, before: int, head: pl.DataFrame, done: int) -> Piece:
        rows = self._decoder.decode(block.to_dict(), block.height, {}, self._file.name)
        known = min(before + block.height, head.height)
        if known not in self._digests:
            self._digests[known] = _digest(head.head(known))
        name = self._digests[known]
        return Piece(
            rows,
            FilePosition(rows=before, head=name, head_length=known),
            FilePosition(rows=before + block.height, head=name, head_length=known),
            lambda wanted: row_texts(block, self._decoder.paths, wanted),
            done,
        )


def _digest(rows: pl.DataFrame) -> str:
    return digest(repr(rows.rows()).encode())


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
