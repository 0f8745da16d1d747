"""Avro messages to rows of the event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.plan.barplan import Field, FieldKind
from barloom.serde.avro_projection import Projection, project
from barloom.serde.avro_values import Messages, column_of_leaf
from barloom.serde.avro_walk import Walk
from barloom.serde.poll import FRAME, Poll
from barloom.source.columns import ARRIVAL, label_of
from barloom.source.decode import Decoder, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.avro_schema import AvroType
    from barloom.serde.schema_source import SchemaSource
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Booleans, Integers

__all__ = ["AvroEventDecoder"]

_WHERE: Final = "the messages"


class AvroEventDecoder:
    """Reads Avro messages as the event of a plan.

    `framed` messages begin with the number of their schema, which `schemas` knows; without frames, or where `schemas`
    has but one, that is every message's. `reader` may add aliases and defaults. Raises `SourceError` for a mapping that
    cannot be.
    """

    def __init__(self, plan: BarPlan, schemas: SchemaSource, *, framed: bool, reader: AvroType | None = None) -> None:
        self._plan = plan
        self._decoder = Decoder(plan)
        self._schemas = schemas
        self._framed = framed
        self._skipped = FRAME if framed else 0
        self._reader = reader
        self._known: dict[int, Projection] = {}
        arrival = Field("arrival", FieldKind.TIMESTAMP, time_unit=plan.source.arrival_unit)
        self._fields = {**plan.event.by_name, ARRIVAL: arrival}
        self._nullable = frozenset(field.name for field in plan.event.fields if field.nullable)

    def decode(self, values: Sequence[bytes | None]) -> Rows:
        """Read one poll. Raises `RegistryUnavailable` where a schema is asked for and the registry does not answer."""
        poll = Poll.of(values)
        refused: Problems = dict.fromkeys(np.flatnonzero(poll.missing).tolist(), "the message has no value")
        groups = self._framed_groups(poll, refused) if self._framed else [(0, np.flatnonzero(~poll.missing))]
        parts = [(self._group(poll, rows, number), rows) for number, rows in groups if len(rows)]
        if refused:
            rows = np.array(sorted(refused))
            parts.append((self._nothing([refused[row] for row in rows.tolist()]), rows))
        if len(parts) == 1:
            return parts[0][0]
        return _together(parts, len(values)) if parts else self._decoder.empty()

    def _framed_groups(self, poll: Poll, refused: Problems) -> list[tuple[int, Integers]]:
        """Which messages have which schema; those that do not name one are refused."""
        size = poll.end - poll.start
        short = (size < FRAME) & ~poll.missing
        other = (poll.data[poll.start] != 0) & (size >= FRAME)
        for row in np.flatnonzero(short).tolist():
            refused[row] = f"the message has {size[row]} bytes, too few for the number of a schema"
        for row in np.flatnonzero(other).tolist():
            first = poll.data[poll.start[row]]
            refused[row] = f"the message begins with the byte {first}, not with a zero and the number of a schema"
        rows = np.flatnonzero((size >= FRAME) & ~other)
        numbers = poll.numbers()[rows]
        if self._schemas.single or not len(rows) or (numbers == numbers[0]).all():
            return [(int(numbers[0]) if len(rows) else 0, rows)]
        return [(int(number), rows[numbers == number]) for number in np.unique(numbers)]

    def _group(self, poll: Poll, rows: Integers, number: int) -> Rows:
        """Read the messages of one schema."""
        try:
            how = self._projection(number)
            if how.problem:
                return self._nothing([how.problem] * len(rows))
            columns, refused = self._columns(poll, rows, how)
            return self._decoder.decode(columns, len(rows), refused, _WHERE)
        except (LookupError, SourceError) as error:
            return self._nothing([str(error)] * len(rows))

    def _columns(self, poll: Poll, rows: Integers, how: Projection) -> tuple[dict[str, pl.Series], Problems]:
        whole = len(rows) == poll.count
        start = poll.start if whole else poll.start[rows]
        tree, leaves = how.wanted()
        walk = Walk(poll.data, start + self._skipped, poll.end if whole else poll.end[rows])
        walk.read(how.writer, tree)
        refused = walk.problems
        messages = Messages(poll.values if whole else poll.values.gather(rows), poll.data, start)
        columns = {}
        for name, leaf in leaves.items():
            try:
                columns[name] = column_of_leaf(leaf, self._fields[name], self._plan.source, messages, refused)
            except SourceError as error:
                message = f"{_WHERE}: the column {self._decoder.paths[name]!r} for the field {label_of(name)!r} {error}"
                raise SourceError(message) from None
        columns |= {name: each.new_from_index(0, len(rows)) for name, each in how.constants.items()}
        if refused:
            bad = np.zeros(len(rows), np.bool_)
            bad[list(refused)] = True
            columns = {name: _without(column, bad) for name, column in columns.items()}
        return columns, refused

    def _projection(self, number: int) -> Projection:
        if number not in self._known:
            writer, where = self._schemas.schema(number)
            self._known[number] = project(writer, self._decoder.paths, self._nullable, self._reader, where)
        return self._known[number]

    def _nothing(self, problems: list[str]) -> Rows:
        empty = self._decoder.empty()
        return Rows(empty.frame, empty.index, len(problems), dict(enumerate(problems)), empty.arrivals)


def _without(column: pl.Series, refused: Booleans) -> pl.Series:
    return column if column.dtype == pl.Null else column.set(pl.Series(refused), None)


def _together(parts: list[tuple[Rows, Integers]], count: int) -> Rows:
    """Rows that were read apart, in the order in which they came; each part's rows are at the given positions."""
    index = np.concatenate([at[rows.index] for rows, at in parts])
    order = np.argsort(index, kind="stable")
    frame = pl.concat([rows.frame for rows, _ in parts])[order]
    problems = {int(at[row]): text for rows, at in parts for row, text in rows.problems.items()}
    known = {int(at[row]): each for rows, at in parts for row, each in rows.known.items()}
    arrivals = [rows.arrivals for rows, _ in parts if rows.arrivals is not None]
    received = np.concatenate(arrivals)[order] if arrivals else None
    return Rows(frame, index[order], count, dict(sorted(problems.items())), received, known)
