"""Files packed by zstd, bzip2 and xz are read block by block, up to the place where they break."""

from __future__ import annotations

import bz2
import lzma
import sys
from typing import TYPE_CHECKING

import pytest
from backports import zstd

from barloom.errors import MissingExtra, SourceError
from barloom.source.files.unpacking import Unpacked, open_packed
from barloom.source.open import open_source
from source.reading import csv_of, iso, plan, put, read, tick, until_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

COUNT = 20_000
ROWS = [(f"K{row * 7919 % 101}", iso(row / 10), f"{row}.25", row) for row in range(COUNT)]
TEXT = csv_of(ROWS).encode()
TICKS = [tick(row[0], number / 10, *row[2:]) for number, row in enumerate(ROWS)]
PACKERS: dict[str, Callable[[bytes], bytes]] = {"zst": zstd.compress, "bz2": bz2.compress, "xz": lzma.compress}
OPENED = {"zst": "zstd", "bz2": "bzip2", "xz": "xz"}


@pytest.mark.parametrize("kind", PACKERS)
def test_packed(tmp_path: Path, kind: str) -> None:
    """Also several frames one after the other, as appending makes them; and JSON lines."""
    pack, half = PACKERS[kind], TEXT.index(b"\n", len(TEXT) // 2) + 1
    put(tmp_path / f"a.csv.{kind}", pack(TEXT))
    put(tmp_path / f"b.csv.{kind}", pack(TEXT[:half]) + pack(TEXT[half:]))
    put(tmp_path / f"c.jsonl.{kind}", pack(b'{"symbol":"A","at":"2025-01-01T00:00:01Z","price":1.5,"size":2}\n'))

    assert TICKS == read(plan(), tmp_path / f"a.csv.{kind}").rows
    assert TICKS == read(plan(), tmp_path / f"b.csv.{kind}").rows
    assert [tick("A", 1, "1.5", 2)] == read(plan(), tmp_path / f"c.jsonl.{kind}").rows


@pytest.mark.parametrize("kind", PACKERS)
def test_a_few_bytes_at_a_time(tmp_path: Path, kind: str) -> None:
    """No more is unpacked than is asked for."""
    path = put(tmp_path / f"a.{kind}", PACKERS[kind](b"0" * 1_000_000))
    stream: Unpacked = open_packed(path, OPENED[kind])
    sizes = [len(block) for block in iter(lambda: stream.read(1000), b"")]
    stream.close()

    assert 1000 >= max(sizes)
    assert 1_000_000 == sum(sizes)


@pytest.mark.parametrize("kind", PACKERS)
def test_a_file_that_grows_by_a_frame_is_gone_on_with(tmp_path: Path, kind: str) -> None:
    """What was read stays read, also where the file was packed anew or not at all before."""
    half = TEXT.index(b"\n", len(TEXT) // 2) + 1
    begun = put(tmp_path / f"a.csv.{kind}", PACKERS[kind](TEXT[:half]))
    first = read(plan(), begun)
    put(begun, PACKERS[kind](TEXT[:half]) + PACKERS[kind](TEXT[half:]))

    assert TICKS == first.rows + read(plan(), begun, first.positions).rows
    begun.unlink()
    assert TICKS == first.rows + read(plan(), put(tmp_path / "a.csv", TEXT), first.positions).rows


@pytest.mark.parametrize("kind", PACKERS)
def test_cut_short(tmp_path: Path, kind: str) -> None:
    """What could be unpacked is kept, and the message says that the rest is missing."""
    packed = PACKERS[kind](TEXT)
    path = put(tmp_path / f"a.csv.{kind}", packed[: len(packed) // 2] if kind == "zst" else packed[:-20])
    reading, error = until_error(open_source(plan(), path).open({}, 1000))

    assert isinstance(error, SourceError)
    assert "is cut short: its compressed data ends in the middle" in str(error)
    assert TICKS[: len(reading.rows)] == reading.rows
    put(path, packed)
    assert TICKS == reading.rows + read(plan(), path, reading.positions).rows


@pytest.mark.parametrize("kind", PACKERS)
def test_damaged(tmp_path: Path, kind: str) -> None:
    """No row of what makes no sense is given."""
    packed = bytearray(PACKERS[kind](TEXT))
    packed[len(packed) // 2 : len(packed) // 2 + 40] = bytes(40)
    reading, error = until_error(open_source(plan(), put(tmp_path / f"a.csv.{kind}", bytes(packed))).open({}, 1000))

    assert isinstance(error, SourceError)
    assert "is damaged: its compressed data makes no sense" in str(error)
    assert TICKS[: len(reading.rows)] == reading.rows
    assert COUNT // 4 < len(reading.rows) or kind == "bz2", "all of it is one block of bzip2"


@pytest.mark.parametrize("kind", PACKERS)
def test_something_else_behind_it(tmp_path: Path, kind: str) -> None:
    """Bytes behind a frame that begin no other are told."""
    path = put(tmp_path / f"a.csv.{kind}", PACKERS[kind](TEXT) + b"something else that is long enough")
    reading, error = until_error(open_source(plan(), path).open({}, 1000))

    assert isinstance(error, SourceError)
    assert "is damaged" in str(error)
    assert TICKS == reading.rows


def test_packed_with_a_wide_window(tmp_path: Path) -> None:
    """Memory stays bounded: what `zstd` itself refuses without --long is refused with the reason."""
    wide = {zstd.CompressionParameter.window_log: 28, zstd.CompressionParameter.enable_long_distance_matching: 1}
    packer = zstd.ZstdCompressor(options=wide)
    path = put(tmp_path / "a.csv.zst", packer.compress(TEXT) + packer.flush())

    with pytest.raises(SourceError, match="more than 128 MB of memory to unpack"):
        read(plan(), path)


def test_packed_under_another_name(tmp_path: Path) -> None:
    """The message says how to name it."""
    for kind, pack in PACKERS.items():
        with pytest.raises(SourceError, match=rf"is not text but .*name it \.{kind}"):
            read(plan(), put(tmp_path / f"{kind}.csv", pack(TEXT)))


def test_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names it."""
    path = put(tmp_path / "a.csv.zst", zstd.compress(TEXT))
    monkeypatch.setitem(sys.modules, "backports.zstd", None)
    monkeypatch.setitem(sys.modules, "compression.zstd", None)

    with pytest.raises(MissingExtra, match=r"reading \.zst files needs .*barloom\[zstd\]"):
        read(plan(), path)
