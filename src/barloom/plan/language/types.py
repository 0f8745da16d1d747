"""The exact type of every expression, and what is wrong with it."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Context, Decimal
from enum import Enum
from functools import reduce
from typing import TYPE_CHECKING, Final

from barloom.errors import Problem
from barloom.plan.barplan import MAX_DIGITS, FieldKind, NumberType
from barloom.plan.expressions import DIVISION
from barloom.plan.language.render import render
from barloom.plan.language.time_literals import NO_TIME_FIX, canonical_time, time_hint
from barloom.plan.nodes import (
    Arithmetic,
    Bits,
    Coalesce,
    Column,
    Comparison,
    Contains,
    In,
    IsNull,
    Logical,
    Negate,
    Node,
    Not,
    Number,
    Ratio,
    RootRatio,
    Text,
    columns_of,
)
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from barloom.plan.barplan import Field

__all__ = ["INTEGER", "Checker", "Kind", "Scope", "Typed", "exact_literal", "field_type"]

INTEGER: Final = NumberType(19, 0, integer=True)
"""A 64-bit integer."""

_SAFE_INTEGER_DIGITS: Final = 18
_EXACT: Final = Context(prec=1000)
_NAME_ONE: Final = "name a decimal or integer field"


class Kind(Enum):
    """What an expression is."""

    NUMBER = "a number"
    TEXT = "text"
    CONDITION = "a condition"
    TIME = "a time"
    LIST = "a list"
    UNKNOWN = "unknown"


_NO_NUMBER: Final = {
    Kind.TEXT: f"{_NAME_ONE}; bars hold numbers only: make a text a key field, or count by it: count() when venue == …",
    Kind.TIME: f"{_NAME_ONE}; every bar has the times of its first and last tick: open_time and close_time",
    Kind.LIST: f"{_NAME_ONE}; a list is asked by a condition: count() when cond contains any (…)",
}


@dataclass(frozen=True, slots=True)
class Typed:
    """An expression in its plain form (literals beside numbers are numbers), its kind, and whether it may be null."""

    node: Node
    kind: Kind
    number: NumberType | None = None
    nullable: bool = False
    separator: str | None = None


@dataclass(frozen=True, slots=True)
class Scope:
    """The columns an expression may name. Of `broken` ones a problem has been reported already."""

    columns: Mapping[str, Typed]
    broken: frozenset[str] = frozenset()
    what: str = "column"


def field_type(item: Field) -> Typed:
    """The type of a field of the event."""
    kinds = {FieldKind.STRING: Kind.TEXT, FieldKind.BOOLEAN: Kind.CONDITION, FieldKind.TIMESTAMP: Kind.TIME}
    number = INTEGER if item.kind is FieldKind.INTEGER else item.number
    kind = kinds.get(item.kind, Kind.NUMBER) if item.separator is None else Kind.LIST
    return Typed(Column(item.name), kind, number, item.nullable, item.separator)


def exact_literal(value: Decimal) -> tuple[Decimal, NumberType]:
    """The value without trailing zeros behind the point, and its type."""
    if abs(value.adjusted()) > MAX_DIGITS:
        return value, NumberType(abs(value.adjusted()) + 1, 0)
    plain = value.normalize(_EXACT)
    _, digits, exponent = plain.as_tuple()
    behind = int(exponent)
    if behind >= 0:
        plain = plain.quantize(Decimal(1), context=_EXACT)
        count = len(plain.as_tuple().digits)
        return plain, NumberType(count, 0, integer=count <= _SAFE_INTEGER_DIGITS)
    return plain, NumberType(max(len(digits), -behind), -behind)


@dataclass(slots=True)
class Checker:
    """Types expressions of one place in a definition and collects what is wrong there.

    Ratios are allowed in the results of aggregates only.
    """

    scope: Scope
    where: str
    ratios: bool = False
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str, fix: str) -> None:
        """Note a problem at this place."""
        self.problems.append(Problem(what, self.where, fix))

    def condition(self, node: Node) -> Typed:
        """A condition over at least one column."""
        typed = self._of_columns(node)
        if typed.kind not in (Kind.CONDITION, Kind.UNKNOWN):
            self.problem(
                f"{render(node)} is {typed.kind.value}, not a condition", "compare it with something, such as size > 0"
            )
        return typed

    def number(self, node: Node) -> Typed:
        """A number from at least one column."""
        typed = self._of_columns(node)
        if typed.kind not in (Kind.NUMBER, Kind.UNKNOWN):
            self.problem(f"{render(node)} is {typed.kind.value}, not a number", _NO_NUMBER.get(typed.kind, _NAME_ONE))
        return typed

    def anything(self, node: Node) -> Typed:
        """A value of any kind from at least one column, but no condition over columns."""
        typed = self._of_columns(node)
        if typed.kind is Kind.CONDITION and not isinstance(typed.node, Column):
            self.problem(f"{render(node)} is a condition", "put it behind when: count() when size > 0")
        return typed

    def _of_columns(self, node: Node) -> Typed:
        if not columns_of(node):
            self.problem(f"{render(node)} names no column", "name at least one field of the event")
        return self.infer(node)

    def infer(self, node: Node) -> Typed:  # noqa: C901, PLR0911, PLR0912 - one case a node
        """The type of an expression; `Kind.UNKNOWN` where a problem was found."""
        match node:
            case Column(name):
                return self._column(name)
            case Number(value):
                return self._literal(value)
            case Text():
                return Typed(node, Kind.TEXT)
            case Negate(operand):
                return self._negate(operand)
            case Arithmetic(_, left, right):
                return self._arithmetic(node, self._operand(left), self._operand(right))
            case Coalesce(options):
                return self._coalesce(node, options)
            case Comparison(_, left, right):
                return self._comparison(node, left, right)
            case In(operand, options):
                return self._in(node, operand, options)
            case Contains(operand):
                return self._contains(node, operand)
            case Bits(operand):
                return self._bits(node, operand)
            case Logical(operator, left, right):
                one, two = self._fact(left), self._fact(right)
                return Typed(Logical(operator, one.node, two.node), Kind.CONDITION, None, one.nullable or two.nullable)
            case Not(operand):
                fact = self._fact(operand)
                return Typed(Not(fact.node), Kind.CONDITION, None, fact.nullable)
            case IsNull(operand):
                return self._is_null(operand)
            case Ratio(top, bottom, scale, rounding):
                one, two = self._operand(top), self._operand(bottom)
                return self._rounded(Ratio(one.node, two.node, scale, rounding))
            case RootRatio(top, bottom, scale, rounding):
                one, two = self._operand(top), self._operand(bottom)
                return self._rounded(RootRatio(one.node, two.node, scale, rounding))

    def _is_null(self, operand: Node) -> Typed:
        typed = self.infer(operand)
        if typed.kind is Kind.CONDITION and not isinstance(typed.node, Column):
            self.problem(f"asks whether the condition {render(operand)} is null", "ask it of the columns in it")
        return Typed(IsNull(typed.node), Kind.CONDITION)

    def _coalesce(self, node: Coalesce, options: tuple[Node, ...]) -> Typed:
        typed = [self.infer(option) for option in options]
        for kind in (Kind.NUMBER, Kind.TIME):
            if any(option.kind is kind for option in typed):
                typed = [self._beside(kind, item) for item in typed]
        plain, kinds = Coalesce(tuple(item.node for item in typed)), {item.kind for item in typed}
        if Kind.UNKNOWN in kinds:
            return Typed(plain, Kind.UNKNOWN)
        if Kind.CONDITION in kinds:
            between = "conditions" if kinds == {Kind.CONDITION} else _between(kinds)
            self.problem(f"{render(node)} chooses between {between}", _instead([item.node for item in typed]))
            return Typed(plain, Kind.UNKNOWN)
        if kinds == {Kind.LIST}:
            self.problem(f"{render(node)} chooses between lists", "ask is null, or drop the '?': then it is empty")
            return Typed(plain, Kind.UNKNOWN)
        if len(kinds) > 1:
            self.problem(
                f"{render(node)} chooses between {_between(kinds)}", "give values of one kind; text stands in quotes"
            )
            return Typed(plain, Kind.UNKNOWN)
        numbers = [item.number for item in typed if item.number is not None]
        number = reduce(_either, numbers) if kinds == {Kind.NUMBER} else None
        return Typed(plain, kinds.pop(), number, all(item.nullable for item in typed))

    def _rounded(self, node: Ratio | RootRatio) -> Typed:
        if not self.ratios:
            self.problem("a ratio rounds, so it can only stand in the result of an aggregate", DIVISION.fix)
        return Typed(node, Kind.NUMBER, NumberType(MAX_DIGITS, node.scale), nullable=True)

    def _column(self, name: str) -> Typed:
        known = self.scope.columns.get(name)
        if known is not None:
            return known
        if name not in self.scope.broken:
            self.problem(f"unknown {self.scope.what} {name!r}", did_you_mean(name, self.scope.columns))
        return Typed(Column(name), Kind.UNKNOWN)

    def _literal(self, value: Decimal) -> Typed:
        plain, number = exact_literal(value)
        if number.precision > MAX_DIGITS:
            self.problem(
                f"the literal {value} has {number.precision} digits", f"a number has at most {MAX_DIGITS} digits"
            )
            return Typed(Number(plain), Kind.UNKNOWN)
        return Typed(Number(plain), Kind.NUMBER, number)

    def _negate(self, operand: Node) -> Typed:
        typed = self._operand(operand)
        node = Number(typed.node.value.copy_negate()) if isinstance(typed.node, Number) else Negate(typed.node)
        return Typed(node, typed.kind, typed.number, typed.nullable)

    def _operand(self, node: Node) -> Typed:
        """Something to calculate with: text is read as a decimal."""
        typed = self._as_number(node) if isinstance(node, Text) else self.infer(node)
        if typed.kind in (Kind.NUMBER, Kind.UNKNOWN):
            return typed
        self.problem(
            f"cannot calculate with {render(node)}, which is {typed.kind.value}",
            "calculate with decimal and integer fields only",
        )
        return Typed(typed.node, Kind.UNKNOWN)

    def _as_number(self, node: Text) -> Typed:
        try:
            value = Decimal(node.value.strip())
        except ArithmeticError:
            return Typed(node, Kind.TEXT)
        return self._literal(value) if value.is_finite() else Typed(node, Kind.TEXT)

    def _fact(self, node: Node) -> Typed:
        typed = self.infer(node)
        if typed.kind not in (Kind.CONDITION, Kind.UNKNOWN):
            self.problem(
                f"{render(node)} is {typed.kind.value}, not a condition",
                "and, or and not join conditions, such as size > 0",
            )
        return typed

    def _arithmetic(self, node: Arithmetic, left: Typed, right: Typed) -> Typed:
        plain = Arithmetic(node.operator, left.node, right.node)
        nullable = left.nullable or right.nullable
        if left.number is None or right.number is None:
            return Typed(plain, Kind.UNKNOWN)
        number = _product(left.number, right.number) if node.operator == "*" else _sum(left.number, right.number)
        if number.scale > MAX_DIGITS:
            digits = f"{left.number.scale} + {right.number.scale} = {number.scale}"
            what = f"{render(plain)} has {digits} digits behind the point"
            self.problem(what, f"a number has at most {MAX_DIGITS} digits: declare the fields with a smaller scale")
            return Typed(plain, Kind.UNKNOWN)
        return Typed(plain, Kind.NUMBER, number, nullable)

    def _comparison(self, node: Comparison, left: Node, right: Node) -> Typed:
        one, two = self.infer(left), self.infer(right)
        one, two = self._beside(two.kind, one), self._beside(one.kind, two)
        plain = Comparison(node.operator, one.node, two.node)
        if Kind.UNKNOWN not in (one.kind, two.kind):
            self._comparable(plain, one, two)
        return Typed(plain, Kind.CONDITION, None, one.nullable or two.nullable)

    def _beside(self, kind: Kind, typed: Typed) -> Typed:
        """A text literal beside a number is a number, beside a time a time."""
        if not isinstance(typed.node, Text):
            return typed
        if kind is Kind.NUMBER:
            return self._as_number(typed.node)
        return Typed(typed.node, Kind.TEXT) if kind is not Kind.TIME else self._as_time(typed.node)

    def _as_time(self, node: Text) -> Typed:
        try:
            return Typed(Text(canonical_time(node.value)), Kind.TIME)
        except ValueError as error:
            what, _, fix = str(error).partition("; ")
            self.problem(what, fix or NO_TIME_FIX)
        return Typed(node, Kind.UNKNOWN)

    def _in(self, node: In, operand: Node, options: tuple[Node, ...]) -> Typed:
        asked = self.infer(operand)
        typed = [self._beside(asked.kind, self.infer(option)) for option in options]
        plain = In(asked.node, tuple(dict.fromkeys(option.node for option in typed)))
        known = asked.kind is not Kind.UNKNOWN
        if known and not columns_of(node):
            self.problem(f"{render(node)} compares constants", "name a column in front of in")
        elif known and asked.kind not in (Kind.TEXT, Kind.NUMBER, Kind.TIME):
            fix = 'write cond contains any ("37", "52")' if asked.kind is Kind.LIST else "use and, or and not"
            self.problem(f"{render(operand)} is {asked.kind.value}, which is not in a list of values", fix)
        elif known:
            self._same_kind(plain, asked, typed)
        return Typed(plain, Kind.CONDITION, None, asked.nullable)

    def _same_kind(self, node: In, asked: Typed, options: list[Typed]) -> None:
        others = [option for option in options if option.kind not in (asked.kind, Kind.UNKNOWN)]
        for other in others[:1]:
            what = f"{render(node)} compares {asked.kind.value} with {other.kind.value}"
            self.problem(what, self._comparable_fix(asked, other))

    def _contains(self, node: Contains, operand: Node) -> Typed:
        asked = self.infer(operand)
        if asked.kind not in (Kind.LIST, Kind.UNKNOWN):
            what = f"{render(operand)} is {asked.kind.value}, not a list"
            fix = f"""declare the field as a list of texts: {render(operand)} = 'list(",")', with what separates them"""
            parted = isinstance(operand, Column) and asked.kind is Kind.TEXT
            self.problem(what, fix if parted else "only lists have elements; for a single value write == or in")
        separator = asked.separator
        elements: list[str] = [option.value for option in node.options]
        for text in elements if separator is not None else ():
            if not text.strip() or text != text.strip() or (separator or "") in text:
                what = f"{text!r} can be no element of {render(operand)}"
                fix = f"elements are parted by {separator!r}, have no spaces around them and are not empty"
                self.problem(what, fix)
        return Typed(Contains(asked.node, node.how, node.options), Kind.CONDITION, None, asked.nullable)

    def _bits(self, node: Bits, operand: Node) -> Typed:
        asked = self.infer(operand)
        whole = asked.number is not None and asked.number.scale == 0
        if asked.kind is not Kind.UNKNOWN and not whole:
            self.problem(f"{render(operand)} is no whole number, so it has no bits", "declare the field as int")
        elif not columns_of(node):
            self.problem(f"{render(node)} names no column", "name at least one field of the event")
        return Typed(Bits(asked.node, node.mask), Kind.CONDITION, None, asked.nullable)

    def _comparable(self, node: Comparison, one: Typed, two: Typed) -> None:
        if not columns_of(node):
            self.problem(f"{render(node)} compares constants", "name a column on one side")
        elif one.kind is not two.kind:
            what = f"{render(node)} compares {one.kind.value} with {two.kind.value}"
            self.problem(what, self._comparable_fix(one, two))
        elif one.kind is Kind.LIST:
            self.problem(f"{render(node)} compares lists", 'write cond contains any ("37", "52")')
        elif one.kind is Kind.CONDITION:
            self.problem(f"{render(node)} compares two conditions", "use and, or and not")
        elif one.kind is Kind.TEXT and node.operator not in ("==", "!="):
            self.problem(f"{render(node)} orders text", "text can only be compared by == and !=")

    @staticmethod
    def _comparable_fix(one: Typed, two: Typed) -> str:
        kinds = {one.kind, two.kind}
        if Kind.TIME in kinds:
            number = next((item.node.value for item in (one, two) if isinstance(item.node, Number)), None)
            return NO_TIME_FIX if number is None else time_hint(number)
        if Kind.LIST in kinds:
            return 'write cond contains any ("37", "52")'
        return "compare numbers with numbers, and text with text in quotes"


def _sum(left: NumberType, right: NumberType) -> NumberType:
    scale = max(left.scale, right.scale)
    whole = max(left.precision - left.scale, right.precision - right.scale)
    return _number(whole + scale + 1, scale, integer=left.integer and right.integer)


def _either(one: NumberType, other: NumberType) -> NumberType:
    scale = max(one.scale, other.scale)
    whole = max(one.precision - one.scale, other.precision - other.scale)
    both = one.integer and other.integer
    return INTEGER if both else _number(whole + scale, scale, integer=False)


def _product(left: NumberType, right: NumberType) -> NumberType:
    integer = left.integer and right.integer
    return _number(left.precision + right.precision, left.scale + right.scale, integer=integer)


def _number(precision: int, scale: int, *, integer: bool) -> NumberType:
    return NumberType(min(precision, MAX_DIGITS), scale, integer=integer and precision <= _SAFE_INTEGER_DIGITS)


def _between(kinds: Collection[Kind]) -> str:
    return " and ".join(sorted(kind.value for kind in kinds))


def _instead(options: Sequence[Node]) -> str:
    """How a choice between truth values is written as a condition, for the fields that are chosen between."""
    fields = [option.name for option in options if isinstance(option, Column)]
    if len(fields) == len(options):
        *before, last = fields
        given = [*(f"({name} is not null and {name})" for name in before), last]
        return f"a boolean field is a condition itself: write {_nested(before, given)}"
    name = fields[0] if fields else "active"
    return (
        f"a boolean field is a condition itself: write {name} is not null and {name} where a missing value means no, "
        f"{name} is null or {name} where it means yes"
    )


def _nested(missing: Sequence[str], given: Sequence[str]) -> str:
    """The first that is given, each where those before it are missing."""
    *_, last = given
    for name, here in zip(reversed(missing), reversed(given[:-1]), strict=True):
        last = f"{here} or ({name} is null and {last if ' ' not in last else f'({last})'})"
    return last
