"""Columns from Python values, none of whose digits may be lost on the way."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["column_of"]

_INT64: Final = range(-(2**63), 2**63)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def column_of(values: Sequence[object]) -> pl.Series:
    """A column of texts that say each value exactly, or of timestamps where all are datetimes with a zone.

    Never typed by what a block of rows happens to hold, so that a row means the same in whatever block it comes.
    """
    kinds = set(map(type, values)) - {type(None)}
    if all(issubclass(kind, str) for kind in kinds):
        return pl.Series(values, dtype=pl.String)
    if kinds == {int} and all(value is None or value in _INT64 for value in values):
        return pl.Series(values, dtype=pl.Int64).cast(pl.String)
    if kinds == {float}:
        return pl.Series(values, dtype=pl.Float64).cast(pl.String)
    if kinds == {datetime} and all(value is None or _has_zone(value) for value in values):
        return _timestamps(values)
    return pl.Series([_text(value) for value in values], dtype=pl.String)


def _has_zone(value: object) -> bool:
    return isinstance(value, datetime) and value.utcoffset() is not None


def _timestamps(values: Sequence[object]) -> pl.Series:
    """Microseconds are all that a datetime holds; a float, as `datetime.timestamp` gives, would not hold these."""
    counted = [(value - _EPOCH) // _MICROSECOND if isinstance(value, datetime) else None for value in values]
    return pl.Series(counted, dtype=pl.Int64).cast(pl.Datetime("us", "UTC"))


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date):
        return value.isoformat()
    return str(value)
