"""A field that is a list: from text, JSON, typed frames and Python, in one form."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.errors import SourceError
from barloom.plan.barplan import Field, FieldKind
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from serde.material import CALENDAR
from source.reading import AT, SYMBOL, iso, plan, put, read

if TYPE_CHECKING:
    from pathlib import Path

COND = Field("cond", FieldKind.STRING, separator=",")
MAYBE = Field("cond", FieldKind.STRING, nullable=True, separator=",")
LISTS = [["53", "52"], [], ["@"], None]
FORM = ["53,52", "", "@", ""]


def conditions(spec: object, field: Field = COND) -> tuple[list[str | None], list[tuple[int, str]]]:
    """What is read of the field, and what is refused."""
    found = read(plan(SYMBOL, AT, field), spec)
    return [row[2] for row in found.rows], found.invalid


def frame(values: pl.Series) -> pl.DataFrame:
    """Rows with these conditions."""
    return pl.DataFrame({"symbol": "A", "at": [iso(place) for place in range(len(values))], "cond": values})


def test_text_with_a_separator(tmp_path: Path) -> None:
    """Spaces around elements and empty elements do not count; what is missing is the empty list, or null with a '?'."""
    texts = ["53,52", " 53 , 52 ", "", ",53,,52,", "53"]
    lines = [f'A,{iso(place)},"{text}"' for place, text in enumerate(texts)]
    path = put(tmp_path / "a.csv", "\n".join(["symbol,at,cond", *lines]) + "\n")

    assert (["53,52", "53,52", "", "53,52", "53"], []) == conditions(path)
    assert (["53,52", "53,52", None, "53,52", "53"], []) == conditions(path, MAYBE)


@pytest.mark.parametrize("kind", [pl.List(pl.String()), pl.List(pl.Categorical()), pl.Array(pl.String(), 2)])
def test_typed_lists(tmp_path: Path, kind: pl.DataType) -> None:
    """Of Parquet and of frames."""
    lists = [["53", "52"], ["@", None], None] if isinstance(kind, pl.Array) else LISTS
    given = frame(pl.Series(lists, dtype=kind))
    given.write_parquet(tmp_path / "a.parquet")
    wanted = ["53,52", "@", ""] if isinstance(kind, pl.Array) else FORM

    assert (wanted, []) == conditions(given) == conditions(tmp_path / "a.parquet")


def test_whole_numbers() -> None:
    """Numbers are their texts, a single number is a list of one, a column of nothing one of empty lists."""
    assert (["53,52", ""], []) == conditions(frame(pl.Series([[53, 52], []])))
    assert (["53", ""], []) == conditions(frame(pl.Series([53, None])))
    assert (["", ""], []) == conditions(frame(pl.Series([None, None])))


def test_lists_of_other_things_are_refused() -> None:
    """A list of fractions, or of lists, has no codes in it."""
    for values in (pl.Series([[0.5]]), pl.Series([[["a"]]]), pl.Series([0.5])):
        with pytest.raises(SourceError, match="which is no list of texts or whole numbers"):
            conditions(frame(values))


def test_json(tmp_path: Path) -> None:
    """Arrays, texts and numbers may come in one file; an element with the separator in it, and objects, are refused."""
    given = [["53", 52], "53,52", None, 53, [], ["a,b"], [["53"]], {"a": 1}]
    records = [{"symbol": "A", "at": iso(place), "cond": value} for place, value in enumerate(given)]
    path = put(tmp_path / "a.jsonl", "".join(json.dumps(record) + "\n" for record in records))
    wanted = ["53,52", "53,52", "", "53", ""]
    refused = [
        (5, "cond: the element 'a,b' has the separator ',' in it; declare another one"),
        (6, "'cond' is a list, not a value"),
        (7, "'cond' is an object, not a value"),
    ]

    assert (wanted, refused) == conditions(path)
    assert (wanted, refused) == conditions(records)

    serde = open_serde(plan(SYMBOL, AT, COND), CALENDAR, format=Format.JSON, json_times="iso")
    rows = serde.events.decode([json.dumps(record).encode() for record in records])
    assert (wanted, [5, 6, 7]) == (rows.frame["cond"].to_list(), sorted(dict(rows.problems.items())))


def test_events_of_python() -> None:
    """Objects with lists; a set has no order, and so that of its letters."""

    class Trade:
        def __init__(self, at: int, cond: object) -> None:
            self.symbol, self.at, self.cond = "A", datetime.fromtimestamp(at, UTC), cond

    letters = set("gfedcba")
    trades = [Trade(1, ["53", 52]), Trade(2, None), Trade(3, ("@",)), Trade(4, letters), Trade(5, frozenset(letters))]

    assert (["53,52", "", "@", "a,b,c,d,e,f,g", "a,b,c,d,e,f,g"], []) == conditions(trades)
