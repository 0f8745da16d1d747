"""A decoded column: typed values, and the rows that could not be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from barloom.time.calendar import Booleans

__all__ = ["Decoded", "Problems", "overwrite", "rows_where", "split_nulls"]

Problems: TypeAlias = dict[int, str]
"""What is wrong with a row, by its position."""


class Decoded(NamedTuple):
    """Typed values (null where there is none or where the row has a problem) and what is wrong with which row."""

    values: pl.Series
    problems: Mapping[int, str]


def rows_where(condition: pl.Series) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Positions at which a Boolean column holds; null does not."""
    found = condition.fill_null(value=False) if condition.null_count() else condition
    return np.flatnonzero(found.to_numpy()).astype(np.int64, copy=False)


def overwrite(values: pl.Series, rows: Sequence[int] | np.ndarray, given: pl.Series) -> pl.Series:
    """The column with other values at some rows."""
    return values.clone().scatter(rows, given.cast(values.dtype))


def split_nulls(texts: pl.Series, null_values: Sequence[str]) -> tuple[pl.Series, Booleans]:
    """Texts without surrounding spaces and tabs, and where they stand for no value."""
    stripped = texts.str.strip_chars(" \t")
    empty = stripped.is_null() | stripped.is_in(list(null_values))
    return stripped, empty.fill_null(value=True).to_numpy()
