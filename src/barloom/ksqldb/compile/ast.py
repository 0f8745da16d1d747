"""The statements of ksqlDB that bars need, as a tree. Names are stored names; lengths of time are milliseconds."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal, TypeAlias

from barloom.ksqldb.compile.types import SqlType  # noqa: TC001 - dataclass fields are introspected

__all__ = [
    "STAR",
    "Binary",
    "Boolean",
    "Call",
    "Case",
    "Cast",
    "Column",
    "CreateStream",
    "CreateTableAs",
    "Expr",
    "IsNull",
    "Item",
    "Minus",
    "Name",
    "Null",
    "Number",
    "Operator",
    "Pseudo",
    "Select",
    "SetProperty",
    "Star",
    "Statement",
    "Subscript",
    "Text",
    "Window",
    "conjunction",
    "integer",
]

Operator: TypeAlias = Literal["+", "-", "*", "/", "=", "<>", "<", "<=", ">", ">=", "AND", "OR"]


@dataclass(frozen=True, slots=True)
class Name:
    """A column, stream or table."""

    name: str


@dataclass(frozen=True, slots=True)
class Pseudo:
    """A column that every source has by itself: ``ROWOFFSET WINDOWSTART WINDOWEND``."""

    name: Literal["ROWOFFSET", "WINDOWSTART", "WINDOWEND"]


@dataclass(frozen=True, slots=True)
class Text:
    """A text literal."""

    value: str


@dataclass(frozen=True, slots=True)
class Number:
    """An exact number: an integer, or a decimal with a point."""

    value: Decimal


@dataclass(frozen=True, slots=True)
class Boolean:
    """``TRUE`` or ``FALSE``."""

    value: bool


@dataclass(frozen=True, slots=True)
class Null:
    """``NULL``."""


@dataclass(frozen=True, slots=True)
class Star:
    """The ``*`` of ``COUNT(*)``."""


STAR: Final = Star()


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an aggregate."""

    function: str
    arguments: tuple[Expr, ...]


@dataclass(frozen=True, slots=True)
class Cast:
    """A value in another type."""

    operand: Expr
    type: SqlType


@dataclass(frozen=True, slots=True)
class Minus:
    """Minus a number."""

    operand: Expr


@dataclass(frozen=True, slots=True)
class Binary:
    """Two operands: arithmetic, the joining of texts (``+``), a comparison, or a condition of two."""

    operator: Operator
    left: Expr
    right: Expr


@dataclass(frozen=True, slots=True)
class IsNull:
    """Whether there is no value; `negated`, whether there is one."""

    operand: Expr
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """The value of the first condition that holds, else `otherwise`, else null."""

    branches: tuple[tuple[Expr, Expr], ...]
    otherwise: Expr | None = None


@dataclass(frozen=True, slots=True)
class Subscript:
    """An element of an array, counted from one."""

    operand: Expr
    index: int


Expr: TypeAlias = (
    Name | Pseudo | Text | Number | Boolean | Null | Star | Call | Cast | Minus | Binary | IsNull | Case | Subscript
)


def conjunction(conditions: tuple[Expr, ...]) -> Expr | None:
    """All of the conditions; none where there are none."""
    joined: Expr | None = None
    for condition in conditions:
        joined = condition if joined is None else Binary("AND", joined, condition)
    return joined


def integer(value: int) -> Number:
    """A small whole number."""
    return Number(Decimal(value))


@dataclass(frozen=True, slots=True)
class Column:
    """A declared column of a stream."""

    name: str
    type: SqlType
    key: bool = False


@dataclass(frozen=True, slots=True)
class Item:
    """A column of a projection; without an alias it keeps its name."""

    value: Expr
    alias: str | None = None


@dataclass(frozen=True, slots=True)
class Window:
    """A tumbling window: its size, how long its store keeps it, and how long it stays open after its end."""

    size: int
    retention: int
    grace: int


@dataclass(frozen=True, slots=True)
class Select:
    """A windowed aggregation; `final` emits each window once, when it is closed."""

    items: tuple[Item, ...]
    source: str
    window: Window
    where: Expr | None
    group_by: tuple[Expr, ...]
    final: bool


@dataclass(frozen=True, slots=True)
class CreateStream:
    """A stream over a topic."""

    name: str
    columns: tuple[Column, ...]
    properties: tuple[tuple[str, str | int], ...]


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    """A table that a query of its own keeps."""

    name: str
    properties: tuple[tuple[str, str | int], ...]
    select: Select


@dataclass(frozen=True, slots=True)
class SetProperty:
    """A stream property for the statements after it."""

    name: str
    value: str


Statement: TypeAlias = CreateStream | CreateTableAs | SetProperty
