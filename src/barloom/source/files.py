"""Files as a source: one, or several merged by their running maximum of event time, then by the order of the files.

Rows of one file keep their order. What was read stays read: when a run is continued, the rest of each file is merged
by the running maximum its file had reached, and a file that has joined is merged with these from its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.engine.blocks import TickBatch
from barloom.errors import SourceError
from barloom.source.batches import parts_of
from barloom.source.csvtext import CsvText
from barloom.source.decode import Decoder
from barloom.source.highs import BEFORE_ALL, running_highs
from barloom.source.jsonlines import JsonLines
from barloom.source.merge import Block, Lane, merge
from barloom.source.parquetfile import ParquetFile
from barloom.source.position import FilePosition, rows_of, rows_position
from barloom.source.protocol import Origin, Progress, SourceBatch
from barloom.source.textfile import TextFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.source.batches import Part
    from barloom.source.inputs import InputFile
    from barloom.source.merge import Taken
    from barloom.source.pieces import Piece, PieceReader
    from barloom.time.calendar import Integers

__all__ = ["TOTAL", "FileSource", "Reading", "file_reader"]

TOTAL: Final = "rows"
"""Under this name the number of rows read from all files stands among the positions (files stand under their paths)."""

_BLOCK_BYTES: Final = 4 << 20
_PEEK_BYTES: Final = 64 << 10
_ALL_BLOCKS_BYTES: Final = 64 << 20
_BYTES_A_ROW: Final = 64
_OPEN_AT_ONCE: Final = 8


class FileSource:
    """Reads files. With `closing`, a last line without an end is taken as complete."""

    replayable = True

    def __init__(self, plan: BarPlan, files: Sequence[InputFile], name: str, *, closing: bool = False) -> None:
        self.name = name
        self._decoder = Decoder(plan)
        self._files = files
        self._closing = closing

    def open(self, positions: Mapping[str, bytes], batch_rows: int) -> Iterator[SourceBatch]:
        """Batches of at most `batch_rows` rows from right after `positions`, under which every file read so far stands.

        Raises `SourceError` where a file cannot be read (all rows before that place have been given then), and
        `SourceReplaced` where one is no longer what was read before.
        """
        reading = Reading(self._decoder, self._files, positions, closing=self._closing)
        for merged in merge(reading.lanes()):
            for part in parts_of(merged, reading.offset, batch_rows):
                for taken, stop in part.stops:
                    reading.take(taken, stop)
                yield reading.batch(part)
        last = reading.last_batch()
        if last is not None:
            yield last


class Reading:
    """How far all files are read in one run."""

    def __init__(
        self, decoder: Decoder, files: Sequence[InputFile], positions: Mapping[str, bytes], *, closing: bool
    ) -> None:
        self.files = files
        self.offset = rows_of("the input", positions.get(TOTAL))
        self.notes: list[str] = []
        self._decoder = decoder
        self._closing = closing
        self._new = TOTAL not in positions
        self._positions = dict(positions)
        self._given = dict(positions)
        self._sizes = [file.size() for file in files]
        self._done = [0] * len(files)

    def position(self, file: InputFile) -> FilePosition | None:
        """How far a file is read; none for a new one."""
        stored = self._positions.get(file.key)
        return None if stored is None else FilePosition.decode(file.name, stored)

    def lanes(self) -> list[Lane]:
        """The files as sequences to merge. Many files are opened only when the merge comes to their first row."""
        few = len(self.files) <= _OPEN_AT_ONCE
        block = max(_PEEK_BYTES, min(_BLOCK_BYTES, _ALL_BLOCKS_BYTES // max(len(self.files), 1)))
        return [
            Lane(number, self._blocks(number, block), first_key=None if few else self._peek(number))
            for number in range(len(self.files))
        ]

    def take(self, taken: Taken, stop: int) -> None:
        """Note that a block has been taken up to `stop`."""
        piece = taken.block.piece
        if piece is not None and stop > taken.start:
            high = int(taken.block.keys[stop - 1])
            self._keep(taken.lane.order, piece.position(stop, None if high == BEFORE_ALL else high))

    def batch(self, part: Part) -> SourceBatch:
        """A batch with the positions behind it."""
        self.offset += part.count
        self._positions[TOTAL] = rows_position(self.offset)
        return self._batch(part.ticks, part)

    def last_batch(self) -> SourceBatch | None:
        """At the end of all files: what is known of their ends beside their rows, if anything.

        Raises `SourceError` where a first run finds no row at all.
        """
        if self._new and not self.offset:
            raise self._nothing()
        self._positions[TOTAL] = rows_position(self.offset)
        if self._positions == self._given and not self.notes:
            return None
        empty = self._decoder.empty()
        return self._batch(TickBatch(empty.frame, empty.index, empty.arrivals), None)

    def _batch(self, ticks: TickBatch, part: Part | None) -> SourceBatch:
        notes, self.notes = tuple(self.notes), []
        self._given = dict(self._positions)
        return SourceBatch(
            ticks,
            self._given,
            (lambda _: []) if part is None else part.origins,
            () if part is None else part.invalid,
            Progress(min(sum(self._done), sum(self._sizes)), sum(self._sizes)),
            notes,
        )

    def _keep(self, number: int, position: FilePosition) -> None:
        self._positions[self.files[number].key] = position.encode()

    def _blocks(self, number: int, block_bytes: int) -> Iterator[Block]:
        file = self.files[number]
        start = self.position(file)
        high = BEFORE_ALL if start is None or start.high is None else start.high
        reader = file_reader(file, self._decoder, start, closing=self._closing, block_bytes=block_bytes)
        for piece in reader.pieces():
            self._done[number] = piece.done
            block = keyed(piece, file, self._decoder.plan, high)
            high = int(block.keys[-1])
            yield block
        self._done[number] = self._sizes[number]
        ending = reader.ending(self.position(file) or FilePosition())
        if ending.position != (self.position(file) or FilePosition()):
            self._keep(number, ending.position)
        if ending.note is not None:
            self.notes.append(ending.note)

    def _peek(self, number: int) -> int | None:
        """The key of a file's first unread row."""
        file = self.files[number]
        start = self.position(file)
        high = BEFORE_ALL if start is None or start.high is None else start.high
        reader = file_reader(file, self._decoder, start, closing=self._closing, block_bytes=_PEEK_BYTES)
        pieces = reader.pieces()
        piece = next(pieces, None)
        return None if piece is None else int(running_highs(piece.rows, self._decoder.plan, high)[0])

    def _nothing(self) -> SourceError:
        sizes = list(zip(self.files, self._sizes, strict=True))
        found = [f"{file.name} {'has no rows, only a header' if size else 'is empty'}" for file, size in sizes[:5]]
        return SourceError("; ".join([*self.notes, *found]) if not self.notes else "; ".join(self.notes))


def keyed(piece: Piece, file: InputFile, plan: BarPlan, high: int) -> Block:
    """A file's rows with the running maximum of event time as their key."""

    def origins(rows: Sequence[int]) -> list[Origin]:
        first = piece.before.rows + 1
        return [Origin(file.name, first + row, text) for row, text in zip(rows, piece.records(rows), strict=True)]

    return Block(piece.rows, running_highs(piece.rows, plan, high), origins, piece)


def file_reader(
    file: InputFile, decoder: Decoder, position: FilePosition | None, *, closing: bool, block_bytes: int
) -> PieceReader:
    """What reads a file of its format from a position on."""
    if file.format == "parquet":
        return ParquetFile(file, decoder, position, block_rows=max(1, block_bytes // _BYTES_A_ROW))
    records: CsvText | JsonLines
    if file.format == "csv":
        source = decoder.plan.source
        tabs = file.suffix == ".tsv" and source.delimiter == ","
        records = CsvText(decoder.paths, source, "\t" if tabs else source.delimiter)
    else:
        needed = [field.name for field in decoder.plan.event.fields if not field.nullable]
        records = JsonLines(decoder.paths, needed)
    return TextFile(file, records, decoder, position, closing=closing, block_bytes=block_bytes)
