"""The columns of bars as fields, so that messages of bars are read by the rules for messages of events."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.engine.frames import TIME, bar_schema
from barloom.errors import SourceError
from barloom.plan.barplan import Field, FieldKind, NumberType, SourcePlan
from barloom.source.fields import decode_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.plan.barplan import BarPlan

__all__ = ["TICK_TIMES", "BarColumns", "WholeValues"]

TICK_TIMES: Final = ("open_time", "close_time")
"""The columns that hold times of ticks, in nanoseconds wherever numbers have no unit of their own."""

_AS_WRITTEN: Final = SourcePlan(null_values=(), check_units=False)
_SKETCH: Final = {pl.String: FieldKind.STRING, pl.Boolean: FieldKind.BOOLEAN, pl.Int64: FieldKind.INTEGER}


class BarColumns:
    """Reads columns of texts or typed values as the columns of `bar_schema`.

    `unit` says how ``start`` and ``end`` are written. Columns that a writer of another version did not have are null.
    """

    def __init__(self, plan: BarPlan, unit: str) -> None:
        self.schema = bar_schema(plan)
        self._fields = {name: _field(name, kind, unit) for name, kind in self.schema.items()}

    def field(self, name: str) -> Field:
        """How a column is read from messages with types: dates as the numbers they are."""
        return self._fields[name] or Field(name, FieldKind.INTEGER)

    def frame(self, columns: Mapping[str, pl.Series], count: int) -> pl.DataFrame:
        """The bars. Raises `SourceError` where a value is not one of its column."""
        read = [self._column(columns.get(name), name, count) for name in self.schema]
        return pl.DataFrame(read)

    def _column(self, column: pl.Series | None, name: str, count: int) -> pl.Series:
        kind, field = self.schema[name], self._fields[name]
        if column is None:
            return pl.Series(name, [None], dtype=kind).new_from_index(0, count)
        if field is None:
            return (column.str.to_date("%Y-%m-%d") if column.dtype == pl.String else column.cast(kind)).alias(name)
        values, problems = decode_field(column, field, _AS_WRITTEN)
        if problems:
            message = f"the messages hold no bars of this definition: {name}: {next(iter(problems.values()))}"
            raise SourceError(message)
        return values.cast(kind).alias(name)


class WholeValues:
    """A decoder of messages whose values say everything of a bar."""

    lacks: Final[frozenset[str]] = frozenset()

    def kept(self, keys: Sequence[bytes], values: Sequence[bytes], *, final: bool) -> Sequence[bytes]:  # noqa: ARG002
        """The values as they are."""
        return values


def _field(name: str, kind: pl.DataType, unit: str) -> Field | None:
    """How a column is read; none for dates, which Polars reads exactly."""
    if kind == pl.Date:
        return None
    if kind == TIME:
        return Field(name, FieldKind.TIMESTAMP, time_unit="ns" if name in TICK_TIMES else unit)
    if isinstance(kind, pl.Decimal):
        return Field(name, FieldKind.DECIMAL, NumberType(kind.precision or 38, kind.scale))
    return Field(name, _SKETCH[type(kind)])
