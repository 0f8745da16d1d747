"""Reading files side by side: each from its position on, and the positions of all behind every batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec

from barloom.engine.blocks import TickBatch
from barloom.errors import SourceError
from barloom.source.columns import ARRIVAL
from barloom.source.files.highs import BEFORE_ALL, running_highs
from barloom.source.files.inputs import FrameInput, InputFile
from barloom.source.files.limits import Limits
from barloom.source.files.merge import Block, Lane
from barloom.source.files.position import TOTAL, FilePosition, rows_of, rows_position
from barloom.source.files.scanned import ScannedRows
from barloom.source.files.textfile import TextFile
from barloom.source.formats import record_format
from barloom.source.protocol import Origins, Progress, SourceBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.source.batches import Part
    from barloom.source.decode import Decoder
    from barloom.source.files.inputs import Input
    from barloom.source.files.merge import Taken
    from barloom.source.files.pieces import Piece, PieceReader
    from barloom.source.files.recognise import Recognised
    from barloom.time.calendar import Integers

__all__ = ["Firsts", "Reading", "file_reader", "keyed", "started_at"]

_BLOCK_BYTES: Final = 4 << 20
_PEEK_BYTES: Final = 64 << 10
_ALL_BLOCKS_BYTES: Final = 64 << 20
_BYTES_A_ROW: Final = 64
_OPEN_AT_ONCE: Final = 8


class Firsts(NamedTuple):
    """When rows are first read: `now`, unless another store knows better (by the files' keys)."""

    now: int
    known: Mapping[str, FilePosition] = {}


class Reading:
    """How far all files are read in one run."""

    def __init__(
        self,
        decoder: Decoder,
        found: Recognised,
        positions: Mapping[str, bytes],
        firsts: Firsts | None = None,
        *,
        closing: bool,
    ) -> None:
        files = self.files = found.files
        self.offset = rows_of("the input", positions.get(TOTAL))
        self.notes = list(found.notes)
        self._moved = found.moved
        self._twins = found.twins
        self._firsts = firsts
        self._limits: dict[int, Limits] = {}
        self._decoder = decoder
        self.closing = closing
        self._new = TOTAL not in positions
        self._positions = dict(found.positions)
        self._given = dict(positions)
        self._sizes = [file.size() for file in files]
        self._done = [0] * len(files)
        self._ended: dict[int, tuple[PieceReader, int]] = {}

    def position(self, file: Input) -> FilePosition | None:
        """How far a file is read; none for a new one."""
        stored = self._positions.get(file.key)
        return FilePosition.decode(file.name, stored) if stored else None

    def present_key(self, key: str) -> str:
        """The key by which a file goes that had this one."""
        return self._moved.get(key, key)

    def lanes(self, batch_rows: int) -> list[Lane]:
        """The files as sequences to merge. Many files are opened only when the merge comes to their first row."""
        few = len(self.files) <= _OPEN_AT_ONCE
        block = max(_PEEK_BYTES, min(_BLOCK_BYTES, _ALL_BLOCKS_BYTES // max(len(self.files), 1)))
        return [
            Lane(number, self._blocks(number, block, batch_rows), None if few else self._peek(number))
            for number in range(len(self.files))
        ]

    def limits(self, number: int, now: int | None = None) -> Limits | None:
        """By what the rows of a file are judged that are read from here on, at `now` or when this reading began.

        None where they say themselves when they arrived, and for frames.
        """
        file = self.files[number]
        if self._firsts is None or ARRIVAL in self._decoder.paths or not isinstance(file, InputFile):
            return None
        known = self._firsts.known.get(file.key)
        return Limits(self._decoder.plan, self.position(file), known, now or self._firsts.now, file.size())

    @property
    def now(self) -> int:
        """When this reading began."""
        return 0 if self._firsts is None else self._firsts.now

    def recalled(self, name: str) -> bytes | None:
        """What was put down beside the positions of the files."""
        return self._positions.get(name)

    def remember(self, name: str, data: bytes) -> None:
        """Put down something beside the positions of the files."""
        self._positions[name] = data

    def take(self, taken: Taken, stop: int) -> None:
        """Note that a block has been taken up to `stop`."""
        piece = taken.block.piece
        if piece is not None and stop > taken.start:
            high = int(taken.block.keys[stop - 1])
            position = piece.position(stop, None if high == BEFORE_ALL else high)
            if taken.lane.order in self._limits:
                position = self._limits[taken.lane.order].note(position)
            self.keep(taken.lane.order, position)
            self._settle(taken.lane.order, position)

    def batch(self, part: Part) -> SourceBatch:
        """A batch with the positions behind it."""
        self.offset += part.count
        self._positions[TOTAL] = rows_position(self.offset)
        return self._batch(part.ticks, part)

    def last_batch(self) -> SourceBatch | None:
        """At the end of all files: what is known of their ends beside their rows, if anything.

        Raises `SourceError` where a first run finds no row at all, and no line that is still being written.
        """
        if self._new and not self.offset and not self.notes and any(isinstance(file, InputFile) for file in self.files):
            raise self._nothing()
        self._keep_twins()
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
            rounded={} if part is None else part.rounded,
        )

    def keep(self, number: int, position: FilePosition) -> None:
        """Put down how far a file is read."""
        self._positions[self.files[number].key] = position.encode()

    def _keep_twins(self) -> None:
        """Put down how much of the files that were passed over has been read by other names."""
        mains = {twin.key: twin.main for twin in self._twins}
        for twin in self._twins:
            main = twin.main
            while main in mains:
                main = mains[main]
            stored = self._positions.get(main)
            if stored and _covers(read := FilePosition.decode(main, stored), twin.end):
                limits = {"limit": read.limit, "limit_size": 0, "ahead": read.ahead, "limits": read.limits}
                self._positions[twin.key] = msgspec.structs.replace(twin.end, twin=main, **limits).encode()

    def _blocks(self, number: int, block_bytes: int, batch_rows: int) -> Iterator[Block]:
        file = self.files[number]
        start = self.position(file)
        high = started_at(start)
        reader = file_reader(
            file, self._decoder, start, closing=self.closing, block_bytes=block_bytes, batch_rows=batch_rows
        )
        rows = 0 if start is None else start.rows
        limits = self.limits(number)
        if limits is not None:
            self._limits[number] = limits
        for piece in reader.pieces() if limits is None else map(limits.apply, reader.pieces()):
            self._done[number] = piece.done
            block = keyed(piece, file, self._decoder, high)
            high, rows = int(block.keys[-1]), piece.after.rows
            yield block
        self._done[number] = self._sizes[number]
        self._ended[number] = (reader, rows)
        self._settle(number, self.position(file) or FilePosition())

    def _settle(self, number: int, position: FilePosition) -> None:
        """Where a file has been read to its end, and all its rows are taken: note what is known of the end."""
        reader, rows = self._ended.get(number, (None, 0))
        if reader is None or position.rows < rows:
            return
        ending = reader.ending(position)
        if ending.position != position:
            self.keep(number, ending.position)
        if ending.note is not None:
            self.notes.append(ending.note)
        del self._ended[number]

    def _peek(self, number: int) -> int | None:
        """The key of a file's first unread row."""
        file = self.files[number]
        start = self.position(file)
        high = started_at(start)
        reader = file_reader(file, self._decoder, start, closing=self.closing, block_bytes=_PEEK_BYTES)
        limits = self.limits(number)
        piece = next(reader.pieces(), None)
        piece = piece if piece is None or limits is None else limits.apply(piece)
        return None if piece is None else int(running_highs(piece.rows, self._decoder, high)[0])

    def _nothing(self) -> SourceError:
        sizes = list(zip(self.files, self._sizes, strict=True))
        found = [f"{file.name} {_without_rows(file, size)}" for file, size in sizes[:5]]
        return SourceError("; ".join(found))


def _without_rows(file: Input, size: int) -> str:
    if not size:
        return "is empty"
    return "holds no ticks" if file.format == "jsonl" else "has no rows, only a header"


def _covers(read: FilePosition, end: FilePosition) -> bool:
    return read.byte >= end.byte and read.rows >= end.rows and not read.skip


def started_at(position: FilePosition | None) -> int:
    """The running maximum of event time at a position."""
    return BEFORE_ALL if position is None or position.high is None else position.high


def keyed(piece: Piece, file: Input, decoder: Decoder, high: int) -> Block:
    """A file's rows with the running maximum of event time as their key."""

    def origins(rows: Integers) -> Origins:
        first = piece.before.rows + 1
        return Origins.in_one(file.name, first + rows, piece.records(rows))

    return Block(piece.rows, running_highs(piece.rows, decoder, high), origins, piece)


def file_reader(  # noqa: PLR0913 - what a file is read with, by name
    file: Input,
    decoder: Decoder,
    position: FilePosition | None,
    *,
    closing: bool,
    block_bytes: int,
    batch_rows: int = 1,
) -> PieceReader:
    """What reads a file of its format from a position on, in blocks of about that size."""
    named = dict(file.named) if isinstance(file, InputFile) else {}
    decoder = decoder.following(named, {} if position is None else position.last, file.name)
    if isinstance(file, FrameInput) or file.typed:
        return ScannedRows(file, decoder, position, block_rows=_block_rows(block_bytes, batch_rows))
    records = record_format(file.format, decoder, file.suffix)
    return TextFile(file, records, decoder, position, closing=closing, block_bytes=block_bytes)


def _block_rows(block_bytes: int, batch_rows: int) -> int:
    """Rows that are read together: whole batches of them, so that none of one file is cut where a block ends."""
    fitting = max(1, block_bytes // _BYTES_A_ROW)
    return fitting // batch_rows * batch_rows or min(batch_rows, 2 * fitting)
