"""Bytes of a file as a stream: plain, gzip, or one member of a zip archive, decompressed as they are read."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, Protocol

from barloom.errors import SourceError

if TYPE_CHECKING:
    from pathlib import Path

__all__ = [
    "Broken",
    "ByteStream",
    "Inflated",
    "Plain",
    "ZipEntry",
    "open_gzip",
    "open_plain",
    "open_zip",
    "zip_entries",
]

_BLOCK: Final = 1 << 16
_GZIP_MAGIC: Final = b"\x1f\x8b"
_GZIP: Final = 16 + zlib.MAX_WBITS
_RAW_DEFLATE: Final = -zlib.MAX_WBITS
_LOCAL_MAGIC: Final = b"PK\x03\x04"
_LOCAL_HEADER: Final = 30
_ENCRYPTED: Final = 1
_STREAMED: Final = 8


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
        return self._sealed and self._wbits == _RAW_DEFLATE

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
        if self._wbits == _RAW_DEFLATE:
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


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A member of a zip archive, and where its data stands (`length` and `checksum` where the directory is intact)."""

    name: str
    offset: int
    method: int
    encrypted: bool
    length: int | None = None
    checksum: int | None = None


def zip_entries(path: Path) -> list[ZipEntry]:
    """The members of a zip archive; of one without its directory (it stands at the end), the first.

    Raises `SourceError` where there is no member at all.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            return [
                ZipEntry(
                    each.filename,
                    each.header_offset,
                    each.compress_type,
                    bool(each.flag_bits & _ENCRYPTED),
                    each.compress_size,
                    each.CRC,
                )
                for each in archive.infolist()
                if not each.is_dir()
            ]
    except zipfile.BadZipFile:
        return [_first_entry(path)]


def open_zip(path: Path, entry: ZipEntry) -> ByteStream:
    """The content of a member of a zip archive."""
    if entry.encrypted or entry.method not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        message = f"{path}: {entry.name} is encrypted or not deflated; extract it and read the extracted file"
        raise SourceError(message)
    file = path.open("rb")
    file.seek(entry.offset)
    header = file.read(_LOCAL_HEADER)
    names = int.from_bytes(header[26:28], "little") + int.from_bytes(header[28:30], "little")
    file.seek(entry.offset + _LOCAL_HEADER + names)
    if entry.method == zipfile.ZIP_STORED:
        return _Stored(file, entry.length)
    return Inflated(file, _RAW_DEFLATE, length=entry.length, checksum=entry.checksum)


class _Stored(Plain):
    """A member that is not compressed."""

    def __init__(self, file: BinaryIO, length: int | None) -> None:
        super().__init__(file)
        self._remaining = length or 0

    def read(self, size: int) -> bytes:
        block = super().read(min(size, self._remaining))
        if not block and self._remaining:
            message = "is cut short: it ends in the middle of a member"
            raise Broken(message)
        self._remaining -= len(block)
        return block

    def skip(self, count: int) -> int:
        skipped = super().skip(min(count, self._remaining))
        self._remaining -= skipped
        return skipped

    @property
    def sealed(self) -> bool:  # type: ignore[override]
        return not self._remaining


def _first_entry(path: Path) -> ZipEntry:
    with path.open("rb") as file:
        header = file.read(_LOCAL_HEADER)
        name = file.read(int.from_bytes(header[26:28], "little")).decode("utf-8", "replace")
    if len(header) < _LOCAL_HEADER or not header.startswith(_LOCAL_MAGIC):
        message = f"{path} is not a zip archive, or is cut short"
        raise SourceError(message)
    flags = int.from_bytes(header[6:8], "little")
    length = None if flags & _STREAMED else int.from_bytes(header[18:22], "little")
    return ZipEntry(name, 0, int.from_bytes(header[8:10], "little"), bool(flags & _ENCRYPTED), length)
