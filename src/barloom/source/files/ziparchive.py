"""The members of a zip archive, also of one that is cut short and so has lost the directory at its end."""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Final, NamedTuple

from barloom.errors import SourceError
from barloom.source.files.bytestream import RAW_DEFLATE, Broken, Inflated, Plain

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from barloom.source.files.bytestream import ByteStream

__all__ = ["ZipEntries", "ZipEntry", "open_zip", "zip_entries"]

_BLOCK: Final = 1 << 16
_LOCAL_MAGIC: Final = b"PK\x03\x04"
_LOCAL_HEADER: Final = 30
_END_MAGIC: Final = b"PK\x05\x06"
_END_RECORD: Final = 22
_LONGEST_COMMENT: Final = 0xFFFF
_IN_ZIP64: Final = (0xFFFF, 0xFFFF_FFFF)
_ENCRYPTED: Final = 1
_STREAMED: Final = 8
_DESCRIPTORS: Final = (0, 12, 16, 20, 24)
_NO_DIRECTORY: Final = "is in a zip archive that is cut short: its directory is lost, and perhaps members behind this"


@dataclass(frozen=True, slots=True)
class ZipEntry:
    """A member of a zip archive, and where its data stands (`length` and `checksum` where they are known)."""

    name: str
    offset: int
    method: int
    encrypted: bool
    length: int | None = None
    checksum: int | None = None


class ZipEntries(NamedTuple):
    """The members of an archive; `cut`: it has lost its directory, and perhaps members."""

    entries: list[ZipEntry]
    cut: bool


def zip_entries(path: Path) -> ZipEntries:
    """The members of a zip archive; of one without its directory (it stands at the end), those before the cut.

    Raises `SourceError` where there is no member at all, or where the directory says another thing than the members.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
        count = _stated_count(path)
    except (zipfile.BadZipFile, NotImplementedError, ValueError):
        count = None
    if count is None:
        return ZipEntries(_entries_before_the_cut(path), cut=True)
    if count not in {len(members), _IN_ZIP64[0]}:
        message = f"{path} is damaged: its directory lists {len(members)} members and counts {count}"
        raise SourceError(message)
    entries = [_entry(each) for each in members if not each.is_dir()]
    with path.open("rb") as file:
        for entry in entries:
            header = _local_header(file, entry.offset)
            if header is None or header.method != entry.method:
                message = f"{path} is damaged: {entry.name} is not where its directory says"
                raise SourceError(message)
    return ZipEntries(entries, cut=False)


def open_zip(path: Path, entry: ZipEntry, *, cut: bool) -> ByteStream:
    """The content of a member of a zip archive; with `cut` the archive breaks off behind it."""
    known = entry.method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
    if entry.encrypted or not known:
        what = "encrypted" if entry.encrypted else f"packed by method {entry.method}, which is not deflate"
        message = f"{path}: {entry.name} is {what}; extract it and read the extracted file"
        raise SourceError(message)
    file = path.open("rb")
    file.seek(_data_start(file, entry.offset))
    if entry.method == zipfile.ZIP_STORED:
        content: ByteStream = _Stored(file, entry.length)
    else:
        content = Inflated(file, RAW_DEFLATE, length=entry.length, checksum=entry.checksum)
    return _Last(content) if cut else content


class _Stored(Plain):
    """A member that is not compressed."""

    def __init__(self, file: BinaryIO, length: int | None) -> None:
        super().__init__(file)
        self._known = length is not None
        self._remaining = length or 0

    def read(self, size: int) -> bytes:
        if not self._known:
            message = "is in an archive that is cut short, and its length is lost with the archive's directory"
            raise Broken(message)
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
        return self._known and not self._remaining


class _Last:
    """The member with which an archive breaks off: all of its content, then the break."""

    sealed = False

    def __init__(self, content: ByteStream) -> None:
        self._content = content

    def read(self, size: int) -> bytes:
        block = self._content.read(size)
        if not block:
            raise Broken(_NO_DIRECTORY)
        return block

    def skip(self, count: int) -> int:
        return self._content.skip(count)

    @property
    def consumed(self) -> int:
        return self._content.consumed

    def close(self) -> None:
        self._content.close()


def _entry(member: zipfile.ZipInfo) -> ZipEntry:
    encrypted = bool(member.flag_bits & _ENCRYPTED)
    return ZipEntry(
        member.filename, member.header_offset, member.compress_type, encrypted, member.compress_size, member.CRC
    )


def _stated_count(path: Path) -> int | None:
    """How many members the record at the archive's end counts; none where the record is not whole."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(size - _END_RECORD - _LONGEST_COMMENT, 0))
        tail = file.read()
    record = tail[max(tail.rfind(_END_MAGIC), 0) :]
    if len(record) < _END_RECORD + int.from_bytes(record[20:22], "little"):
        return None
    return int.from_bytes(record[10:12], "little")


def _entries_before_the_cut(path: Path) -> list[ZipEntry]:
    with path.open("rb") as file:
        entries = list(_walk(file))
        file.seek(0)
        begins = file.read(len(_LOCAL_MAGIC)) == _LOCAL_MAGIC
    if not entries:
        message = f"{path} is {'cut short within its first member' if begins else 'not a zip archive'}"
        raise SourceError(message)
    return entries


def _walk(file: BinaryIO) -> Iterator[ZipEntry]:
    """Member by member from the beginning, as far as there is one behind the other."""
    place: int | None = 0
    while place is not None and (entry := _local_header(file, place)) is not None:
        yield entry
        start = _data_start(file, entry.offset)
        end = _end_of_deflated(file, start) if entry.length is None else start + entry.length
        place = None if end is None else _behind(file, end)


def _local_header(file: BinaryIO, offset: int) -> ZipEntry | None:
    """What stands before a member's data, of which the length may be written behind it only."""
    file.seek(offset)
    header = file.read(_LOCAL_HEADER)
    if len(header) < _LOCAL_HEADER or not header.startswith(_LOCAL_MAGIC):
        return None
    name = file.read(int.from_bytes(header[26:28], "little")).decode("utf-8", "replace")
    flags, method = int.from_bytes(header[6:8], "little"), int.from_bytes(header[8:10], "little")
    length = int.from_bytes(header[18:22], "little")
    if flags & _STREAMED or length in _IN_ZIP64[1:]:
        return ZipEntry(name, offset, method, bool(flags & _ENCRYPTED))
    checksum = int.from_bytes(header[14:18], "little")
    return ZipEntry(name, offset, method, bool(flags & _ENCRYPTED), length, checksum)


def _data_start(file: BinaryIO, offset: int) -> int:
    file.seek(offset)
    header = file.read(_LOCAL_HEADER)
    return offset + _LOCAL_HEADER + sum(int.from_bytes(header[place : place + 2], "little") for place in (26, 28))


def _end_of_deflated(file: BinaryIO, start: int) -> int | None:
    """Where deflated data ends; none where it does not."""
    engine = zlib.decompressobj(RAW_DEFLATE)
    file.seek(start)
    try:
        while not engine.eof and (block := engine.unconsumed_tail or file.read(_BLOCK)):
            engine.decompress(block, _BLOCK)
    except zlib.error:
        return None
    return file.tell() - len(engine.unused_data) if engine.eof else None


def _behind(file: BinaryIO, end: int) -> int | None:
    """Where the next member begins, behind what may be written after the data of a streamed one."""
    for size in _DESCRIPTORS:
        file.seek(end + size)
        if file.read(len(_LOCAL_MAGIC)) == _LOCAL_MAGIC:
            return end + size
    return None
