"""Numbers since 1970 to nanoseconds, in a declared unit or in whichever each row is written in.

An exchange that goes over from milliseconds to microseconds does so within one column, and a number read in the wrong
unit makes a wrong bar of another year. So the years 1980 to 2100 tell: their numbers in seconds, milliseconds,
microseconds and nanoseconds lie apart, so that no number is one in two units (see `docs/reference/definition.md`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.plan.barplan import NumberType
from barloom.source.decoded import Decoded, rows_where
from barloom.source.text.numbers import numbers_from_text, numbers_from_typed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["AUTO", "SPAN", "UNITS", "epochs_from_numbers", "epochs_from_text", "is_epoch"]

UNITS: Final = {"s": 9, "ms": 6, "us": 3, "ns": 0}
"""The decimal places that a number of each unit has in whole nanoseconds."""

AUTO: Final = "auto"
"""The unit of a column whose rows may have different ones."""

SPAN: Final = "outside of the years 1678 to 2261 that 64-bit nanoseconds hold"
_YEARS: Final = "1980 to 2100"
_FIRST: Final = 315_532_800
_LAST: Final = 4_133_980_800
"""The seconds at which those years begin and end."""

_NANOS: Final = 9
_WHOLE: Final = 20


def is_epoch(unit: str | None) -> bool:
    """Whether times of a unit are numbers."""
    return unit in UNITS or unit == AUTO


def epochs_from_text(texts: pl.Series, unit: str, null_values: Sequence[str], *, checked: bool) -> Decoded:
    """Read texts as numbers; with `checked` those that are plainly of another unit are refused."""
    whole = _whole(texts, unit)
    if whole is None:
        exact = numbers_from_text(texts, _number(unit), null_values)
        return _exact(texts, exact, unit, checked=checked)
    return _in_unit(texts, whole, unit, checked=checked)


def epochs_from_numbers(column: pl.Series, unit: str, *, checked: bool) -> Decoded:
    """Read numbers of any type; with `checked` those that are plainly of another unit are refused."""
    whole = _whole(column, unit) if column.dtype.is_integer() else None
    if whole is None:
        exact = numbers_from_typed(column, _number(unit))
        return _exact(column, exact, unit, checked=checked)
    return _in_unit(column, whole, unit, checked=checked)


def _number(unit: str) -> NumberType:
    places = UNITS.get(unit, _NANOS)
    return NumberType(_WHOLE + places, places)


def _whole(column: pl.Series, unit: str) -> pl.Series | None:
    """Whole numbers of the unit, where all are and fit nanoseconds (or, in any unit, 64 bits)."""
    whole = column.cast(pl.Int64, strict=False)
    if whole.null_count() != column.null_count():
        return None
    limit = (2**63 - 1) // 10 ** UNITS.get(unit, 0)
    lowest, highest = whole.min(), whole.max()
    if isinstance(lowest, int) and isinstance(highest, int) and not -limit <= lowest <= highest <= limit:
        return None
    return whole


def _in_unit(column: pl.Series, whole: pl.Series, unit: str, *, checked: bool) -> Decoded:
    if unit == AUTO:
        return _by_magnitude(column, whole, 0, {})
    lowest, places = whole.min(), UNITS[unit]
    nanos: pl.Series = whole * 10**places
    plainly = not isinstance(lowest, int) or lowest >= _FIRST * 10 ** (_NANOS - places)
    return Decoded(nanos, {}) if plainly or not checked else _without_others(column, nanos, unit, {})


def _exact(column: pl.Series, exact: Decoded, unit: str, *, checked: bool) -> Decoded:
    """What has a fraction, or does not fit."""
    problems = {row: _problem(text, unit) for row, text in exact.problems.items()}
    counted = exact.values.to_physical().cast(pl.Int128)
    if unit == AUTO:
        return _by_magnitude(column, counted, _NANOS, problems)
    found = _without_others(column, counted, unit, problems) if checked else Decoded(counted, problems)
    nanos = found.values.cast(pl.Int64, strict=False)
    outside = rows_where(nanos.is_null() & found.values.is_not_null())
    return Decoded(nanos, {**found.problems, **{int(row): f"the time is {SPAN}" for row in outside}})


def _without_others(column: pl.Series, nanos: pl.Series, unit: str, problems: Problems) -> Decoded:
    """Refuse numbers that are no time of the years that are looked for, and one in another unit."""
    others = [other for other in UNITS if other != unit]
    where = {other: _within(nanos, UNITS[unit] + _NANOS - UNITS[other]) for other in others}
    for other, mask in where.items():
        rows = rows_where(mask)
        if len(rows):
            problems = {**problems, **_told(column, rows, unit, other)}
            nanos = nanos.set(mask.fill_null(value=False), None)
    return Decoded(nanos, problems)


def _within(counted: pl.Series, places: int) -> pl.Series:
    """Which numbers, counted with that many more places than seconds have, are times of those years."""
    return (counted >= _wide(_FIRST * 10**places)) & (counted < _wide(_LAST * 10**places))


def _wide(value: int) -> pl.Series:
    return pl.Series([value], dtype=pl.Int64 if value < 2**63 else pl.Int128)


def _told(column: pl.Series, rows: Integers, unit: str, other: str) -> Problems:
    written = column.gather(rows).cast(pl.String).str.strip_chars(" \t")
    years = f"is no time of the years {_YEARS}, and in {other} it is"
    mend = f'declare "timestamp({other})", or "timestamp(auto)" where both occur, or state check_units = false'
    texts = pl.select(pl.concat_str(written, pl.lit(f" {unit} {years}: {mend}"))).to_series()
    return dict(zip(rows.tolist(), texts.to_list(), strict=True))


def _by_magnitude(column: pl.Series, counted: pl.Series, places: int, problems: Problems) -> Decoded:
    """Each number (times ``10 ** places``) in the one unit in which it is a time of those years."""
    nanos = np.zeros(len(counted), np.int64)
    found = np.zeros(len(counted), np.bool_)
    problems = dict(problems)
    for more in UNITS.values():
        rows = rows_where(_within(counted, _NANOS - more + places))
        if len(rows):
            nanos[rows] = _scaled(counted.gather(rows), more - places, column, rows, problems)
            found[rows] = True
    missing = counted.is_null().to_numpy()
    lost = np.flatnonzero(~found & ~missing)
    what = f"is no time of the years {_YEARS} in s, ms, us or ns: declare the unit that is meant"
    shown = column.gather(lost).cast(pl.String).to_list() if len(lost) else []
    problems |= {row: f"{text} {what}" for row, text in zip(lost.tolist(), shown, strict=True)}
    values = pl.Series(nanos)
    bad = ~found if not problems else ~found | np.isin(np.arange(len(nanos)), list(problems))
    return Decoded(values.set(pl.Series(bad), None) if bad.any() else values, problems)


def _scaled(counted: pl.Series, more: int, column: pl.Series, rows: Integers, problems: Problems) -> Integers:
    """Nanoseconds; what has digits below them is a problem."""
    if more >= 0:
        return np.asarray(counted.cast(pl.Int64) * 10**more, np.int64)
    whole = counted // _wide128(10**-more)
    finer = rows_where(whole * _wide128(10**-more) != counted)
    for place in finer.tolist():
        problems[int(rows[place])] = f"{column[int(rows[place])]} has digits below a nanosecond"
    return np.asarray(whole.cast(pl.Int64), np.int64)


def _wide128(value: int) -> pl.Series:
    return pl.Series([value], dtype=pl.Int128)


def _problem(message: str, unit: str) -> str:
    shown, fits, _ = message.partition(" does not fit")
    named = "s, ms, us or ns since 1970" if unit == AUTO else unit
    if fits and "behind the point" in message:
        return f"{shown} {named} has digits below a nanosecond"
    if fits and "whole number" in message:
        return f"{shown} ns is no whole number of nanoseconds"
    return f"{shown} {named} is {SPAN}" if fits else f"{shown.removesuffix(' is not a number')} is no time in {named}"
