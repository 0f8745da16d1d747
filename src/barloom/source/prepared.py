"""What a field says of how its numbers come: columns as they are read by everything behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple, cast

import numpy as np
import polars as pl

from barloom.source.missing import without_missing
from barloom.source.problems import RowProblems
from barloom.source.text.rounding import rounded
from barloom.source.text.separators import plain_numbers
from barloom.source.text.unscaled import unscaled

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.barplan import Field, NumberType, SourcePlan
    from barloom.plan.nodes import Rounding
    from barloom.time.calendar import Integers

__all__ = ["Prepared", "prepared"]

_NO_ROWS: Final = np.zeros(0, np.int64)
_NO_PROBLEMS: Final = RowProblems(_NO_ROWS, pl.Series([], dtype=pl.String))


class Prepared(NamedTuple):
    """A column, what is wrong with which row, and which rows were rounded."""

    column: pl.Series
    problems: Mapping[int, str] = _NO_PROBLEMS
    rounded: Integers = _NO_ROWS


def prepared(column: pl.Series, field: Field, source: SourcePlan) -> Prepared:
    """A column without what the field alone knows of: bytes of decimals, and places to be rounded off."""
    if field.number is None or (field.encoding is None and field.rounding is None):
        return Prepared(column)
    if field.encoding is not None and column.dtype in (pl.String, pl.Binary):
        return Prepared(*unscaled(column, field.number, source.null_values))
    if field.rounding is None:
        return Prepared(column)
    column, mode = without_missing(column, source.null_values), cast("Rounding", field.rounding)
    if column.dtype == pl.String and (source.thousands or source.decimal_separator != "."):
        return _rounded_as_written(column, field.number, mode, source)
    values, rows = rounded(column, field.number, mode)
    return Prepared(values, _NO_PROBLEMS, rows)


def _rounded_as_written(texts: pl.Series, number: NumberType, mode: Rounding, source: SourcePlan) -> Prepared:
    """Texts with declared separators; what does not fit them stays as it is, to be refused with all others."""
    plain, _ = plain_numbers(texts, source, source.null_values)
    values, rows = rounded(plain, number, mode)
    written = values.str.replace(".", source.decimal_separator, literal=True)
    return Prepared(written.fill_null(texts), _NO_PROBLEMS, rows)
