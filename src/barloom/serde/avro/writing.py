"""Rows of the event as Avro messages."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.engine.values.exact import to_numbers
from barloom.plan.barplan import FieldKind
from barloom.serde.avro.pieces import Piece, booleans, decimals, longs, messages, optional, texts
from barloom.serde.protocol import Records
from barloom.source.text.epochs import UNITS

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan, Field
    from barloom.serde.avro.bars import Headers
    from barloom.time.calendar import Integers

__all__ = ["AvroEventEncoder", "present", "rows_at_once"]

_MOST_BYTES: Final = 1 << 25


class AvroEventEncoder:
    """Writes rows by the schemas `event_key_schema` and `event_schema`, behind the topic's headers.

    A time that its unit does not hold is a `ValueError`.
    """

    def __init__(self, plan: BarPlan, headers: Headers) -> None:
        self._fields = plan.event.fields
        self._keys = [plan.event.by_name[name] for name in plan.event.key]
        self._headers = headers

    def encode(self, frame: pl.DataFrame) -> Records:
        """One message a row."""
        records = Records([], [])
        for part in frame.iter_slices(rows_at_once(frame)):
            keys = messages([_piece(part[field.name], field) for field in self._keys], part.height)
            values = messages([_piece(part[field.name], field) for field in self._fields], part.height)
            records.keys.extend(map(self._headers[0].__add__, keys))
            records.values.extend(map(self._headers[1].__add__, values))
        return records


def rows_at_once(frame: pl.DataFrame) -> int:
    """So few that the longest texts, one beside the other, fit into memory."""
    lengths = frame.select(pl.col(pl.String).str.len_bytes().max().fill_null(0))
    longest = lengths.row(0) if lengths.width and frame.height else ()
    return max(_MOST_BYTES // (int(sum(longest)) + 1), 1)


def _piece(column: pl.Series, field: Field) -> Piece:
    valid = column.is_not_null().to_numpy() if column.null_count() else None
    piece = present(column, field)
    return optional(piece, valid) if field.nullable else piece


def present(column: pl.Series, field: Field, *, counted: bool = False) -> Piece:
    """The values of a field, with something in place of nulls; times are nanoseconds, or `counted` already."""
    match field.kind:
        case FieldKind.STRING:
            return texts(column.fill_null(""))
        case FieldKind.BOOLEAN:
            return booleans(column.fill_null(value=False).to_numpy())
        case FieldKind.DECIMAL:
            return decimals(to_numbers(column).numbers)
        case FieldKind.INTEGER:
            return longs(to_numbers(column).numbers)
        case FieldKind.TIMESTAMP:
            return longs(to_numbers(column).numbers if counted else _counted(column.fill_null(0), field))


def _counted(nanos: pl.Series, field: Field) -> Integers:
    unit = 10 ** UNITS.get(field.time_unit or "iso", 0)
    if (nanos % unit != 0).any():
        message = f"{field.name!r} holds a time that is no whole number of {field.time_unit}"
        raise ValueError(message)
    return to_numbers(nanos // unit).numbers
