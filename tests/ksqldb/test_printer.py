"""What the printer writes is read back as the tree that it was given."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.ksqldb.compile import ast
from barloom.ksqldb.compile.names import FORBIDDEN_COLUMNS
from barloom.ksqldb.compile.printer import print_duration, print_expression
from barloom.ksqldb.compile.types import BIGINT, VARCHAR, decimal
from ksqldb.reading_sql import UNITS, Tree, expression, tokens

NAMES = st.sampled_from(["BID", "SIZE", "AT", "FX-RATE", "select", "A`B", "1M", "_X"])
NUMBERS = st.decimals(-1000, 1000, places=3) | st.integers(-99, 99).map(Decimal)
LEAVES = (
    NAMES.map(ast.Name)
    | NUMBERS.map(ast.Number)
    | st.text(max_size=8).map(ast.Text)
    | st.booleans().map(ast.Boolean)
    | st.just(ast.Null())
    | st.sampled_from(["ROWOFFSET", "WINDOWSTART"]).map(ast.Pseudo)
)
VALUES = st.deferred(lambda: LEAVES | BUILT)
BUILT = (
    st.builds(ast.Minus, VALUES)
    | st.builds(ast.Binary, st.sampled_from(["+", "-", "*", "/"]), VALUES, VALUES)
    | st.builds(ast.Cast, VALUES, st.sampled_from([BIGINT, VARCHAR, decimal(18, 6)]))
    | st.builds(ast.Call, st.sampled_from(["SUM", "LPAD"]), st.tuples(VALUES))
    | st.builds(ast.Subscript, VALUES, st.integers(1, 9))
    | st.builds(ast.Case, st.tuples(st.tuples(st.deferred(lambda: CONDITIONS), VALUES)), st.none() | VALUES)
)
CONDITIONS = st.deferred(
    lambda: (
        st.builds(ast.Binary, st.sampled_from(["=", "<>", "<", "<=", ">", ">="]), VALUES, VALUES)
        | st.builds(ast.IsNull, VALUES, st.booleans())
        | st.builds(ast.Binary, st.sampled_from(["AND", "OR"]), CONDITIONS, CONDITIONS)
    )
)


def nested(node: ast.Expr) -> Tree:  # noqa: C901, PLR0911, PLR0912 - one case a node
    """The tree as the reader of SQL gives it."""
    match node:
        case ast.Name(name) | ast.Pseudo(name):
            return ("column", name)
        case ast.Text(value):
            return ("text", value)
        case ast.Number(value) if value.is_signed():
            return ("minus", ("number", -value))
        case ast.Number(value):
            return ("number", value)
        case ast.Boolean(value):
            return ("constant", value)
        case ast.Null():
            return ("constant", None)
        case ast.Minus(operand):
            return ("minus", nested(operand))
        case ast.Binary(operator, left, right):
            return (operator, nested(left), nested(right))
        case ast.Cast(operand, kind):
            return ("cast", nested(operand), str(kind))
        case ast.Call(function, arguments):
            return ("call", function, [nested(argument) for argument in arguments])
        case ast.Subscript(operand, index):
            return ("item", nested(operand), index)
        case ast.IsNull(operand, negated):
            return ("is not null" if negated else "is null", nested(operand))
        case ast.Case(branches, otherwise):
            last = ("nothing",) if otherwise is None else nested(otherwise)
            return ("case", [(nested(when), nested(then)) for when, then in branches], last)
    raise AssertionError(node)


@given(VALUES | CONDITIONS)
def test_an_expression_is_read_back(node: ast.Expr) -> None:
    """Parentheses stand where the order of evaluation needs them, and no sign joins another into a comment."""

    assert nested(node) == expression(print_expression(node))


@given(st.text())
def test_a_text_is_one_token(value: str) -> None:
    """Quotes in a text are doubled, so that it cannot end early."""
    (found,) = tokens(print_expression(ast.Text(value)))

    assert ("text", value) == (found.kind, found.text)


@given(st.integers(0, 400 * 86_400_000))
def test_a_duration_is_read_back(milliseconds: int) -> None:
    """Whole numbers of the longest unit that fits."""
    number, unit = print_duration(milliseconds).split()

    assert milliseconds == int(number) * UNITS[unit]


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (0, "0 SECONDS"),
        (250, "250 MILLISECONDS"),
        (90_000, "90 SECONDS"),
        (604_800_000, "7 DAYS"),
        (3_600_000, "1 HOURS"),
    ],
)
def test_durations_are_written_in_the_longest_unit(milliseconds: int, text: str) -> None:
    """A server knows no unit above days and no fractions."""

    assert text == print_duration(milliseconds)


def test_pseudo_columns_are_written_bare() -> None:
    """ROWOFFSET and the bounds of a window are no names that could be quoted."""

    assert "ROWOFFSET" in FORBIDDEN_COLUMNS
    assert "ROWOFFSET" == print_expression(ast.Pseudo("ROWOFFSET"))
