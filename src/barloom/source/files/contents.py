"""What stands in a file, whatever it is called and however it is packed: to compare it with what was read before."""

from __future__ import annotations

from enum import Enum
from functools import cached_property
from typing import TYPE_CHECKING, Final, Protocol

import polars as pl

from barloom.errors import SourceError
from barloom.source.files.bytestream import Broken
from barloom.source.files.chain import BLOCK_BYTES, ROW_BYTES, Chain, bytes_of_rows, is_current, stamped
from barloom.source.files.position import HEAD_BYTES, TAIL_BYTES, FilePosition, digest
from barloom.source.files.scanned import HEAD_ROWS, rows_digest, selected

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.source.decode import Decoder
    from barloom.source.files.bytestream import ByteStream
    from barloom.source.files.inputs import InputFile

__all__ = ["Content", "Relation", "content_of", "relation"]

_BOM: Final = b"\xef\xbb\xbf"


class Relation(Enum):
    """How the content of one file stands to that of another."""

    DIFFERS = "neither begins with the other"
    SAME = "both are the same"
    WITHIN = "the other begins with it"
    BEYOND = "it begins with the other"


class Content(Protocol):
    """Content of a file, as bytes of one kind (text, rows)."""

    @property
    def opening(self) -> bytes | None:
        """What stands up to the first row and in it, the same in all that begin alike; none where there is no row."""
        ...

    def may_begin_with(self, position: FilePosition) -> bool:
        """Whether it begins as the content before a position does, as far as its first bytes tell."""
        ...

    def begins_with(self, position: FilePosition) -> bool:
        """Whether it begins with all content before a position."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """All of it, in blocks of `BLOCK_BYTES`, but for the last."""
        ...

    def end(self) -> FilePosition | None:
        """The position behind its last whole row; none where there is no row."""
        ...


def content_of(file: InputFile, decoder: Decoder) -> Content:
    """What stands in a file."""
    decoder = decoder.following(dict(file.named), {}, file.name)
    return _RowContent(file, decoder) if file.typed else _TextContent(file, decoder)


def relation(one: Content, other: Content) -> Relation:
    """How two contents stand to each other: read side by side as far as they are alike."""
    left, right = one.blocks(), other.blocks()
    while True:
        mine, theirs = next(left, b""), next(right, b"")
        if len(mine) == len(theirs) == BLOCK_BYTES and mine == theirs:
            continue
        if mine == theirs:
            return Relation.SAME
        if theirs.startswith(mine):
            return Relation.WITHIN
        return Relation.BEYOND if mine.startswith(theirs) else Relation.DIFFERS


class _TextContent:
    """The unpacked bytes of text. What is damaged ends before the damage: the reading says so."""

    def __init__(self, file: InputFile, decoder: Decoder) -> None:
        self._file = file
        self._has_header = file.format == "csv" and not decoder.plan.source.names
        self._digests: dict[int, str] = {}

    @cached_property
    def _head(self) -> bytes:
        return b"".join(self._read([HEAD_BYTES]))

    @cached_property
    def opening(self) -> bytes | None:
        lines = [line.rstrip(b"\r") for line in self._head.split(b"\n")]
        filled = [number for number, line in enumerate(lines) if line.removeprefix(_BOM).strip()]
        if len(filled) > self._has_header:
            return b"\n".join(lines[: filled[self._has_header] + 1])
        return self._head if len(self._head) == HEAD_BYTES else None

    def may_begin_with(self, position: FilePosition) -> bool:
        length = position.head_length
        if not 0 < length <= len(self._head):
            return False
        if length not in self._digests:
            self._digests[length] = digest(self._head[:length])
        return self._digests[length] == position.head

    def begins_with(self, position: FilePosition) -> bool:
        chain, tail = Chain(), b""
        whole, rest = divmod(position.byte, BLOCK_BYTES)
        read = self._read([*[BLOCK_BYTES] * whole, rest, 1])
        for _ in range(whole + 1):
            block = next(read, b"")
            chain.update(block)
            tail = (tail + block)[-position.tail_length :]
        if digest(tail) != position.tail or chain.digest() != (position.content or chain.digest()):
            return False
        return not position.unended or next(read, b"\n") in {b"\r", b"\n"}

    def blocks(self) -> Iterator[bytes]:
        return self._read(None)

    def end(self) -> FilePosition | None:
        chain, tail, rest, rows, byte = Chain(), b"", b"", -int(self._has_header), 0
        for block in self.blocks():
            taken = rest + block
            end = taken.rfind(b"\n") + 1
            whole, rest = taken[:end], taken[end:]
            chain.update(whole)
            byte += end
            rows += sum(1 for line in whole.split(b"\n") if line.strip())
            tail = (tail + whole)[-TAIL_BYTES:]
        length = min(len(self._head), byte)
        position = FilePosition(
            rows=rows,
            byte=byte,
            head=digest(self._head[:length]),
            head_length=length,
            tail=digest(tail),
            tail_length=len(tail),
            size=self._file.size(),
            pending=bool(rest.strip()),
            content=chain.digest(),
            block=chain.block,
        )
        return position if rows > 0 else None

    def _read(self, sizes: list[int] | None) -> Iterator[bytes]:
        """The content in pieces of these sizes, or all of it in blocks; shorter ones, or none, at the end."""
        try:
            stream = self._file.open()
        except SourceError:
            return
        try:
            for size in sizes if sizes is not None else iter(lambda: BLOCK_BYTES, 0):
                block = _exactly(stream, size)
                yield block
                if len(block) < size:
                    return
        finally:
            stream.close()


def _exactly(stream: ByteStream, size: int) -> bytes:
    parts: list[bytes] = []
    try:
        while size and (part := stream.read(size)):
            parts.append(part)
            size -= len(part)
    except Broken:
        pass
    return b"".join(parts)


class _RowContent:
    """The rows of a file of typed columns, `ROW_BYTES` each; what is broken has none, as the reading will say."""

    def __init__(self, file: InputFile, decoder: Decoder) -> None:
        self._file = file
        self._decoder = decoder

    @cached_property
    def _scan(self) -> pl.LazyFrame | None:
        try:
            return selected(self._file, self._decoder)
        except (pl.exceptions.PolarsError, OSError, SourceError):
            return None

    @cached_property
    def _first(self) -> pl.DataFrame:
        return pl.DataFrame() if self._scan is None else self._scan.head(HEAD_ROWS).collect()

    @property
    def opening(self) -> bytes | None:
        return bytes_of_rows([self._first.head(1)]) or None

    def may_begin_with(self, position: FilePosition) -> bool:
        length = position.head_length
        return 0 < length <= self._first.height and rows_digest(self._first.head(length)) == position.head

    def begins_with(self, position: FilePosition) -> bool:
        size, chain = (position.rows - position.skip) * ROW_BYTES, Chain()
        for block in self.blocks():
            chain.update(block[:size])
            size -= len(block[:size])
        return not size and (not is_current(position.content) or stamped(chain.digest()) == position.content)

    def blocks(self) -> Iterator[bytes]:
        row, rows = 0, BLOCK_BYTES // ROW_BYTES
        while self._scan is not None and (frame := self._scan.slice(row, rows).collect()).height:
            yield bytes_of_rows([frame])
            row += rows

    def end(self) -> FilePosition | None:
        chain, size = Chain(), 0
        for block in self.blocks():
            chain.update(block)
            size += len(block)
        position = FilePosition(
            rows=size // ROW_BYTES,
            head=rows_digest(self._first),
            head_length=self._first.height,
            size=self._file.size(),
            content=stamped(chain.digest()),
            block=chain.block,
        )
        return position if size else None
