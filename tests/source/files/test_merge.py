"""Several files are merged by the running maximum of event time, then the order of the files."""

from __future__ import annotations

import gzip
from itertools import accumulate
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.errors import SourceError
from barloom.source.files import merge as merge_module
from barloom.source.files import reading as reading_module
from barloom.source.open import open_source
from source.reading import csv_of, iso, plan, put, read, until_error

if TYPE_CHECKING:
    from pathlib import Path

Row = tuple[Any, ...]
_ROW = st.tuples(st.sampled_from("AB"), st.integers(0, 5) | st.none())
_ROWS = st.lists(_ROW, max_size=3) | st.lists(_ROW, min_size=8, max_size=25)


def _expected(files: list[list[Row]]) -> list[tuple[int, int]]:
    """(file, row) in order: by the largest time so far in the file, then by file, then by row."""
    keyed = []
    for number, rows in enumerate(files):
        highs = accumulate((-1 if row[1] is None else row[1] for row in rows), max)
        keyed += [(high, number, row) for row, high in enumerate(highs)]
    return [(number, row) for _, number, row in sorted(keyed)]


def _write(folder: Path, files: list[list[Row]]) -> list[Path]:
    paths = []
    for number, rows in enumerate(files):
        lines = [(key, "nonsense" if at is None else iso(at), number, row) for row, (key, at) in enumerate(rows)]
        paths.append(put(folder / f"{number:03}.csv", csv_of(lines)))
    return paths


@given(
    files=st.lists(_ROWS, min_size=2, max_size=12),
    rows=st.integers(1, 30),
    block=st.sampled_from([60, 200, 4 << 20]),
    enough=st.sampled_from([1, 5, 20_000]),
)
@settings(max_examples=35, deadline=None)
def test_merged_as_by_sorting(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[Row]], rows: int, block: int, enough: int
) -> None:
    """Against a sort of everything, refused rows included, whatever the sizes of batches, blocks and rounds."""
    if not any(files):
        files[0].append(("A", 1))
    paths = _write(tmp_path_factory.mktemp("merge"), files)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge_module, "_ENOUGH_ROWS", enough)
        patch.setattr(reading_module, "_BLOCK_BYTES", block)
        patch.setattr(reading_module, "_PEEK_BYTES", block)
        patch.setattr(reading_module, "_OPEN_AT_ONCE", 4)
        reading = read(plan(), paths, rows=rows)

    found = [(int(origin.name[-7:-4]), origin.row - 1) for origin in reading.origins]
    assert _expected(files) == found
    assert all(len(batch.ticks) + len(batch.invalid) <= rows for batch in reading.batches)
    assert list(range(len(found))) == [offset for offset, _ in reading.everything]


def test_a_tick_from_the_future_does_not_hold_its_file_back(tmp_path: Path) -> None:
    """It moves nothing: the running maximum leaves out what arrived long before its own time."""
    first = put(
        tmp_path / "a.csv", csv_of([("A", iso(s), 1, 1, iso(1)) for s in (1, 9999, 2)], "symbol,at,price,size,got")
    )
    second = put(tmp_path / "b.csv", csv_of([("B", iso(s), 1, 2, iso(s)) for s in (3, 4)], "symbol,at,price,size,got"))
    reading = read(plan(arrival="got"), [second, first])

    assert ["A", "A", "A", "B", "B"] == [row[0] for row in reading.rows]


def test_files_are_read_once_and_patterns_in_order(tmp_path: Path) -> None:
    """A file named twice counts once; those of a pattern are sorted by name."""
    for number in (2, 10, 1):
        put(tmp_path / f"{number:02}.csv", csv_of([("A", iso(5), 1, number)]))
    reading = read(plan(), [str(tmp_path / "*.csv"), tmp_path / "02.csv"])

    assert [1, 2, 10] == [row[3] for row in reading.rows]


def test_formats_are_merged_too(tmp_path: Path) -> None:
    """Each file is read in its own way."""
    put(tmp_path / "a.csv", csv_of([("A", iso(1), 1, 1), ("A", iso(3), 1, 3)]))
    put(tmp_path / "b.jsonl", f'{{"symbol":"A","at":"{iso(2)}","price":1,"size":2}}\n')
    reading = read(plan(), str(tmp_path / "*"))

    assert [1, 2, 3] == [row[3] for row in reading.rows]


def test_what_is_wrong_with_one_file_comes_after_all_rows_before_it(tmp_path: Path) -> None:
    """The merge gives what it surely can, then tells."""
    rows = [("A", iso(s), 1, s) for s in range(2000)]
    packed = gzip.compress(csv_of(rows[::2]).encode())
    broken = put(tmp_path / "a.csv.gz", packed[: len(packed) // 2])
    other = put(tmp_path / "b.csv", csv_of(rows[1::2]))
    reading, error = until_error(open_source(plan(), [broken, other]).open({}, 100))

    sizes = [row[3] for row in reading.rows]
    assert isinstance(error, SourceError)
    assert list(range(len(sizes))) == sizes
    assert len(sizes) > 200
