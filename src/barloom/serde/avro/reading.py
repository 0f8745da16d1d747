"""Messages of bars in Avro, read back: many as a frame, or one by itself."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.plan.barplan import SourcePlan
from barloom.serde.avro.one import read_one
from barloom.serde.avro.projection import project
from barloom.serde.avro.values import Messages, column_of_leaf
from barloom.serde.avro.walk import Walk
from barloom.serde.bar_fields import BarColumns, WholeValues
from barloom.serde.poll import FRAME, Poll
from barloom.time.instants import date_of, to_datetime

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.schema_source import SchemaSource

__all__ = ["AvroBarDecoder"]

_MILLISECOND: Final = 1_000_000
_UNREADABLE: Final = (IndexError, ValueError, struct.error)


class AvroBarDecoder(WholeValues):
    """Reads what `AvroBarEncoder` writes, also with the schemas of other versions.

    `keys` and `values` know the schemas of message keys and values; `framed` messages name theirs.
    """

    def __init__(self, plan: BarPlan, keys: SchemaSource, values: SchemaSource, *, framed: bool) -> None:
        self._names = plan.event.key
        self._columns = BarColumns(plan, "ns")
        self._keys = keys
        self._values = values
        self._skipped = FRAME if framed else 0

    def place(self, key: bytes) -> tuple[tuple[object, ...], int]:
        """The key fields and the start (ns) that a message key names."""
        fields = self._one(self._keys, key)
        return tuple(fields[name] for name in self._names), fields["start"] * _MILLISECOND

    def one(self, level: int, key: bytes, value: bytes) -> dict[str, object]:  # noqa: ARG002 - the value says it all
        """One bar by the column names of `bar_schema`."""
        fields = self._one(self._values, value)
        bar: dict[str, object] = {name: fields.get(name) for name in self._columns.schema}
        bar |= {name: to_datetime(fields[name] * _MILLISECOND) for name in ("start", "end")}
        return bar | {"trading_date": date_of(fields["trading_date"])}

    def frame(self, level: int, keys: Sequence[bytes], values: Sequence[bytes]) -> pl.DataFrame:  # noqa: ARG002
        """Bars of one level as a frame with `bar_schema`."""
        poll = Poll.of(values)
        numbers = poll.numbers() if self._skipped and not self._values.single else np.zeros(poll.count, np.int64)
        found = np.unique(numbers)
        groups = [np.flatnonzero(numbers == number) for number in found]
        if len(groups) == 1:
            return self._group(poll, groups[0], int(found[0]))
        frames = [self._group(poll, rows, int(number)) for rows, number in zip(groups, found, strict=True)]
        if not frames:
            return pl.DataFrame(schema=self._columns.schema)
        return pl.concat(frames)[np.argsort(np.concatenate(groups))]

    def _group(self, poll: Poll, rows: np.ndarray[Any, np.dtype[np.int64]], number: int) -> pl.DataFrame:
        writer, where = self._values.schema(number)
        there = {each.name for each in writer.fields}
        paths = {name: name for name in self._columns.schema if name in there}
        tree, leaves = project(writer, paths, frozenset(), None, where).wanted()
        walk = Walk(poll.data, poll.start[rows] + self._skipped, poll.end[rows])
        walk.read(writer, tree)
        messages = Messages(poll.values.gather(rows), poll.data, poll.start[rows])
        source = SourcePlan(null_values=(), check_units=False)
        columns = {
            name: column_of_leaf(leaf, self._columns.field(name), source, messages, walk.problems)
            for name, leaf in leaves.items()
        }
        if walk.problems:
            row, text = next(iter(walk.problems.items()))
            raise _no_bar(text, poll.values[int(rows[row])])
        return self._columns.frame(columns, len(rows))

    def _one(self, schemas: SchemaSource, data: bytes) -> dict[str, Any]:
        number = int.from_bytes(data[1:FRAME], "big") if self._skipped else 0
        kind, _ = schemas.schema(number)
        try:
            fields, end = read_one(kind, data, self._skipped)
        except _UNREADABLE as error:
            raise _no_bar(str(error), data) from None
        if end != len(data):
            text = f"{len(data) - end} bytes are left over"
            raise _no_bar(text, data)
        found: dict[str, Any] = fields
        return found


def _no_bar(text: str, data: bytes) -> SourceError:
    return SourceError(f"the message holds no bar of this definition: {text}: {data[:60]!r}")
