"""Values that mean that there is none: `null_values`, in columns of any type.

A text is one where it is written so; a number (in text, or typed) and a time of a typed column where it has that value,
since such a column does not say how it was written: ``-999`` is ``-999.0`` too.
"""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.source.decoded import Decoded
from barloom.source.problems import RowProblems
from barloom.source.text.epochs import epochs_from_text
from barloom.source.text.isotime import parse_iso
from barloom.source.text.numbers import scaled, series_of_scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import NumberType
    from barloom.time.calendar import Booleans

__all__ = ["without_missing", "without_missing_epochs", "without_missing_numbers"]

_NANOS_OF: Final = {"ns": 1, "us": 1_000, "ms": 1_000_000}
_DAY: Final = 86_400_000_000_000
_NOT_FITTING: Final = (pl.exceptions.PolarsError, OverflowError, TypeError, ValueError)


def without_missing(column: pl.Series, null_values: Sequence[str]) -> pl.Series:
    """A column as it is read, of any type, without what means no value. Other texts than of values stay."""
    if column.dtype == pl.String:
        return _without(column, _valued(tuple(null_values)), column.str.strip_chars(" \t"))
    if column.dtype.is_numeric():
        return _without(column, _of_type(tuple(null_values), column.dtype), column)
    if isinstance(column.dtype, (pl.Datetime, pl.Date)):
        return _without(column, _times(tuple(null_values), column.dtype), column.to_physical())
    return column


def without_missing_numbers(
    found: Decoded, texts: pl.Series, number: NumberType, null_values: Sequence[str]
) -> Decoded:
    """Numbers that were read from text without those that mean no value, however they were written there."""
    return _without_values(found, texts, *_as_numbers(tuple(null_values), number))


def without_missing_epochs(found: Decoded, texts: pl.Series, unit: str, null_values: Sequence[str]) -> Decoded:
    """Times that were read from numbers in text without those that mean no value, however they were written there."""
    return _without_values(found, texts, *_as_epochs(tuple(null_values), unit))


def _without_values(found: Decoded, texts: pl.Series, fitting: pl.Series, misfits: Sequence[Decimal]) -> Decoded:
    """What was read without some values, and without the complaints about numbers that cannot be values."""
    problems = RowProblems.of(found.problems)
    if len(misfits) and len(problems):
        problems = problems.filter(~_equal(texts.gather(problems.rows).str.strip_chars(" \t"), misfits))
    return Decoded(_without(found.values, fitting, found.values), problems)


def _equal(texts: pl.Series, numbers: Sequence[Decimal]) -> Booleans:
    """Which texts are one of the numbers to the digit; only those that are near one are looked at singly."""
    near = texts.cast(pl.Float64, strict=False).is_in(list(map(float, numbers))).fill_null(value=False).to_numpy()
    equal = np.zeros(len(texts), np.bool_)
    equal[near] = [_decimal(text) in numbers for text in texts.filter(near)]
    return equal


@lru_cache(maxsize=32)
def _as_numbers(null_values: tuple[str, ...], number: NumberType) -> tuple[pl.Series, list[Decimal]]:
    """Those that a type holds, and the other numbers among them."""
    found = {text: scaled(text.strip(), number) for text in _valued(null_values)}
    fitting = [each for each in found.values() if isinstance(each, int)]
    misfits = [_decimal(text) for text, each in found.items() if isinstance(each, str)]
    return series_of_scaled(fitting, number), [each for each in misfits if each is not None]


@lru_cache(maxsize=32)
def _as_epochs(null_values: tuple[str, ...], unit: str) -> tuple[pl.Series, list[Decimal]]:
    """Those that are times of a unit, and the other numbers among them."""
    texts = _valued(null_values)
    times = epochs_from_text(pl.Series(texts, dtype=pl.String), unit, (), checked=False).values
    misfits = [_decimal(text) for text, time in zip(texts, times, strict=True) if time is None]
    return times.drop_nulls(), [each for each in misfits if each is not None]


def _decimal(text: str) -> Decimal | None:
    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def _without(column: pl.Series, missing: Sequence[object] | pl.Series, seen: pl.Series) -> pl.Series:
    if not len(missing):
        return column
    values = missing if isinstance(missing, pl.Series) else pl.Series(missing, dtype=seen.dtype)
    where = seen.is_in(values.implode())
    return column.set(where.fill_null(value=False), None) if where.any() else column


@lru_cache(maxsize=32)
def _valued(null_values: tuple[str, ...]) -> tuple[str, ...]:
    """Those that look like a value."""
    return tuple(text for text in null_values if any(map(str.isdigit, text)))


@lru_cache(maxsize=32)
def _of_type(null_values: tuple[str, ...], dtype: pl.DataType) -> pl.Series:
    """Those that are numbers of a type, to the digit."""
    return pl.Series([each for text in null_values if (each := _number(text, dtype)) is not None], dtype=dtype)


def _number(text: str, dtype: pl.DataType) -> object:
    try:
        exact = Decimal(text.strip())
        if dtype.is_float():
            return pl.Series([text.strip()]).cast(dtype)[0]
        value = int(exact) if dtype.is_integer() else exact
        return value if value == exact and pl.Series([value], dtype=dtype)[0] == exact else None
    except (InvalidOperation, *_NOT_FITTING):
        return None


@lru_cache(maxsize=32)
def _times(null_values: tuple[str, ...], dtype: pl.DataType) -> list[int]:
    """Those that are ISO 8601 times, as the numbers that a typed column holds."""
    length = _DAY if dtype == pl.Date else _NANOS_OF[dtype.time_unit]  # type: ignore[attr-defined]
    texts = pl.Series([text.strip() for text in null_values], dtype=pl.String)
    times = parse_iso(texts)
    return [nanos // length for nanos in times.nanos[times.read].tolist() if nanos % length == 0]
