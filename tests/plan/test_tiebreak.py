"""The field that orders rows of equal event time: how it is declared, kept, and refused."""

from __future__ import annotations

import pytest

import barloom as bl
from barloom.ksqldb.compile.phases import compile_script
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import differences
from barloom.plan.toml import read_toml
from plan.plan_cases import only_problem

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
{tiebreak}
[event.fields]
symbol = "string"
at = "timestamp"
id = "int"
maybe = "int?"
text = "string"
price = "decimal(9, 2)"
[bars]
name = "t"
base = "1m"
ohlcv = {{ price = "price" }}
"""


def plan(tiebreak: str = 'tiebreak = "id"') -> bl.BarPlan:
    """Open, high, low, close and count, with this line under [event]."""
    return read_toml(DEFINITION.format(tiebreak=tiebreak))


def test_it_is_part_of_the_definition() -> None:
    """It is kept, and a store that was begun without it is not continued with it."""
    made, without = plan(), plan("")

    assert made == from_document(plan_document(made))
    assert ["tiebreak was none, is id"] == differences(without, made)
    assert "tiebreak" not in plan_document(without)["event"]


def test_an_id_may_be_the_tiebreak_too() -> None:
    """In TOML by its name, in Python by the id's option or a field of its own."""

    class Trade(bl.Event):
        symbol: str = bl.key()
        at: int = bl.timestamp(unit="ns")
        id: int = bl.event_id(tiebreak=True)
        price: int

    class Counted(bl.Event):
        symbol: str = bl.key()
        at: int = bl.timestamp(unit="ns")
        number: int = bl.tiebreak()
        price: int

    made = [bl.from_(kind).tumbling("1m").ohlcv("price").named("t").plan.event for kind in (Trade, Counted)]
    assert [("id", "id"), (None, "number")] == [(event.event_id, event.tiebreak) for event in made]
    both = plan('event_id = "id"\ntiebreak = "id"').event
    assert ("id", "id") == (both.event_id, both.tiebreak)


@pytest.mark.parametrize(
    ("name", "what", "fix"),
    [
        ("text", "the tiebreak 'text' is of type string", "declare it as int or decimal(38, 0)"),
        ("maybe", "the tiebreak 'maybe' may be missing", "drop the '?'"),
        ("idd", "unknown field 'idd'", "did you mean 'id'?"),
    ],
)
def test_what_cannot_be_one(name: str, what: str, fix: str) -> None:
    """Texts have no order of numbers, and every row has to have one."""
    found = only_problem(lambda: plan(f'tiebreak = "{name}"'))

    assert what in found[0]
    assert fix in found[2]


def test_bars_have_no_ties() -> None:
    """With bars as input a key has one row a slot."""
    text = DEFINITION.format(tiebreak='tiebreak = "id"').replace(
        'base = "1m"', 'base = "1m"\ninput = "bars"\nrollup = ["5m"]'
    )
    text = text.replace('ohlcv = { price = "price" }', 'select = { close = "last(price)" }')

    assert "a tiebreak of bars as input" in only_problem(lambda: read_toml(text))[0]


def test_ksqldb_refuses_it() -> None:
    """It orders ticks of equal time by their offset only, so that the bars would be others."""
    with pytest.raises(bl.DefinitionError, match="tiebreak"):
        compile_script(plan(), allow_degraded=["all"])
