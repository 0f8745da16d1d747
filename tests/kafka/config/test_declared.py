"""Where a definition is asked for, bars do, and what `bl.load` reads; anything else is told what is missing."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import barloom as bl

if TYPE_CHECKING:
    from pathlib import Path

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(12, 2)"
[bars]
name = "bars"
base = "1m"
ohlcv = { price = "price" }
"""
ROWS = pl.DataFrame({"symbol": ["A"], "at": ["2025-11-10T09:00:00Z"], "price": ["1"]})


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A definition in a file."""
    place = tmp_path / "bars.toml"
    place.write_text(DEFINITION)
    return place


@pytest.mark.parametrize("as_given", [str, lambda path: path, bl.load, lambda path: bl.load(path).plan])
def test_a_definition_may_be_given_by_its_path(path: Path, as_given: Any) -> None:  # noqa: ANN401 - one of four kinds
    """To run, to compute, to rebuild."""
    report = bl.run(as_given(path), ROWS, path.with_name("state"), at_end="close")
    computed = bl.compute(as_given(path), ROWS)

    assert report.bars == {"1m": 1}
    assert computed["1m"].height == 1
    assert repr(computed) == "<Computed bars 1m: 1; 0 open, 0 rejected, 0 filtered>"


QUERY = bl.from_(Trade).tumbling("1m").ohlcv("price")


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (QUERY, r'these bars have no name yet: end their declaration by \.named\("bars"\)'),
        (Trade, r"Trade is an event, not bars of it: declare them, such as bl\.from_\(Trade\)"),
        ({}, r"\{\} is no definition: give bars \(what \.named"),
        (None, "None is no definition: give bars"),
        ([{"symbol": "A"}], "is no definition: give bars"),
    ],
)
def test_what_is_no_definition_is_told_what_is_missing(tmp_path: Path, given: Any, told: str) -> None:  # noqa: ANN401
    """Before anything is read or made."""
    with pytest.raises(TypeError, match=told):
        bl.run(given, ROWS, tmp_path / "state")
    with pytest.raises(TypeError, match=told):
        bl.compute(given, ROWS)
    assert not (tmp_path / "state").exists()


def test_the_text_of_a_definition_is_told_to_be_saved(tmp_path: Path) -> None:
    """It is no path, however long."""
    with pytest.raises(bl.DefinitionError, match="is the text of a definition"):
        bl.run(DEFINITION, ROWS, tmp_path / "state")
