"""Messages that ksqlDB writes to the topics of bars.

A key is the key fields in Avro (a record, or one bare value) and, behind them, the start of the window: eight bytes,
big-endian, in milliseconds. A value is a record of the other columns, so that a message says whose bar it is only as a
whole.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from barloom.engine.blocks import Values
from barloom.engine.frames import TIME, bar_schema
from barloom.engine.values.exact import to_numbers, to_series
from barloom.engine.values.results import results
from barloom.errors import SourceError
from barloom.ksqldb.compile.layout import CLOSE_TIME, OPEN_TIME
from barloom.ksqldb.compile.names import stored
from barloom.ksqldb.reader.bars import BarValues, window_nanos
from barloom.ksqldb.reader.held import LACKING, held_partials
from barloom.plan.barplan import Field, FieldKind, NumberType, SourcePlan
from barloom.serde.avro.columns import AvroColumns
from barloom.serde.avro.message_keys import AvroKeyColumns
from barloom.serde.avro.one import read_one
from barloom.serde.message_keys import WINDOW, MessageKeys
from barloom.serde.poll import FRAME, Poll
from barloom.source.fields import decode_field
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.schema_source import SchemaSource
    from barloom.source.decoded import Problems

__all__ = ["KsqlBarDecoder"]

_HEAD: Final = struct.Struct(">?I")
"""Before a message that is kept: whether it is final, and how long its key is."""

_UNREADABLE: Final = (IndexError, ValueError, KeyError, TypeError, struct.error)
_AS_WRITTEN: Final = SourcePlan(null_values=(), check_units=False)
_START: Final = "@start"
_TIMES: Final = {"open_time": OPEN_TIME, "close_time": CLOSE_TIME}


class KsqlBarDecoder:
    """Reads the bars of a pipeline, whose plan is `held_plan`'s; `schemas` knows the schemas of keys and values."""

    lacks: Final = LACKING

    def __init__(self, plan: BarPlan, schemas: SchemaSource) -> None:
        self._plan = plan
        self._schemas = schemas
        self._schema = bar_schema(plan)
        self._ones = [BarValues(plan, level) for level in range(len(plan.levels))]
        names = plan.event.key
        keys = AvroKeyColumns(
            plan.event.by_name, {name: stored(name) for name in names}, _AS_WRITTEN, schemas, framed=True
        )
        self._keys = MessageKeys(keys, [_START])
        held = held_partials(plan)
        self._held = {position: str(position) for position in held}
        self._fields = {str(position): _field(str(position), plan.partials[position].number) for position in held}
        self._fields |= {name: Field(name, FieldKind.TIMESTAMP, time_unit="ns") for name in _TIMES}
        paths = {str(position): column for position, column in held.items()} | _TIMES
        self._values = AvroColumns(self._fields, paths, _AS_WRITTEN, schemas, framed=True, what="the messages")

    def place(self, key: bytes) -> tuple[tuple[object, ...], int]:
        """The key fields and the start (ns) that a message key names."""
        if len(key) < WINDOW:
            raise _no_bar("the key does not end in the start of a window", key)
        body, start = key[:-WINDOW], int.from_bytes(key[-WINDOW:], "big", signed=True)
        found = self._one(body)
        try:
            fields = [found[stored(name)] for name in self._plan.event.key] if isinstance(found, dict) else [found]
        except KeyError as error:
            text = f"the key has no {error.args[0]!r}"
            raise _no_bar(text, key) from None
        if len(fields) != len(self._plan.event.key) or None in fields:
            raise _no_bar("the key lacks a field", key)
        return tuple(fields), start * MILLISECOND

    def kept(self, keys: Sequence[bytes], values: Sequence[bytes], *, final: bool) -> Sequence[bytes]:
        """Messages with their keys before them."""
        return [_HEAD.pack(final, len(key)) + key + value for key, value in zip(keys, values, strict=True)]

    def one(self, level: int, key: bytes, value: bytes) -> dict[str, object]:  # noqa: ARG002 - it is kept in the value
        """One bar by the column names of `bar_schema`, but for what it `lacks`."""
        final, name, body = _taken_apart(value)
        fields, start = self.place(name)
        row = self._one(body)
        if not isinstance(row, dict):
            raise _no_bar("its value is no record", body)
        return self._ones[level].values(fields, start, row, final=final)

    def frame(self, level: int, keys: Sequence[bytes], values: Sequence[bytes]) -> pl.DataFrame:  # noqa: ARG002
        """Bars of one level as a frame with `bar_schema`; what it `lacks` is null."""
        if not values:
            return pl.DataFrame(schema=self._schema)
        finals, names, bodies = zip(*map(_taken_apart, values), strict=True)
        columns, problems = self._keys.read(names)
        _check(problems, names)
        starts = columns.pop(_START).to_physical() * MILLISECOND
        found = self._columns(bodies)
        outputs = results(self._plan, self._partials(found, len(values)), np.zeros(len(values), np.bool_))
        made: dict[str, pl.Series | pl.Expr] = {
            **columns,
            **{name: found[name] for name in _TIMES},
            "start": starts.cast(TIME),
            "end": (starts + window_nanos(self._plan, level)).cast(TIME),
            "final": pl.Series(finals, dtype=pl.Boolean),
        }
        made |= {
            output.name: to_series(output.name, numbers, output.number)
            for output, numbers in zip(self._plan.outputs, outputs, strict=True)
        }
        constants = {"timeframe": str(self._plan.levels[level].timeframe), "synthetic": False, **dict.fromkeys(LACKING)}
        frame = pl.DataFrame(made).with_columns(
            pl.col("start").dt.date().alias("trading_date"),
            **{name: pl.lit(value, self._schema[name]) for name, value in constants.items()},
        )
        return frame.select(pl.col(name).cast(kind) for name, kind in self._schema.items())

    def _columns(self, bodies: Sequence[bytes]) -> dict[str, pl.Series]:
        """The partials and times of values, which may have several schemas."""
        poll = Poll.of(bodies)
        refused: Problems = {}
        parts = []
        groups = self._values.groups(poll, refused)
        _check(refused, bodies)
        for number, rows in groups:
            try:
                found, problems = self._values.read(poll, rows, number)
            except LookupError as error:
                raise SourceError(str(error)) from None
            _check(problems, [bodies[row] for row in rows.tolist()])
            parts.append(pl.DataFrame({name: self._decoded(name, column) for name, column in found.items()}))
        order = np.argsort(np.concatenate([rows for _, rows in groups]))
        return pl.concat(parts)[order].to_dict()

    def _decoded(self, name: str, column: pl.Series) -> pl.Series:
        values, problems = decode_field(column, self._fields[name], _AS_WRITTEN)
        if problems:
            message = f"the message holds no bar of this definition: {next(iter(problems.values()))}"
            raise SourceError(message)
        return values

    def _partials(self, found: dict[str, pl.Series], count: int) -> list[Values]:
        """The partials as the engine has them; of those that ksqlDB does not keep no output is made."""
        nothing = Values(np.zeros(count, np.int64), np.zeros(count, np.bool_))
        return [
            to_numbers(found[self._held[position]]) if position in self._held else nothing
            for position in range(len(self._plan.partials))
        ]

    def _one(self, data: bytes) -> Any:  # noqa: ANN401 - what its schema says
        if data[:1] != b"\0" or len(data) < FRAME:
            raise _no_bar("it does not begin with the number of a schema", data)
        try:
            kind, _ = self._schemas.schema(int.from_bytes(data[1:FRAME], "big"))
            found, end = read_one(kind, data, FRAME)
        except LookupError as error:
            raise _no_bar(str(error), data) from None
        except _UNREADABLE as error:
            raise _no_bar(str(error), data) from None
        if end != len(data):
            text = f"{len(data) - end} bytes are left over"
            raise _no_bar(text, data)
        return found


def _field(name: str, number: NumberType) -> Field:
    kind = FieldKind.INTEGER if number.integer else FieldKind.DECIMAL
    return Field(name, kind, number)


def _taken_apart(record: bytes) -> tuple[bool, bytes, bytes]:
    final, size = _HEAD.unpack_from(record)
    end = _HEAD.size + size
    return final, record[_HEAD.size : end], record[end:]


def _check(problems: Problems, data: Sequence[bytes]) -> None:
    for row, text in problems.items():
        raise _no_bar(text, data[row])


def _no_bar(text: str, data: bytes) -> SourceError:
    return SourceError(f"the message holds no bar of a ksqlDB pipeline: {text}: {data[:60]!r}")
