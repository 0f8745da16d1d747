"""Declared columns that are computed from partials: averages, VWAP, differences."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile import ast
from barloom.ksqldb.compile.expressions import Unsayable, Value, arithmetic, literal
from barloom.ksqldb.compile.layout import QUOTIENT_DIGITS
from barloom.ksqldb.compile.types import DOUBLE, decimal, of_number
from barloom.plan.nodes import Arithmetic, Column, Negate, Number, Ratio, RootRatio, columns_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.plan.barplan import Output
    from barloom.plan.nodes import Node

__all__ = ["computed", "exact_quotient"]

_ZERO: Final = ast.integer(0)
_TWO: Final = ast.integer(2)
_SAID: Final = {"half-even", "half-up"}


def computed(output: Output, partial: Callable[[int], Value], optional: frozenset[int]) -> ast.Expr:
    """The SQL of an output over its partials; `Unsayable` where it has none."""
    used = {int(name) for name in columns_of(output.result)}
    needed = tuple(ast.IsNull(partial(position).sql) for position in sorted(used & optional))
    match output.result:
        case Ratio(top, bottom, scale, rounding):
            branches, otherwise = exact_quotient(_value(top, partial), _value(bottom, partial), scale, rounding)
        case RootRatio():
            what = f"{output.aggregate} takes a square root, and ksqlDB has none that rounds exactly"
            raise Unsayable(what, "take the root of the sums where the bars are read")
        case result:
            branches, otherwise = (), _value(result, partial).exactly(of_number(output.number))
    missing = tuple((condition, ast.Null()) for condition in needed)
    return ast.Case((*missing, *branches), otherwise) if missing or branches else otherwise


def exact_quotient(
    top: Value, bottom: Value, scale: int, rounding: str
) -> tuple[tuple[tuple[ast.Expr, ast.Expr], ...], ast.Expr]:
    """A division, rounded, as the branches of a CASE and what else holds.

    A DECIMAL division answers null unless it comes out even, so DOUBLEs are divided; a quotient of fifteen digits at
    most comes out of that as it would on paper, and rounded half up. Half even differs from that where the quotient
    lies exactly between two neighbours, which sums and products of decimals tell: then half of it, rounded and
    doubled, is the even one.
    """
    if rounding not in _SAID:
        what = f"a quotient that is rounded {rounding}"
        raise Unsayable(what, "declare rounding=half-even or rounding=half-up")
    if scale >= QUOTIENT_DIGITS:
        what = f"a quotient with {scale} digits behind the point, of {QUOTIENT_DIGITS} that ksqlDB divides to"
        raise Unsayable(what, "declare a smaller scale")
    kind = decimal(QUOTIENT_DIGITS, scale)
    quotient = ast.Binary("/", ast.Cast(top.sql, DOUBLE), ast.Cast(bottom.sql, DOUBLE))
    rounded = ast.Cast(quotient, kind)
    empty = (ast.Binary("=", bottom.sql, _ZERO), ast.Null())
    if rounding == "half-up":
        return (empty,), rounded
    double = literal(Decimal(2).scaleb(scale)).sql
    above = ast.Binary("-", ast.Binary("*", rounded, bottom.sql), top.sql)
    between = ast.Binary("=", _abs(ast.Binary("*", above, double)), _abs(bottom.sql))
    even = ast.Cast(ast.Binary("*", ast.Cast(ast.Binary("/", quotient, _TWO), kind), _TWO), kind)
    return (empty, (between, even)), rounded


def _abs(operand: ast.Expr) -> ast.Expr:
    return ast.Call("ABS", (operand,))


def _value(node: Node, partial: Callable[[int], Value]) -> Value:
    match node:
        case Column(position):
            return partial(int(position))
        case Number(value):
            return literal(value)
        case Negate(operand):
            inner = _value(operand, partial)
            return Value(ast.Minus(inner.sql), inner.type, inner.whole)
        case Arithmetic(operator, left, right):
            return arithmetic(operator, _value(left, partial), _value(right, partial))
    raise Unsayable("a quotient inside of an expression", "make the quotient a column of its own")
