"""Several ticks in one record: each item of a list is a row, with what stands around it."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pytest

from barloom.errors import SourceError
from barloom.source.files import reading as reading_module
from barloom.source.text import jsonrows
from source.reading import iso, plan, put, read, tick

if TYPE_CHECKING:
    from pathlib import Path

A, B, C = tick("A", 1, "1.50", 3), tick("B", 2, "2.25", 4), tick("A", 3, "0.10", 1)
ONE, TWO, THREE = (
    {"symbol": row[0], "at": iso(at), "price": str(row[2]), "size": row[3]}
    for at, row in zip((1, 2, 3), (A, B, C), strict=True)
)


def _lines(path: Path, *records: object) -> Path:
    return put(path / "a.jsonl", "".join(json.dumps(record) + "\n" for record in records))


def test_each_item_is_a_row(tmp_path: Path) -> None:
    """In their order; an empty list and null are no rows, and a record of one item is one row."""
    path = _lines(tmp_path, {"data": [ONE, TWO]}, {"data": []}, {"data": None}, {"data": [THREE]})
    found = read(plan(rows="data[*]"), path)

    assert ([A, B, C], [], [0, 1, 2]) == (found.rows, found.invalid, found.offsets)


def test_the_record_may_be_the_list(tmp_path: Path) -> None:
    """A whole answer on one line, more than one of them, and beside it a record that has no list."""
    found = read(plan(rows="[*]"), _lines(tmp_path, [ONE, TWO], {"data": 1}, [THREE]))

    assert [A, B, C] == found.rows
    assert [(2, "the record is an object, not a list of rows")] == found.invalid


def test_what_stands_around_an_item(tmp_path: Path) -> None:
    """``$.`` begins at the record, ``^.`` at the item of the list around; without a list around, at the record."""
    inner = [{"at": iso(1), "price": "1.50"}, {"at": iso(2), "price": "2.25"}]
    record = {"size": 3, "data": [{"symbol": "A", "trades": inner}, {"symbol": "B", "trades": inner[:1]}]}
    columns = {"symbol": "^.symbol", "size": "$.size"}
    found = read(plan(rows="data[*].trades[*]", columns=columns), _lines(tmp_path, record))
    assert [A, tick("A", 2, "2.25", 3), tick("B", 1, "1.50", 3)] == found.rows

    flat = {"symbol": "A", "size": 3, "trades": inner[:1]}
    for path in ("^.symbol", "$.symbol"):
        bars = plan(rows="trades[*]", columns={"symbol": path, "size": "$.size"})
        assert [A] == read(bars, _lines(tmp_path, flat)).rows
    deep = plan(rows="data[*].trades[*]", columns={"symbol": "^.symbol", "size": "^^.size"})
    assert 3 == len(read(deep, _lines(tmp_path, record)).rows)


def test_items_may_be_lists(tmp_path: Path) -> None:
    """Positions are written ``[0]``: a message of a feed that names nothing, and an answer with its pair as a name."""
    columns = {"price": "[0]", "size": "[1]", "at": "[2]", "symbol": "$[3]"}
    message = [42, [["1.50", 3, iso(1)], ["2.25", 4, iso(2)]], "trade", "A"]
    found = read(plan(rows="[1][*]", columns=columns), _lines(tmp_path, message))
    assert [A, tick("A", 2, "2.25", 4)] == found.rows

    answer = {"error": [], "result": {"XXBTZUSD": [["1.50", 3, iso(1)]], "last": "1"}}
    bars = plan(rows="result.XXBTZUSD[*]", columns={**columns, "symbol": "=A"})
    assert [A] == read(bars, _lines(tmp_path, answer)).rows


def test_a_value_may_be_the_row(tmp_path: Path) -> None:
    """Without ``[*]`` at the end: what is null there is no row, such as the state after a deletion."""
    records = [{"payload": {"op": "c", "after": ONE}}, {"payload": {"op": "d", "after": None}}]
    found = read(plan(rows="payload.after"), _lines(tmp_path, *records))

    assert ([A], []) == (found.rows, found.invalid)


def test_a_bad_item_costs_no_other(tmp_path: Path) -> None:
    """Each is refused by itself, with its own text; a record without the list is refused as it stands."""
    path = _lines(tmp_path, {"data": [ONE, {**TWO, "price": 1.505}, 7, THREE]}, {"dato": [ONE]})
    found = read(plan(rows="data[*]"), path)

    assert [A, C] == found.rows
    assert [
        (1, "price: '1.505' does not fit decimal(18, 2): it has more than 2 digits behind the point"),
        (2, "the item is a JSON int, neither an object nor an array"),
        (4, "it has no 'data' (did you mean 'dato'?), where [source] rows = 'data[*]' looks for its rows"),
    ] == found.invalid
    raws = [found.origins[row].raw for row in (1, 2, 4)]
    assert [json.dumps({**TWO, "price": 1.505}, separators=(",", ":")), "7", json.dumps({"dato": [ONE]})] == raws


def test_a_line_that_is_no_json_is_one_refusal(tmp_path: Path) -> None:
    """Cut off at any place, also where it is the first of the file."""
    lines = [json.dumps({"data": [ONE, TWO]}), json.dumps({"data": [THREE]})]
    for cut in (1, 9, len(lines[0]) // 2, len(lines[0]) - 1):
        for place in (0, 1, 2):
            texts = [*lines[:place], lines[0][:cut], *lines[place:]]
            found = read(plan(rows="data[*]"), put(tmp_path / "a.jsonl", "".join(f"{text}\n" for text in texts)))
            assert [A, B, C] == found.rows
            assert 1 == len(found.invalid)


@pytest.mark.parametrize("end", ["", "\n"])
def test_a_document_over_several_lines(tmp_path: Path, end: str) -> None:
    """Written for people, several behind one another, with or without a line end behind the last bracket."""
    documents = [[ONE, {**TWO, "note": 'a "]" and \\ in a text'}], [THREE]]
    text = "\n".join(json.dumps(each, indent=2) for each in documents) + end

    assert [A, B, C] == read(plan(rows="[*]"), put(tmp_path / "a.json", text)).rows
    whole = put(tmp_path / "b.json", json.dumps({"data": [ONE, TWO, THREE]}, indent=1) + end)
    assert [A, B, C] == read(plan(rows="data[*]"), whole).rows


def test_a_long_document_is_looked_through_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of the blocks that it comes in: lines that were looked at are not looked at again."""
    rows = [{**ONE, "note": 'a "quoted" [ text'} for _ in range(100)]
    text = "".join(json.dumps({"data": rows}, indent=1) + "\n" for _ in range(2))
    path = put(tmp_path / "a.json", text)
    looked = []
    through = jsonrows.JsonRows._looked_through  # noqa: SLF001 - what is counted

    def counted(self: jsonrows.JsonRows, data: bytes, known: Any) -> Any:  # noqa: ANN401 - of a type of its own
        looked.append(len(data) - known.until)
        return through(self, data, known)

    monkeypatch.setattr(jsonrows.JsonRows, "_looked_through", counted)
    monkeypatch.setattr(reading_module, "_BLOCK_BYTES", 150)
    monkeypatch.setattr(reading_module, "_PEEK_BYTES", 150)
    found = read(plan(rows="data[*]"), path)

    assert [A] * 200 == found.rows
    assert sum(looked) < 6 * len(text)


def test_an_open_document_waits(tmp_path: Path) -> None:
    """It may still be being written: it is not read, a note says so, and once it is closed it counts."""
    text = json.dumps([ONE, TWO], indent=1)
    path = put(tmp_path / "a.json", text[:-9] + "\n")
    first = read(plan(rows="[*]"), path)
    assert [] == first.rows
    assert "the last record has a bracket that is not closed" in first.notes[0]

    put(path, text)
    assert [A, B] == read(plan(rows="[*]"), path, first.positions).rows


@pytest.mark.parametrize("indent", [None, 1])
def test_interrupted_at_every_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, indent: int | None) -> None:
    """Continued from any position, within a record or between two, the rest follows, whatever the blocks are."""
    monkeypatch.setattr(reading_module, "_BLOCK_BYTES", 150)
    monkeypatch.setattr(reading_module, "_PEEK_BYTES", 150)
    records = [{"data": [{**ONE, "size": 10 * number + item} for item in range(number)]} for number in range(5)]
    path = put(tmp_path / "a.json", "".join(json.dumps(each, indent=indent) + "\n" for each in records))
    bars = plan(rows="data[*]")
    sizes = [10 * number + item for number in range(5) for item in range(number)]
    whole = read(bars, path, rows=1)
    assert sizes == [row[3] for row in whole.rows]
    for done, batch in enumerate(whole.batches[: len(sizes)], 1):
        assert sizes[done:] == [row[3] for row in read(bars, path, batch.positions, rows=2).rows]


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    """A field that no item has is an error that lists what an item has; so is what is no JSON at all."""
    with pytest.raises(SourceError, match=r"has no column 'prise' for the field 'price'.*did you mean 'price'"):
        read(plan(rows="data[*]", columns={"price": "prise"}), _lines(tmp_path, {"data": [ONE]}))
    with pytest.raises(SourceError, match="is no JSON"):
        read(plan(rows="data[*]"), put(tmp_path / "b.jsonl", "symbol,at\nA,1\n"))
    with pytest.raises(SourceError, match=r"rows takes several ticks of a record of JSON, and csv text has one"):
        read(plan(rows="data[*]"), put(tmp_path / "c.csv", "symbol,at,price,size\n"))


def test_an_input_without_ticks_is_told(tmp_path: Path) -> None:
    """Lists that are all empty are no mistake in the file, but a first run of nothing is one."""
    with pytest.raises(SourceError, match=r"a\.jsonl holds no ticks"):
        read(plan(rows="data[*]"), _lines(tmp_path, {"data": []}))


@pytest.mark.parametrize("order", ["row", "time"])
def test_sorted_and_beside_another_file(tmp_path: Path, order: str) -> None:
    """Items are merged and sorted as any rows are."""
    first = put(tmp_path / "a.jsonl", json.dumps({"data": [ONE, THREE]}) + "\n")
    second = put(tmp_path / "b.jsonl", json.dumps({"data": [TWO]}) + "\n")

    assert [A, B, C] == read(plan(rows="data[*]", order=order), [first, second]).rows


def test_mappings_of_a_feed() -> None:
    """Messages as a socket's client gives them; events of a class are ticks already."""
    messages: list[dict[str, Any]] = [{"arg": {"id": "A"}, "data": [ONE, {**TWO, "price": None}]}, {"event": "up"}]
    found = read(plan(rows="data[*]", columns={"symbol": "$.arg.id"}), messages)

    assert [A] == found.rows
    assert [(1, "price: the value is missing")] == found.invalid[:1]
    assert found.invalid[1][1].startswith("it has no 'data'")
    assert Decimal("1.50") == found.rows[0][2]
