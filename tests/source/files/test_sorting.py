"""``order = "time"`` gives the rows in time order, with memory bounded by runs on disk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.source.files import sorting
from source.reading import DAY, SECOND, csv_of, iso, plan, put, read

if TYPE_CHECKING:
    from pathlib import Path

_TIMES = st.lists(st.integers(0, 20), max_size=40)


def _files(folder: Path, files: list[list[int]]) -> list[Path]:
    return [
        put(folder / f"{number}.csv", csv_of([("A", iso(time), number, row) for row, time in enumerate(times)]))
        for number, times in enumerate(files)
    ]


def _sorted(files: list[list[int]]) -> list[tuple[int, int, int]]:
    return sorted((time, number, row) for number, times in enumerate(files) for row, time in enumerate(times))


def _order(rows: list[tuple[Any, ...]]) -> list[tuple[int, int, int]]:
    return [((at - DAY) // SECOND, int(price), size) for _, at, price, size in rows]


@given(st.lists(_TIMES, min_size=1, max_size=4), st.integers(1, 15), st.sampled_from([3, 10, 500_000]))
@settings(max_examples=40, deadline=None)
def test_sorted_by_time_then_file_then_row(
    tmp_path_factory: pytest.TempPathFactory, files: list[list[int]], rows: int, run: int
) -> None:
    """Against a sort in memory, however few rows make a run."""
    files[0].append(5)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sorting, "_RUN_ROWS", run)
        patch.setattr(sorting, "_READ_BYTES", 200)
        reading = read(plan(order="time"), _files(tmp_path_factory.mktemp("sort"), files), rows=rows)

    assert _sorted(files) == _order(reading.rows)
    assert list(range(len(reading.rows))) == reading.offsets
    assert [(f"{number}.csv", row + 1) for _, number, row in _sorted(files)] == [
        (origin.name[-5:], origin.row) for origin in reading.origins
    ]
    assert all(origin.raw.startswith("A,2025") for origin in reading.origins)


def test_a_refused_row_stays_behind_the_row_before_it(tmp_path: Path) -> None:
    """It has no time of its own that could be trusted; its text and its place in the file are kept."""
    lines = [("A", iso(3), 1, 0), ("A", "nonsense", 1, 1), ("A", iso(1), 1, 2), ("A", iso(4), 1, 3)]
    reading = read(plan(order="time"), put(tmp_path / "a.csv", csv_of(lines)))

    assert [3, 1, 2, 4] == [origin.row for origin in reading.origins]
    assert "A,nonsense,1,1" == reading.origins[2].raw
    assert [2] == [offset for offset, _ in reading.invalid]


def test_what_comes_later_is_sorted_by_itself(tmp_path: Path) -> None:
    """Rows that were given stay given; a grown file and a new one are sorted together, after them."""
    _files(tmp_path, [[5, 1, 3]])
    bars = plan(order="time")
    first = read(bars, str(tmp_path / "*.csv"))
    _files(tmp_path, [[5, 1, 3, 9, 2], [6]])
    second = read(bars, str(tmp_path / "*.csv"), first.positions)

    assert [1, 3, 5] == [time for time, _, _ in _order(first.rows)]
    assert [(2, 0, 4), (6, 1, 0), (9, 0, 3)] == _order(second.rows)
    assert [3, 4, 5] == second.offsets


def test_files_that_grow_while_their_rows_are_given(tmp_path: Path) -> None:
    """A run that stopped in the middle continues with the rows that were sorted then; the others come afterwards."""
    _files(tmp_path, [[5, 1, 3]])
    bars = plan(order="time")
    first = read(bars, str(tmp_path / "*.csv"), rows=1)
    _files(tmp_path, [[5, 1, 3, 2]])
    second = read(bars, str(tmp_path / "*.csv"), first.batches[0].positions)

    assert [3, 5, 2] == [time for time, _, _ in _order(second.rows)]


def test_arrivals_and_parquet_are_sorted_along(tmp_path: Path) -> None:
    """Whatever belongs to a row moves with it; a row that was no text is shown as JSON."""
    import polars as pl  # noqa: PLC0415

    frame = pl.DataFrame({"symbol": "A", "at": [iso(2), iso(1)], "price": [2.5, 1.5], "size": [2, 1], "got": [20, 10]})
    frame.write_parquet(tmp_path / "a.parquet")
    reading = read(plan(order="time", arrival="got", arrival_unit="ns"), tmp_path / "a.parquet")

    assert [1, 2] == [row[3] for row in reading.rows]
    assert [10, 20] == list(reading.batches[0].ticks.arrivals)
    assert '"price":"1.50","size":1' in reading.origins[0].raw
