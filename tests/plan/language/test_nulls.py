"""What is told of conditions that leave rows out because a value is missing."""

from __future__ import annotations

import pytest

import barloom as bl
from barloom.plan.language.nulls import unasked_nulls
from barloom.plan.nodes import Coalesce, Column, Text
from barloom.plan.toml import read_toml
from plan.plan_cases import Quote, only_problem

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(10, 2)"
ask = "decimal(10, 4)?"
lots = "int"
size = "int?"
side = "string?"
odd = "bool?"
[bars]
name = "bars"
base = "1m"
{settings}
[bars.select]
close = "last(price)"
{columns}
"""


def plan(settings: str = "", columns: str = "") -> bl.Bars:
    """Bars with some settings and columns, as TOML."""
    return bl.Bars(read_toml(DEFINITION.format(settings=settings, columns=columns)))


@pytest.mark.parametrize(
    ("where", "missing"),
    [
        ("side != 'x'", ["side"]),
        ("not (side == 'x')", ["side"]),
        ("not (size > 5 or side == 'x')", ["side", "size"]),
        ("not odd", ["odd"]),
        ("odd != true", ["odd"]),
        ("ask != size", ["ask", "size"]),
        ("price > 1 and (side != 'x' or size != 3)", ["side", "size"]),
        ("side == 'x' and size > 5 and odd", []),
        ("not (side != 'x')", []),
        ("lots != 3 and not (price > 5)", []),
        ("side is null or side != 'x'", []),
        ("side is not null and side != 'x'", []),
        ("coalesce(side, '') != 'x'", []),
        ("coalesce(ask, size, 0) != 3", []),
        ("coalesce(ask, size) != 3", ["ask", "size"]),
    ],
)
def test_comparisons_that_say_what_shall_not_be(where: str, missing: list[str]) -> None:
    """Told of are ``!=`` and what stands behind ``not``, where a value may be missing and nobody asked for it."""
    told = unasked_nulls(plan(f'where = "{where}"').plan)

    assert [f"where: rows without {name} do not fulfil" for name in missing] == sorted(
        text[: text.index(" do not fulfil") + len(" do not fulfil")] for text in told
    )


def test_every_place_of_a_condition_is_told_once() -> None:
    """The filter, the columns, and the ticks behind the close; equal parts together, with the way out."""
    settings = """where = "side != 'x'"
calendar = "XNYS"
close_grace = "5m"
close_grace_when = "not odd"
"""
    columns = """high = "max(price) when size != 1"
low = "min(price) when size != 1"
"""

    told = unasked_nulls(plan(settings, columns).plan)

    assert ["where", "close_grace_when", "high, low"] == [text.partition(":")[0] for text in told]
    assert (
        'where: rows without side do not fulfil side != "x" (a comparison with null is not true) (to have them, write'
        ' side is null or side != "x"; to leave them out knowingly, side is not null and side != "x")'
    ) == told[0]
    assert "write odd is null or not odd; to leave them out knowingly, odd is not null and not odd" in told[1]


def test_a_completed_value_is_never_null() -> None:
    """Its column needs no mark of missing values, and counts like a field that is always there."""
    made = plan(columns='whole = "sum(coalesce(ask, price) * lots)"\nn = "count(coalesce(size, 0))"\n').plan
    some = plan(columns='low = "min(coalesce(ask, size))"\n').plan

    assert frozenset() == made.optional
    assert [4, 0] == [made.partials[position].number.scale for position in (1, 2)]
    assert made.partials[2].expression is None
    assert {1} == set(some.optional)


@pytest.mark.parametrize(
    ("expression", "what", "fix"),
    [
        ("coalesce(side, 0) != 'x'", "chooses between a number and text", "values of one kind"),
        (
            "coalesce(odd, odd)",
            "chooses between conditions",
            "write (odd is not null and odd) or (odd is null and odd)",
        ),
        ("coalesce(odd, 0) == 1", "between a condition and a number", "odd is not null and odd where a missing value"),
        ("coalesce(odd, price > 1)", "chooses between conditions", "odd is null or odd where it means yes"),
        ("coalesce(odd, true)", "unexpected 'true'", "write odd is null or odd"),
        ("coalesce(odd, false)", "unexpected 'false'", "write odd is not null and odd"),
        ("coalesce(at, 0) == at", "chooses between a number and a time", "values of one kind"),
        ("coalesce(sde, '') != 'x'", "unknown column 'sde'", "did you mean 'side'?"),
    ],
)
def test_values_of_different_kinds(expression: str, what: str, fix: str) -> None:
    """A choice is between numbers, texts or times."""
    found = only_problem(lambda: plan(f'where = "{expression}"'))

    assert what in found[0]
    assert fix in found[2]


def test_a_choice_in_python() -> None:
    """One value is none to choose from; a float is told as everywhere."""
    query = bl.from_(Quote).tumbling("1m")

    alone, inexact = bl.coalesce(bl.col("ask")), bl.coalesce(bl.col("ask"), 0.5)  # type: ignore[arg-type]

    assert "two values or more" in only_problem(lambda: query.where(alone > 1).ohlcv(price="bid").named("b"))[0]
    assert "the float 0.5" in only_problem(lambda: query.select(ask=bl.last(inexact)).named("b"))[0]
    assert Coalesce((Column("ask"), Text("x"))) == bl.coalesce(bl.col("ask"), "x").node
