"""JSON lines give the rows they say, to the last digit of every number."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from barloom.errors import SourceError
from source.reading import SECOND, iso, plan, put, read, tick, with_time

if TYPE_CHECKING:
    from pathlib import Path


def _lines(path: Path, *rows: object) -> Path:
    return put(path, "".join(f"{row if isinstance(row, str) else json.dumps(row)}\n" for row in rows))


def _row(**other: object) -> dict[str, Any]:
    return {"symbol": "A", "at": iso(1), "price": "1.5", "size": 3, **other}


def test_numbers_are_exact(tmp_path: Path) -> None:
    """A number of more digits than a float holds keeps them all; text and numbers read alike."""
    path = _lines(
        tmp_path / "a.jsonl",
        '{"symbol": "A", "at": "2025-01-01T00:00:01Z", "price": 1234567890123456.78, "size": 9007199254740993}',
        '{"symbol": "A", "at": "2025-01-01T00:00:01Z", "price": "0.10", "size": "3"}',
    )
    rows = read(plan(), path).rows

    assert [Decimal("1234567890123456.78"), Decimal("0.1")] == [row[2] for row in rows]
    assert [9007199254740993, 3] == [row[3] for row in rows]


def test_fractional_times_are_exact(tmp_path: Path) -> None:
    """An epoch with seven digits behind the point, as a JSON number."""
    path = _lines(tmp_path / "a.jsonl", '{"symbol": "A", "at": 1762795433.9717445, "price": 1, "size": 3}')

    assert 1_762_795_433_971_744_500 == read(with_time("s"), path).rows[0][1]


def test_nested_paths_and_arrays(tmp_path: Path) -> None:
    """Members by name, elements by position, a name with a dot as it is."""
    path = _lines(tmp_path / "a.ndjson", {"data": {"b": ["1.5", 3]}, "s.y": "A", "t": iso(1)})
    mapped = plan(columns={"price": "data.b.0", "size": "data.b.1", "symbol": "s.y", "at": "t"})

    assert [tick("A", 1, "1.5", 3)] == read(mapped, path).rows


def test_lines_that_are_arrays(tmp_path: Path) -> None:
    """Their elements are the columns 0, 1 and so on."""
    path = _lines(tmp_path / "a.jsonl", ["1.5", 3, iso(1)], ["2.5", 4, iso(2)])
    mapped = plan(columns={"price": "0", "size": "1", "at": "2", "symbol": "=A"})

    assert [tick("A", 1, "1.5", 3), tick("A", 2, "2.5", 4)] == read(mapped, path).rows


def test_bad_lines_are_refused_by_themselves(tmp_path: Path) -> None:
    """Broken JSON, a value that is no object, an object where a value should be, a field that is missing."""
    path = _lines(
        tmp_path / "a.jsonl",
        _row(),
        '{"symbol": "A", "at"',
        "5",
        _row(price={"x": 1}),
        {"symbol": "A", "at": iso(1), "size": 3},
        "",
        _row(symbol=None),
        "{} {}",
        _row(price=True),
        _row(size=4),
    )
    reading = read(plan(), path)

    assert [tick("A", 1, "1.5", 3), tick("A", 1, "1.5", 4)] == reading.rows
    assert [0, 8] == reading.offsets
    messages = [message for _, message in reading.invalid]
    assert "not JSON" in messages[0]
    assert "JSON int" in messages[1]
    assert "'price' is an object" in messages[2]
    assert "price: the value is missing" == messages[3]
    assert "symbol: the key is missing" == messages[4]
    assert "not JSON" in messages[5]
    assert "price: 'true' is not a number" == messages[6]
    assert (2, '{"symbol": "A", "at"') == reading.origins[1][1:]


def test_a_misspelt_path_is_told(tmp_path: Path) -> None:
    """No record has it: the message names the paths there are."""
    path = _lines(tmp_path / "a.jsonl", {"symbol": "A", "at": iso(1), "data": {"price": "1"}, "size": 3})

    with pytest.raises(SourceError, match=r"no column 'price'.*'data\.price'"):
        read(plan(), path)


def test_a_document_over_several_lines_is_told(tmp_path: Path) -> None:
    """A JSON file that is not one value a line is refused with the way to convert it."""
    path = put(tmp_path / "a.json", json.dumps({"rows": [_row(), _row()]}, indent=2))

    with pytest.raises(SourceError, match="jq"):
        read(plan(), path)


def test_what_a_row_means_does_not_depend_on_its_neighbours(tmp_path: Path) -> None:
    """A column of numbers only, or of mixed values, gives the same rows."""
    numbers = _lines(tmp_path / "numbers.jsonl", *[_row(at=SECOND), _row(at=2 * SECOND)])
    mixed = _lines(tmp_path / "mixed.jsonl", *[_row(at=SECOND), _row(at=str(2 * SECOND))])

    assert read(with_time("ns"), numbers).everything == read(with_time("ns"), mixed).everything
    assert 2 == len(read(plan(), numbers).invalid)
