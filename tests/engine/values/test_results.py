"""What a bar says is computed from its partials, by column and one by one alike."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import numpy as np
import pytest

from barloom.engine.blocks import Numbers, Values
from barloom.engine.values.results import result_of_one, results
from barloom.errors import ExactnessError
from barloom.plan.barplan import (
    BarPlan,
    EventPlan,
    Field,
    FieldKind,
    Fold,
    LevelPlan,
    NumberType,
    Output,
    Partial,
)
from barloom.plan.nodes import NULL, Arithmetic, Column, Negate, Node, Number, Ratio, RootRatio
from barloom.time.timeframe import Timeframe

PRICE = NumberType(18, 2)
SUM = NumberType(38, 2)
COUNT = NumberType(19, 0, integer=True)
P0, P1, P2, P3 = (Column(str(number)) for number in range(4))


def plan(*outputs: Output) -> BarPlan:
    """Last, sum, sum of squares and count of a price."""
    price = Column("price")
    event = EventPlan(
        "Tick",
        (
            Field("symbol", FieldKind.STRING),
            Field("at", FieldKind.TIMESTAMP),
            Field("price", FieldKind.DECIMAL, PRICE),
        ),
        ("symbol",),
        "at",
    )
    partials = (
        Partial(Fold.LAST, price, None, PRICE),
        Partial(Fold.SUM, price, None, SUM),
        Partial(Fold.SUM, Arithmetic("*", price, price), None, NumberType(38, 4)),
        Partial(Fold.COUNT, None, None, COUNT),
    )
    return BarPlan("bars", event, "24x7", (LevelPlan(Timeframe.parse("1s"), None, 0),), partials, outputs)


def output(result: Node, number: NumberType = PRICE, empty: Node | None = None) -> Output:
    """One output."""
    return Output("value", "any", result, number, empty)


def read(declared: Output, rows: list[tuple[int | None, ...]], synthetic: list[bool]) -> list[int | None]:
    """The output of rows of partials, computed both ways."""
    made = plan(declared)
    columns = []
    for column in zip(*rows, strict=True):
        numbers: Numbers = np.array([value or 0 for value in column], dtype=object)
        valid = np.array([value is not None for value in column])
        columns.append(Values(numbers, None if valid.all() else valid))
    (values,) = results(made, columns, np.array(synthetic))
    known = np.ones(len(rows), np.bool_) if values.valid is None else values.valid
    by_column = [int(value) if there else None for value, there in zip(values.numbers, known, strict=True)]
    one_by_one = [
        result_of_one(made, declared, synthetic=empty)(row) for row, empty in zip(rows, synthetic, strict=True)
    ]
    assert by_column == one_by_one
    return by_column


ROWS: list[tuple[int | None, ...]] = [(150, 600, 92_500, 4), (None, 0, 0, 0), (-7, -7, 49, 1)]
NONE_EMPTY = [False, False, False]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        (output(P0), [150, None, -7]),
        (output(P0, NumberType(18, 4)), [15_000, None, -700]),
        (output(Negate(P1), SUM), [-600, 0, 7]),
        (output(Arithmetic("-", P1, P0), SUM), [450, None, 0]),
        (output(Arithmetic("*", P0, Number(Decimal("0.5"))), NumberType(38, 3)), [750, None, -35]),
        (output(Ratio(P1, P3, 2, "half-even")), [150, None, -7]),
        (output(Ratio(P1, Arithmetic("*", P3, Number(Decimal(9))), 0, "up"), NumberType(38, 0)), [1, None, -1]),
    ],
)
def test_results(declared: Output, expected: list[int | None]) -> None:
    """By hand: scaled integers at the scale of the output, null where a part is null or the denominator zero."""
    assert expected == read(declared, ROWS, NONE_EMPTY)


def test_the_sample_standard_deviation() -> None:
    """Of 1.00, 2.00, 1.00, 2.00 it is the root of 1/3 = 0.577…; of one value there is none."""
    spread = Arithmetic("-", Arithmetic("*", P3, P2), Arithmetic("*", P1, P1))
    declared = output(RootRatio(spread, Arithmetic("*", P3, Arithmetic("-", P3, Number(Decimal(1)))), 4, "half-even"))
    declared = replace(declared, number=NumberType(38, 4))

    assert [5774, None] == read(declared, [(200, 600, 100_000, 4), (1, 1, 1, 1)], [False, False])


@pytest.mark.parametrize(
    ("empty", "expected"),
    [(Number(Decimal("0.5")), [150, 50, -7]), (NULL, [150, None, -7]), (Number(Decimal(10) ** 20), [150, 10**22, -7])],
)
def test_an_empty_slot_has_its_stated_value(empty: Node, expected: list[int | None]) -> None:
    """In synthetic bars, and only there, the stated value replaces the result."""
    declared = output(P0, SUM, empty)

    assert expected == read(declared, ROWS, [False, True, False])
    assert [150, None, -7] == read(declared, ROWS, NONE_EMPTY)


def test_a_result_beyond_38_digits_is_an_error() -> None:
    """A product of large sums is never cut."""
    declared = output(Arithmetic("*", P1, P1), NumberType(38, 4))

    with pytest.raises(ExactnessError, match="value leaves 38 digits"):
        read(declared, [(1, 10**20, 1, 1)], [False])
