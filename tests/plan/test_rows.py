"""Where in a record its ticks stand, and where paths begin."""

from __future__ import annotations

import pytest

import barloom as bl
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import fingerprint
from barloom.plan.rows import RowsStep, place_of, rows_steps
from barloom.plan.toml import read_toml

TEXT = """
[event]
key = "symbol"
timestamp = "at"
fields = {{ symbol = "string", at = "timestamp(ms)", price = "decimal(18, 2)" }}
[source]
{0}
[bars]
name = "t"
base = "1m"
ohlcv = {{ price = "price" }}
"""


@pytest.mark.parametrize(
    ("written", "steps"),
    [
        ("[*]", [("", True)]),
        ("data[*]", [("data", True)]),
        ("a.b[*].c[*]", [("a.b", True), ("c", True)]),
        ("[1][*]", [("1", True)]),
        ("a[0].b[*]", [("a.0.b", True)]),
        ("payload.after", [("payload.after", False)]),
        ("data[*].tick", [("data", True), ("tick", False)]),
        ("[*][*]", [("", True), ("", True)]),
    ],
)
def test_steps(written: str, steps: list[tuple[str, bool]]) -> None:
    """Names and positions up to each list, and whether it is entered."""
    assert [RowsStep(path, each=each) for path, each in steps] == list(rows_steps(written))


@pytest.mark.parametrize("written", ["", ".data[*]", "data[", "data[*", "data[x]", "data..x[*]", "data[*]."])
def test_what_is_no_path(written: str) -> None:
    """It is told where it is declared."""
    with pytest.raises(ValueError, match=r"rows|path"):
        rows_steps(written)


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("s", (2, "s")),
        ("a.b", (2, "a.b")),
        ("[0]", (2, "0")),
        ("a[2].b", (2, "a.2.b")),
        ("^.s", (1, "s")),
        ("^[3]", (1, "3")),
        ("^^.s", (0, "s")),
        ("$.a.b", (0, "a.b")),
        ("$[3].x", (0, "3.x")),
        ("$name", (2, "$name")),
    ],
)
def test_places(path: str, place: tuple[int, str]) -> None:
    """Two lists deep: 0 is the record, 1 the item of the outer list, 2 the tick."""
    assert place == place_of(path, rows_steps("data[*].trades[*]"))


def test_mistakes_are_told_together() -> None:
    """With what was meant: paths begin at the tick, and lead out of it no further than to the record."""
    wrong = """rows = "data[*]"
format = "csv"
columns = { symbol = "data[*].s", at = "^^.T", price = "$" }"""
    with pytest.raises(bl.DefinitionError) as caught:
        read_toml(TEXT.format(wrong))
    told = str(caught.value)
    for part in ("write 's'", "leads out of the record", "'$' names no value", "the format is 'csv'"):
        assert part in told
    with pytest.raises(bl.DefinitionError, match=r"source\.rows"):
        read_toml(TEXT.format('rows = "data[x]"'))


def test_it_is_kept_and_changes_no_bars() -> None:
    """A store keeps it with its plan; as with all of [source], the bars are those of any other input."""
    plain, rows = (read_toml(TEXT.format(text)) for text in ("", 'rows = "data[*]"'))

    assert "data[*]" == from_document(plan_document(rows)).source.rows
    assert "rows" not in plan_document(plain)["source"]
    assert fingerprint(plain) == fingerprint(rows)
