"""Columns as numpy has them, to a frame of the types that are promised: all at once, since each question costs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Self

import polars as pl

from barloom.engine.values.exact import whole_series

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import Numbers, Values
    from barloom.plan.barplan import NumberType
    from barloom.time.calendar import Booleans

__all__ = ["Raw", "frame_of", "raw_column"]


class Raw(NamedTuple):
    """A column, what to make of it (none: it is that already), and where it has a value (none: everywhere)."""

    series: pl.Series
    to: pl.DataType | None = None
    valid: Booleans | None = None

    @classmethod
    def of(cls, name: str, values: Numbers, to: pl.DataType | None = None, *, valid: Booleans | None = None) -> Self:
        """A column of numbers or flags."""
        return cls(pl.Series(name, values), to, valid)


def raw_column(name: str, values: Values, number: NumberType) -> Raw:
    """Scaled integers to be a Decimal(precision, scale) or Int64; `ExactnessError` where a number does not fit."""
    kind = None if number.integer else pl.Decimal(number.precision, number.scale)
    return Raw(whole_series(name, values.numbers, number), kind, values.valid)


def frame_of(columns: Sequence[Raw]) -> pl.DataFrame:
    """The columns side by side."""
    masks = {f"{column.series.name} is there": column.valid for column in columns if column.valid is not None}
    given = pl.DataFrame([*(column.series for column in columns), *(pl.Series(*mask) for mask in masks.items())])
    return given.select_seq(_made(column) for column in columns)


def _made(column: Raw) -> pl.Expr:
    name = column.series.name
    made = pl.col(name)
    if isinstance(column.to, pl.Decimal):
        made = made.cast(pl.Int128).reinterpret(dtype=column.to)
    elif column.to is not None:
        made = made.cast(column.to)
    return made if column.valid is None else pl.when(pl.col(f"{name} is there")).then(made).alias(name)
