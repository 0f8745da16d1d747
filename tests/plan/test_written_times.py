"""How times and numbers are written, and fields that names of files give, are declared alike in TOML and in Python."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.errors import DefinitionError
from barloom.plan.barplan import SourcePlan
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import continues, fingerprint
from barloom.plan.patterns import TimeForm
from barloom.plan.toml import read_toml

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

PATTERN = "%d.%m.%Y %H:%M:%S.%f"

TOML = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = {at}
price = "decimal(18, 2)"
[source]
{source}
[bars]
name = "bars"
base = "1m"
ohlcv = {{ price = "price" }}
"""


def _toml(at: str = '"timestamp"', source: str = "") -> BarPlan:
    return read_toml(TOML.format(at=at, source=source))


def _problem(at: str = '"timestamp"', source: str = "") -> str:
    with pytest.raises(DefinitionError) as caught:
        _toml(at, source)
    return str(caught.value)


class Tick(bl.Event):
    """A tick of European text."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp(PATTERN, "%d.%m.%Y", zone="Europe/Berlin")
    price: Decimal = bl.decimal(18, 2)


SETTINGS = {
    "columns": {"symbol": "@file:([A-Z]+)-trades", "at": ["date", "@hive.hour"]},
    "ambiguous": "order",
    "decimal_separator": ",",
    "thousands": ".",
    "format": "ipc",
}


def test_toml_and_python_are_one() -> None:
    """Both become the same plan, which survives being written down as a document."""
    columns = 'columns = { symbol = "@file:([A-Z]+)-trades", at = ["date", "@hive.hour"] }'
    source = f'{columns}\nambiguous = "order"\ndecimal_separator = ","\nthousands = "."\nformat = "ipc"'
    written = _toml(f"""'timestamp("{PATTERN}", "%d.%m.%Y", zone="Europe/Berlin")'""", source)
    python = bl.from_(Tick).tumbling("1m").ohlcv(price="price").source(**SETTINGS).named("bars").plan  # type: ignore[arg-type]  # one dict of all

    assert written == replace(python, event=replace(python.event, name="Tick"))
    assert TimeForm((PATTERN, "%d.%m.%Y"), "Europe/Berlin") == written.event.by_name["at"].form
    assert written == from_document(json.loads(json.dumps(plan_document(written))))


def test_quotes_of_either_kind() -> None:
    """Single quotes serve in a text of double ones; brackets and commas in a pattern are text."""
    form = _toml("\"timestamp('%Y, %m (%d)')\"").event.by_name["at"].form

    assert TimeForm(("%Y, %m (%d)",)) == form


def test_how_a_time_is_written_does_not_change_the_bars() -> None:
    """A store goes on with a definition that reads other files; an old plan is written as it always was."""
    plain, other = _toml(), _toml("""'timestamp("%Y%m%d", zone="UTC")'""", 'thousands = ","')

    assert fingerprint(plain) == fingerprint(other)
    assert continues(plain, other)
    assert "patterns" not in json.dumps(plan_document(plain))
    assert {"ambiguous", "thousands", "decimal_separator"}.isdisjoint(plan_document(plain)["source"])
    assert SourcePlan() == from_document(plan_document(plain)).source


@pytest.mark.parametrize(
    ("pattern", "problem"),
    [
        ("%H:%M:%S", "has no whole date"),
        ("%Y-%m %H:%M", "has no whole date"),
        ("%Y%m%d %M", "does not say the hour"),
        ("%Y%m%d %I:%M", "does not say the hour; write %H, or %I with %p"),
        ("%Y%m%d %H:%S", "leaves out what stands between"),
        ("%Y%m%d %H:%M.%f", "leaves out what stands between"),
        ("%Y%m%d %H {ms}", "has the time of day twice"),
        ("%Y%m%d {h}", "{h} is no number since midnight; write {s}, {ms}"),
        ("%Y%m%d %Y", "has %Y twice"),
        ("%Y%m%d %Z", '%Z is no part of a time; names of zones are ambiguous; state zone="…"'),
        ("%s", "%s is no part of a time; numbers since 1970 are timestamp(s)"),
        ("%Y%m%d %H:%M:%S%.f", "a fraction of any length is .%f"),
        ("%Y%m%d %3f", "a fraction of any length is %f"),
        ("%Y%m%d %q", "known are %Y %y %m %d"),
        ("%Y%m%d %", "ends with '%'; a percent sign itself is %%"),
        ("", "has no whole date"),
    ],
)
def test_what_is_no_pattern(pattern: str, problem: str) -> None:
    """The message says what is missing, and how to write it; in Python too."""
    told = _problem(f"""'timestamp("{pattern}")'""")
    assert "event.fields.at" in told
    assert problem in told.replace("\n    fix: ", "; ")

    broken = type("Broken", (bl.Event,), {"__annotations__": dict(Tick.__annotations__), "at": bl.timestamp(pattern)})
    with pytest.raises(DefinitionError, match=r"Broken\.at"):
        bl.from_(broken).tumbling("1m").select(count=bl.count()).named("bars")


@pytest.mark.parametrize(
    ("at", "problem"),
    [
        ("""'timestamp("%Y%m%d", zone="Europe/Berlinn")'""", "did you mean 'Europe/Berlin'?"),
        ("""'timestamp("%Y%m%d", unit="ms")'""", "unknown type"),
        ("""'timestamp("%Y%m%d", ms)'""", "unknown type"),
    ],
)
def test_what_else_stands_in_the_brackets(at: str, problem: str) -> None:
    """A zone is one that there is, and nothing else has a name."""
    assert problem in _problem(at)


def test_a_pattern_is_of_text() -> None:
    """A number since 1970 has none, and no other field either."""
    with pytest.raises(DefinitionError, match="with a pattern or a zone is no number"):
        _named({"at": int}, bl.timestamp("%Y%m%d", unit="ms"))  # type: ignore[call-overload]
    with pytest.raises(DefinitionError, match="a time annotated str"):
        _named({"at": str}, bl.field(patterns=["%Y%m%d"]))


def _named(annotations: dict[str, type], at: object) -> None:
    made = type("Made", (bl.Event,), {"__annotations__": {"symbol": str, **annotations}, "symbol": bl.key(), "at": at})
    bl.from_(made).tumbling("1m").select(count=bl.count()).named("bars")


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ('columns = { symbol = "@file:[A-Z]+" }', "has no group in brackets"),
        ('columns = { symbol = "@file:([A-Z]+)-([0-9]+)" }', "has 2 groups in brackets"),
        ('columns = { symbol = "@member:([A-Z" }', "is no regular expression"),
        ('columns = { symbol = "@hive" }', "is no part of a file's name"),
        ('columns = { symbol = "@path:(x)" }', "is no part of a file's name"),
        ('columns = { symbol = ["a", "b"] }', "only a time is read from a date and a time of day"),
        ("columns = { at = [] }", "is an empty list"),
        ("columns = { at = [1] }", "1 names no column"),
        ('columns = { at = ["date", "@file:x"] }', "has no group in brackets"),
        ('decimal_separator = ";"', "write '.' or ','"),
        ('arrival_unit = "%H:%M"', "or a pattern such as"),
        ('arrival_unit = "mss"', "did you mean 'ms'?"),
        ('thousands = "."', "'.' would stand between thousands and before the decimals"),
        ('ambiguous = "latter"', "did you mean 'later'?"),
        ('format = "feather"', "'parquet' or 'ipc'"),
    ],
)
def test_what_cannot_be_read_so(source: str, problem: str) -> None:
    """Mistakes under [source] are told with the place and a way to write it."""
    told = _problem(source=source)
    assert "source." in told
    assert problem in told


def test_a_number_since_1970_stands_in_one_column() -> None:
    """Parts of it say nothing."""
    assert "does not stand in several columns" in _problem('"timestamp(ms)"', 'columns = { at = ["a", "b"] }')
