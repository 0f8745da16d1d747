"""Lists in records: columns by position are read, rows in a list are refused and never lost without a word."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.errors import SourceError
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from serde.material import CALENDAR, quotes
from source.reading import iso, plan, put, read, tick

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ("symbol", "at", "price", "size")
ONE = {"symbol": "A", "at": iso(1), "price": "1.50", "size": 3}
TWO = {"symbol": "B", "at": iso(2), "price": "2.25", "size": 4}
TICK = tick("A", 1, "1.50", 3)
BY_NAME = {name: f"data.{name}" for name in COLUMNS}
FIRST = {name: f"data.0.{name}" for name in COLUMNS}
NO_ROWS = "data is a list: one row each cannot be taken from it"


def _lines(path: Path, *records: object) -> Path:
    return put(path / "a.jsonl", "".join(json.dumps(record) + "\n" for record in records))


def test_rows_in_a_list_are_refused_beside_good_ones(tmp_path: Path) -> None:
    """A record whose member is a list, or that is one itself, is one refusal that says so."""
    path = _lines(tmp_path, {"data": ONE}, {"data": [ONE, TWO]}, [ONE], {"data": [ONE]})
    found = read(plan(columns=BY_NAME), path)

    expected = [(1, NO_ROWS), (2, "the record is a list: one row each cannot be taken from it"), (3, NO_ROWS)]
    assert ([TICK], expected) == (found.rows, found.invalid)


def test_a_file_of_lists_is_told(tmp_path: Path) -> None:
    """Where no record has the column, the error says list and not that a column is missing."""
    with pytest.raises(SourceError, match=f"'data.symbol' for the field 'symbol': {NO_ROWS}"):
        read(plan(columns=BY_NAME), _lines(tmp_path, {"data": [ONE, TWO]}))


def test_a_position_loses_no_rows(tmp_path: Path) -> None:
    """A list of one element may be entered; of more, the record is refused, also in mappings of a feed."""
    records = [{"data": [ONE]}, {"data": [ONE, TWO]}, {"data": [ONE, "end"]}]
    for spec in (_lines(tmp_path, *records), records):
        found = read(plan(columns=FIRST), spec)
        assert [TICK, TICK] == found.rows
        assert [(1, f"{NO_ROWS}; it has 2 elements, and some would be lost")] == found.invalid


def test_positions_are_columns_where_none_are_rows(tmp_path: Path) -> None:
    """An array of values, an array within one, and two objects of which each is read, are one row."""
    row = [0, ["A", iso(1)], {"price": "1.50"}, {"size": 3}, "trade", ["x"]]
    columns = {"symbol": "1.0", "at": "1.1", "price": "2.price", "size": "3.size"}
    flat = dict(zip(COLUMNS, "0123", strict=True))

    assert [TICK] == read(plan(columns=flat), _lines(tmp_path, list(ONE.values()))).rows
    found = read(plan(columns=columns), _lines(tmp_path, row[:5]))
    assert ([TICK], []) == (found.rows, found.invalid)
    [(_, message)] = read(plan(columns=columns), _lines(tmp_path, row)).invalid
    assert message.startswith("the record is a list: one row each")


def test_frames_say_how_rows_are_taken_from_lists(tmp_path: Path) -> None:
    """A list column is entered neither by name nor by the position of one of its rows; its values may be columns."""
    frame = pl.DataFrame({"data": [[ONE, TWO]], "symbol": ["A"], "at": [iso(1)], "levels": [["1.50", "2"]]})
    frame.write_parquet(tmp_path / "a.parquet")

    for spec in (frame, tmp_path / "a.parquet"):
        for columns in (BY_NAME, FIRST):
            with pytest.raises(SourceError, match=r"data is a list: one row each.*frame\.explode\('data'\)"):
                read(plan(columns=columns), spec)
    levels = {"price": "levels.0", "size": "levels.1"}
    assert [("A", TICK[1], Decimal("1.50"), 2)] == read(plan(columns=levels), frame).rows


def test_messages_with_lists_are_refused() -> None:
    """On Kafka: by name, by position, and a message that is a list itself."""
    good = {"broker": "B", "number": 5, "at": 1700000040000, "bid": "1.5", "ask": None, "size": "2", "buy": True}
    one = json.dumps({"data": [good]}).encode()
    two = json.dumps({"data": [good, good]}).encode()
    whole = json.dumps([good, good]).encode()

    def problems(columns: dict[str, str]) -> dict[int, str]:
        decoder = open_serde(quotes(columns=columns), CALENDAR, format=Format.JSON).events
        return decoder.decode([json.dumps({"data": good}).encode(), one, two, whole]).problems

    named = problems({name: f"data.{name}" for name in good})
    assert [1, 2, 3] == list(named)
    assert [NO_ROWS, NO_ROWS, "the record is a list"] == [named[1], named[2], named[3][:20]]
    first = problems({name: f"data.0.{name}" for name in good})
    assert [0, 2, 3] == list(first)
    assert first[2].startswith(NO_ROWS)
    flat = open_serde(quotes(), CALENDAR, format=Format.JSON).events
    assert "it is a list: one row each" in flat.decode([json.dumps(good).encode(), whole]).problems[1]
