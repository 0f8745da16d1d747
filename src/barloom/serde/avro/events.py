"""Avro messages to rows of the event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.serde.avro.columns import AvroColumns
from barloom.serde.poll import Poll
from barloom.source.columns import of_value
from barloom.source.decode import Decoder, Rows
from barloom.source.problems import RowProblems

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.avro.schema import AvroType
    from barloom.serde.message_keys import MessageKeys
    from barloom.serde.schema_source import SchemaSource
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["AvroEventDecoder"]

_WHERE: Final = "the messages"


class AvroEventDecoder:
    """Reads Avro messages as the event of a plan.

    `framed` messages begin with the number of their schema, which `schemas` knows; without frames, or where `schemas`
    has but one, that is every message's. `reader` may add aliases and defaults. `keys` reads what is mapped from the
    keys. Raises `SourceError` for a mapping that cannot be.
    """

    def __init__(
        self,
        plan: BarPlan,
        schemas: SchemaSource,
        *,
        framed: bool,
        reader: AvroType | None = None,
        keys: MessageKeys | None = None,
    ) -> None:
        self._decoder = Decoder(plan)
        self._keys = keys
        paths = of_value(self._decoder.paths)
        fields = self._decoder.fields
        self._columns = AvroColumns(fields, paths, plan.source, schemas, framed=framed, what=_WHERE, reader=reader)

    @property
    def wants_keys(self) -> bool:
        """Whether something is read from the keys."""
        return self._keys is not None

    def decode(self, values: Sequence[bytes | None], keys: Sequence[bytes | None] = ()) -> Rows:
        """Read one poll. Raises `RegistryUnavailable` where a schema is asked for and the registry does not answer."""
        poll = Poll.of(values)
        refused: Problems = dict.fromkeys(np.flatnonzero(poll.missing).tolist(), "the message has no value")
        groups = self._columns.groups(poll, refused)
        of_keys = ({}, {}) if self._keys is None else self._keys.read(keys)
        parts = [(self._group(poll, rows, number, *of_keys), rows) for number, rows in groups if len(rows)]
        if refused:
            rows = np.array(sorted(refused))
            parts.append((self._nothing([refused[row] for row in rows.tolist()]), rows))
        if len(parts) == 1:
            return parts[0][0]
        return _together(parts, len(values)) if parts else self._decoder.empty()

    def _group(self, poll: Poll, rows: Integers, number: int, of_keys: dict[str, pl.Series], unread: Problems) -> Rows:
        """Read the messages of one schema; what their keys say, and which cannot be read, is there already."""
        try:
            columns, refused = self._columns.read(poll, rows, number)
        except (LookupError, SourceError) as error:
            return self._nothing([str(error)] * len(rows))
        columns |= {name: column.gather(rows) for name, column in of_keys.items()}
        if unread:
            refused |= {place: unread[row] for place, row in enumerate(rows.tolist()) if row in unread}
        try:
            return self._decoder.decode(columns, len(rows), refused, _WHERE)
        except SourceError as error:
            return self._nothing([str(error)] * len(rows))

    def _nothing(self, problems: list[str]) -> Rows:
        empty = self._decoder.empty()
        return Rows(empty.frame, empty.index, len(problems), RowProblems.of(dict(enumerate(problems))), empty.arrivals)


def _together(parts: list[tuple[Rows, Integers]], count: int) -> Rows:
    """Rows that were read apart, in the order in which they came; each part's rows are at the given positions."""
    index = np.concatenate([at[rows.index] for rows, at in parts])
    order = np.argsort(index, kind="stable")
    frame = pl.concat([rows.frame for rows, _ in parts])[order]
    problems = {int(at[row]): text for rows, at in parts for row, text in rows.problems.items()}
    arrivals = [rows.arrivals for rows, _ in parts if rows.arrivals is not None]
    received = np.concatenate(arrivals)[order] if arrivals else None
    names = dict.fromkeys(name for rows, _ in parts for name in rows.rounded)
    rounded = {
        name: np.sort(np.concatenate([at[rows.rounded[name]] for rows, at in parts if name in rows.rounded]))
        for name in names
    }
    return Rows(frame, index[order], count, RowProblems.of(problems), received, rounded=rounded)
