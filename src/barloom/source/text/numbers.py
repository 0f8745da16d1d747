"""Exact numbers: columns of text, floats, integers or decimals to decimals and integers of a declared type.

A number fits by its value: ``1.50`` fits one decimal place, ``1.55`` does not and is refused, never rounded. Polars
reads plainly written numbers in bulk, but only where a check of the text has shown that its conversion is exact (it
rounds or cuts excess digits); the few rows written otherwise (``+1.5``, ``.5``, ``1E3``) go through Python's
`Decimal`, one by one. A float counts as its shortest decimal representation.
"""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.plan.barplan import NumberType
from barloom.source.decoded import Decoded, overwrite, rows_where, split_nulls
from barloom.source.problems import RowProblems
from barloom.source.text.shown import said, shown

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = ["INTEGER", "is_number", "numbers_from_text", "numbers_from_typed", "scaled", "series_of_scaled"]

INTEGER: Final = NumberType(19, 0, integer=True)

_WRITTEN: Final = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?")
_IS_WRITTEN: Final = rf"^(?:{_WRITTEN.pattern})$"
_COMMA: Final = r"^[+-]?[0-9.]+,[0-9]+$"
_BEFORE_THE_POINT: Final = "it has more digits before the point"
_POINT: Final = "; write the decimal point as '.'"
_PLAIN_INTEGER: Final = r"^-?[0-9]{1,18}$"
_LEADING_ZEROS: Final = 4
_TRAILING_ZEROS: Final = 12
_SHOWN: Final = 60
_SAFE_DIGITS: Final = 10**15
_EXACT_POWER: Final = 22
_INT64_LOW: Final = -(2**63)
_INT64_HIGH: Final = 2**63 - 1


def numbers_from_text(texts: pl.Series, number: NumberType, null_values: Sequence[str]) -> Decoded:
    """Read texts as numbers of a type; surrounding spaces do not count, and `null_values` stand for no value."""
    matched = texts.str.contains(_plain_pattern(number))
    values = texts.cast(_dtype(number), strict=False)
    if not matched.null_count() and matched.all():
        return Decoded(values, {})
    plain = rows_where(~matched.fill_null(value=False))
    if len(plain) == texts.null_count():
        return Decoded(values, {})
    subset, empty = split_nulls(texts.gather(plain), null_values)
    again = subset.str.contains(_plain_pattern(number)).fill_null(value=False).to_numpy() & ~empty
    values = overwrite(values, plain, subset.cast(_dtype(number), strict=False).set(pl.Series(~again), None))
    left, rest = plain[~again & ~empty], subset.filter(~again & ~empty)
    found, others = _refused(rest, number)
    singly = _one_by_one(values, left[others], rest.gather(others).to_list(), number)
    frequent = RowProblems(left[found.rows], found.texts)
    return Decoded(singly.values, RowProblems.joined([frequent, RowProblems.of(singly.problems)]))


def numbers_from_typed(column: pl.Series, number: NumberType) -> Decoded:
    """Read a column of floats, integers or decimals as numbers of a type (`is_number` says which columns are meant)."""
    if column.dtype.is_float():
        return _from_floats(column, number)
    if column.dtype == _dtype(number):
        return Decoded(column, {})
    values = column.cast(_dtype(number), strict=False)
    finer = isinstance(column.dtype, pl.Decimal) and column.dtype.scale > number.scale
    if not finer and values.null_count() == column.null_count():
        return Decoded(values, {})
    unfit = values.is_null() & column.is_not_null()
    if finer:
        unfit |= (values.cast(column.dtype, strict=False) != column).fill_null(value=False)
    rows = rows_where(unfit)
    if not len(rows):
        return Decoded(values, {})
    return _one_by_one(values, rows, [str(value) for value in column.gather(rows).to_list()], number)


def is_number(dtype: pl.DataType) -> bool:
    """Whether a column type is one that `numbers_from_typed` reads."""
    return dtype.is_numeric()


def _refused(texts: pl.Series, number: NumberType) -> tuple[RowProblems, np.ndarray]:
    """What is wrong with texts in the ways that many rows may have, and which texts have to be looked at singly."""
    finer = texts.str.contains(_too_fine(number))
    larger = texts.str.contains(_too_large(number)) & ~finer
    none = ~(finer | larger | texts.str.contains(_IS_WRITTEN))
    problems = [
        RowProblems(rows_where(none), _no_numbers(texts.filter(none))),
        RowProblems(rows_where(finer), _do_not_fit(texts.filter(finer), number, _behind_the_point(number))),
        RowProblems(rows_where(larger), _do_not_fit(texts.filter(larger), number, _BEFORE_THE_POINT)),
    ]
    return RowProblems.joined(problems), rows_where(~(none | finer | larger))


def _no_numbers(texts: pl.Series) -> pl.Series:
    comma = pl.lit(texts).str.contains(_COMMA)
    return said(
        shown(texts, _SHOWN, "…"), " is not a number", pl.when(comma).then(pl.lit(_POINT)).otherwise(pl.lit(""))
    )


def _do_not_fit(texts: pl.Series, number: NumberType, why: str) -> pl.Series:
    return said(shown(texts, _SHOWN, "…", plain=True), f" does not fit {number}: {why}")


def scaled(  # noqa: PLR0911 - one way out for each thing that may be wrong
    text: str, number: NumberType
) -> int | str:
    """The number as an integer of the type's scale (``1.25`` at scale 6 is 1250000), or what is wrong with it."""
    if _WRITTEN.fullmatch(text) is None:
        return _not_a_number(text)
    try:
        sign, digits, exponent = Decimal(text).as_tuple()
    except InvalidOperation:
        return f"{_shown(text)} does not fit {number}: its exponent is out of range"
    assert isinstance(exponent, int)  # noqa: S101 - the pattern admits no NaN or infinity
    written = "".join(map(str, digits)).rstrip("0")
    if not written:
        return 0
    exponent += len(digits) - len(written)
    if exponent < -number.scale:
        return f"{_shown(text)} does not fit {number}: {_behind_the_point(number)}"
    if len(written) + exponent > number.precision - number.scale:
        return f"{_shown(text)} does not fit {number}: {_BEFORE_THE_POINT}"
    value: int = int(written) * 10 ** (exponent + number.scale) * (-1 if sign else 1)
    if number.integer and not _INT64_LOW <= value <= _INT64_HIGH:
        return f"{_shown(text)} does not fit a 64-bit integer"
    return value


def series_of_scaled(values: Sequence[int | None], number: NumberType) -> pl.Series:
    """A column of a number type from scaled integers."""
    if number.integer:
        return pl.Series(values, dtype=pl.Int64)
    return pl.Series(values, dtype=pl.Int128).reinterpret(dtype=pl.Decimal(number.precision, number.scale))


def _dtype(number: NumberType) -> pl.DataType:
    return pl.Int64() if number.integer else pl.Decimal(number.precision, number.scale)


def _plain_pattern(number: NumberType) -> str:
    """Texts that Polars converts exactly: no more significant places on either side of the point than the type has."""
    if number.integer:
        return _PLAIN_INTEGER
    places = number.precision - number.scale
    whole = f"0{{0,{_LEADING_ZEROS}}}[0-9]{{1,{places}}}" if places else f"0{{1,{_LEADING_ZEROS}}}"
    fraction = f"[0-9]{{1,{number.scale}}}0{{0,{_TRAILING_ZEROS}}}" if number.scale else f"0{{1,{_TRAILING_ZEROS}}}"
    return rf"^-?{whole}(?:\.{fraction})?$"


def _too_fine(number: NumberType) -> str:
    """Plainly written texts that have a digit other than 0 behind the last place of the type."""
    return rf"^-?[0-9]+\.[0-9]{{{number.scale}}}[0-9]*[1-9][0-9]*$"


def _too_large(number: NumberType) -> str:
    """Plainly written texts with more digits before the point than the type has."""
    return rf"^-?0*[1-9][0-9]{{{number.precision - number.scale},}}(?:\.[0-9]*)?$"


def _one_by_one(values: pl.Series, rows: np.ndarray, texts: list[str], number: NumberType) -> Decoded:
    if not len(rows):
        return Decoded(values, {})
    once = {text: scaled(text, number) for text in dict.fromkeys(texts)}
    found = list(map(once.__getitem__, texts))
    bad = np.fromiter((isinstance(value, str) for value in found), np.bool_, len(found))
    told = pl.Series([found[place] for place in np.flatnonzero(bad).tolist()], dtype=pl.String)
    numbers = series_of_scaled([None if isinstance(value, str) else value for value in found], number)
    return Decoded(overwrite(values, rows, numbers), RowProblems(np.asarray(rows[bad], np.int64), told))


def _from_floats(column: pl.Series, number: NumberType) -> Decoded:
    """Take the decimal of at most 15 digits that reads as the float: there is one at most, so it is the shortest.

    It is found by multiplying with a power of ten, and proven by dividing back. The others are read as text.
    """
    if column.dtype != pl.Float64 or number.scale > _EXACT_POWER:
        return numbers_from_text(column.cast(pl.String), number, ())
    floats = column.to_numpy()
    power = 10.0**number.scale
    with np.errstate(all="ignore"):
        mantissas = np.rint(floats * power)
        exact = (mantissas / power == floats) & (np.abs(mantissas) < min(_SAFE_DIGITS, 10**number.precision))
        scaled_values = np.where(exact, mantissas, 0).astype(np.int64)
    values = pl.Series(scaled_values)
    if not number.integer:
        values = values.cast(pl.Int128).reinterpret(dtype=pl.Decimal(number.precision, number.scale))
    if exact.all():
        return Decoded(values, {})
    rows = np.flatnonzero(~exact)
    rest = numbers_from_text(column.gather(rows).cast(pl.String), number, ())
    problems = RowProblems.of(rest.problems)
    return Decoded(overwrite(values, rows, rest.values), RowProblems(rows[problems.rows], problems.texts))


def _not_a_number(text: str) -> str:
    hint = _POINT if re.fullmatch(_COMMA, text) else ""
    return f"{_shown(text)} is not a number{hint}"


def _behind_the_point(number: NumberType) -> str:
    if number.scale == 0:
        return "it is no whole number"
    return f"it has more than {number.scale} digit{'s' if number.scale > 1 else ''} behind the point"


def _shown(text: str) -> str:
    return repr(text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…")
