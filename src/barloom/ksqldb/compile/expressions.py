"""The definition's expressions over the fields of a tick, in SQL.

A condition that is null counts as not fulfilled. In ksqlDB a comparison with null is false, and so is its opposite
``NOT``-ed true; therefore a negation is carried down to the comparisons, where both agree again.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile import ast
from barloom.ksqldb.compile.names import stored
from barloom.ksqldb.compile.types import BIGINT, TIMESTAMP, SqlType, decimal, of_field
from barloom.plan.barplan import FieldKind
from barloom.plan.language.render import render
from barloom.plan.language.time_literals import nanos_of_literal
from barloom.plan.nodes import (
    Arithmetic,
    Coalesce,
    Column,
    Comparison,
    In,
    IsNull,
    Logical,
    Negate,
    Node,
    Not,
    Number,
    Text,
    columns_of,
    may_be_null,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

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
_NANOS: Final[Mapping[str, int]] = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}


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

    def present(self, node: Node) -> tuple[ast.Expr, ...]:
        """The conditions under which an expression has a value."""
        nullable = {name for name in columns_of(node) if self._fields[name].nullable}
        parts = [part for part in _parts(node) if may_be_null(part, nullable)]
        plain = sorted(part.name for part in parts if isinstance(part, Column))
        chosen = (self._missing(part, negated=True) for part in parts if isinstance(part, Coalesce))
        return (*(self.has(name) for name in dict.fromkeys(plain)), *chosen)

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
            case Coalesce(options):
                return self._first_known(options)
        message = f"{render(node)} has no form in SQL"
        raise Unsayable(message, "compute it before the ticks are written")

    def _first_known(self, options: tuple[Node, ...]) -> Value:
        """``COALESCE``, whose values have to be of one type; arithmetic with null would fail before it."""
        values = [self.value(option) for option in options]
        if all(value.type == BIGINT for value in values):
            kind = BIGINT
        else:
            values = [_as_decimal(value) for value in values]
            scale = max(value.type.scale for value in values)
            kind = decimal(max(value.type.precision - value.type.scale for value in values) + scale, scale)
        known = (
            value.exactly(kind)
            if isinstance(option, Column)
            else _where(self.present(option), ast.Cast(value.sql, kind))
            for option, value in zip(options, values, strict=True)
        )
        return Value(ast.Call("COALESCE", tuple(known)), kind, max(value.whole for value in values))

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
            case In(operand, options):
                each = [Comparison("==", operand, option) for option in options]
                return _joined("AND" if negated else "OR", [self._comparison(one, negated=negated) for one in each])
        message = f"{render(node)} has no form in SQL"
        raise Unsayable(message, "compute it before the ticks are written")

    def _missing(self, operand: Node, *, negated: bool) -> ast.Expr:
        """An expression is null where any of its columns is, one of several options where all of them are."""
        if not may_be_null(operand, columns_of(operand)):
            message = f"{render(operand)} is never null"
            raise Unsayable(message, "leave the condition out")
        if isinstance(operand, Coalesce):
            every = [self._missing(option, negated=negated) for option in operand.options]
            return _joined("OR" if negated else "AND", every)
        parts = sorted(_parts(operand), key=lambda part: (isinstance(part, Coalesce), sorted(columns_of(part))))
        asked = [part for part in parts if may_be_null(part, columns_of(part))]
        any_of = [
            ast.IsNull(ast.Name(stored(part.name)), negated=negated)
            if isinstance(part, Column)
            else self._missing(part, negated=negated)
            for part in dict.fromkeys(asked)
        ]
        return _joined("AND" if negated else "OR", any_of)

    def _comparison(self, node: Comparison, *, negated: bool) -> ast.Expr:
        operator = (_OPPOSITES if negated else _OPERATORS)[node.operator]
        if any(isinstance(side, Text) for side in (node.left, node.right)) and self._of_times(node):
            return self._with_a_time(node, operator)
        left, right = self._side(node, node.left), self._side(node, node.right)
        compared = ast.Binary(operator, left, right)
        # a plain column that is null makes a comparison false, but arithmetic with one fails altogether
        computed = [side for side in (node.left, node.right) if not isinstance(side, (Column, Coalesce))]
        guards = dict.fromkeys(guard for side in computed for guard in self.present(side))
        return ast.conjunction((*guards, compared)) or compared

    def _of_times(self, node: Comparison) -> bool:
        names = columns_of(node)
        return any(self._fields[name].kind is FieldKind.TIMESTAMP for name in names)

    def _with_a_time(self, node: Comparison, operator: ast.Operator) -> ast.Expr:
        """A time against one that is written down, both as numbers in the unit in which ksqlDB keeps the field."""
        if not isinstance(node.left, Column | Text) or not isinstance(node.right, Column | Text):
            message = f"{render(node)} has no form in SQL"
            raise Unsayable(message, "compare one field of the event with one time")
        sides = [self._counted(node, side) for side in (node.left, node.right)]
        compared = ast.Binary(operator, *sides)
        guards = (self.has(name) for name in sorted(columns_of(node)) if self._fields[name].nullable)
        return ast.conjunction((*guards, compared)) or compared

    def _counted(self, whole: Comparison, side: Column | Text) -> ast.Expr:
        [name] = columns_of(whole)
        unit = "ms" if of_field(self._fields[name]) is TIMESTAMP else self._fields[name].time_unit
        if isinstance(side, Text):
            return _moment(whole, side.value, unit)
        field = ast.Name(stored(name))
        return ast.Call("UNIX_TIMESTAMP", (field,)) if of_field(self._fields[name]) is TIMESTAMP else field

    def _side(self, whole: Comparison, node: Node) -> ast.Expr:
        match node:
            case Text(value):
                return ast.Text(value)
            case Column(name) if self._fields[name].kind is FieldKind.STRING:
                return ast.Name(stored(name))
            case Column(name) if self._fields[name].kind is FieldKind.TIMESTAMP:
                self._same_units(whole)
                return ast.Name(stored(name))
            case Coalesce(options) if not self._calculates(node):
                return ast.Call("COALESCE", tuple(self._side(whole, option) for option in options))
            case _:
                return self.value(node).sql

    def _calculates(self, node: Node) -> bool:
        """Whether a value is a number, and neither a text nor a time."""
        match node:
            case Column(name):
                return self._fields[name].kind in {FieldKind.INTEGER, FieldKind.DECIMAL}
            case Coalesce(options):
                return any(map(self._calculates, options))
        return not isinstance(node, Text)

    def _same_units(self, node: Comparison) -> None:
        units = {
            self._fields[name].time_unit if of_field(self._fields[name]) is not TIMESTAMP else "ms"
            for name in columns_of(node)
        }
        if len(units) > 1:
            message = f"{render(node)} compares times that are written in different units"
            raise Unsayable(message, "declare both in the same unit")


def _moment(whole: Comparison, text: str, unit: str | None) -> ast.Expr:
    """A written time as a number of a unit, where it is a whole one."""
    count, rest = divmod(nanos_of_literal(text), _NANOS.get(unit or "", 0) or 1)
    if rest or unit not in _NANOS:
        message = f"{render(whole)} has no exact form in SQL: its times are kept as {unit}"
        raise Unsayable(message, "declare the field with a unit such as timestamp(ms), and name a whole number of it")
    return ast.Number(Decimal(count))


def _parts(node: Node) -> list[Column | Coalesce]:
    """The columns of an expression; a choice between values is taken as one."""
    match node:
        case Column() | Coalesce():
            return [node]
        case Negate(operand):
            return _parts(operand)
        case Arithmetic(_, left, right):
            return [*_parts(left), *_parts(right)]
    return []


def _joined(operator: ast.Operator, conditions: list[ast.Expr]) -> ast.Expr:
    """Conditions, at least one, as one."""
    joined = conditions[0]
    for item in conditions[1:]:
        joined = ast.Binary(operator, joined, item)
    return joined


def _where(conditions: tuple[ast.Expr, ...], value: ast.Expr) -> ast.Expr:
    """A value where all conditions hold, else null."""
    held = ast.conjunction(conditions)
    return value if held is None else ast.Case(((held, value),))


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
