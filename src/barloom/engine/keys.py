"""Dense numbers for opaque keys, so that the hot path compares integers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from barloom.plan.barplan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import EventPlan
    from barloom.time.calendar import Integers

__all__ = ["KeyIndex"]


class KeyIndex:
    """Numbers keys 0, 1, 2… as they appear; cost goes with the rows asked, not with the keys held."""

    def __init__(self, event: EventPlan) -> None:
        self._fields = list(event.key)
        self._schema = {
            name: pl.String if event.by_name[name].kind is FieldKind.STRING else pl.Int64 for name in event.key
        }
        self._codes = pl.Categorical(pl.Categories.random())
        self._alive = pl.Series([], dtype=self._codes)
        self._rows: list[tuple[object, ...]] = []

    def __len__(self) -> int:
        return len(self._rows)

    def rows(self, ids: Integers) -> list[tuple[object, ...]]:
        """The key fields of each id."""
        return [self._rows[number] for number in ids.tolist()]

    def ids(self, frame: pl.DataFrame) -> Integers:
        """The number of each row's key; unseen keys get the next ones."""
        spelled = self._spelled(frame).cast(self._codes)
        self._alive = spelled[:1]  # polars forgets the numbers of categories that no series uses
        ids = spelled.to_physical().to_numpy().astype(np.int64)
        if len(ids) and int(ids.max()) >= len(self._rows):
            self._learn(frame, ids)
        return ids

    def ids_of(self, rows: Sequence[tuple[object, ...]]) -> Integers:
        """The numbers of keys given as tuples."""
        return self.ids(pl.DataFrame(list(rows), schema=self._schema, orient="row"))

    def _learn(self, frame: pl.DataFrame, ids: Integers) -> None:
        fresh = np.flatnonzero(ids >= len(self._rows))
        _, first = np.unique(ids[fresh], return_index=True)
        self._rows.extend(frame.select(self._fields)[fresh[first]].rows())

    def _spelled(self, frame: pl.DataFrame) -> pl.Series:
        """Each row's key as one text that no other key has: parts preceded by their length."""
        if len(self._fields) == 1:
            return frame[self._fields[0]].cast(pl.String)
        parts: list[pl.Expr] = []
        for name in self._fields:
            text = pl.col(name).cast(pl.String)
            parts += [text.str.len_bytes().cast(pl.String), pl.lit(":"), text]
        return frame.select(pl.concat_str(parts).alias("key"))["key"]
