"""Arithmetic between aggregates: how it is written, what it comes to at every level, and what is refused."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest

import barloom as bl
from barloom.plan.identity import fingerprint
from barloom.plan.toml import read_toml
from plan.plan_cases import only_problem, planned

DEFINITION = """
[event]
key = "symbol"
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
price = "decimal(9, 2)"
size = "int"
[bars]
name = "t"
base = "1m"
rollup = ["5m"]
{settings}
[bars.select]
close = "last(price)"
x = '''{formula}'''
"""
ROWS = [("00:00:01", "10.00", 2), ("00:00:30", "12.50", 1), ("00:01:10", "9.75", 4), ("00:03:05", "11.00", 1)]
"""Of 5 minutes: high 12.50, low 9.75, volume 8, turnover 20 + 12.5 + 39 + 11 = 82.5, four ticks, prices of 43.25."""


def bars(formula: str, settings: str = "") -> bl.Bars:
    """Bars with one calculated column."""
    return bl.Bars(read_toml(DEFINITION.format(formula=formula, settings=settings)))


def values(formula: str, settings: str = "") -> tuple[list[Decimal | None], list[Decimal | None]]:
    """The column in the bars of one and of five minutes."""
    at = [f"2025-11-10T{time}Z" for time, _, _ in ROWS]
    prices, sizes = [row[1] for row in ROWS], [row[2] for row in ROWS]
    result = bars(formula, settings).compute(pl.DataFrame({"symbol": "A", "at": at, "price": prices, "size": sizes}))
    return result["1m"]["x"].to_list(), result["5m"]["x"].to_list()


@pytest.mark.parametrize(
    ("formula", "minutes", "five"),
    [
        ("max(price) - min(price)", ["2.50", "0", "0"], "2.75"),
        ("(max(price) + min(price)) * 0.5", ["11.25", "9.75", "11"], "11.125"),
        ("last(price) - first(price) when size > 1", ["0", "0", None], "-0.25"),
        ("sum(size) - (sum(size) when price > 10)", ["2", "4", "0"], "6"),
        ("avg(price) - vwap(price, size, scale=4)", ["0.4167", "0", "0"], "0.4975"),
        ("ratio(sum(size), count(), scale=1, rounding=down)", ["1.5", "4.0", "1.0"], "2.0"),
        ("-count() + 10", ["8", "9", "9"], "6"),
        ("0x10 * count()", ["32", "16", "16"], "64"),
    ],
)
def test_calculations(formula: str, minutes: list[str | None], five: str) -> None:
    """By hand; a parent calculates from merged partials, never from its children's results."""
    wanted = [None if value is None else Decimal(value) for value in minutes]

    assert (wanted, [Decimal(five)]) == values(formula)


def test_an_empty_slot_has_what_its_terms_have() -> None:
    """Carried: high and low are the last close, so that their distance is 0; the third minute has no tick."""
    assert ["2.50", "0.00", "0.00", "0.00"] == list(map(str, values("max(price) - min(price)", 'gap = "carry"')[0]))


def test_python_writes_the_same() -> None:
    """Operators between aggregates, and ``when`` for all of them."""
    made = planned(x=(bl.max("bid") - bl.min("bid")) * 2, y=(bl.max("bid") - 1 - bl.avg("size")).filtered("lots > 1"))
    shown = {output.name: output.text for output in made.outputs}

    assert "(max(bid) - min(bid)) * 2" == shown["x"]
    assert "(max(bid) when lots > 1) - 1 - (avg(size, scale=2, rounding=half-even) when lots > 1)" == shown["y"]


@pytest.mark.parametrize("formula", ["max(price) - min(price)", "(count() when size > 1) * 2 - sum(size)", "-count()"])
def test_the_text_is_read_back(formula: str) -> None:
    """What `check` shows of a calculation is the same calculation."""
    plan = bars(formula).plan
    shown = next(output.text for output in plan.outputs if output.name == "x")

    assert fingerprint(plan) == fingerprint(bars(shown).plan)


@pytest.mark.parametrize(
    ("formula", "what", "fix"),
    [
        ("max(price) - close", "unexpected 'close' at character 14", "an aggregate such as last(bid)"),
        ("max(price) / 2", "unexpected '/'", "ratio"),
        ("1 + 2", "no aggregate is in it", "last(bid)"),
        ("max(price) - mni(price)", "unknown aggregate 'mni'", "did you mean 'min'?"),
        ("sum(size, empty=null) - count()", "empty= of sum stands within a calculation", "leave it out"),
    ],
)
def test_mistakes(formula: str, what: str, fix: str) -> None:
    """A column has to be aggregated, and nothing is divided without a scale."""
    found = only_problem(lambda: bars(formula))

    assert what in found[0]
    assert fix in found[2]


def test_a_column_beside_an_aggregate() -> None:
    """In Python it is told, too."""
    assert "a column stands beside an aggregate" in only_problem(lambda: planned(x=bl.max("bid") - bl.col("ask")))[0]


HIGH, LOW = bl.max("bid"), bl.min("bid")


@pytest.mark.parametrize(
    ("formula", "what"),
    [
        ((HIGH + LOW) / 2, "division"),
        ((HIGH + LOW) / 2 + LOW, "division"),
        (2 * ((HIGH + LOW) / 2), "division"),
        (-((HIGH + LOW) / 2), "division"),
        (((HIGH + LOW) / 2).filtered("bid > 0"), "division"),
        ((HIGH - 0.5) + LOW, "the float 0.5"),  # type: ignore[operator]
        ((HIGH - LOW).if_empty("7") + 0, "empty= of formula stands within a calculation"),
        ((HIGH + bl.col("ask")) + LOW, "a column stands beside an aggregate"),
    ],
)
def test_what_is_wrong_stays_wrong(formula: bl.Aggregate, what: str) -> None:
    """Once, whatever is calculated with it."""
    assert what in only_problem(lambda: planned(x=formula))[0]


def test_a_calculation_is_no_partial() -> None:
    """Not even one of a single aggregate: its sign would be lost."""
    made = bl.aggregate("odd", {"least": -bl.max("bid")}, lambda parts: parts["least"])

    assert "the partial 'least' of 'odd' is not a single column" in only_problem(lambda: planned(x=made))[0]
