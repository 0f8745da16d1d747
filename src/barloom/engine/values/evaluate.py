"""Expressions over columns: exact numbers at a known scale, and conditions as masks."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import polars as pl

from barloom.engine.blocks import Numbers, Values
from barloom.engine.values import exact
from barloom.engine.values.membership import among, has_bits, has_elements
from barloom.plan.barplan import FieldKind
from barloom.plan.language.time_literals import nanos_of_literal
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
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import EventPlan, Partial
    from barloom.time.calendar import Booleans

__all__ = ["Columns", "NumberColumns", "PartialColumns", "Scaled", "condition", "literal", "number", "ratio_power"]


class Scaled(NamedTuple):
    """Numbers with a common number of digits behind the point."""

    values: Values
    scale: int


class NumberColumns(Protocol):
    """What number expressions read."""

    def __len__(self) -> int: ...

    def scaled(self, name: str) -> Scaled:
        """The numbers of a column."""
        ...


class Columns:
    """The columns of a frame of events; numbers are converted once, when first asked for."""

    def __init__(self, frame: pl.DataFrame, event: EventPlan) -> None:
        self._frame = frame
        self._event = event
        self._numbers: dict[str, Scaled] = {}
        self.memo: dict[Node, Scaled] = {}

    def __len__(self) -> int:
        return self._frame.height

    def scaled(self, name: str) -> Scaled:
        """The numbers of an integer, decimal or timestamp field (a timestamp counts nanoseconds)."""
        known = self._numbers.get(name)
        if known is None:
            field = self._event.by_name[name]
            scale = field.number.scale if field.number is not None else 0
            known = self._numbers[name] = Scaled(exact.to_numbers(self._frame[name]), scale)
        return known

    def series(self, name: str) -> pl.Series:
        """The column itself."""
        return self._frame[name]

    def separator(self, name: str) -> str:
        """What parts the elements of a list."""
        return self._event.by_name[name].separator or ""

    def holds_times(self, name: str) -> bool:
        """Whether a field is a timestamp."""
        return self._event.by_name[name].kind is FieldKind.TIMESTAMP

    def holds_numbers(self, name: str) -> bool:
        """Whether a field is an integer, a decimal or a timestamp."""
        return self._event.by_name[name].kind not in (FieldKind.STRING, FieldKind.BOOLEAN)


class PartialColumns:
    """The partial columns of bars, by their position."""

    def __init__(self, partials: Sequence[Partial], values: Sequence[Values], rows: int) -> None:
        self._scales = [partial.number.scale for partial in partials]
        self._values = values
        self._rows = rows

    def __len__(self) -> int:
        return self._rows

    def scaled(self, name: str) -> Scaled:
        """The numbers of the partial column whose position is `name`."""
        position = int(name)
        return Scaled(self._values[position], self._scales[position])


def literal(value: Decimal) -> tuple[int, int]:
    """A decimal literal as an integer and its scale."""
    sign, digits, exponent = value.as_tuple()
    if not isinstance(exponent, int):
        message = f"{value} is not a number"
        raise TypeError(message)
    whole = int("".join(map(str, digits))) * (-1 if sign else 1)
    return (whole, -exponent) if exponent < 0 else (whole * 10**exponent, 0)


def number(node: Node, columns: NumberColumns) -> Scaled:
    """The value of a number expression in every row: integers and their scale; a null holds a zero."""
    memo = columns.memo if isinstance(columns, Columns) else {}
    if node not in memo:
        memo[node] = _whole_column(node, columns)
    return memo[node]


def _whole_column(node: Node, columns: NumberColumns) -> Scaled:
    values, scale = _number(node, columns)
    numbers, valid = values
    if len(numbers) != len(columns):
        numbers = np.broadcast_to(numbers, len(columns))
    if valid is not None:
        numbers = np.where(valid, numbers, 0)
    return Scaled(Values(numbers, valid), scale)


def _number(node: Node, columns: NumberColumns) -> Scaled:
    match node:
        case Column(name):
            return columns.scaled(name)
        case Number(value):
            return _constant(*literal(value))
        case Negate(operand):
            (numbers, valid), scale = _number(operand, columns)
            return Scaled(Values(exact.negate(numbers), valid), scale)
        case Arithmetic():
            return _arithmetic(node, columns)
        case Coalesce(options):
            times = _is_time(node, columns)
            return _first_known([_number(_as_number(option, time=times), columns) for option in options])
        case Ratio() | RootRatio():
            return _ratio(node, columns)
        case _:
            message = f"{node!r} is not a number"
            raise TypeError(message)


def _constant(whole: int, scale: int) -> Scaled:
    numbers: Numbers = np.array([whole], dtype=object)
    return Scaled(Values(exact.narrow(numbers), None), scale)


def _both(left: Booleans | None, right: Booleans | None) -> Booleans | None:
    if left is None or right is None:
        return right if left is None else left
    return np.logical_and(left, right)


def _aligned(left: Scaled, right: Scaled) -> tuple[Numbers, Numbers, int]:
    scale = max(left.scale, right.scale)
    return (
        exact.rescale(left.values.numbers, scale - left.scale),
        exact.rescale(right.values.numbers, scale - right.scale),
        scale,
    )


def _arithmetic(node: Arithmetic, columns: NumberColumns) -> Scaled:
    left, right = _number(node.left, columns), _number(node.right, columns)
    valid = _both(left.values.valid, right.values.valid)
    if node.operator == "*":
        product = exact.multiply(left.values.numbers, right.values.numbers)
        return Scaled(Values(product, valid), left.scale + right.scale)
    first, second, scale = _aligned(left, right)
    combine = exact.add if node.operator == "+" else exact.subtract
    return Scaled(Values(combine(first, second), valid), scale)


def _first_known(options: Sequence[Scaled]) -> Scaled:
    """In every row the first option that is not null there."""
    scale = max(option.scale for option in options)
    (numbers, valid), _ = options[0]
    numbers = exact.rescale(numbers, scale - options[0].scale)
    for option in options[1:]:
        if valid is None:
            break
        further = exact.rescale(option.values.numbers, scale - option.scale)
        numbers = np.where(valid, numbers, further)
        valid = None if option.values.valid is None else valid | option.values.valid
    return Scaled(Values(numbers, valid), scale)


def _ratio(node: Ratio | RootRatio, columns: NumberColumns) -> Scaled:
    """Scale top and bottom so that the integer quotient (its root) has the declared scale, then round once."""
    top, bottom = _number(node.numerator, columns), _number(node.denominator, columns)
    power = ratio_power(node, top.scale, bottom.scale)
    numerator = exact.rescale(top.values.numbers, max(power, 0))
    denominator = exact.rescale(bottom.values.numbers, max(-power, 0))
    numerator, denominator = np.broadcast_arrays(numerator, denominator)
    divide = exact.round_divide if isinstance(node, Ratio) else exact.round_root
    numbers, defined = divide(numerator, denominator, node.rounding)
    valid = _both(defined, _both(top.values.valid, bottom.values.valid))
    return Scaled(Values(numbers, valid), node.scale)


def ratio_power(node: Ratio | RootRatio, top_scale: int, bottom_scale: int) -> int:
    """The power of ten for the numerator (negative: for the denominator) that gives the quotient its declared scale."""
    wanted = node.scale if isinstance(node, Ratio) else 2 * node.scale
    return wanted - top_scale + bottom_scale


class _Truth(NamedTuple):
    """Where a condition is fulfilled, and where it is known not to be; elsewhere it is null."""

    true: Booleans
    false: Booleans


def condition(node: Node, columns: Columns) -> Booleans:
    """Where a condition is fulfilled. A comparison with a null is null, and so is its contrary: not fulfilled."""
    return np.broadcast_to(_truth(node, columns).true, len(columns))


def _truth(node: Node, columns: Columns) -> _Truth:  # noqa: PLR0911 - one case a node
    match node:
        case Comparison():
            return _comparison(node, columns)
        case In(operand, options):
            return _among(operand, options, columns)
        case Contains(Column(name), how, options):
            elements = [option.value for option in options]
            return _masks(has_elements(columns.series(name), columns.separator(name), how, elements))
        case Bits(operand, mask):
            numbers, valid = number(operand, columns).values
            return _where_valid(has_bits(numbers, mask), valid)
        case Logical(operator, left, right):
            one, other = _truth(left, columns), _truth(right, columns)
            if operator == "and":
                return _Truth(one.true & other.true, one.false | other.false)
            return _Truth(one.true | other.true, one.false & other.false)
        case Not(operand):
            true, false = _truth(operand, columns)
            return _Truth(false, true)
        case IsNull(operand):
            missing = _is_null(operand, columns)
            return _Truth(missing, ~missing)
        case Column(name) if not columns.holds_numbers(name):
            return _masks(columns.series(name))
        case _:
            message = f"{node!r} is not a condition"
            raise TypeError(message)


def _masks(truth: pl.Series) -> _Truth:
    false = ~truth
    return _Truth(truth.fill_null(value=False).to_numpy(), false.fill_null(value=False).to_numpy())


def _is_null(node: Node, columns: Columns) -> Booleans:
    match node:
        case Column(name):
            return columns.series(name).is_null().to_numpy()
        case Coalesce(options):
            missing: Booleans = np.logical_and.reduce([_is_null(option, columns) for option in options])
            return missing
        case Text():
            return np.zeros(len(columns), dtype=np.bool_)
    valid = _number(node, columns).values.valid
    return np.zeros(len(columns), dtype=np.bool_) if valid is None else ~valid


def _comparison(node: Comparison, columns: Columns) -> _Truth:
    if any(_is_text(side, columns) for side in (node.left, node.right)):
        return _text_comparison(node, columns)
    time = any(_is_time(side, columns) for side in (node.left, node.right))
    left, right = (_number(_as_number(side, time=time), columns) for side in (node.left, node.right))
    first, second, _ = _aligned(left, right)
    true = exact.compare(node.operator, first, second)
    return _where_valid(true, _both(left.values.valid, right.values.valid))


def _where_valid(true: Booleans, valid: Booleans | None) -> _Truth:
    return _Truth(true, ~true) if valid is None else _Truth(true & valid, ~true & valid)


def _among(operand: Node, options: Sequence[Node], columns: Columns) -> _Truth:
    if _is_text(operand, columns):
        texts = pl.select(_text(operand, columns)).to_series()
        return _masks(texts.is_in([option.value for option in options if isinstance(option, Text)]))
    time = _is_time(operand, columns)
    (numbers, valid), scale = number(operand, columns)
    plain = [_as_number(option, time=time) for option in options]
    literals = [literal(option.value) for option in plain if isinstance(option, Number)]
    return _where_valid(among(numbers, scale, literals), valid)


def _is_time(node: Node, columns: NumberColumns) -> bool:
    if isinstance(node, Coalesce):
        return any(_is_time(option, columns) for option in node.options)
    return isinstance(node, Column) and isinstance(columns, Columns) and columns.holds_times(node.name)


def _is_text(node: Node, columns: Columns) -> bool:
    if isinstance(node, Coalesce):
        return any(_is_text(option, columns) for option in node.options)
    return isinstance(node, Column) and not columns.holds_numbers(node.name)


def _as_number(node: Node, *, time: bool = False) -> Node:
    """A text literal that stands beside a number is that decimal, beside a time that time."""
    if not isinstance(node, Text):
        return node
    if time:
        return Number(Decimal(nanos_of_literal(node.value)))
    try:
        return Number(Decimal(node.value))
    except InvalidOperation:
        message = f"{node.value!r} is compared with a number but is none"
        raise TypeError(message) from None


def _text_comparison(node: Comparison, columns: Columns) -> _Truth:
    compared = {
        "==": pl.Expr.eq,
        "!=": pl.Expr.ne,
        "<": pl.Expr.lt,
        "<=": pl.Expr.le,
        ">": pl.Expr.gt,
        ">=": pl.Expr.ge,
    }[node.operator]
    left, right = (_text(side, columns) for side in (node.left, node.right))
    return _masks(pl.select(compared(left, right)).to_series())


def _text(node: Node, columns: Columns) -> pl.Expr:
    match node:
        case Column(name):
            series = columns.series(name)
            return pl.lit(series.cast(pl.String) if series.dtype == pl.Boolean else series)
        case Text(value):
            return pl.lit(value)
        case Number(value):
            return pl.lit(str(value))
        case Coalesce(options):
            return pl.coalesce([_text(option, columns) for option in options])
        case _:
            message = f"{node!r} is not text"
            raise TypeError(message)
