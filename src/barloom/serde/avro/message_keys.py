"""Keys of messages in Avro: a record, or one bare value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from barloom.errors import SourceError
from barloom.serde.avro.columns import AvroColumns
from barloom.serde.avro.projection import Projection, project
from barloom.serde.avro.schema import AvroField, AvroType
from barloom.serde.avro.values import column_dtype
from barloom.serde.poll import Poll
from barloom.source.decoded import overwrite
from barloom.source.fields import decode_field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.plan.barplan import Field, SourcePlan
    from barloom.serde.schema_source import SchemaSource
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["AvroKeyColumns"]

_BARE = "key"


class AvroKeyColumns:
    """Reads Avro keys; see `AvroColumns`. A bare value is the one field that is mapped, whatever its path."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        paths: Mapping[str, str],
        source: SourcePlan,
        schemas: SchemaSource,
        *,
        framed: bool,
    ) -> None:
        self._fields = {name: fields[name] for name in paths}
        self._source = source
        self._columns = _Columns(self._fields, paths, source, schemas, framed=framed, what="the keys")

    def columns(self, keys: Sequence[bytes]) -> tuple[dict[str, pl.Series], Problems]:
        """The wanted fields of different keys, each in one type, whatever schemas they have."""
        poll = Poll.of(keys)
        refused: Problems = {}
        columns = {
            name: pl.Series([None], dtype=column_dtype(field)).new_from_index(0, len(keys))
            for name, field in self._fields.items()
        }
        for number, rows in self._columns.groups(poll, refused):
            if not len(rows):
                continue
            try:
                found, problems = self._columns.read(poll, rows, number)
            except (LookupError, SourceError) as error:
                refused |= dict.fromkeys(rows.tolist(), str(error))
                continue
            refused |= {int(rows[place]): text for place, text in problems.items()}
            for name, column in found.items():
                columns[name] = overwrite(columns[name], rows, self._typed(name, column, rows, refused))
        return columns, refused

    def _typed(self, name: str, column: pl.Series, rows: Integers, refused: Problems) -> pl.Series:
        field = self._fields[name]
        try:
            values, problems = decode_field(column, field, self._source)
        except SourceError as error:
            refused |= dict.fromkeys(rows.tolist(), f"{field.name}: the value {error}")
            return pl.Series([None], dtype=column_dtype(field)).new_from_index(0, len(rows))
        for place, text in problems.items():
            refused.setdefault(int(rows[place]), f"{field.name}: {text}")
        return values.cast(column_dtype(field))


class _Columns(AvroColumns):
    def _project(self, writer: AvroType, where: str) -> Projection:
        records = [branch for branch in writer.branches or (writer,) if branch.kind == "record"]
        if not records:  # a record of one field is written as that field is
            wrapped = AvroType("record", fields=(AvroField(_BARE, writer),))
            made = project(wrapped, dict.fromkeys(self._paths, _BARE), self._nullable, None, where)
            if len(self._paths) > 1:
                made.problem = f"{where} is one {writer}, and {', '.join(self._paths)} are to be found in it"
            return made
        names = [field.name for field in records[0].fields]
        paths = {name: path or (names[0] if len(names) == 1 else "") for name, path in self._paths.items()}
        whole = [name for name, path in paths.items() if not path]
        if whole:
            made = Projection(writer)
            made.problem = (
                f"{where} has the fields {', '.join(names)}: write '@key.NAME' of one of them for {whole[0]!r}"
            )
            return made
        return project(writer, paths, self._nullable, None, where)
