"""A directory is an input: the files below it that can be read, in the order in which a person would list them."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from barloom.errors import SourceError
from barloom.source.files.directories import natural
from barloom.source.files.inputs import find_inputs
from source.reading import csv_of, iso, plan, put, read, tick


def _row(second: int) -> str:
    return csv_of([("A", iso(second), "1.00", second)])


def test_all_files_of_known_kinds(tmp_path: Path) -> None:
    """In folders below it too, packed or not; what is hidden, or no data, is left out."""
    (tmp_path / "2025" / "01").mkdir(parents=True)
    (tmp_path / "_delta_log").mkdir()
    put(tmp_path / "2025" / "01" / "a.csv", _row(1))
    put(tmp_path / "2025" / "b.csv.gz", gzip.compress(_row(2).encode()))
    put(tmp_path / "c.jsonl", '{"symbol":"A","at":"2025-01-01T00:00:03Z","price":1,"size":3}\n')
    for other in (".d.csv", "_e.csv", "notes.md", "_delta_log/0.json", "._a.csv"):
        put(tmp_path / other, "nothing to read\n")

    assert [tick("A", second, "1.00", second) for second in (1, 2, 3)] == read(plan(), tmp_path).rows


def test_natural_order(tmp_path: Path) -> None:
    """Numbers in names count as numbers: day 2 comes before day 10."""
    for name in ("day-10.csv", "day-2.csv", "day-1.csv", "2024/day-3.csv", "2025/day-1.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        put(tmp_path / name, _row(1))

    expected = ["2024/day-3.csv", "2025/day-1.csv", "day-1.csv", "day-2.csv", "day-10.csv"]
    assert expected == [str(Path(file.name).relative_to(tmp_path)) for file in find_inputs([tmp_path], None)]
    assert ["a", "a1", "a2", "a10", "b"] == sorted(["a10", "b", "a2", "a", "a1"], key=natural)


def test_a_store_in_it_is_no_data(tmp_path: Path) -> None:
    """Bars may be kept beside the data that they were made from."""
    put(tmp_path / "a.csv", _row(1))
    (tmp_path / "state").mkdir()
    put(tmp_path / "state" / "rocksdict-config.json", "{}\n")

    assert [tick("A", 1, "1.00", 1)] == read(plan(), tmp_path).rows


def test_files_that_are_added_are_read_by_the_next_run(tmp_path: Path) -> None:
    """As with a pattern."""
    put(tmp_path / "1.csv", _row(1))
    first = read(plan(), tmp_path)
    put(tmp_path / "2.csv", _row(2))

    assert [tick("A", 2, "1.00", 2)] == read(plan(), tmp_path, first.positions).rows


def test_nothing_that_can_be_read(tmp_path: Path) -> None:
    """The message says what is there instead."""
    put(tmp_path / "notes.md", "no ticks")

    with pytest.raises(SourceError, match=r"holds no file that can be read \(it holds notes\.md\); name the files"):
        read(plan(), tmp_path)
