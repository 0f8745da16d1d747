"""Compressed files are read as they are decompressed, up to the place where they break."""

from __future__ import annotations

import gzip
import io
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from barloom.errors import SourceError
from barloom.source.open import open_source
from source.reading import csv_of, iso, plan, put, read, tick, until_error

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

COUNT = 30_000
ROWS = [(f"K{row % 7}", iso(row / 10), f"{row}.25", row) for row in range(COUNT)]
TEXT = csv_of(ROWS)
TICKS = [tick(*row[:1], number / 10, *row[2:]) for number, row in enumerate(ROWS)]


def _until_it_breaks(path: Path) -> tuple[list[tuple[Any, ...]], str, Mapping[str, bytes]]:
    """The rows that were given, the error at the end, and where to continue."""
    reading, error = until_error(open_source(plan(), path).open({}, 1000))
    assert isinstance(error, SourceError)
    return reading.rows, str(error), reading.positions


def _zip(path: Path, *members: tuple[str, str], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, text in members:
            archive.writestr(name, text)
    return path


def test_gzip(tmp_path: Path) -> None:
    """Also several members one after the other, as appending to a .gz makes them, and padding behind them."""
    half = TEXT.index("\n", len(TEXT) // 2) + 1
    whole = put(tmp_path / "a.csv.gz", gzip.compress(TEXT.encode()))
    parts = gzip.compress(TEXT[:half].encode()) + gzip.compress(TEXT[half:].encode()) + b"\0" * 100
    appended = put(tmp_path / "b.csv.gz", parts)

    assert TICKS == read(plan(), whole).rows
    assert TICKS == read(plan(), appended).rows


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_STORED])
def test_zip(tmp_path: Path, method: int) -> None:
    """A CSV inside; what is no text beside it is left alone."""
    path = _zip(tmp_path / "a.zip", ("readme.md", "x"), ("data/a.csv", TEXT), method=method)
    reading = read(plan(), path)

    assert TICKS == reading.rows
    assert f"{path}!data/a.csv" == reading.origins[0].name


def test_a_zip_of_several_files(tmp_path: Path) -> None:
    """They are merged like files side by side."""
    path = _zip(tmp_path / "a.zip", ("b.csv", csv_of(ROWS[1::2])), ("a.csv", csv_of(ROWS[::2])))

    assert TICKS == read(plan(), path).rows


def test_a_zip_without_text_is_told(tmp_path: Path) -> None:
    """The message says what it holds instead."""
    with pytest.raises(SourceError, match=r"holds no CSV or JSON lines.*photo\.png"):
        read(plan(), _zip(tmp_path / "a.zip", ("photo.png", "x")))


def test_a_gzip_file_cut_short(tmp_path: Path) -> None:
    """The rows before the cut are given, then the error says where; the mended file is read on from there."""
    packed = gzip.compress(TEXT.encode(), 1)
    path = put(tmp_path / "a.csv.gz", packed[: len(packed) * 2 // 3])
    rows, message, positions = _until_it_breaks(path)

    assert TICKS[: len(rows)] == rows
    assert COUNT // 2 < len(rows) < COUNT
    assert f"a.csv.gz is cut short: its compressed data ends in the middle, after {len(rows)} data rows" in message
    put(path, packed)
    assert TICKS[len(rows) :] == read(plan(), path, positions).rows


def test_a_gzip_file_damaged_in_the_middle(tmp_path: Path) -> None:
    """What stands before the damage is given."""
    packed = bytearray(gzip.compress(TEXT.encode(), 1))
    packed[len(packed) // 2 : len(packed) // 2 + 64] = bytes(64)
    rows, message, _ = _until_it_breaks(put(tmp_path / "a.csv.gz", bytes(packed)))

    assert len(rows) > COUNT // 4
    assert TICKS[: COUNT // 4] == rows[: COUNT // 4]
    assert "damaged" in message


def test_garbage_behind_gzip_is_told(tmp_path: Path) -> None:
    """The rows are given first."""
    rows, message, _ = _until_it_breaks(put(tmp_path / "a.csv.gz", gzip.compress(TEXT.encode()) + b"garbage"))

    assert TICKS == rows
    assert "after its compressed data stands something else" in message


def test_what_only_claims_to_be_gzip_is_told(tmp_path: Path) -> None:
    """A plain file named .gz."""
    _, message, _ = _until_it_breaks(put(tmp_path / "a.csv.gz", TEXT))

    assert "a.csv.gz is damaged" in message


def test_a_zip_cut_short(tmp_path: Path) -> None:
    """Its directory stands at the end and is lost; the first member is read up to the cut."""
    packed = _zip(tmp_path / "whole.zip", ("a.csv", TEXT)).read_bytes()
    path = put(tmp_path / "a.zip", packed[: len(packed) * 2 // 3])
    rows, message, _ = _until_it_breaks(path)

    assert TICKS[: len(rows)] == rows
    assert COUNT // 3 < len(rows) < COUNT
    assert f"a.zip!a.csv is cut short: its compressed data ends in the middle, after {len(rows)} data rows" in message


def _streamed(path: Path, *members: tuple[str, str]) -> bytes:
    """An archive written to a pipe: lengths stand behind the data."""

    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

    pipe = Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members:
            with archive.open(name, "w") as member:
                member.write(text.encode())
    return put(path, pipe.getvalue()).read_bytes()


@pytest.mark.parametrize("streamed", [True, False])
@pytest.mark.parametrize("kept", ["both members", "one and a half", "one", "all but the last byte"])
def test_a_zip_of_several_files_cut_short(tmp_path: Path, kept: str, streamed: bool) -> None:  # noqa: FBT001
    """What is left is read, then the error names the archive; no member is missing in silence."""
    third = COUNT // 3
    members = [(f"{n}.csv", csv_of(ROWS[n * third : (n + 1) * third])) for n in range(3)]
    whole = tmp_path / "whole.zip"
    packed = _streamed(whole, *members) if streamed else _zip(whole, *members).read_bytes()
    with zipfile.ZipFile(whole) as archive:
        _, second, last = [each.header_offset for each in archive.infolist()]
    size = {"both members": last, "one and a half": (second + last) // 2, "one": second}.get(kept, len(packed) - 1)
    rows, message, positions = _until_it_breaks(put(tmp_path / "a.zip", packed[:size]))

    assert TICKS[: len(rows)] == rows
    least = {"both members": 2 * third, "one and a half": third + 1, "one": third}.get(kept, COUNT)
    assert least <= len(rows) < least + third * (kept == "one and a half") + 1
    assert "a.zip" in message
    assert "cut short" in message
    put(tmp_path / "a.zip", packed)
    assert TICKS[len(rows) :] == read(plan(), tmp_path / "a.zip", positions).rows


def test_a_zip_that_lost_only_its_directory(tmp_path: Path) -> None:
    """All rows are given, then the error, whatever stands behind the text."""
    for name in ("b.md", "0.md"):
        packed = _zip(tmp_path / "whole.zip", ("a.csv", TEXT), (name, "x")).read_bytes()
        path = put(tmp_path / "a.zip", packed[: packed.index(b"PK\x01\x02")])
        rows, message, _ = _until_it_breaks(path)

        assert TICKS == rows
        assert "its directory is lost" in message


def test_a_zip_whose_directory_is_wrong(tmp_path: Path) -> None:
    """It counts other members than it lists, or one is not where it says."""
    packed = _zip(tmp_path / "a.zip", ("a.csv", TEXT), ("b.csv", TEXT)).read_bytes()
    end = packed.rindex(b"PK\x05\x06")
    counted = packed[: end + 10] + b"\x03\0" + packed[end + 12 :]
    with pytest.raises(SourceError, match=r"a\.zip is damaged: its directory lists 2 members and counts 3"):
        read(plan(), put(tmp_path / "a.zip", counted))
    second = packed.index(b"PK\x03\x04", 4)
    with pytest.raises(SourceError, match=r"a\.zip is damaged: b\.csv is not where its directory says"):
        read(plan(), put(tmp_path / "a.zip", packed[:second] + b"XXXX" + packed[second + 4 :]))


def test_a_zip_with_a_wrong_checksum(tmp_path: Path) -> None:
    """Stored data that was changed is read, and told of at its end."""
    packed = bytearray(_zip(tmp_path / "a.zip", ("a.csv", TEXT)).read_bytes())
    entry = packed.rindex(b"PK\x01\x02")
    packed[entry + 16] ^= 0xFF
    rows, message, _ = _until_it_breaks(put(tmp_path / "a.zip", bytes(packed)))

    assert TICKS == rows
    assert "does not agree with its checksum" in message


def test_what_is_no_zip_is_told(tmp_path: Path) -> None:
    """A plain file named .zip, and an empty one."""
    for content in (TEXT, ""):
        with pytest.raises(SourceError, match="not a zip archive"):
            read(plan(), put(tmp_path / "a.zip", content))


def test_a_zip_that_ends_within_its_first_member_is_told(tmp_path: Path) -> None:
    """It begins as one does."""
    packed = _zip(tmp_path / "a.zip", ("a.csv", TEXT)).read_bytes()

    with pytest.raises(SourceError, match=r"a\.zip is cut short within its first member"):
        read(plan(), put(tmp_path / "a.zip", packed[:20]))


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [(6, 1, "is encrypted"), (8, 12, "is packed by method 12, which is not deflate")],
    ids=["encrypted", "bzip2"],
)
def test_a_zip_member_that_is_not_read_is_told_why(tmp_path: Path, field: int, value: int, told: str) -> None:
    """The flag, or the method, stands before the data and in the directory."""
    packed = bytearray(_zip(tmp_path / "a.zip", ("a.csv", TEXT)).read_bytes())
    packed[field] = packed[packed.rindex(b"PK\x01\x02") + field + 2] = value

    with pytest.raises(SourceError, match=rf"a\.csv {told}; extract it"):
        read(plan(), put(tmp_path / "a.zip", bytes(packed)))


def test_the_end_of_a_zip_member_ends_the_last_line(tmp_path: Path) -> None:
    """Nothing can be appended to it, so a last line without an end is read."""
    assert TICKS == read(plan(), _zip(tmp_path / "a.zip", ("a.csv", TEXT.rstrip("\n")))).rows
