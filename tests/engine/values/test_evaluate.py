"""Expressions over columns keep their scale; conditions know what null means."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.engine.values.evaluate import Columns, condition, number
from barloom.plan.barplan import EventPlan, Field, FieldKind, NumberType
from barloom.plan.nodes import (
    Arithmetic,
    Coalesce,
    Column,
    Comparison,
    IsNull,
    Logical,
    Negate,
    Not,
    Number,
    Ratio,
    Text,
)

if TYPE_CHECKING:
    from barloom.plan.nodes import Node

EVENT = EventPlan(
    "Quote",
    (
        Field("symbol", FieldKind.STRING, nullable=True),
        Field("bid", FieldKind.DECIMAL, NumberType(18, 3)),
        Field("ask", FieldKind.DECIMAL, NumberType(18, 1), nullable=True),
        Field("lots", FieldKind.INTEGER),
        Field("firm", FieldKind.BOOLEAN, nullable=True),
        Field("at", FieldKind.TIMESTAMP),
    ),
    ("symbol",),
    "at",
)
FRAME = pl.DataFrame(
    {
        "symbol": ["A", "B", None],
        "bid": [Decimal("1.500"), Decimal("-2.250"), Decimal(3)],
        "ask": [Decimal("1.5"), None, Decimal("99999999999999999.9")],
        "lots": [1, 2, 3],
        "firm": [True, None, False],
        "at": [0, 1, 2],
    },
    schema_overrides={"bid": pl.Decimal(18, 3), "ask": pl.Decimal(18, 1)},
)
COLUMNS = Columns(FRAME, EVENT)
BID, ASK, LOTS, FIRM, SYMBOL = (Column(name) for name in ("bid", "ask", "lots", "firm", "symbol"))


def read(node: Node) -> list[Decimal | None]:
    """The values of a number expression, as decimals."""
    (numbers, valid), scale = number(node, COLUMNS)
    known = [True] * len(numbers) if valid is None else valid.tolist()
    return [
        Decimal(whole).scaleb(-scale) if there else None for whole, there in zip(numbers.tolist(), known, strict=True)
    ]


@pytest.mark.parametrize(
    ("node", "values", "scale"),
    [
        (Arithmetic("+", BID, ASK), ["3", None, "100000000000000002.9"], 3),
        (Arithmetic("-", BID, LOTS), ["0.5", "-4.25", "0"], 3),
        (Arithmetic("*", BID, BID), ["2.25", "5.0625", "9"], 6),
        (Arithmetic("*", Arithmetic("+", BID, ASK), Number(Decimal("0.5"))), ["1.5", None, "50000000000000001.45"], 4),
        (Negate(BID), ["-1.5", "2.25", "-3"], 3),
        (Number(Decimal("1E+3")), ["1000"] * 3, 0),
        (Ratio(BID, LOTS, 2, "half-even"), ["1.50", "-1.12", "1.00"], 2),
        (Ratio(LOTS, Arithmetic("-", LOTS, LOTS), 2, "half-even"), [None] * 3, 2),
        (Ratio(ASK, Number(Decimal(3)), 1, "down"), ["0.5", None, "33333333333333333.3"], 1),
        (Coalesce((ASK, BID)), ["1.5", "-2.25", "99999999999999999.9"], 3),
        (Coalesce((ASK, Number(Decimal("0.25")))), ["1.5", "0.25", "99999999999999999.9"], 2),
        (Coalesce((BID, ASK)), ["1.5", "-2.25", "3"], 3),
        (Coalesce((Arithmetic("-", ASK, ASK), Negate(ASK))), ["0", None, "0"], 1),
        (Arithmetic("*", Coalesce((ASK, LOTS)), Number(Decimal(2))), ["3", "4", "199999999999999999.8"], 1),
    ],
)
def test_numbers(node: Node, values: list[str | None], scale: int) -> None:
    """Sums have the larger scale, products the sum of both, quotients the declared one; a null makes null."""
    assert [None if value is None else Decimal(value) for value in values] == read(node)
    assert scale == number(node, COLUMNS).scale


def compare(operator: str, left: Node, right: Node) -> Comparison:
    """A comparison."""
    return Comparison(operator, left, right)  # type: ignore[arg-type]


IS_A = compare("==", SYMBOL, Text("A"))
CHEAP = compare("<", ASK, Text("2.00"))


@pytest.mark.parametrize(
    ("node", "fulfilled"),
    [
        (compare(">=", BID, ASK), [True, False, False]),
        (compare("<", BID, Number(Decimal("1.5001"))), [True, True, False]),
        (compare("!=", LOTS, Number(Decimal("2.0"))), [True, False, True]),
        (CHEAP, [True, False, False]),
        (Not(CHEAP), [False, False, True]),
        (IS_A, [True, False, False]),
        (Not(IS_A), [False, True, False]),
        (compare("!=", SYMBOL, Text("A")), [False, True, False]),
        (FIRM, [True, False, False]),
        (Not(FIRM), [False, False, True]),
        (IsNull(ASK), [False, True, False]),
        (IsNull(SYMBOL), [False, False, True]),
        (IsNull(Arithmetic("+", BID, ASK)), [False, True, False]),
        (IsNull(Coalesce((ASK, Negate(ASK)))), [False, True, False]),
        (IsNull(Coalesce((ASK, LOTS))), [False, False, False]),
        (IsNull(Coalesce((SYMBOL, Text("")))), [False, False, False]),
        (compare("!=", Coalesce((SYMBOL, Text(""))), Text("A")), [False, True, True]),
        (compare("==", Coalesce((SYMBOL, Text("C"))), Text("C")), [False, False, True]),
        (compare(">", Coalesce((ASK, LOTS)), BID), [False, True, True]),
        (Not(compare("<", Coalesce((ASK, Number(Decimal(0)))), Number(Decimal(2)))), [False, False, True]),
        (Logical("and", IS_A, CHEAP), [True, False, False]),
        (Logical("or", FIRM, IsNull(SYMBOL)), [True, False, True]),
        (Not(Logical("and", IS_A, CHEAP)), [False, True, True]),
        (Not(Logical("or", IS_A, CHEAP)), [False, False, False]),
    ],
)
def test_conditions(node: Node, fulfilled: list[bool]) -> None:
    """A comparison with null is null, and so is its contrary; null counts as not fulfilled."""
    assert fulfilled == condition(node, COLUMNS).tolist()


def test_no_rows_are_no_values() -> None:
    """Expressions over an empty frame are empty."""
    empty = Columns(FRAME.clear(), EVENT)

    assert 0 == len(number(Arithmetic("*", BID, Number(Decimal(2))), empty).values.numbers)
    assert 0 == len(condition(IS_A, empty))
