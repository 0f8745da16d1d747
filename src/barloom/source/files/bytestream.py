"""Bytes of a file as a stream: as they are, or decompressed as they are read."""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "RAW_DEFLATE",
    "Broken",
    "ByteStream",
    "Inflated",
    "Plain",
    "open_gzip",
    "open_plain",
]

_BLOCK: Final = 1 << 16
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 16 + zlib.MAX_WBITS
RAW_DEFLATE: Final = -zlib.MAX_WBITS


class Broken(Exception):
    """The bytes end or make no sense before their proper end; everything before has been given."""


class ByteStream(Protocol):
    """Bytes from the beginning of some content to its end."""

    def read(self, size: int) -> bytes:
        """Up to `size` bytes, none at the end. Raises `Broken` after all readable bytes were given."""
        ...

    def skip(self, count: int) -> int:
        """Go on by up to `count` bytes; the number there were."""
        ...

    @property
    def consumed(self) -> int:
        """How many bytes of the file itself have been read."""
        ...

    @property
    def sealed(self) -> bool:
        """Whether the end that was reached is marked as the end, so that nothing can follow it."""
        ...

    def close(self) -> None:
        """Release the file."""
        ...


class Plain:
    """The bytes of a file as they are."""

    sealed = False

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def read(self, size: int) -> bytes:
        """Up to `size` bytes."""
        return self._file.read(size)

    def skip(self, count: int) -> int:
        """Seek, but not beyond the end."""
        here = self._file.tell()
        end = self._file.seek(0, 2)
        return self._file.seek(min(here + count, end)) - here

    @property
    def consumed(self) -> int:
        """The position in the file."""
        return self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Inflated:
    """Deflated bytes of a file, decompressed block by block; several gzip members one after the other are one content.

    `length` is the number of compressed bytes and `checksum` the CRC of the content where a zip directory says so.
    """

    def __init__(self, file: BinaryIO, wbits: int, *, length: int | None = None, checksum: int | None = None) -> None:
        self._file = file
        self._wbits = wbits
        self._remaining = length
        self._checksum = checksum
        self._crc = 0
        self._engine = zlib.decompressobj(wbits)
        self._started = False
        self._input = b""
        self._failure: str | None = None
        self._sealed = False

    def read(self, size: int) -> bytes:
        """Up to `size` bytes of the content."""
        while not self._sealed:
            if self._failure is not None:
                raise Broken(self._failure)
            if self._engine.eof and not self._next_member():
                continue
            if not self._input and not self._refill():
                continue
            output = self._decompress(size)
            if output:
                return output
        return b""

    def skip(self, count: int) -> int:
        """Decompress and forget."""
        left = count
        while left and (block := self.read(min(left, 1 << 20))):
            left -= len(block)
        return count - left

    @property
    def consumed(self) -> int:
        """The position in the file."""
        return self._file.tell()

    @property
    def sealed(self) -> bool:
        """Whether the end of a zip member was reached and agreed; a gzip file may get another member."""
        return self._sealed and self._wbits == RAW_DEFLATE

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _refill(self) -> bool:
        wanted = _BLOCK if self._remaining is None else min(_BLOCK, self._remaining)
        self._input = self._file.read(wanted) if wanted else b""
        if self._remaining is not None:
            self._remaining -= len(self._input)
        if self._input:
            self._started = True
            return True
        if not self._started:
            self._sealed = True
        else:
            self._failure = "is cut short: its compressed data ends in the middle"
        return False

    def _decompress(self, size: int) -> bytes:
        before = self._engine.copy()
        try:
            output = self._engine.decompress(self._input, size)
            self._input = self._engine.unused_data if self._engine.eof else self._engine.unconsumed_tail
        except zlib.error as error:
            self._failure = f"is damaged: its compressed data makes no sense ({error})"
            output = _as_far_as_possible(before, self._input)
        self._crc = zlib.crc32(output, self._crc)
        return output

    def _next_member(self) -> bool:
        """Whether another gzip member follows; a zip member is a single one whose checksum stands in the directory."""
        if self._wbits == RAW_DEFLATE:
            if self._checksum is not None and self._checksum != self._crc:
                self._failure = "is damaged: its content does not agree with its checksum"
            else:
                self._sealed = True
            return False
        while not self._input.strip(b"\0"):
            self._input = self._file.read(_BLOCK)
            if not self._input:
                self._sealed = True
                return False
        self._input = self._input.lstrip(b"\0")
        if not self._input.startswith(_GZIP_MAGIC[:1]):
            self._failure = "is damaged: after its compressed data stands something else"
            return False
        self._engine = zlib.decompressobj(self._wbits)
        return True


def _as_far_as_possible(engine: zlib._Decompress, data: bytes) -> bytes:
    """What stands before the damage: the block byte by byte up to the one that makes no sense."""
    output = []
    for place in range(len(data)):
        try:
            output.append(engine.decompress(data[place : place + 1]))
        except zlib.error:
            break
    return b"".join(output)


def open_plain(path: Path) -> Plain:
    """A file's bytes."""
    return Plain(path.open("rb"))


def open_gzip(path: Path) -> Inflated:
    """A gzip file's content."""
    return Inflated(path.open("rb"), _GZIP)
