"""Expressions over columns as Python writes them: ``bl.col("bid") * bl.col("size")``, ``bl.col("side") == "buy"``."""

from __future__ import annotations

import reprlib
from decimal import Decimal
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, TypeAlias

from barloom.errors import Problem
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
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["NO_MASK", "NO_MASK_FIX", "Expression", "Flaw", "Operand", "coalesce", "col", "lit", "mask_of"]


class Flaw(NamedTuple):
    """A problem that does not know yet where in the definition it stands.

    `unread` says that nothing could be made of what was written, so that there is nothing more to check in it.
    """

    what: str
    fix: str
    unread: bool = False

    def at(self, where: str) -> Problem:
        """The problem at its place."""
        return Problem(self.what, where, self.fix)


class Expression:
    """A value or condition computed from the columns of a row. Immutable; made by `col` and `lit` and operators.

    Literals are integers, decimals or text (``"0.5"`` beside a number is a decimal). A float is a definition error
    that is reported with all others when the definition is named, because 0.1 as a float is not 0.1.
    """

    __slots__ = ("flaws", "node")

    node: Node
    flaws: tuple[Flaw, ...]

    def __init__(self, node: Node, flaws: Iterable[Flaw] = ()) -> None:
        object.__setattr__(self, "node", node)
        object.__setattr__(self, "flaws", tuple(flaws))

    def __setattr__(self, name: str, value: object) -> None:
        message = f"an expression cannot be changed ({name})"
        raise AttributeError(message)

    def __repr__(self) -> str:
        from barloom.plan.language.render import render  # noqa: PLC0415 - only for people

        return f"<{render(self.node)}>"

    def __bool__(self) -> bool:
        message = "a condition over columns has no truth of its own; combine conditions with & | ~, one comparison each"
        raise TypeError(message)

    def __hash__(self) -> int:
        return hash(self.node)

    def __add__(self, other: Operand) -> Expression:
        return _arithmetic("+", self, other)

    def __radd__(self, other: Operand) -> Expression:
        return _arithmetic("+", other, self)

    def __sub__(self, other: Operand) -> Expression:
        return _arithmetic("-", self, other)

    def __rsub__(self, other: Operand) -> Expression:
        return _arithmetic("-", other, self)

    def __mul__(self, other: Operand) -> Expression:
        return _arithmetic("*", self, other)

    def __rmul__(self, other: Operand) -> Expression:
        return _arithmetic("*", other, self)

    def __truediv__(self, other: Operand) -> Expression:
        return Expression(self.node, (*self.flaws, *lit(other).flaws, DIVISION))

    def __neg__(self) -> Expression:
        return Expression(Negate(self.node), self.flaws)

    def __eq__(self, other: Operand) -> Expression:  # type: ignore[override]  # builds a condition
        return _comparison("==", self, other)

    def __ne__(self, other: Operand) -> Expression:  # type: ignore[override]  # builds a condition
        return _comparison("!=", self, other)

    def __lt__(self, other: Operand) -> Expression:
        return _comparison("<", self, other)

    def __le__(self, other: Operand) -> Expression:
        return _comparison("<=", self, other)

    def __gt__(self, other: Operand) -> Expression:
        return _comparison(">", self, other)

    def __ge__(self, other: Operand) -> Expression:
        return _comparison(">=", self, other)

    def __and__(self, other: Expression) -> Expression:
        right = lit(other)
        return Expression(Logical("and", self.node, right.node), self.flaws + right.flaws)

    def __or__(self, other: Expression) -> Expression:
        right = lit(other)
        return Expression(Logical("or", self.node, right.node), self.flaws + right.flaws)

    def __invert__(self) -> Expression:
        return Expression(Not(self.node), self.flaws)

    def is_null(self) -> Expression:
        """Whether there is no value."""
        return Expression(IsNull(self.node), self.flaws)

    def is_in(self, options: Iterable[Operand]) -> Expression:
        """Whether it is one of some literals: ``bl.col("side").is_in(["B", "S"])``."""
        found, flaws = _literals(options, 'is_in(["I", "W"])')
        return Expression(In(self.node, found), (*self.flaws, *flaws))

    def contains_any(self, options: Iterable[Operand]) -> Expression:
        """Whether at least one of some texts (or whole numbers) is an element of a list."""
        found, flaws = _elements(options, 'contains_any(["37", "52"])')
        return Expression(Contains(self.node, "any", found), (*self.flaws, *flaws))

    def contains_all(self, options: Iterable[Operand]) -> Expression:
        """Whether every one of some texts (or whole numbers) is an element of a list."""
        found, flaws = _elements(options, 'contains_all(["37", "52"])')
        return Expression(Contains(self.node, "all", found), (*self.flaws, *flaws))

    def has_bits(self, mask: int) -> Expression:
        """Whether every bit of the mask is set in an integer: ``bl.col("cond").has_bits(0x2000)``."""
        fits = isinstance(mask, int) and not isinstance(mask, bool) and mask_of(Decimal(mask)) is not None
        flaws = () if fits else (Flaw(NO_MASK, NO_MASK_FIX, unread=True),)
        return Expression(Bits(self.node, mask if fits else 1), (*self.flaws, *flaws))

    def is_not_null(self) -> Expression:
        """Whether there is a value."""
        return Expression(Not(IsNull(self.node)), self.flaws)


Operand: TypeAlias = Expression | Decimal | int | str
"""What may stand beside an expression: another one, or a literal."""

DIVISION: Final = Flaw(
    "division is not exact, so expressions have none",
    'multiply by a decimal (* "0.5"), or use avg, vwap or an aggregate\'s ratio, which state scale and rounding',
)


FEW_OPTIONS: Final = "coalesce takes two values or more"
FEW_OPTIONS_FIX: Final = 'write what shall stand where there is none, such as coalesce(size, 0) or coalesce(side, "")'


NO_MASK: Final = "bits takes a whole number above 0 of at most 63 bits"
NO_MASK_FIX: Final = "write the bits that shall be set, such as bits(cond, 0x2000)"


def mask_of(value: Decimal) -> int | None:
    """The mask of a bit test; none where a number cannot be one."""
    whole = value == value.to_integral_value()
    return int(value) if whole and 0 < value < 1 << 63 else None


def col(name: str) -> Expression:
    """A field of the event by name."""
    if isinstance(name, str):
        return Expression(Column(name))
    return Expression(Column(str(name)), [Flaw(f"a column is named by text, not by {name!r}", 'write bl.col("name")')])


def coalesce(*options: Operand) -> Expression:
    """The first of several values that there is: ``bl.coalesce(bl.col("cond"), "")`` is never null.

    All are numbers, or all are texts, or all are times; null where none of them has a value.
    """
    made = [lit(option) for option in options]
    flaws = [flaw for option in made for flaw in option.flaws]
    if len(made) < 2:  # noqa: PLR2004 - a value, and another for where it is missing
        flaws.append(Flaw(FEW_OPTIONS, FEW_OPTIONS_FIX, unread=True))
    return Expression(Coalesce(tuple(option.node for option in made)), flaws)


def lit(value: Operand) -> Expression:
    """A literal: an integer, a `Decimal`, or text (read as a decimal where it stands beside a number)."""
    match value:
        case Expression():
            return value
        case str():
            return Expression(Text(value))
        case Decimal() if value.is_finite():
            return Expression(Number(value))
        case bool():
            fix = "a boolean field is a condition itself: write the field, or ~field"
            return Expression(Text(str(value)), [Flaw(f"{value!r} is not a number or text", fix, unread=True)])
        case int():
            return Expression(Number(Decimal(value)))
        case _:
            return _not_a_literal(value)


def _not_a_literal(value: object) -> Expression:
    if value is None:
        flaw = Flaw("nothing is equal to None", "ask .is_null(), or .is_not_null()")
        return Expression(Text("null"), [flaw._replace(unread=True)])
    if not isinstance(value, float):
        flaw = Flaw(f"{_shown(value)} cannot stand in an expression", _instead(value), unread=True)
        return Expression(Text("null"), [flaw])
    flaw = Flaw(f"the float {value!r} is not an exact number", f'write it as text or a Decimal: "{value!r}"')
    exact = Decimal(repr(value))
    return Expression(Number(exact if exact.is_finite() else Decimal(0)), [flaw])


def _shown(value: object) -> str:
    return "a function" if callable(value) else reprlib.repr(value)


def _instead(value: object) -> str:
    if type(value).__module__.partition(".")[0] == "polars":
        return 'use columns of barloom, bl.col("price"), not those of polars'
    if callable(value):
        return 'nothing is called for each row: write a condition over columns, such as bl.col("price") > 0'
    return "use an expression, an integer, a Decimal or text"


def _literals(options: Iterable[Operand], example: str) -> tuple[tuple[Node, ...], list[Flaw]]:
    """Literals, each once, and what is wrong with them."""
    given = [] if isinstance(options, str | Expression | Decimal | int) or options is None else list(options)
    made = [lit(option) for option in given]
    flaws = [flaw for option in made for flaw in option.flaws]
    if not made:
        flaws.append(Flaw(f"{options!r} is not a list of values", f"write .{example}", unread=True))
    if any(not isinstance(option.node, Number | Text) for option in made):
        fix = "compare with a column by ==, and join such conditions by |"
        flaws.append(Flaw(f".{example[: example.index('(')]} takes literals only", fix, unread=True))
    return tuple(dict.fromkeys(option.node for option in made)), flaws


def _elements(options: Iterable[Operand], example: str) -> tuple[tuple[Text, ...], list[Flaw]]:
    """Texts, as which lists hold their elements."""
    from barloom.plan.language.render import number_text  # noqa: PLC0415 - only where lists are asked

    found, flaws = _literals(options, example)
    texts = (Text(number_text(node.value)) if isinstance(node, Number) else node for node in found)
    return tuple(dict.fromkeys(node for node in texts if isinstance(node, Text))), flaws


def _arithmetic(operator: Literal["+", "-", "*"], left: Operand, right: Operand) -> Expression:
    one, two = lit(left), lit(right)
    return Expression(Arithmetic(operator, one.node, two.node), one.flaws + two.flaws)


_Comparator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]


def _comparison(operator: _Comparator, left: Expression, right: Operand) -> Expression:
    if isinstance(right, bool) and operator in ("==", "!="):
        return left if right is (operator == "==") else ~left
    other = lit(right)
    return Expression(Comparison(operator, left.node, other.node), left.flaws + other.flaws)
