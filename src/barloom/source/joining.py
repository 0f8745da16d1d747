"""A date and a time of day that stand apart, as one text: parted by a space, as a pattern or ISO 8601 has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["joined"]

_DATE: Final = "%Y-%m-%d"
_CLOCK: Final = "%H:%M:%S%.9f"


def joined(parts: Sequence[pl.Series]) -> pl.Series:
    """The texts of each row, null where one is missing. Dates and times of day with a type become ISO 8601."""
    texts = [_text(part, _DATE if place == 0 else _CLOCK) for place, part in enumerate(parts)]
    return pl.select(pl.concat_str([pl.lit(text) for text in texts], separator=" ")).to_series()


def _text(part: pl.Series, of_timestamp: str) -> pl.Series:
    if isinstance(part.dtype, pl.Datetime):
        return part.dt.strftime(of_timestamp)
    if part.dtype == pl.Time:
        return part.dt.strftime(_CLOCK)
    if part.dtype == pl.String:
        return part.str.strip_chars(" \t")
    return part.cast(pl.String)
