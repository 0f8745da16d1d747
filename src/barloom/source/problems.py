"""What is wrong with rows, as columns: which rows, and the words for each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Self

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.time.calendar import Booleans, Integers

__all__ = ["RowProblems"]


class RowProblems(Mapping[int, str]):
    """What is wrong with which row: `rows` rise, `texts` stand beside them."""

    def __init__(self, rows: Integers, texts: pl.Series) -> None:
        self.rows = rows
        self.texts = texts

    @classmethod
    def of(cls, problems: Mapping[int, str]) -> RowProblems:
        """From single ones."""
        if isinstance(problems, RowProblems):
            return problems
        ordered = sorted(problems.items())
        rows = np.array([row for row, _ in ordered], np.int64)
        return cls(rows, pl.Series([text for _, text in ordered], dtype=pl.String))

    @classmethod
    def same(cls, rows: Integers, text: str) -> RowProblems:
        """Of rows that all have the same one."""
        return cls(rows, pl.Series([text]).new_from_index(0, len(rows)))

    @classmethod
    def joined(cls, parts: Sequence[RowProblems]) -> RowProblems:
        """Of several kinds of problems: a row that has more than one has them all in its text, in their order."""
        parts = [part for part in parts if len(part)]
        return reduce(_both, parts) if parts else cls.of({})

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[int]:
        return iter(self.rows.tolist())

    def __getitem__(self, row: int) -> str:
        place = int(np.searchsorted(self.rows, row))
        if place == len(self.rows) or self.rows[place] != row:
            raise KeyError(row)
        return str(self.texts[place])

    def __repr__(self) -> str:
        return repr(dict(self))

    def places(self, start: int, stop: int) -> slice:
        """Where the rows from `start` up to `stop` stand."""
        return slice(*np.searchsorted(self.rows, (start, stop)).tolist())

    def slice(self, start: int, stop: int) -> Self:
        """Those of the rows from `start` up to `stop`, which are counted from there."""
        where = self.places(start, stop)
        return type(self)(self.rows[where] - start, self.texts[where])

    def without(self, others: RowProblems) -> RowProblems:
        """Those of rows that have none of the others."""
        if not len(others):
            return self
        return self.filter(~np.isin(self.rows, others.rows))

    def filter(self, kept: Booleans) -> RowProblems:
        """Some of them."""
        return RowProblems(self.rows[kept], self.texts.filter(pl.Series(kept)))


def _both(first: RowProblems, then: RowProblems) -> RowProblems:
    rows = first.rows if np.array_equal(first.rows, then.rows) else _union(first.rows, then.rows)
    texts = [pl.lit(_at(rows, each)) for each in (first, then)]
    return RowProblems(rows, pl.select(pl.concat_str(texts, separator="; ", ignore_nulls=True)).to_series())


def _union(first: Integers, then: Integers) -> Integers:
    rows = np.sort(np.concatenate([first, then]), kind="stable")
    once: Integers = rows[np.append(True, rows[1:] != rows[:-1])]
    return once


def _at(rows: Integers, problems: RowProblems) -> pl.Series:
    """The texts beside rows, null for rows that have none."""
    if len(rows) == len(problems.rows):
        return problems.texts
    places = np.searchsorted(problems.rows, rows).clip(max=len(problems) - 1)
    found = pl.Series(places, dtype=pl.Int64).set(pl.Series(problems.rows[places] != rows), None)
    return problems.texts.gather(found)
