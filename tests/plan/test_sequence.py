"""The numbers of an event: declared in Python or TOML, kept with the plan, refused where they cannot be."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

import barloom as bl
from barloom.engine.frames import bar_schema
from barloom.errors import DefinitionError
from barloom.ksqldb.compile.refusals import refusals
from barloom.plan.barplan import BarPlan, Sequence
from barloom.plan.document import from_document, plan_document
from barloom.plan.identity import differences, fingerprint
from barloom.plan.toml import read_toml

SECOND = 10**9
TOML = """
[event]
key = ["symbol"]
timestamp = "at"
{sequence}
[event.fields]
symbol = "string"
at = "timestamp(ns)"
price = "decimal(12, 2)"
f = "int"
l = "int?"
name = "string"
[bars]
name = "bars"
base = "1m"
ohlcv = {{ price = "price" }}
{bars}
"""


class Single(bl.Event):
    """One number a row."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(12, 2)
    f: int = bl.sequence(restart_after="2s")
    l: int | None  # noqa: E741 - as venues call it
    name: str


class Pair(bl.Event):
    """Several numbers a row."""

    symbol: str = bl.key()
    at: int = bl.timestamp(unit="ns")
    price: Decimal = bl.decimal(12, 2)
    f: int = bl.sequence("first", give_up_after="30m")
    l: int | None = bl.sequence("last")  # noqa: E741 - as venues call it
    name: str


def of(event: type[bl.Event]) -> BarPlan:
    """Minutes."""
    return bl.from_(event).tumbling("1m").ohlcv(price="price").named("bars").plan


def toml(sequence: str = "", bars: str = "") -> BarPlan:
    """The same in TOML."""
    return read_toml(TOML.format(sequence=sequence, bars=bars))


@pytest.mark.parametrize(
    ("written", "event", "expected"),
    [
        ('sequence = { field = "f", restart_after = "2s" }', Single, Sequence("f", "f", 2 * SECOND, 3600 * SECOND)),
        (
            'sequence = { first = "f", last = "l", give_up_after = "30m" }',
            Pair,
            Sequence("f", "l", SECOND, 1800 * SECOND),
        ),
        ('sequence = "f"', None, Sequence("f", "f", SECOND, 3600 * SECOND)),
    ],
)
def test_both_ways_to_write_it(written: str, event: type[bl.Event] | None, expected: Sequence) -> None:
    """One number or two, with its settings; a second and an hour where none is given."""
    plan = toml(written)

    assert expected == plan.event.sequence
    if event is not None:
        assert expected == of(event).event.sequence


def test_bars_have_two_columns_more() -> None:
    """Right behind `partial`, and only where a sequence is declared."""
    names = list(bar_schema(toml('sequence = "f"')))

    assert ["partial", "missing", "complete", "revision"] == names[-4:]
    assert {"missing", "complete"}.isdisjoint(bar_schema(toml()))


def test_it_is_part_of_the_identity() -> None:
    """Bars of another sequence are other bars; a plan without one is what it was."""
    plain, single = toml(), toml('sequence = "f"')

    assert "sequence" not in plan_document(plain)["event"]
    assert single == from_document(plan_document(single))
    assert fingerprint(plain) != fingerprint(single)
    assert ["sequence was none, is f, anew after 1s, given up after 1h"] == differences(plain, single)


@pytest.mark.parametrize(
    ("sequence", "said"),
    [
        ('sequence = "g"', "unknown field 'g'"),
        ('sequence = "name"', "of type string"),
        ('sequence = "price"', "of type decimal"),
        ('sequence = { first = "f" }', "the first or the last number is missing"),
        ('sequence = { field = "f", last = "l" }', "no one sequence"),
        ('sequence = { restart_after = "1s" }', "a sequence without a field"),
        ('sequence = { field = "f", restart_after = "0s" }', "too short"),
        ('sequence = { field = "f", restart = "1s" }', "unknown key 'restart'"),
        ("sequence = 3", "is no name of a field"),
    ],
)
def test_what_cannot_be_is_refused(sequence: str, said: str) -> None:
    """With what is wrong, at its place."""
    with pytest.raises(DefinitionError, match=said) as caught:
        toml(sequence)

    assert all(problem.where.startswith("event") for problem in caught.value.problems)


def test_bars_have_no_sequence() -> None:
    """Only ticks have numbers without a hole."""
    with pytest.raises(DefinitionError, match="a sequence of bars as input"):
        toml('sequence = "f"', 'input = "bars"\nrollup = ["1h"]\n')


@pytest.mark.parametrize("name", ["missing", "complete"])
def test_the_names_of_the_columns_are_taken(name: str) -> None:
    """Where a sequence is declared; elsewhere they are free."""
    query: Any = bl.from_(Single).tumbling("1m").select(**{name: bl.last("price")})
    with pytest.raises(DefinitionError, match=f"every bar has a '{name}' of its own"):
        query.named("bars")
    free = TOML.format(sequence="", bars="").replace(
        'ohlcv = { price = "price" }', f'select = {{ {name} = "last(price)" }}'
    )

    assert name in bar_schema(read_toml(free))


def test_ksqldb_refuses_it() -> None:
    """It keeps no record of numbers."""
    refused = {refusal.name for refusal in refusals(of(Single))} - {refusal.name for refusal in refusals(toml())}

    assert {"sequence"} == refused
