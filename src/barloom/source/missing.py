"""Values that mean that there is none: `null_values`, in columns of any type.

A text is one where it is written so; a number (in text, or typed) and a time of a typed column where it has that value,
since such a column does not say how it was written: ``-999`` is ``-999.0`` too.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.source.text.isotime import parse_iso
from barloom.source.text.numbers import scaled, series_of_scaled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import NumberType

__all__ = ["without_missing", "without_missing_numbers"]

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


def without_missing_numbers(values: pl.Series, number: NumberType, null_values: Sequence[str]) -> pl.Series:
    """Numbers that were read from text without those that mean no value, however they were written there."""
    found = [each for each in (scaled(text, number) for text in _valued(tuple(null_values))) if isinstance(each, int)]
    return _without(values, series_of_scaled(found, number), values) if found else values


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
    from decimal import Decimal, InvalidOperation  # noqa: PLC0415 - rarely asked for

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
