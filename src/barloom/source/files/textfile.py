"""Reading a file of text records in blocks of whole lines, from a position on, with bounded memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, Protocol

import msgspec
import numpy as np

from barloom.errors import SourceError, SourceReplaced
from barloom.source.files.chain import BLOCK_BYTES
from barloom.source.files.pieces import Ending, Piece
from barloom.source.files.position import HEAD_BYTES, REPLACED, TAIL_BYTES, FilePosition, digest
from barloom.source.text.lines import LineBlocks

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import polars as pl

    from barloom.source.decode import Decoder
    from barloom.source.files.inputs import InputFile
    from barloom.source.text.csv import TextColumns
    from barloom.time.calendar import Integers

__all__ = ["RecordFormat", "TextFile", "check_is_text"]

_BOM: Final = b"\xef\xbb\xbf"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_MAGIC: Final = {
    b"\x1f\x8b": "gzip: name it .gz",
    b"PK\x03\x04": "zip: name it .zip",
    b"PAR1": "Parquet: name it .parquet",
    b"\x28\xb5\x2f\xfd": "zstd: name it .zst",
    b"BZh": "bzip2: name it .bz2",
    b"\xfd7zXZ\x00": "xz: name it .xz",
    b"ARROW1": "Arrow IPC: name it .arrow",
    b"FEA1": "Feather of version 1: write it anew as version 2",
}


class RecordFormat(Protocol):
    """How lines become records, and these columns of text. `opened` is what may stay open at a record's end."""

    opened: str

    def begin(self, line: bytes, where: str) -> bool:
        """Take the first line; whether it is a header."""
        ...

    def whole(self, data: bytes, *, ended: bool) -> bytes:
        """Whole lines up to a record that may go on in lines that are not there; all of them when `ended`."""
        ...

    def unclosed(self, data: bytes) -> bool:
        """Whether what `whole` leaves of the last lines is a mistake and nothing that is still being written."""
        ...

    def complete(self, data: bytes) -> bool:
        """Whether a last line without an end shows that it is whole."""
        ...

    def parse(self, data: bytes) -> TextColumns:
        """Split whole records."""
        ...

    def texts(self, data: bytes, rows: Integers) -> pl.Series:
        """The texts of some of the records."""
        ...


class TextFile:
    """Reads one text file.

    A last line without an end may still be being written. It is read when `closing`, or where nothing can follow it
    (in a member of a zip archive); otherwise it is left for the next run, however often that finds it so. The same
    holds for a last record with an open quote.
    """

    def __init__(  # noqa: PLR0913 - what one file is read with
        self,
        file: InputFile,
        records: RecordFormat,
        decoder: Decoder,
        position: FilePosition | None,
        *,
        closing: bool,
        block_bytes: int,
    ) -> None:
        self._file = file
        self._format = records
        self._decoder = decoder
        self._start = position or FilePosition()
        self._closing = closing
        self._block_bytes = block_bytes
        self._head = b""
        self._tail = b""
        self._size: int | None = None
        self._left = b""
        self._open = False
        self._rows = self._start.rows
        self._known = ("", "")

    def pieces(self) -> Iterator[Piece]:
        """The rest of the file's rows."""
        size, stream = self._file.size(), self._file.open()
        try:
            lines = LineBlocks(stream, self._block_bytes, self._file.name)
            self._identify(lines.head(HEAD_BYTES))
            if self._is_unchanged():
                return
            if self._begin(lines):
                yield from self._continue(lines)
            if lines.broken is not None:
                message = f"{self._file.name} {lines.broken}, after {self._rows} data rows; these are kept"
                raise SourceError(message)
            self._size = size if self._file.compression else stream.consumed
        finally:
            stream.close()

    def ending(self, position: FilePosition) -> Ending:
        """The file's size where that helps the next run, and whether a last line is left."""
        position = self._renewed(position)
        if self._left:
            opened = self._format.opened
            ending = f"the last record has a {opened} that is not closed" if self._open else "the last line has no end"
            mend = f"close the {opened}" if self._open else "end it with a line break"
            note = (
                f"{self._file.name}: {ending} and may still be being written, so it is not read; {mend}, "
                'or close the input with --at-end close (at_end="close" in Python)'
            )
            return Ending(msgspec.structs.replace(position, size=self._size, pending=True), note)
        if self._file.compression and self._size is not None:
            return Ending(msgspec.structs.replace(position, size=self._size, pending=False))
        return Ending(position)

    def _renewed(self, position: FilePosition) -> FilePosition:
        """A position of version 0.1 that was found right, in the form of today."""
        if position.content or not position.rows or position.byte != self._start.byte or not self._known[0]:
            return position
        return msgspec.structs.replace(position, content=self._known[0], block=self._known[1])

    def _identify(self, head: bytes) -> None:
        """Refuse what is not text, and a file other than the one the position is of."""
        check_is_text(head, self._file.name)
        self._head = head
        length = self._start.head_length
        if len(head) < length:
            self._refuse(f"it is shorter than before (only {len(head)} bytes)")
        if digest(head[:length]) != self._start.head and length:
            self._refuse(f"its first {length} bytes differ")

    def _is_unchanged(self) -> bool:
        start = self._start
        whole = start.size is not None and not start.pending and not start.skip and bool(start.content)
        return whole and start.size == self._file.size()

    def _begin(self, lines: LineBlocks) -> bool:
        """Take the header and go to where reading continues; whether there is anything to read there."""
        if self._head.startswith(_BOM):
            lines.take(len(_BOM))
        lines.skip_blank()
        first = lines.first_line()
        if first is None:
            if not lines.rest:
                return False
            if not self._ends_here(lines):
                self._left = lines.rest
                return False
            first = lines.rest
        if self._format.begin(first.rstrip(b"\r\n"), self._file.name):
            lines.take(len(first))
        self._tail = (first if lines.offset > HEAD_BYTES else self._head[: lines.offset])[-TAIL_BYTES:]
        if self._start.byte > lines.offset:
            self._go_on(lines)
        self._known = (lines.chain.digest(), lines.chain.block)
        return True

    def _go_on(self, lines: LineBlocks) -> None:
        start = self._start
        whole = start.byte - start.byte % BLOCK_BYTES
        if start.content and lines.offset < whole:
            lines.skip_to(min(whole, start.byte - start.tail_length))
            self._tail = (self._tail + lines.take(whole - lines.offset))[-start.tail_length :]
            lines.go_on_from(start.block)
        while lines.offset < start.byte and (taken := lines.take(min(start.byte - lines.offset, BLOCK_BYTES))):
            self._tail = (self._tail + taken)[-start.tail_length :]
        if lines.offset < start.byte and lines.broken is None:
            self._refuse(f"it is shorter than before ({start.byte} bytes had been read)")
        known = lines.chain.digest() == (start.content or lines.chain.digest())
        if lines.offset == start.byte and not (known and digest(self._tail) == start.tail):
            self._refuse(f"its content before data row {start.rows - start.skip + 1} has changed")
        following = lines.head(1)
        if start.unended and following and following not in b"\r\n":
            self._refuse(f"data row {start.rows} was read when its line had no end, and goes on since")

    def _continue(self, lines: LineBlocks) -> Iterator[Piece]:
        self._rows = self._start.rows - self._start.skip
        skip = self._start.skip
        while data := self._block(lines):
            piece, skip = self._piece(lines, data, data, skip, unended=False)
            if piece is not None:
                yield piece
        if not lines.rest.strip() or lines.broken is not None:
            return
        if not self._ends_here(lines):
            self._left = lines.rest
            return
        rest = lines.take(len(lines.rest))
        ended = rest.endswith(b"\n")
        piece, _ = self._piece(lines, rest, rest if ended else rest + b"\n", skip, unended=not ended)
        if piece is not None:
            yield piece

    def _block(self, lines: LineBlocks) -> bytes:
        """The next whole records; nothing where the last one is open."""
        data = lines.block()
        while data and not (records := self._format.whole(data, ended=False)):
            more = lines.block()
            if not more:
                return self._last(lines, data)
            data += more
        if data:
            lines.give_back(data[len(records) :])
            return records
        return b""

    def _last(self, lines: LineBlocks, data: bytes) -> bytes:
        """Lines that begin with an open record behind which no line ends."""
        if self._format.unclosed(data):
            return self._format.whole(data, ended=True)
        lines.give_back(data)
        self._open = True
        return b""

    def _piece(
        self, lines: LineBlocks, taken: bytes, data: bytes, skip: int, *, unended: bool
    ) -> tuple[Piece | None, int]:
        parsed = self._format.parse(data)
        before = self._position(lines.offset - len(taken), self._rows, lines.offset)
        rows = self._decoder.decode(parsed.columns, parsed.count, parsed.refused, self._file.name)
        self._known = (lines.chain.digest(), lines.chain.block)
        self._tail = (self._tail + taken)[-TAIL_BYTES:]
        self._rows += rows.count
        after = self._position(lines.offset, self._rows, lines.offset)
        if skip >= rows.count:
            return None, skip - rows.count
        piece = Piece(
            rows.slice(skip, rows.count),
            msgspec.structs.replace(before, rows=before.rows + skip, skip=skip),
            msgspec.structs.replace(after, unended=unended),
            self._records(data, skip),
            lines.consumed,
        )
        return piece, 0

    def _position(self, byte: int, rows: int, read: int) -> FilePosition:
        length = min(read, len(self._head))
        return FilePosition(
            rows=rows,
            byte=byte,
            head=digest(self._head[:length]),
            head_length=length,
            tail=digest(self._tail),
            tail_length=len(self._tail),
            content=self._known[0],
            block=self._known[1],
            named=dict(self._file.named),
            last=self._decoder.last,
        )

    def _records(self, data: bytes, skip: int) -> Callable[[Integers], pl.Series]:
        def texts(rows: Integers) -> pl.Series:
            return self._format.texts(data, np.asarray(rows, np.int64) + skip)

        return texts

    def _ends_here(self, lines: LineBlocks) -> bool:
        """Whether the line without an end is complete."""
        return self._closing or lines.sealed or self._format.complete(lines.rest)

    def _refuse(self, why: str) -> NoReturn:
        message = f"{self._file.name} is no longer the file that was read before: {why}. {REPLACED}"
        raise SourceReplaced(message)


def check_is_text(head: bytes, name: str) -> None:
    """`SourceError` where a file's beginning shows that it is not UTF-8 text."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            message = f"{name} is not text but {kind}"
            raise SourceError(message)
    if head.startswith(_UTF16):
        message = f"{name} is UTF-16 text; convert it with iconv -f utf-16 -t utf-8"
        raise SourceError(message)
    if b"\0" in head:
        message = f"{name} is not text: it holds binary data from byte {head.index(0)} on"
        raise SourceError(message)
