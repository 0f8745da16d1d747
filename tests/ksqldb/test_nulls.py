"""Missing values in the written SQL: chosen between by COALESCE, asked for, and never calculated with."""

from __future__ import annotations

import pytest

from barloom.ksqldb.compile.expressions import Rows, Unsayable
from barloom.ksqldb.compile.printer import print_expression
from barloom.plan.barplan import Field, FieldKind, NumberType
from barloom.plan.language.grammar import parse_expression

FIELDS = (
    Field("bid", FieldKind.DECIMAL, NumberType(10, 2)),
    Field("ask", FieldKind.DECIMAL, NumberType(10, 4), nullable=True),
    Field("size", FieldKind.INTEGER, nullable=True),
    Field("side", FieldKind.STRING, nullable=True),
)
ROWS = Rows({item.name: item for item in FIELDS})


@pytest.mark.parametrize(
    ("written", "sql"),
    [
        ("coalesce(ask, bid)", "COALESCE(CAST(ask AS DECIMAL(12, 4)), CAST(bid AS DECIMAL(12, 4)))"),
        ("coalesce(ask, 0)", "COALESCE(CAST(ask AS DECIMAL(14, 4)), CAST(0 AS DECIMAL(14, 4)))"),
        (
            "coalesce(ask * 2, bid)",
            "COALESCE(CASE WHEN ask IS NOT NULL THEN CAST(ask * 2 AS DECIMAL(21, 4)) END, CAST(bid AS DECIMAL(21, 4)))",
        ),
    ],
)
def test_values_are_of_one_type_and_nothing_is_calculated_from_null(written: str, sql: str) -> None:
    """COALESCE asks for one type, and arithmetic with null fails: it stands behind a condition."""
    assert sql == print_expression(ROWS.value(parse_expression(written)).sql).replace("`", "")


@pytest.mark.parametrize(
    ("written", "sql"),
    [
        ("coalesce(side, '') != 'x'", "COALESCE(side, '') <> 'x'"),
        ("not (coalesce(side, '') != 'x')", "COALESCE(side, '') = 'x'"),
        ("coalesce(ask, size) is null", "ask IS NULL AND SIZE IS NULL"),
        ("coalesce(ask, size) is not null", "ask IS NOT NULL OR SIZE IS NOT NULL"),
        ("bid * coalesce(ask, 1) is null", "bid IS NULL"),
    ],
)
def test_conditions_on_what_may_be_missing(written: str, sql: str) -> None:
    """One of several values is missing where all are, a product where one factor is."""
    assert sql == print_expression(ROWS.condition(parse_expression(written))).replace("`", "")


def test_what_is_never_missing_is_not_asked_for() -> None:
    """A condition that no row fulfils has no place in a pipeline."""
    with pytest.raises(Unsayable, match="never null"):
        ROWS.condition(parse_expression("coalesce(ask, 0) is null"))
