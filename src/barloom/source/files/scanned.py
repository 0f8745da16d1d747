"""Reading typed rows, of a Parquet or Arrow file or a Polars frame, in batches from a row on, with bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn

import msgspec
import polars as pl

from barloom.errors import SourceError, SourceReplaced
from barloom.source.columns import frame_expressions
from barloom.source.files.chain import BLOCK_BYTES, ROW_BYTES, Chain, bytes_of_rows, is_current, stamped
from barloom.source.files.inputs import InputFile
from barloom.source.files.pieces import Ending, Piece
from barloom.source.files.position import ANOTHER_FRAME, REPLACED, FilePosition, digest
from barloom.source.text.items import refuse_items
from barloom.source.text.rowtext import row_texts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.source.decode import Decoder
    from barloom.source.files.inputs import FrameInput

__all__ = ["HEAD_ROWS", "ScannedRows", "rows_digest", "selected"]

HEAD_ROWS: Final = 100
_BLOCK_ROWS: Final = BLOCK_BYTES // ROW_BYTES


class ScannedRows:
    """Reads one Parquet or Arrow file, or a frame. It is known by its rows: one written anew with more rows has grown.

    Of a frame, which nobody moves, only the first rows are looked at.
    """

    def __init__(
        self, file: InputFile | FrameInput, decoder: Decoder, position: FilePosition | None, *, block_rows: int
    ) -> None:
        self._file = file
        self._decoder = decoder
        self._start = position or FilePosition()
        self._block_rows = block_rows
        self._digests: dict[int, str] = {}
        self._chain = Chain()
        self._chained = isinstance(file, InputFile)
        self._begun = False

    def pieces(self) -> Iterator[Piece]:
        """The rest of the rows."""
        rows = self._start.rows
        try:
            scan = selected(self._file, self._decoder)
            head = scan.head(HEAD_ROWS).collect()
            total: int = scan.select(pl.len()).collect().item()
            self._identify(head, total)
            if self._chained:
                self._go_on(scan)
            size = self._file.size()
            if rows < total:
                self._look_back(scan)
                for frame in scan.slice(rows).collect_batches(chunk_size=self._block_rows, maintain_order=True):
                    for block in frame.iter_slices(self._block_rows):
                        yield self._piece(block, rows, head, size * (rows + block.height) // total)
                        rows += block.height
        except (pl.exceptions.PolarsError, OSError) as error:
            kept = f", after {rows} rows; these are kept" if rows else ""
            message = f"{self._file.name} is {self._file.broken}{kept} ({_first_line(error)})"
            raise SourceError(message) from None

    def ending(self, position: FilePosition) -> Ending:
        """Nothing more is known at the end, but for what another version's position lacks."""
        if not self._begun or is_current(position.content) or not position.rows or position.rows != self._start.rows:
            return Ending(position)
        return Ending(msgspec.structs.replace(position, skip=0, **self._known()))

    def _go_on(self, scan: pl.LazyFrame) -> None:
        """Look whether the last rows before the position are those that were read (all, where only that can tell)."""
        start = self._start
        known, first = start.rows - start.skip, 0
        if is_current(start.content):
            self._chain, first = Chain(start.block), known // _BLOCK_ROWS * _BLOCK_ROWS
        self._chain_on(scan, first, known)
        if is_current(start.content) and start.content != stamped(self._chain.digest()):
            self._refuse(f"its content before data row {known + 1} has changed")
        self._chain_on(scan, known, start.rows)
        self._begun = True

    def _look_back(self, scan: pl.LazyFrame) -> None:
        """Read the rows again of which the latest time is not kept, where the order of the rows tells times."""
        skip = self._start.skip
        if skip and self._decoder.plan.source.ambiguous == "order":
            block = scan.slice(self._start.rows - skip, skip).collect()
            self._decoder.decode(block.to_dict(), block.height, {}, self._file.name)

    def _chain_on(self, scan: pl.LazyFrame, first: int, stop: int) -> None:
        for row in range(first, stop, _BLOCK_ROWS):
            self._chain.update(bytes_of_rows([scan.slice(row, min(stop - row, _BLOCK_ROWS)).collect()]))

    def _known(self) -> dict[str, str]:
        """What the rows so far are known by."""
        if not self._chained:
            return {}
        return {"content": stamped(self._chain.digest()), "block": self._chain.block}

    def _identify(self, head: pl.DataFrame, total: int) -> None:
        length = self._start.head_length
        if total < self._start.rows or head.height < length:
            why = f"it has {total} rows, {self._start.rows} were read before"
        elif length and rows_digest(head.head(length)) != self._start.head:
            why = f"its first {length} rows differ"
        else:
            return
        self._refuse(why)

    def _refuse(self, why: str) -> NoReturn:
        kind, mend = ("file", REPLACED) if isinstance(self._file, InputFile) else ("frame", ANOTHER_FRAME)
        message = f"{self._file.name} is no longer the {kind} that was read before: {why}. {mend}"
        raise SourceReplaced(message)

    def _piece(self, block: pl.DataFrame, before: int, head: pl.DataFrame, done: int) -> Piece:
        last = self._decoder.last
        rows = self._decoder.decode(block.to_dict(), block.height, {}, self._file.name)
        known = min(before + block.height, head.height)
        if known not in self._digests:
            self._digests[known] = rows_digest(head.head(known))
        named = dict(self._file.named) if isinstance(self._file, InputFile) else {}
        position = FilePosition(head=self._digests[known], head_length=known, named=named, last=last)
        start = msgspec.structs.replace(position, rows=before, **self._known())
        if self._chained:
            self._chain.update(bytes_of_rows([block]))
        position = msgspec.structs.replace(position, last=self._decoder.last)
        stop = msgspec.structs.replace(position, rows=before + block.height, **self._known())
        return Piece(
            rows,
            start,
            stop,
            lambda wanted: row_texts(block, self._decoder.paths, wanted),
            done,
        )


def selected(file: InputFile | FrameInput, decoder: Decoder) -> pl.LazyFrame:
    """The columns that a definition reads."""
    if decoder.plan.source.rows is not None:
        refuse_items(file.name)
    scan = file.scan()
    return scan.select(frame_expressions(decoder.paths, scan.collect_schema(), file.name))


def rows_digest(rows: pl.DataFrame) -> str:
    """A digest of a few rows that holds for every version of Polars."""
    return digest(repr(rows.rows()).encode())


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
