"""Exact arithmetic on columns of integers: int64 while no result can leave 64 bits, Python integers where one might.

Every function takes and gives plain numpy arrays (dtype int64, or object holding Python integers). A null is somebody
else's matter (`Values.valid`); by convention its place holds a zero.
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import numpy as np
import polars as pl

from barloom.engine.blocks import Numbers, Values
from barloom.errors import ExactnessError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import NumberType
    from barloom.plan.nodes import Rounding
    from barloom.time.calendar import Booleans, Integers

__all__ = [
    "MAX_DIGITS",
    "add",
    "check_digits",
    "compare",
    "decimal_of",
    "divide_one",
    "from_optional",
    "magnitude",
    "maximum",
    "minimum",
    "multiply",
    "narrow",
    "negate",
    "rescale",
    "root_one",
    "round_divide",
    "round_root",
    "scaled_integer",
    "subtract",
    "sum_runs",
    "to_numbers",
    "to_series",
    "whole_series",
    "widen",
]

MAX_DIGITS: Final = 38
_LIMIT: Final = 10**MAX_DIGITS
_INT64: Final = 1 << 63
_PLAIN: Final = Context(prec=3 * MAX_DIGITS)
_LOW_BITS: Final = 32
_LOW_MASK: Final = (1 << _LOW_BITS) - 1

CompareOperator: TypeAlias = Literal["==", "!=", "<", "<=", ">", ">="]
_COMPARE: Final = {
    "==": np.equal,
    "!=": np.not_equal,
    "<": np.less,
    "<=": np.less_equal,
    ">": np.greater,
    ">=": np.greater_equal,
}


def magnitude(numbers: Numbers) -> int:
    """The largest absolute value, zero for an empty column."""
    if not len(numbers):
        return 0
    return max(-int(numbers.min()), int(numbers.max()))


def widen(numbers: Numbers) -> Numbers:
    """The same numbers as Python integers."""
    return numbers if numbers.dtype == object else numbers.astype(object)


def narrow(numbers: Numbers) -> Numbers:
    """The same numbers as int64 where all of them fit."""
    if numbers.dtype != object:
        return numbers
    try:
        return numbers.astype(np.int64)
    except OverflowError:
        return numbers


def _is_small(numbers: Numbers) -> bool:
    return numbers.dtype != object


def _fits(bound: int, *columns: Numbers) -> bool:
    return bound < _INT64 and all(map(_is_small, columns))


def add(left: Numbers, right: Numbers) -> Numbers:
    """Sums, element by element."""
    if _fits(magnitude(left) + magnitude(right), left, right):
        return np.add(left, right)
    return narrow(np.add(widen(left), widen(right)))


def subtract(left: Numbers, right: Numbers) -> Numbers:
    """Differences, element by element."""
    if _fits(magnitude(left) + magnitude(right), left, right):
        return np.subtract(left, right)
    return narrow(np.subtract(widen(left), widen(right)))


def multiply(left: Numbers, right: Numbers) -> Numbers:
    """Products, element by element."""
    if _fits(magnitude(left) * magnitude(right), left, right):
        return np.multiply(left, right)
    return narrow(np.multiply(widen(left), widen(right)))


def negate(numbers: Numbers) -> Numbers:
    """Minus each number."""
    if _fits(magnitude(numbers), numbers):
        return np.negative(numbers)
    return narrow(np.negative(widen(numbers)))


def rescale(numbers: Numbers, by_power: int) -> Numbers:
    """The same values at a scale that is `by_power` digits larger; a smaller scale would have to round."""
    if by_power < 0:
        message = f"a scale cannot shrink by {-by_power} digits exactly; divide with a rounding instead"
        raise ValueError(message)
    if by_power == 0:
        return numbers
    factor: int = 10**by_power
    if _fits(magnitude(numbers) * factor, numbers) and factor < _INT64:
        return np.multiply(numbers, np.int64(factor))
    return narrow(np.multiply(widen(numbers), factor))


def compare(operator: CompareOperator, left: Numbers, right: Numbers) -> Booleans:
    """Element by element; both sides have the same scale."""
    return np.asarray(_COMPARE[operator](left, right), dtype=np.bool_)


def minimum(left: Numbers, right: Numbers) -> Numbers:
    """The smaller of each two."""
    return np.minimum(left, right)


def maximum(left: Numbers, right: Numbers) -> Numbers:
    """The larger of each two."""
    return np.maximum(left, right)


def sum_runs(numbers: Numbers, starts: Integers) -> Numbers:
    """The sum of each run; run `i` begins at ``starts[i]`` and ends before ``starts[i + 1]`` (the last at the end).

    Starts increase strictly, so that no run is empty.
    """
    if len(numbers) == 0 or len(starts) == 0:
        return np.zeros(len(starts), dtype=np.int64)
    if numbers.dtype == object:
        return narrow(np.add.reduceat(numbers, starts))
    largest = magnitude(numbers)
    if largest * len(numbers) < _INT64 or largest * _longest_run(len(numbers), starts) < _INT64:
        return np.add.reduceat(numbers, starts)
    high = np.add.reduceat(numbers >> _LOW_BITS, starts)
    low = np.add.reduceat(numbers & _LOW_MASK, starts)
    return narrow(high.astype(object) * (1 << _LOW_BITS) + low.astype(object))


def _longest_run(count: int, starts: Integers) -> int:
    return int(np.diff(starts, append=count).max())


def check_digits(numbers: Numbers, what: str) -> None:
    """Raise `ExactnessError` where a number has more than 38 digits; `what` names the column in the message."""
    if numbers.dtype == object and magnitude(numbers) >= _LIMIT:
        message = f"{what} leaves {MAX_DIGITS} digits; declare its inputs with fewer digits behind the point"
        raise ExactnessError(message)


def round_divide(numerator: Numbers, denominator: Numbers, rounding: Rounding) -> Values:
    """The quotients, each rounded to an integer; null where the denominator is zero."""
    zero = np.asarray(denominator == 0, dtype=np.bool_)
    valid = None if not zero.any() else ~zero
    if valid is not None:
        denominator = np.where(zero, 1, denominator)
    numerator, denominator = _positive_denominator(numerator, denominator)
    if not (_is_small(numerator) and _is_small(denominator)):
        numerator, denominator = widen(numerator), widen(denominator)
    quotient = numerator // denominator
    remainder = numerator - quotient * denominator
    up = _rounds_up(quotient, remainder, denominator, rounding)
    rounded = quotient if up is None else quotient + up
    if valid is not None:
        rounded = np.where(valid, rounded, 0)
    return Values(narrow(rounded), valid)


def _positive_denominator(numerator: Numbers, denominator: Numbers) -> tuple[Numbers, Numbers]:
    below = np.asarray(denominator < 0, dtype=np.bool_)
    if not below.any():
        return numerator, denominator
    return np.where(below, negate(numerator), numerator), np.where(below, negate(denominator), denominator)


def _rounds_up(quotient: Numbers, remainder: Numbers, denominator: Numbers, rounding: Rounding) -> Booleans | None:
    """Where a floored quotient moves up by one (none: nowhere)."""
    match rounding:
        case "floor":
            return None
        case "ceiling":
            up = remainder != 0
        case "down":
            up = (remainder != 0) & (quotient < 0)
        case "up":
            up = (remainder != 0) & (quotient >= 0)
        case "half-even" | "half-up":
            rest = denominator - remainder
            upper = (quotient & 1 == 1) if rounding == "half-even" else (quotient >= 0)
            up = (remainder > rest) | ((remainder == rest) & upper)
    return np.asarray(up, dtype=np.bool_)


def divide_one(numerator: int, denominator: int, rounding: Rounding) -> int | None:
    """`round_divide` of two Python integers."""
    if denominator == 0:
        return None
    if denominator < 0:
        numerator, denominator = -numerator, -denominator
    quotient, remainder = divmod(numerator, denominator)
    if remainder and _rounds_one_up(quotient, 2 * remainder - denominator, rounding):
        return quotient + 1
    return quotient


def _rounds_one_up(quotient: int, past_half: int, rounding: Rounding) -> bool:
    match rounding:
        case "floor":
            return False
        case "ceiling":
            return True
        case "down":
            return quotient < 0
        case "up":
            return quotient >= 0
        case "half-even" | "half-up":
            upper = bool(quotient & 1) if rounding == "half-even" else quotient >= 0
            return past_half > 0 or (past_half == 0 and upper)


def root_one(numerator: int, denominator: int, rounding: Rounding) -> int | None:
    """The square root of a quotient, rounded to an integer; none where it is not defined."""
    if denominator <= 0 or numerator < 0:
        return None
    root = math.isqrt(numerator // denominator)
    if root * root * denominator == numerator or rounding in ("floor", "down"):
        return root
    if rounding in ("ceiling", "up"):
        return root + 1
    middle, target = (2 * root + 1) ** 2 * denominator, 4 * numerator
    if middle != target:
        return root + (middle < target)
    return root + (1 if rounding == "half-up" else root & 1)


def round_root(numerator: Numbers, denominator: Numbers, rounding: Rounding) -> Values:
    """The square roots of the quotients, each rounded to an integer.

    Null where the denominator is not positive or the numerator negative.
    """
    pairs = zip(numerator.tolist(), denominator.tolist(), strict=True)
    return from_optional([root_one(top, bottom, rounding) for top, bottom in pairs])


def from_optional(numbers: Sequence[int | None]) -> Values:
    """A column of Python integers and nulls."""
    missing = [number is None for number in numbers]
    column: Numbers = np.empty(len(numbers), dtype=object)
    column[:] = [0 if number is None else number for number in numbers]
    return Values(narrow(column), ~np.array(missing, dtype=np.bool_) if any(missing) else None)


def to_numbers(series: pl.Series) -> Values:
    """The scaled integers of a Decimal or integer column; the array may be read-only (it may share memory)."""
    valid = series.is_not_null().to_numpy() if series.null_count() else None
    physical = series.to_physical() if series.dtype.is_decimal() else series
    if valid is not None:
        physical = physical.fill_null(0)
    try:
        return Values(physical.cast(pl.Int64).to_numpy(), valid)
    except pl.exceptions.InvalidOperationError:
        column: Numbers = np.empty(len(physical), dtype=object)
        column[:] = physical.to_list()
        return Values(column, valid)


def to_series(name: str, values: Values, number: NumberType) -> pl.Series:
    """A column of type Decimal(precision, scale), or Int64; raises `ExactnessError` where a number does not fit."""
    series = whole_series(name, values.numbers, number)
    if not number.integer:
        series = series.cast(pl.Int128).reinterpret(dtype=pl.Decimal(number.precision, number.scale))
    return series if values.valid is None else series.set(pl.Series(~values.valid), None)


def whole_series(name: str, numbers: Numbers, number: NumberType) -> pl.Series:
    """Scaled integers as they are, 64 or 128 bits wide; raises `ExactnessError` where one does not fit its type."""
    numbers = narrow(numbers)
    if numbers.dtype != object:
        return pl.Series(name, numbers)
    if number.integer:
        message = f"{name} leaves 64 bits; declare its input as decimal(38, 0)"
        raise ExactnessError(message)
    check_digits(numbers, name)
    return pl.Series(name, numbers.tolist(), dtype=pl.Int128)


def decimal_of(whole: int, scale: int) -> Decimal:
    """The decimal of a scaled integer, with `scale` digits behind the point."""
    return _PLAIN.scaleb(Decimal(whole), -scale) if scale else Decimal(whole)


def scaled_integer(value: Decimal | int, scale: int) -> int | None:
    """The scaled integer of a decimal; none where it has more digits behind the point, or more than 38 in all."""
    try:
        scaled = _PLAIN.scaleb(Decimal(value), scale)
        whole = int(scaled)
    except (ArithmeticError, ValueError):
        return None
    return whole if whole == scaled and abs(whole) < _LIMIT else None
