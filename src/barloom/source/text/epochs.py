"""Numbers since 1970 to nanoseconds, in a declared unit or in whichever each row is written in.

An exchange that goes over from milliseconds to microseconds does so within one column, and a number read in the wrong
unit makes a wrong bar of another year. So the years 1980 to 2100 tell: their numbers in seconds, milliseconds,
microseconds and nanoseconds lie apart, so that no number is one in two units (see `docs/reference/definition.md`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import polars as pl

from barloom.plan.barplan import NumberType
from barloom.source.decoded import Decoded, rows_where
from barloom.source.problems import RowProblems
from barloom.source.text.numbers import numbers_from_text, numbers_from_typed
from barloom.source.text.shown import said

if TYPE_CHECKING:
    from collections.abc import Sequence

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

_BELOW: Final = "below a nanosecond|no whole number of nanoseconds"
_EXACT: Final = NumberType(38, 18)
"""Wide enough for a number with a fraction in any unit."""

_NANOS: Final = 9
_WHOLE: Final = 20


class _Told(NamedTuple):
    """Numbers without those that are of another unit, and what is said of these."""

    values: pl.Series
    problems: RowProblems


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
        return _by_magnitude(column, whole, 0, RowProblems.of({}))
    lowest, places = whole.min(), UNITS[unit]
    nanos: pl.Series = whole * 10**places
    plainly = not isinstance(lowest, int) or lowest >= _FIRST * 10 ** (_NANOS - places)
    if plainly or not checked:
        return Decoded(nanos, {})
    return Decoded(*_without_others(column, nanos, unit, RowProblems.of({})))


def _exact(column: pl.Series, exact: Decoded, unit: str, *, checked: bool) -> Decoded:
    """What has a fraction, or does not fit."""
    unread = RowProblems.of(exact.problems)
    problems = RowProblems(unread.rows, _problems(unread.texts, unit))
    counted = exact.values.to_physical().cast(pl.Int128)
    if unit == AUTO:
        return _by_magnitude(column, counted, _NANOS, problems)
    values = counted
    if checked:
        problems = _finer_in_others(column, problems, unit)
        values, problems = _without_others(column, counted, unit, problems)
    nanos = values.cast(pl.Int64, strict=False)
    outside = RowProblems.same(rows_where(nanos.is_null() & values.is_not_null()), f"the time is {SPAN}")
    return Decoded(nanos, RowProblems.joined([problems, outside]))


def _finer_in_others(column: pl.Series, problems: RowProblems, unit: str) -> RowProblems:
    """Numbers with digits below a nanosecond of their unit, which make sense in another, are told so."""
    finer = np.flatnonzero(problems.texts.str.contains(_BELOW).to_numpy())
    if not len(finer):
        return problems
    rows = problems.rows[finer]
    chosen = column.gather(rows)
    read = numbers_from_text(chosen.cast(pl.String), _EXACT, ()).values.to_physical()
    told = _without_others(chosen, read, unit, RowProblems.of({}), _EXACT.scale).problems
    there = RowProblems(rows[told.rows], told.texts)
    return RowProblems.joined([problems.without(there), there])


def _without_others(
    column: pl.Series, counted: pl.Series, unit: str, problems: RowProblems, places: int | None = None
) -> _Told:
    """Refuse numbers (times ``10 ** places``) that are no time of the years looked for, and one in another unit."""
    places = UNITS[unit] if places is None else places
    others = [other for other in UNITS if other != unit]
    where = {other: _within(counted, places + _NANOS - UNITS[other]) for other in others}
    found = [problems]
    for other, mask in where.items():
        rows = rows_where(mask)
        if len(rows):
            found.append(RowProblems(rows, _told(column.gather(rows), unit, other)))
            counted = counted.set(mask.fill_null(value=False), None)
    return _Told(counted, RowProblems.joined(found))


def _within(counted: pl.Series, places: int) -> pl.Series:
    """Which numbers, counted with that many more places than seconds have, are times of those years."""
    return (counted >= _wide(_FIRST * 10**places)) & (counted < _wide(_LAST * 10**places))


def _wide(value: int) -> pl.Series:
    return pl.Series([value], dtype=pl.Int64 if value < 2**63 else pl.Int128)


def _told(numbers: pl.Series, unit: str, other: str) -> pl.Series:
    years = f"is no time of the years {_YEARS}, and in {other} it is"
    mend = f'declare "timestamp({other})", or "timestamp(auto)" where both occur, or state check_units = false'
    return said(_written(numbers), f" {unit} {years}: {mend}")


def _written(numbers: pl.Series) -> pl.Series:
    return numbers.cast(pl.String).str.strip_chars(" \t")


def _by_magnitude(column: pl.Series, counted: pl.Series, places: int, problems: RowProblems) -> Decoded:
    """Each number (times ``10 ** places``) in the one unit in which it is a time of those years."""
    nanos = np.zeros(len(counted), np.int64)
    found = np.zeros(len(counted), np.bool_)
    finer = []
    for more in UNITS.values():
        rows = rows_where(_within(counted, _NANOS - more + places))
        if len(rows):
            nanos[rows], cut = _scaled(counted.gather(rows), more - places)
            finer.append(rows[cut])
            found[rows] = True
    below = np.sort(np.concatenate([*finer, np.zeros(0, np.int64)]))
    lost = np.flatnonzero(~found & ~counted.is_null().to_numpy())
    what = f" is no time of the years {_YEARS} in s, ms, us or ns: declare the unit that is meant"
    told = RowProblems.joined(
        [
            problems,
            RowProblems(below, said(_written(column.gather(below)), " has digits below a nanosecond")),
            RowProblems(lost, said(_written(column.gather(lost)), what)),
        ]
    )
    bad = ~found
    bad[told.rows] = True
    values = pl.Series(nanos)
    return Decoded(values.set(pl.Series(bad), None) if bad.any() else values, told)


def _scaled(counted: pl.Series, more: int) -> tuple[Integers, Integers]:
    """Nanoseconds, and which numbers have digits below them."""
    if more >= 0:
        return np.asarray(counted.cast(pl.Int64) * 10**more, np.int64), np.zeros(0, np.int64)
    whole = counted // _wide128(10**-more)
    finer = rows_where(whole * _wide128(10**-more) != counted)
    return np.asarray(whole.cast(pl.Int64), np.int64), finer


def _wide128(value: int) -> pl.Series:
    return pl.Series([value], dtype=pl.Int128)


def _problems(messages: pl.Series, unit: str) -> pl.Series:
    """What is wrong with numbers, said of times."""
    text = pl.lit(messages)
    number = text.str.split(" does not fit").list.first()
    named = "s, ms, us or ns since 1970" if unit == AUTO else unit
    fits = text.str.contains(" does not fit", literal=True)
    told = (
        pl.when(fits & text.str.contains("behind the point", literal=True))
        .then(number + f" {named} has digits below a nanosecond")
        .when(fits & text.str.contains("whole number", literal=True))
        .then(number + " ns is no whole number of nanoseconds")
        .when(fits)
        .then(number + f" {named} is {SPAN}")
        .otherwise(text.str.strip_suffix(" is not a number") + f" is no time in {named}")
    )
    return pl.select(told).to_series().cast(pl.String)
