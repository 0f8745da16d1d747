"""Members of zip archives as streams of bytes, also of archives that were not copied to their end."""

from __future__ import annotations

import io
import zipfile
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

from libraries import ours
from libraries.contest import OURS, REFUSED, Case, Contest, Reader
from libraries.packed import BLOCK, TEXT, drain
from libraries.scratch import file_of
from libraries.ticks import written

if TYPE_CHECKING:
    from pathlib import Path


def _archive(*members: bytes) -> bytes:
    """Deflated members that are called by their numbers."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, member in enumerate(members):
            archive.writestr(zipfile.ZipInfo(f"{number}.csv"), member, zipfile.ZIP_DEFLATED)
    return file.getvalue()


def _make(rows: int) -> Path:
    return file_of(_archive(written(rows).write_csv().encode()), ".zip")


def _barloom(path: Path) -> int:
    length = 0
    for file in ours.find_inputs([path], None):
        with closing(file.open()) as stream:
            length += drain(stream)
    return length


def _barloom_one(data: bytes) -> str:
    path, length = file_of(data, ".zip"), 0
    for member in ours.find_inputs([path], None):
        with closing(member.open()) as stream:
            try:
                while block := stream.read(BLOCK):
                    length += len(block)
            except ours.Broken:
                return f"{length} bytes, then an error"
    return f"{length} bytes"


def _zipfile(path: Path) -> int:
    with zipfile.ZipFile(path) as archive:
        return sum(drain(archive.open(name)) for name in archive.namelist())


def _zipfile_one(data: bytes) -> str:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        length = 0
        for name in archive.namelist():
            try:
                with archive.open(name) as stream:
                    while block := stream.read1(BLOCK):
                        length += len(block)
            except (zipfile.BadZipFile, zlib.error, EOFError):
                return f"{length} bytes, then an error"
        return f"{length} bytes"


_TWO = _archive(TEXT, TEXT)
_DIRECTORY = _TWO.index(b"PK\1\2")
_SECOND = _TWO.index(b"PK\3\4", 4)
_WHOLE = len(TEXT)
_CHECKSUM = zlib.crc32(TEXT).to_bytes(4, "little")

CONTEST = Contest(
    name="zip",
    title="Members of a zip archive as streams",
    make=_make,
    rows=500_000,
    size=lambda path, _: _zipfile(path),
    unit="bytes",
    readers=(
        Reader(OURS, (), _barloom, _barloom_one),
        Reader("zipfile", (), _zipfile, _zipfile_one),
    ),
    cases=(
        Case("two members", _TWO, (f"{2 * _WHOLE} bytes",)),
        Case("a wrong checksum", _TWO.replace(_CHECKSUM, b"\1\2\3\4"), (f"{_WHOLE} bytes, then an error",)),
        Case("its directory is lost", _TWO[:_DIRECTORY], (f"{2 * _WHOLE} bytes, then an error",)),
        Case("cut at its second member", _TWO[:_SECOND], (f"{_WHOLE} bytes, then an error",)),
        Case("no archive at all", b"time,price\n" * 9, (REFUSED,)),
    ),
)
