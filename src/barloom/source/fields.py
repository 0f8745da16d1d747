"""One field of the event from one column of the input, whatever the column's type."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import SourceError
from barloom.plan.barplan import FieldKind
from barloom.source.decoded import Decoded, overwrite, rows_where, split_nulls
from barloom.source.lists import lists_from_text, lists_from_typed
from barloom.source.missing import without_missing, without_missing_epochs, without_missing_numbers
from barloom.source.problems import RowProblems
from barloom.source.text.epochs import is_epoch
from barloom.source.text.numbers import INTEGER, is_number, numbers_from_text, numbers_from_typed
from barloom.source.text.separators import plain_numbers
from barloom.source.text.times import times_from_text, times_from_typed
from barloom.source.text.twice import Twice

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import Field, NumberType, SourcePlan

__all__ = ["column_type", "decode_field"]

_TRUTH: Final = {"true": True, "false": False, "1": True, "0": False}


def column_type(field: Field) -> pl.DataType:
    """The type of a field's column in a `TickBatch`."""
    match field.kind:
        case FieldKind.STRING:
            return pl.String()
        case FieldKind.BOOLEAN:
            return pl.Boolean()
        case FieldKind.DECIMAL:
            number = _number(field)
            return pl.Decimal(number.precision, number.scale)
        case FieldKind.INTEGER | FieldKind.TIMESTAMP:
            return pl.Int64()


def decode_field(column: pl.Series, field: Field, source: SourcePlan, twice: Twice | None = None) -> Decoded:
    """Values of the field's type, and what is wrong with which row (a missing value is no problem here).

    `twice` says which time is meant of one that comes twice, where the rows before count too.

    Raises `SourceError`, a phrase that continues "the column", where the column's type cannot be the field's.
    """
    if column.dtype == pl.Null and field.separator is None:
        return Decoded(pl.Series([None], dtype=column_type(field)).new_from_index(0, len(column)), {})
    if isinstance(column.dtype, (pl.Categorical, pl.Enum)) or (field.form.patterns and column.dtype.is_integer()):
        column = column.cast(pl.String)
    twice = twice or Twice(source.ambiguous).settled()
    if column.dtype == pl.String:
        return _from_text(column, field, source, twice)
    return _from_typed(column, field, source, twice)


def _from_text(texts: pl.Series, field: Field, source: SourcePlan, twice: Twice) -> Decoded:
    match field.kind:
        case FieldKind.STRING if field.separator is not None:
            return lists_from_text(_strings(texts, source.null_values), field.separator, nullable=field.nullable)
        case FieldKind.STRING:
            return Decoded(_strings(texts, source.null_values), {})
        case FieldKind.BOOLEAN:
            return _booleans(texts, source.null_values)
        case FieldKind.DECIMAL | FieldKind.INTEGER:
            number, null_values = _number(field), source.null_values
            plain, unfit = plain_numbers(without_missing(texts, null_values), source, null_values)
            found = numbers_from_text(plain, number, null_values)
            if unfit:
                found = Decoded(found.values, RowProblems.joined([unfit, RowProblems.of(found.problems)]))
            return without_missing_numbers(found, plain, number, null_values)
        case FieldKind.TIMESTAMP:
            null_values, unit = source.null_values, field.time_unit or "iso"
            found = times_from_text(
                without_missing(texts, null_values),
                unit,
                field.form.zone or source.zone,
                null_values,
                checked=source.check_units,
                patterns=field.form.patterns,
                twice=twice,
            )
            return without_missing_epochs(found, texts, unit, null_values) if is_epoch(unit) else found


def _from_typed(column: pl.Series, field: Field, source: SourcePlan, twice: Twice) -> Decoded:
    dtype, null_values = column.dtype, source.null_values
    if field.separator is not None:
        return _list(column, field, source, twice)
    if field.kind is not FieldKind.STRING:
        column = without_missing(column, null_values)
    match field.kind:
        case FieldKind.TIMESTAMP:
            unit, zone = field.time_unit or "iso", field.form.zone or source.zone
            return times_from_typed(column, unit, zone, checked=source.check_units, twice=twice)
        case FieldKind.STRING if dtype.is_integer():
            return Decoded(_strings(column.cast(pl.String), null_values), {})
        case FieldKind.BOOLEAN if dtype == pl.Boolean:
            return Decoded(column, {})
        case FieldKind.BOOLEAN if dtype.is_integer():
            return _booleans(column.cast(pl.String), null_values)
        case FieldKind.DECIMAL | FieldKind.INTEGER if is_number(dtype):
            return numbers_from_typed(column, _number(field))
    kind = _number(field) if field.kind is FieldKind.DECIMAL else field.kind.value
    message = f"is {dtype}, which is no {kind}"
    raise SourceError(message)


def _list(column: pl.Series, field: Field, source: SourcePlan, twice: Twice) -> Decoded:
    """Lists, or single whole numbers, each of which is a list of one; a column of nothing is one of empty lists."""
    single = column.dtype == pl.Null or column.dtype.is_integer()
    texts = column.cast(pl.String) if single else lists_from_typed(column)
    if texts is None:
        message = f"is {column.dtype}, which is no list of texts or whole numbers"
        raise SourceError(message)
    return _from_text(texts, field, source, twice)


def _strings(texts: pl.Series, null_values: Sequence[str]) -> pl.Series:
    empty = texts == "" if tuple(null_values) == ("",) else texts.is_in(list(null_values))
    return texts.set(empty, None) if empty.any() else texts


def _booleans(texts: pl.Series, null_values: Sequence[str]) -> Decoded:
    stripped, empty = split_nulls(texts, null_values)
    values = stripped.str.to_lowercase().replace_strict(_TRUTH, default=None, return_dtype=pl.Boolean)
    rows = rows_where(values.is_null() & pl.Series(~empty))
    problems = {int(row): f"{stripped[int(row)]!r} is neither true nor false" for row in rows}
    return Decoded(overwrite(values, empty.nonzero()[0], pl.Series([None], dtype=pl.Boolean)), problems)


def _number(field: Field) -> NumberType:
    if field.number is not None and field.kind is FieldKind.DECIMAL:
        return field.number
    return INTEGER
