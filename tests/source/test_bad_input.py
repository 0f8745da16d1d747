"""An input that cannot be read gives one clear message: what, where, how to mend it."""

from __future__ import annotations

import gzip
import os
from typing import TYPE_CHECKING

import pytest

from barloom.errors import SourceError
from source.reading import csv_of, iso, plan, put, read, tick

if TYPE_CHECKING:
    from pathlib import Path

ROWS = [("A", iso(1), "1.50", 3)]


def test_an_empty_file(tmp_path: Path) -> None:
    """Nothing in it."""
    with pytest.raises(SourceError, match=r"a\.csv is empty"):
        read(plan(), put(tmp_path / "a.csv", ""))


def test_a_header_only(tmp_path: Path) -> None:
    """No rows."""
    with pytest.raises(SourceError, match=r"a\.csv has no rows, only a header"):
        read(plan(), put(tmp_path / "a.csv", csv_of([])))


def test_an_empty_file_among_others_is_no_error(tmp_path: Path) -> None:
    """Tomorrow's file may already be there."""
    put(tmp_path / "b.csv", "")
    put(tmp_path / "c.csv", csv_of([]))
    put(tmp_path / "a.csv", csv_of(ROWS))

    assert [tick("A", 1, "1.50", 3)] == read(plan(), str(tmp_path / "*.csv")).rows


def test_a_missing_file_names_the_nearest(tmp_path: Path) -> None:
    """A typing error is seen at once."""
    put(tmp_path / "trades.csv", csv_of(ROWS))

    with pytest.raises(SourceError, match=r"trade\.csv does not exist.*did you mean 'trades\.csv'"):
        read(plan(), tmp_path / "trade.csv")


def test_a_pattern_that_matches_nothing(tmp_path: Path) -> None:
    """The message says where it was looked for."""
    with pytest.raises(SourceError, match="no file matches"):
        read(plan(), str(tmp_path / "*.csv"))


def test_a_directory_without_data(tmp_path: Path) -> None:
    """The message shows a pattern for its files."""
    with pytest.raises(SourceError, match=r"holds no file that can be read \(it holds no files\); .*/\*'"):
        read(plan(), tmp_path)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read(tmp_path: Path) -> None:
    """A permission is missing."""
    path = put(tmp_path / "a.csv", csv_of(ROWS))
    path.chmod(0)

    with pytest.raises(SourceError, match="permission"):
        read(plan(), path)


def test_an_unknown_extension(tmp_path: Path) -> None:
    """The message lists what is supported; the definition may state the format instead."""
    path = put(tmp_path / "a.dat", csv_of(ROWS))

    with pytest.raises(SourceError, match=r"\.dat.*\.csv.*\.parquet.*format ="):
        read(plan(), path)
    assert [tick("A", 1, "1.50", 3)] == read(plan(format="csv"), path).rows


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (gzip.compress(b"x", mtime=0), r"gzip: name it \.gz"),
        (b"PK\x03\x04rest", r"zip: name it \.zip"),
        (b"PAR1rest", r"Parquet: name it \.parquet"),
        (csv_of(ROWS).encode("utf-16"), "iconv"),
        (bytes(range(1, 32)) * 10 + b"\0" * 10, "binary data"),
    ],
)
def test_what_is_no_text(tmp_path: Path, content: bytes, why: str) -> None:
    """The beginning of a file tells what it is instead."""
    with pytest.raises(SourceError, match=why):
        read(plan(), put(tmp_path / "a.csv", content))


def test_bytes_without_line_ends(tmp_path: Path) -> None:
    """Memory stays bounded: no line is longer than a limit."""
    with pytest.raises(SourceError, match="no line end within 16 MiB"):
        read(plan(), put(tmp_path / "a.csv", b"x" * (18 << 20)))


def test_garbage_amid_rows_is_refused_by_row(tmp_path: Path) -> None:
    """The stream goes on behind it."""
    data = csv_of(ROWS).encode() + bytes(range(128, 256)) + b"\0\0\n" + csv_of(ROWS).encode().partition(b"\n")[2]
    padding = csv_of([ROWS[0]] * 500).encode()
    reading = read(plan(), put(tmp_path / "a.csv", padding + data.partition(b"\n")[2]))

    assert 502 == len(reading.rows)
    assert [501] == [offset for offset, _ in reading.invalid]


@pytest.mark.parametrize("stated", ["xml", "CSV"])
def test_an_unknown_format(tmp_path: Path, stated: str) -> None:
    """The message lists those there are."""
    with pytest.raises(SourceError, match="'csv', 'jsonl', 'parquet'"):
        read(plan(format=stated), put(tmp_path / "a.csv", csv_of(ROWS)))


def test_a_zone_that_does_not_exist(tmp_path: Path) -> None:
    """Told before anything is read."""
    with pytest.raises(SourceError, match="Mars"):
        read(plan(zone="Mars"), put(tmp_path / "a.csv", csv_of(ROWS)))


def test_what_is_no_input() -> None:
    """Things that could be iterated, or called, but are no rows."""
    for spec, why in (
        (5, "5 is no input"),
        (b"x", "bytes"),
        ({}, "a single mapping"),
        (lambda: None, "call it"),
        ([1], "gave 1;"),
    ):
        with pytest.raises(SourceError, match=why):
            read(plan(), spec)
