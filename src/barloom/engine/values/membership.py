"""Whether something is among something: a value among literals, elements in a list, bits in a number."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import Numbers
    from barloom.time.calendar import Booleans

__all__ = ["among", "has_bits", "has_elements"]


def among(numbers: Numbers, scale: int, options: Sequence[tuple[int, int]]) -> Booleans:
    """Which scaled integers are one of some literals, each an integer with its own scale."""
    comparable = [at for whole, digits in options if (at := _at_scale(whole, digits, scale)) is not None]
    if numbers.dtype != object:
        small = [whole for whole in comparable if abs(whole) < 1 << 63]
        return np.asarray(np.isin(numbers, np.array(small, np.int64)), np.bool_)
    found = np.zeros(len(numbers), np.bool_)
    for whole in comparable:
        found |= np.asarray(numbers == whole, np.bool_)
    return found


def _at_scale(whole: int, digits: int, scale: int) -> int | None:
    """A literal at a column's scale; none where it has more digits, so that no number of the column is equal to it."""
    missing: int = 10 ** max(scale - digits, 0)
    surplus: int = 10 ** max(digits - scale, 0)
    return None if whole % surplus else whole * missing // surplus


def has_bits(numbers: Numbers, mask: int) -> Booleans:
    """Which integers have every bit of the mask set; negative ones count in two's complement."""
    return np.asarray(numbers & mask == mask, np.bool_)


def has_elements(lists: pl.Series, separator: str, how: str, elements: Sequence[str]) -> pl.Series:
    """Which lists, each one text, have ``any`` or ``all`` of some elements; null where there is no list."""
    closed = pl.lit(separator) + pl.lit(lists) + pl.lit(separator)
    asked = [closed.str.contains(f"{separator}{element}{separator}", literal=True) for element in elements]
    joined = pl.any_horizontal(asked) if how == "any" else pl.all_horizontal(asked)
    return pl.select(joined).to_series()
