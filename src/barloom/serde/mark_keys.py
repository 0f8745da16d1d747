"""The keys of marks: which key a message without a value speaks of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from barloom.errors import SourceError
from barloom.source.columns import column_paths, of_key
from barloom.source.fields import column_type, decode_field

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from barloom.plan.barplan import BarPlan, Field, SourcePlan
    from barloom.serde.message_keys import KeyColumns
    from barloom.source.decoded import Problems

__all__ = ["MarkKeys"]


class MarkKeys:
    """Reads the key fields of the event out of message keys, whether or not ticks are read from theirs.

    A field that `source` maps from the key stands where it says; others stand under the names that they have at the top
    of messages, and the one field of a simple key may also stand there alone. `make` gives the reader of a format, for
    some fields at their paths.
    """

    def __init__(
        self, plan: BarPlan, make: Callable[[Mapping[str, Field], Mapping[str, str], SourcePlan], KeyColumns]
    ) -> None:
        self._plan = plan
        self._fields = {name: plan.event.by_name[name] for name in plan.event.key}
        alone, found = len(self._fields) == 1, column_paths(plan)
        mapped = of_key(found)
        named = {name: "" if alone else _plain(found.get(name, name), name) for name in self._fields}
        paths = {name: mapped.get(name, named[name]) for name in self._fields}
        self._body = make(self._fields, paths, plan.source)

    def read(self, keys: Sequence[bytes]) -> tuple[list[tuple[object, ...]], Problems]:
        """The key fields of each, and what is wrong with which; the fields of such a one mean nothing.

        Raises `RegistryUnavailable` where a schema has to be fetched and the registry does not answer.
        """
        columns, refused = self._body.columns(keys)
        typed = [self._typed(name, columns[name], refused) for name in self._fields]
        return pl.DataFrame(typed).rows(), refused

    def _typed(self, name: str, column: pl.Series, refused: Problems) -> pl.Series:
        field = self._fields[name]
        nothing = pl.Series(name, [None], dtype=column_type(field)).new_from_index(0, len(column))
        try:
            values, problems = decode_field(column, field, self._plan.source)
        except SourceError as error:
            refused |= dict.fromkeys(range(len(column)), f"{name}: the value {error}")
            return nothing
        for row, text in problems.items():
            refused.setdefault(row, f"{name}: {text}")
        for row in values.is_null().arg_true().to_list():
            refused.setdefault(row, f"{name}: there is no value")
        return values.cast(column_type(field)).alias(name)


def _plain(path: str, name: str) -> str:
    """Where a field stands in keys that is read elsewhere: as there, unless that is deep inside."""
    return name if "." in path or path.startswith("@") else path
