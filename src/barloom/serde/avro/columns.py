"""Avro messages as columns: the fields that are wanted, at their paths, whatever schema each message has."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.serde.avro.projection import Projection, project
from barloom.serde.avro.values import Messages, column_of_leaf
from barloom.serde.avro.walk import Walk
from barloom.serde.poll import FRAME
from barloom.source.columns import label_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.barplan import Field, SourcePlan
    from barloom.serde.avro.schema import AvroType
    from barloom.serde.poll import Poll
    from barloom.serde.schema_source import SchemaSource
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Booleans, Integers

__all__ = ["AvroColumns"]


class AvroColumns:
    """Reads the `fields` that have `paths` from messages of any schema that `schemas` knows.

    `framed` messages begin with the number of theirs. `reader` may add aliases and defaults. `what` is how errors call
    the messages.
    """

    def __init__(  # noqa: PLR0913 - what is read from what
        self,
        fields: Mapping[str, Field],
        paths: Mapping[str, str],
        source: SourcePlan,
        schemas: SchemaSource,
        *,
        framed: bool,
        what: str,
        reader: AvroType | None = None,
    ) -> None:
        self._fields = fields
        self._paths = paths
        self._source = source
        self._schemas = schemas
        self._framed = framed
        self._what = what
        self._reader = reader
        self._nullable = frozenset(name for name, field in fields.items() if field.nullable)
        self._known: dict[int, Projection] = {}

    def groups(self, poll: Poll, refused: Problems) -> list[tuple[int, Integers]]:
        """Which messages have which schema, by its number; those that do not name one are refused."""
        if not self._framed:
            return [(0, np.flatnonzero(~poll.missing))]
        return poll.framed(refused, single=self._schemas.single)

    def read(self, poll: Poll, rows: Integers, number: int) -> tuple[dict[str, pl.Series], Problems]:
        """The columns of the messages of one schema, and what is wrong with which of them.

        Raises `LookupError` and `SourceError` for what is wrong with all of them, `RegistryUnavailable` where a schema
        is asked for and the registry does not answer.
        """
        how = self._projection(number)
        if how.problem:
            raise SourceError(how.problem)
        whole = len(rows) == poll.count
        start = poll.start if whole else poll.start[rows]
        tree, leaves = how.wanted()
        walk = Walk(poll.data, start + (FRAME if self._framed else 0), poll.end if whole else poll.end[rows])
        walk.read(how.writer, tree)
        refused = walk.problems
        messages = Messages(poll.values if whole else poll.values.gather(rows), poll.data, start)
        columns = {}
        for name, leaf in leaves.items():
            try:
                columns[name] = column_of_leaf(leaf, self._fields[name], self._source, messages, refused)
            except SourceError as error:
                message = f"{self._what}: the column {self._paths[name]!r} for the field {label_of(name)!r} {error}"
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
            self._known[number] = self._project(writer, where)
        return self._known[number]

    def _project(self, writer: AvroType, where: str) -> Projection:
        return project(writer, self._paths, self._nullable, self._reader, where)


def _without(column: pl.Series, refused: Booleans) -> pl.Series:
    return column if column.dtype == pl.Null else column.set(pl.Series(refused), None)
