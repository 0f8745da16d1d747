"""The syntax tree of expressions over columns: what `col("bid") * col("size")` and the written grammar both become."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal  # noqa: TC003 - dataclass fields are introspected
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Container

__all__ = [
    "NULL",
    "Arithmetic",
    "Bits",
    "Coalesce",
    "Column",
    "Comparison",
    "Contains",
    "In",
    "IsNull",
    "Logical",
    "Negate",
    "Node",
    "Not",
    "Number",
    "Ratio",
    "RootRatio",
    "Rounding",
    "Text",
    "columns_of",
    "may_be_null",
    "replaced",
]

Rounding: TypeAlias = Literal["half-even", "half-up", "down", "up", "floor", "ceiling"]


@dataclass(frozen=True, slots=True)
class Column:
    """A field of the event; in an aggregate's result, one of its partial columns."""

    name: str


@dataclass(frozen=True, slots=True)
class Number:
    """An exact decimal literal."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal; compared with a number column it is read as a decimal, with a time as a time (ISO 8601)."""

    value: str


NULL: Final = Text("null")
"""As `Output.empty`: the aggregate has no value in an empty slot."""


@dataclass(frozen=True, slots=True)
class Negate:
    """Minus a number."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """Exact arithmetic: scale of ``+ -`` is the larger, scale of ``*`` the sum."""

    operator: Literal["+", "-", "*"]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Coalesce:
    """The first of several values of one kind that there is; null where there is none."""

    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """A condition; null where a side is null, which counts as not fulfilled."""

    operator: Literal["==", "!=", "<", "<=", ">", ">="]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class In:
    """A condition: the value is one of some literals; null where it is missing, as each comparison would be."""

    operand: Node
    options: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """A condition on a list: ``any`` or ``all`` of some texts are among its elements; null where the list is."""

    operand: Node
    how: Literal["any", "all"]
    options: tuple[Text, ...]


@dataclass(frozen=True, slots=True)
class Bits:
    """A condition on an integer: every bit of the mask is set; null where the number is missing."""

    operand: Node
    mask: int


@dataclass(frozen=True, slots=True)
class Logical:
    """Both, or either, of two conditions."""

    operator: Literal["and", "or"]
    left: Node
    right: Node


@dataclass(frozen=True, slots=True)
class Not:
    """A condition that is not fulfilled."""

    operand: Node


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether a column has no value."""

    operand: Node


@dataclass(frozen=True, slots=True)
class Ratio:
    """Rounded division; only in an aggregate's result. Null where the denominator is zero."""

    numerator: Node
    denominator: Node
    scale: int
    rounding: Rounding


@dataclass(frozen=True, slots=True)
class RootRatio:
    """The rounded square root of a quotient; only in an aggregate's result.

    Null where the denominator is not positive.
    """

    numerator: Node
    denominator: Node
    scale: int
    rounding: Rounding


Node: TypeAlias = (
    Column
    | Number
    | Text
    | Negate
    | Arithmetic
    | Coalesce
    | Comparison
    | In
    | Contains
    | Bits
    | Logical
    | Not
    | IsNull
    | Ratio
    | RootRatio
)


def columns_of(node: Node) -> frozenset[str]:
    """The names of all columns in an expression."""
    match node:
        case Column(name):
            return frozenset({name})
        case Number() | Text():
            return frozenset()
        case Negate(operand) | Not(operand) | IsNull(operand) | In(operand) | Contains(operand) | Bits(operand):
            return columns_of(operand)
        case Arithmetic(_, left, right) | Comparison(_, left, right) | Logical(_, left, right):
            return columns_of(left) | columns_of(right)
        case Coalesce(options):
            return frozenset[str]().union(*map(columns_of, options))
        case Ratio(top, bottom) | RootRatio(top, bottom):
            return columns_of(top) | columns_of(bottom)


def replaced(node: Node, by: Callable[[str], Node]) -> Node:
    """The result of an aggregate with another node in place of each column, by its name."""
    match node:
        case Column(name):
            return by(name)
        case Arithmetic(_, left, right):
            return replace(node, left=replaced(left, by), right=replaced(right, by))
        case Coalesce(options):
            return Coalesce(tuple(replaced(option, by) for option in options))
        case Ratio(top, bottom) | RootRatio(top, bottom):
            return replace(node, numerator=replaced(top, by), denominator=replaced(bottom, by))
        case Negate(operand):
            return Negate(replaced(operand, by))
        case _:
            return node


def may_be_null(node: Node, nullable: Container[str]) -> bool:
    """Whether a value may be missing, where the `nullable` columns may be."""
    match node:
        case Column(name):
            return name in nullable
        case Number() | Text() | IsNull():
            return False
        case Negate(operand) | Not(operand) | In(operand) | Contains(operand) | Bits(operand):
            return may_be_null(operand, nullable)
        case Arithmetic(_, left, right) | Comparison(_, left, right) | Logical(_, left, right):
            return may_be_null(left, nullable) or may_be_null(right, nullable)
        case Coalesce(options):
            return all(may_be_null(option, nullable) for option in options)
        case Ratio() | RootRatio():
            return True
