"""A run that is continued gives the rows that an uninterrupted one gives, with the same offsets."""

from __future__ import annotations

import gzip
import zipfile
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.errors import SourceError, SourceReplaced
from barloom.source.files import merge as merge_module
from barloom.source.files import reading as reading_module
from barloom.source.open import open_source
from source.reading import csv_of, iso, plan, put, read, tick

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from barloom.plan.barplan import BarPlan

ROWS = [("A" if row % 3 else "", iso(row), f"{row}.5", row) for row in range(200)]


def _csv(path: Path, rows: list[Any]) -> None:
    put(path, csv_of(rows))


def _gzip(path: Path, rows: list[Any]) -> None:
    put(path, gzip.compress(csv_of(rows).encode()))


def _zip(path: Path, rows: list[Any]) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", csv_of(rows))


def _jsonl(path: Path, rows: list[Any]) -> None:
    frame = pl.DataFrame(rows, schema=["symbol", "at", "price", "size"], orient="row")
    put(path, frame.with_columns(pl.col("symbol").replace("", None)).write_ndjson())


def _parquet(path: Path, rows: list[Any]) -> None:
    pl.DataFrame(rows, schema=["symbol", "at", "price", "size"], orient="row").write_parquet(path)


FORMATS: list[tuple[str, Callable[[Path, list[Any]], None]]] = [
    ("a.csv", _csv),
    ("a.csv.gz", _gzip),
    ("a.zip", _zip),
    ("a.jsonl", _jsonl),
    ("a.parquet", _parquet),
]
each_format = pytest.mark.parametrize(("name", "write"), FORMATS, ids=[name for name, _ in FORMATS])


@pytest.fixture
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Blocks of few rows, so that the files have many."""
    monkeypatch.setattr(reading_module, "_BLOCK_BYTES", 500)
    monkeypatch.setattr(reading_module, "_PEEK_BYTES", 200)


def _interrupted(bars: BarPlan, spec: object, stops: Iterator[int], rows: int) -> list[tuple[int, Any]]:
    """Read with a new source from the last position again and again, each time only a few batches."""
    positions: dict[str, bytes] = {}
    everything: list[tuple[int, Any]] = []
    while True:
        count = next(stops)
        for number, batch in enumerate(open_source(bars, spec).open(positions, rows)):
            everything += zip(batch.ticks.offsets.tolist(), batch.ticks.frame.rows(), strict=True)
            everything += [(row.offset, (row.message, row.origin)) for row in batch.invalid]
            positions = dict(batch.positions)
            if number + 1 == count:
                break
        else:
            return sorted(everything, key=lambda each: each[0])
        assert len(everything) <= 1000, "rows are given again and again"


def _at_once(bars: BarPlan, spec: object) -> list[tuple[int, Any]]:
    return _interrupted(bars, spec, iter([10**9]), 1000)


@pytest.mark.usefixtures("small_blocks")
@pytest.mark.parametrize("order", ["row", "time"])
@each_format
def test_interrupted_at_every_batch(tmp_path: Path, name: str, write: Callable[..., None], order: str) -> None:
    """After each single batch a new source continues."""
    write(tmp_path / name, ROWS)
    bars = plan(order=order)

    expected = _at_once(bars, tmp_path / name)
    assert len(ROWS) == len(expected)
    assert expected == _interrupted(bars, tmp_path / name, iter([1] * 10**6), 7)


@given(
    files=st.lists(st.lists(st.integers(0, 50), max_size=30), min_size=1, max_size=5),
    stops=st.lists(st.integers(1, 5), min_size=1, max_size=50),
    rows=st.integers(1, 20),
    block=st.sampled_from([60, 300, 4 << 20]),
    order=st.sampled_from(["row", "time"]),
)
@settings(max_examples=20, deadline=None)
def test_several_files_interrupted_anywhere(  # noqa: PLR0913, PLR0917 - what is drawn
    tmp_path_factory: pytest.TempPathFactory,
    files: list[list[int]],
    stops: list[int],
    rows: int,
    block: int,
    order: str,
) -> None:
    """The merge is the same however often it is taken up again."""
    folder = tmp_path_factory.mktemp("continue")
    files[0].append(3)
    for number, times in enumerate(files):
        put(
            folder / f"{number}.csv",
            csv_of([("AB"[time % 2], iso(time), number, row) for row, time in enumerate(times)]),
        )
    bars = plan(order=order)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(merge_module, "_ENOUGH_ROWS", rows)
        patch.setattr(reading_module, "_BLOCK_BYTES", block)
        patch.setattr(reading_module, "_PEEK_BYTES", block)
        patch.setattr(reading_module, "_OPEN_AT_ONCE", 2)
        expected = _at_once(bars, str(folder / "*.csv"))
        found = _interrupted(bars, str(folder / "*.csv"), iter([*stops, *[10**9] * 2]), rows)

    assert expected == found
    assert sum(map(len, files)) == len(found)


@pytest.mark.usefixtures("small_blocks")
@each_format
def test_a_file_that_has_grown_is_continued(tmp_path: Path, name: str, write: Callable[..., None]) -> None:
    """Only the new rows are read, and their offsets go on."""
    write(tmp_path / name, ROWS[:120])
    first = read(plan(), tmp_path / name)
    write(tmp_path / name, ROWS)
    second = read(plan(), tmp_path / name, first.positions)
    third = read(plan(), tmp_path / name, second.positions)

    assert list(range(120)) == [offset for offset, _ in first.everything]
    assert list(range(120, 200)) == [offset for offset, _ in second.everything]
    assert list(range(1, 201)) == [origin.row for origin in first.origins + second.origins]
    assert [] == third.batches


@each_format
def test_a_file_that_was_replaced_is_refused(tmp_path: Path, name: str, write: Callable[..., None]) -> None:
    """By other content, or by less of it."""
    write(tmp_path / name, ROWS[:120])
    positions = read(plan(), tmp_path / name).positions

    for others in ([("B", iso(1), "9.5", 9), *ROWS[1:]], ROWS[:50], [("B", *row[1:]) for row in ROWS]):
        write(tmp_path / name, others)
        with pytest.raises(SourceReplaced, match="no longer the file that was read before"):
            read(plan(), tmp_path / name, positions)


def test_a_change_just_before_the_position_is_seen(tmp_path: Path) -> None:
    """Not only the beginning is compared."""
    many = [("A", iso(row), "1.5", row) for row in range(2000)]
    _csv(tmp_path / "a.csv", many)
    positions = read(plan(), tmp_path / "a.csv").positions
    _csv(tmp_path / "a.csv", [*many[:-3], ("A", iso(0), "1.7", 1997), *many[-2:]])

    with pytest.raises(SourceReplaced, match="has changed"):
        read(plan(), tmp_path / "a.csv", positions)


def test_tomorrows_file_joins(tmp_path: Path) -> None:
    """Files are known by path: what was read stays read, the new file is read from its beginning."""
    _csv(tmp_path / "b.csv", ROWS[:50])
    first = read(plan(), str(tmp_path / "*.csv"))
    _csv(tmp_path / "c.csv", ROWS[100:])
    _csv(tmp_path / "a.csv", ROWS[50:100])
    second = read(plan(), str(tmp_path / "*.csv"), first.positions)

    assert list(range(200)) == [offset for offset, _ in first.everything + second.everything]
    assert ["a.csv"] * 50 + ["c.csv"] * 100 == [origin.name[-5:] for origin in second.origins]


def test_a_file_that_is_gone_does_not_disturb(tmp_path: Path) -> None:
    """Yesterday's file may be archived; offsets go on counting."""
    _csv(tmp_path / "a.csv", ROWS[:50])
    first = read(plan(), str(tmp_path / "*.csv"))
    (tmp_path / "a.csv").unlink()
    _csv(tmp_path / "b.csv", ROWS[50:60])

    assert list(range(50, 60)) == [
        each[0] for each in read(plan(), str(tmp_path / "*.csv"), first.positions).everything
    ]


def test_the_path_is_the_same_from_everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relative path means the file it leads to."""
    _csv(tmp_path / "a.csv", ROWS)
    monkeypatch.chdir(tmp_path)
    positions = read(plan(), "a.csv").positions

    assert [] == read(plan(), tmp_path / "a.csv", positions).batches


class TestTheLastLine:
    """A last line without an end may still be being written."""

    def test_it_is_left_for_the_next_run(self, tmp_path: Path) -> None:
        """And read when it is whole."""
        text = csv_of([("A", iso(1), "1.50", 1), ("A", iso(2), "2.50", 22)])
        path = put(tmp_path / "a.csv", text[:-4])
        first = read(plan(), path)
        put(path, text)
        second = read(plan(), path, first.positions)

        assert [tick("A", 1, "1.50", 1)] == first.rows
        assert "last line has no end" in first.notes[0]
        assert ([tick("A", 2, "2.50", 22)], [1], []) == (second.rows, second.offsets, second.notes)

    @pytest.mark.parametrize("pack", [bytes, gzip.compress])
    @pytest.mark.parametrize("order", ["row", "time"])
    def test_it_is_left_however_often_it_is_found(
        self, tmp_path: Path, pack: Callable[[bytes], bytes], order: str
    ) -> None:
        """A file that stands still is no whole file; each run says so, and the completed line is read."""
        bars, path = plan(order=order), tmp_path / ("a.csv" if pack is bytes else "a.csv.gz")
        text = csv_of([("A", iso(1), "1.50", 1), ("A", iso(2), "2.50", 22)]).encode()
        readings = [read(bars, put(path, pack(text[:-2])))]
        for _ in range(2):
            readings.append(read(bars, path, readings[-1].positions))
        last = read(bars, put(path, pack(text)), readings[-1].positions)

        assert [[tick("A", 1, "1.50", 1)], [], []] == [each.rows for each in readings]
        assert all("--at-end close" in each.notes[0] for each in readings)
        assert ([tick("A", 2, "2.50", 22)], [1], []) == (last.rows, last.offsets, last.notes)

    def test_it_is_left_at_the_end_of_a_gzip_member(self, tmp_path: Path) -> None:
        """The next member may go on within the row; at the end of all input it is read."""
        text = csv_of([("A", iso(1), "1.50", 1), ("A", iso(2), "2.50", 22)]).encode()
        path = put(tmp_path / "a.csv.gz", gzip.compress(text[:-6]))
        first = read(plan(), path)
        closed = read(plan(), path, at_end="close")
        put(path, gzip.compress(text[:-6]) + gzip.compress(text[-6:]))
        second = read(plan(), path, first.positions)

        assert [tick("A", 1, "1.50", 1)] == first.rows
        assert 2 == len(closed.everything)
        assert [tick("A", 2, "2.50", 22)] == second.rows

    @pytest.mark.parametrize("name", ["a.csv", "a.jsonl", "a.jsonl.gz"])
    def test_the_first_of_all_may_be_half_written(self, tmp_path: Path, name: str) -> None:
        """A file that is only begun is waited for in every format."""
        text = f'{{"symbol":"A","at":"{iso(1)}","price":1.5,"size":1}}\n'.encode()
        text = csv_of([("A", iso(1), "1.50", 1)]).encode() if name.endswith("csv") else text
        pack = gzip.compress if name.endswith("gz") else bytes
        first = read(plan(), put(tmp_path / name, pack(text[:12])))
        second = read(plan(), tmp_path / name, first.positions)
        last = read(plan(), put(tmp_path / name, pack(text)), second.positions)

        assert ([], [], 1, 1) == (first.rows, second.rows, len(first.notes), len(second.notes))
        assert [tick("A", 1, "1.50", 1)] == last.rows

    def test_it_counts_when_the_run_closes(self, tmp_path: Path) -> None:
        """At the end of all input nothing more will be written."""
        path = put(tmp_path / "a.csv", csv_of([("A", iso(1), "1.50", 1)])[:-1])

        assert [tick("A", 1, "1.50", 1)] == read(plan(), path, at_end="close").rows

    def test_once_read_it_may_get_its_end(self, tmp_path: Path) -> None:
        """A line end and further lines follow."""
        text = csv_of([("A", iso(1), "1.50", 1), ("A", iso(2), "2.50", 2)])
        path = put(tmp_path / "a.csv", text[: text.rindex("A,") - 1])
        first = read(plan(), path, at_end="close")
        put(path, text)

        assert [tick("A", 2, "2.50", 2)] == read(plan(), path, first.positions).rows

    def test_once_read_it_may_not_go_on(self, tmp_path: Path) -> None:
        """Then another value was read than what stands there now."""
        text = csv_of([("A", iso(1), "1.50", 1234)])
        path = put(tmp_path / "a.csv", text[:-3])
        first = read(plan(), path, at_end="close")
        put(path, text)

        assert [tick("A", 1, "1.50", 12)] == first.rows
        with pytest.raises(SourceReplaced, match="when its line had no end"):
            read(plan(), path, first.positions)

    def test_a_closed_json_object_waits_as_well(self, tmp_path: Path) -> None:
        """One rule for all text."""
        line = f'{{"symbol":"A","at":"{iso(1)}","price":1.5,"size":1}}'
        path = put(tmp_path / "a.jsonl", f"{line}\n{line}")
        first = read(plan(), path)
        put(path, f"{line}\n{line}\n")

        assert (1, 1) == (len(first.rows), len(read(plan(), path, first.positions).rows))

    def test_a_header_that_is_being_written(self, tmp_path: Path) -> None:
        """It is no error yet, beside the remark."""
        path = put(tmp_path / "a.csv", "symbol,at,pr")
        put(tmp_path / "b.csv", csv_of([("A", iso(1), "1.50", 1)]))
        first = read(plan(), str(tmp_path / "*.csv"))
        put(path, csv_of([("A", iso(2), "2.50", 2)]))

        assert 1 == len(first.rows)
        assert [tick("A", 2, "2.50", 2)] == read(plan(), str(tmp_path / "*.csv"), first.positions).rows

    @given(cut=st.integers(1, 200))
    @settings(max_examples=20, deadline=None)
    def test_a_file_cut_at_any_byte(self, tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
        """Read when half written and again when whole, it gives each row once."""
        text = csv_of([(f"É{row}", iso(row), f"{row}.25", row) for row in range(6)])
        path = put(tmp_path_factory.mktemp("cut") / "a.csv", text.encode()[:cut])
        positions: Any = {}
        rows: list[Any] = []
        try:
            first = read(plan(), path, rows=2)
            positions, rows = first.positions, first.rows
        except SourceError:
            pass
        put(path, text)

        assert [tick(f"É{row}", row, f"{row}.25", row) for row in range(6)] == rows + read(plan(), path, positions).rows


def test_a_position_of_another_version_is_refused(tmp_path: Path) -> None:
    """It is not misread."""
    _csv(tmp_path / "a.csv", ROWS)
    positions = read(plan(), tmp_path / "a.csv").positions

    with pytest.raises(SourceError, match="cannot be read by this version"):
        read(plan(), tmp_path / "a.csv", dict.fromkeys(positions, b'{"future": 1}'))
