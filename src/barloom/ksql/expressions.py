"""The definition's expressions over the fields of a tick, in SQL.

A condition that is null counts as not fulfilled. In ksqlDB a comparison with null is false, and so is its opposite
``NOT``-ed true; therefore a negation is carried down to the comparisons, where both agree again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from barloom.ksql import ast
from barloom.ksql.names import stored
from barloom.ksql.types import BIGINT, TIMESTAMP, SqlType, decimal, of_field
from barloom.plan.barplan import FieldKind
from barloom.plan.nodes import (
    Arithmetic,
    Column,
    Comparison,
    IsNull,
    Logical,
    Negate,
    Node,
    Not,
    Number,
    Text,
    columns_of,
)
from barloom.plan.render import render

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from barloom.plan.barplan import Field

__all__ = ["Rows", "Unsayable", "Value", "arithmetic", "literal"]

_OPERATORS: Final[Mapping[str, ast.Operator]] = {
    "==": "=",
    "!=": "<>",
    "<": "<",
    "<=": "<=",
    ">": ">",
    ">=": ">=",
}
_OPPOSITES: Final[Mapping[str, ast.Operator]] = {
    "==": "<>",
    "!=": "=",
    "<": ">=",
    "<=": ">",
    ">": "<=",
    ">=": "<",
}
_OF_INTEGERS: Final = decimal(19, 0)
_OF_SMALL_INTEGERS: Final = decimal(10, 0)
_LONGEST_INTEGER: Final = 9


class Unsayable(Exception):
    """An expression without a SQL form: what it is, and the way out."""

    def __init__(self, what: str, fix: str) -> None:
        self.what = what
        self.fix = fix
        super().__init__(what)


@dataclass(frozen=True, slots=True)
class Value:
    """A number in SQL with its type there, and how many digits it can have before the point."""

    sql: ast.Expr
    type: SqlType
    whole: int

    def exactly(self, wanted: SqlType) -> ast.Expr:
        """The same in a wanted type."""
        return self.sql if self.type == wanted else ast.Cast(self.sql, wanted)


class Rows:
    """The fields of one event, to compile expressions over."""

    def __init__(self, fields: Mapping[str, Field]) -> None:
        self._fields = fields

    def nullable(self, node: Node) -> tuple[str, ...]:
        """The fields in an expression that may be null, sorted."""
        return tuple(sorted(name for name in columns_of(node) if self._fields[name].nullable))

    def present(self, node: Node) -> tuple[ast.Expr, ...]:
        """The conditions under which an expression has a value."""
        return tuple(self.has(name) for name in self.nullable(node))

    @staticmethod
    def has(name: str) -> ast.Expr:
        """The condition that a field has a value."""
        return ast.IsNull(ast.Name(stored(name)), negated=True)

    def value(self, node: Node) -> Value:
        """A number; `Unsayable` where there is no SQL for it."""
        match node:
            case Column(name):
                return _column(ast.Name(stored(name)), of_field(self._fields[name]))
            case Number(value):
                return literal(value)
            case Negate(operand):
                inner = _as_decimal(self.value(operand))
                return Value(ast.Minus(inner.sql), inner.type, inner.whole)
            case Arithmetic(operator, left, right):
                return arithmetic(operator, self.value(left), self.value(right))
        message = f"{render(node)} has no form in SQL"
        raise Unsayable(message, "compute it before the ticks are written")

    def condition(self, node: Node, *, negated: bool = False) -> ast.Expr:
        """A condition, or its opposite; `Unsayable` where there is no SQL for it."""
        match node:
            case Column(name):
                return ast.Binary("=", ast.Name(stored(name)), ast.Boolean(not negated))
            case Not(operand):
                return self.condition(operand, negated=not negated)
            case Logical(operator, left, right):
                both = (operator == "and") is not negated
                one, two = (self.condition(side, negated=negated) for side in (left, right))
                return ast.Binary("AND" if both else "OR", one, two)
            case IsNull(operand):
                return self._missing(operand, negated=negated)
            case Comparison():
                return self._comparison(node, negated=negated)
        message = f"{render(node)} has no form in SQL"
        raise Unsayable(message, "compute it before the ticks are written")

    def _missing(self, operand: Node, *, negated: bool) -> ast.Expr:
        """An expression is null where any of its columns is."""
        first, *more = (ast.IsNull(ast.Name(stored(name)), negated=negated) for name in sorted(columns_of(operand)))
        joined: ast.Expr = first
        for item in more:
            joined = ast.Binary("AND" if negated else "OR", joined, item)
        return joined

    def _comparison(self, node: Comparison, *, negated: bool) -> ast.Expr:
        operator = (_OPPOSITES if negated else _OPERATORS)[node.operator]
        left, right = self._side(node, node.left), self._side(node, node.right)
        compared = ast.Binary(operator, left, right)
        # a plain column that is null makes a comparison false, but arithmetic with one fails altogether
        computed = [side for side in (node.left, node.right) if not isinstance(side, Column)]
        guards = dict.fromkeys(guard for side in computed for guard in self.present(side))
        return ast.conjunction((*guards, compared)) or compared

    def _side(self, whole: Comparison, node: Node) -> ast.Expr:
        match node:
            case Text(value):
                return ast.Text(value)
            case Column(name) if self._fields[name].kind is FieldKind.STRING:
                return ast.Name(stored(name))
            case Column(name) if self._fields[name].kind is FieldKind.TIMESTAMP:
                self._same_units(whole)
                return ast.Name(stored(name))
            case _:
                return self.value(node).sql

    def _same_units(self, node: Comparison) -> None:
        units = {
            self._fields[name].time_unit if of_field(self._fields[name]) is not TIMESTAMP else "ms"
            for name in columns_of(node)
        }
        if len(units) > 1:
            message = f"{render(node)} compares times that are written in different units"
            raise Unsayable(message, "declare both in the same unit")


def literal(value: Decimal) -> Value:
    """A number that is written down."""
    node = ast.Number(value)
    scale = max(-int(value.as_tuple().exponent), 0)
    whole = max(value.adjusted() + 1, 0) if value else 0
    if scale:
        return Value(node, decimal(max(scale + 1, whole + scale), scale), whole)
    if whole <= _LONGEST_INTEGER:
        return Value(node, _OF_SMALL_INTEGERS, whole)
    exact = decimal(whole, 0)
    return Value(ast.Cast(ast.Text(format(value, "f")), exact), exact, whole)


def _column(sql: ast.Expr, kind: SqlType) -> Value:
    return Value(sql, kind, _OF_INTEGERS.precision if kind == BIGINT else kind.precision - kind.scale)


def _as_decimal(value: Value) -> Value:
    """Integers calculate as decimals: a BIGINT would overflow in silence."""
    if value.type != BIGINT:
        return value
    return Value(ast.Cast(value.sql, _OF_INTEGERS), _OF_INTEGERS, value.whole)


def arithmetic(operator: str, left: Value, right: Value) -> Value:
    """The exact sum, difference or product of two numbers."""
    one, two = _as_decimal(left), _as_decimal(right)
    scale = max(one.type.scale, two.type.scale)
    if operator == "*":
        kind = decimal(one.type.precision + two.type.precision + 1, one.type.scale + two.type.scale)
        return Value(ast.Binary("*", one.sql, two.sql), kind, one.whole + two.whole)
    whole = max(one.type.precision - one.type.scale, two.type.precision - two.type.scale)
    sign: ast.Operator = "+" if operator == "+" else "-"
    made = ast.Binary(sign, one.sql, two.sql)
    return Value(made, decimal(scale + whole + 1, scale), max(one.whole, two.whole) + 1)
