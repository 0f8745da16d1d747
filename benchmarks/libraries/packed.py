"""Files that are packed with gzip, as a stream of bytes."""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import closing
from typing import TYPE_CHECKING

from libraries import ours
from libraries.contest import OURS, Case, Contest, Reader
from libraries.scratch import file_of
from libraries.ticks import written

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import BinaryIO

BLOCK = 1 << 16
TEXT = b"".join(b"%d,1.5\n" % number for number in range(20_000))
PACKED = gzip.compress(TEXT, mtime=0)
HALF = PACKED[: len(PACKED) // 2]
LEFT = zlib.decompressobj(31).decompress(HALF)


def _make(rows: int) -> Path:
    return file_of(gzip.compress(written(rows).write_csv().encode()), ".csv.gz")


def drain(stream: BinaryIO) -> int:
    """How many bytes a stream has."""
    length = 0
    while block := stream.read(BLOCK):
        length += len(block)
    return length


def _barloom(path: Path) -> int:
    with closing(ours.open_gzip(path)) as stream:
        return drain(stream)


def _barloom_one(data: bytes) -> str:
    with closing(ours.open_gzip(file_of(data, ".gz"))) as stream:
        return _told(stream, ours.Broken)


def _gzip(path: Path) -> int:
    with gzip.open(path) as file:
        return drain(file)


def _gzip_one(data: bytes) -> str:
    with gzip.open(io.BytesIO(data)) as stream:
        return _told(stream, Exception)


def _isal(path: Path) -> int:
    from isal import igzip

    with igzip.open(path) as file:
        return drain(file)


def _isal_one(data: bytes) -> str:
    from isal import igzip

    return _told(igzip.open(io.BytesIO(data)), Exception)


def _isal_engine(path: Path) -> int:
    """What a stream of barloom's would be with isal in place of zlib."""
    from isal import isal_zlib

    return _inflate(path, isal_zlib.decompressobj)


def _zlib_engine(path: Path) -> int:
    return _inflate(path, zlib.decompressobj)


def _inflate(path: Path, engine_of: Callable[[int], object]) -> int:
    engine, length = engine_of(31), 0
    with path.open("rb") as file:
        while block := engine.unconsumed_tail or file.read(BLOCK):
            length += len(engine.decompress(block, BLOCK))
    return length


def _pyarrow_stream(data: Path | bytes) -> BinaryIO:
    import pyarrow as pa

    return pa.CompressedInputStream(
        pa.OSFile(str(data)) if not isinstance(data, bytes) else pa.BufferReader(data), "gzip"
    )


def _pyarrow(path: Path) -> int:
    return drain(_pyarrow_stream(path))


def _pyarrow_one(data: bytes) -> str:
    return _told(_pyarrow_stream(data), Exception)


def _told(stream: BinaryIO, broken: type[BaseException]) -> str:
    """How many bytes a stream gives, and whether it then says that something is wrong."""
    read = getattr(stream, "read1", stream.read)  # which gives what is there before it raises
    length = 0
    try:
        while block := read(BLOCK):
            length += len(block)
    except broken:
        return f"{length} bytes, then an error"
    return f"{length} bytes"


def _damaged(data: bytes) -> tuple[bytes, int]:
    """Packed data in whose middle stands nonsense, and how many bytes of content come before it, byte by byte."""
    middle = len(data) // 2
    spoilt = data[:middle] + b"\xff" * 64 + data[middle + 64 :]
    engine, length = zlib.decompressobj(31), 0
    for place in range(len(spoilt)):
        try:
            length += len(engine.decompress(spoilt[place : place + 1]))
        except zlib.error:
            break
    return spoilt, length


_WHOLE = len(TEXT)
_SPOILT, _BEFORE = _damaged(PACKED)

CONTEST = Contest(
    name="packed",
    title="gzip as a stream",
    make=_make,
    rows=500_000,
    size=lambda path, _: _gzip(path),
    unit="bytes",
    readers=(
        Reader(OURS, (), _barloom, _barloom_one),
        Reader("gzip", (), _gzip, _gzip_one),
        Reader("zlib alone", (), _zlib_engine),
        Reader("isal.igzip", ("isal",), _isal, _isal_one),
        Reader("isal_zlib alone", ("isal",), _isal_engine),
        Reader("pyarrow", ("pyarrow",), _pyarrow, _pyarrow_one),
    ),
    cases=(
        Case("whole", PACKED, (f"{_WHOLE} bytes",)),
        Case("two members", PACKED * 2, (f"{2 * _WHOLE} bytes",)),
        Case("zeros behind it", PACKED + bytes(512), (f"{_WHOLE} bytes",)),
        Case("something else behind it", PACKED + b"rubbish", (f"{_WHOLE} bytes, then an error",)),
        Case("cut in the middle", HALF, (f"{len(LEFT)} bytes, then an error",)),
        Case("cut in its last 8 bytes", PACKED[:-4], (f"{_WHOLE} bytes, then an error",)),
        Case("the second member is cut at once", PACKED + PACKED[:5], (f"{_WHOLE} bytes, then an error",)),
        Case("nonsense in its middle", _SPOILT, (f"{_BEFORE} bytes, then an error",)),
        Case("a wrong checksum", PACKED[:-8] + b"\1\2\3\4" + PACKED[-4:], (f"{_WHOLE} bytes, then an error",)),
    ),
    notes=(
        f"The content has {_WHOLE:,} bytes; of the half that is left {len(LEFT):,} can be unpacked, and are kept.",
        '"Alone" is the bare decompressor without what is between members, damage and checksums.',
    ),
)
