"""The text of rows that never were text: one JSON object a row, of the columns that were read.

Columns are written as a whole: what msgspec makes of a list of numbers or times is cut at its commas, and texts get
quotes around them, but for those that need escapes.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.time.calendar import Integers

__all__ = ["row_texts"]


_ENCODE: Final = msgspec.json.Encoder(enc_hook=str).encode
_NEEDS_ESCAPES: Final = r'["\\\x00-\x1f\x7f]'


def row_texts(columns: pl.DataFrame, paths: Mapping[str, str], rows: Sequence[int] | Integers) -> pl.Series:
    """Rows as JSON objects, columns under the names they have in the input."""
    chosen = columns[rows if isinstance(rows, pl.Series) else pl.Series(rows, dtype=pl.Int64)]
    if not chosen.width or not chosen.height:
        return pl.Series(["{}"] * chosen.height, dtype=pl.String)
    parts: list[pl.Expr] = []
    for column in chosen:
        name = _ENCODE(paths.get(column.name, column.name)).decode()
        parts += [pl.lit(f"{',' if parts else '{'}{name}:"), pl.lit(_values(column))]
    return pl.select(pl.concat_str([*parts, pl.lit("}")])).to_series()


def _values(column: pl.Series) -> pl.Series:
    """Each value as JSON."""
    if column.dtype == pl.String:
        return _quoted(column)
    values = column.to_list()
    if column.dtype.is_nested() or column.dtype in {pl.Object, pl.Binary, pl.Categorical, pl.Enum, pl.Null}:
        return pl.Series([_ENCODE(_shown(value)).decode() for value in values], dtype=pl.String)
    if column.dtype.is_float() and not column.is_finite().all():
        values = [_shown(value) for value in values]
    return pl.Series([_ENCODE(values)[1:-1].decode()]).str.split(",").explode()


def _quoted(texts: pl.Series) -> pl.Series:
    quoted = pl.select(pl.concat_str(pl.lit('"'), pl.lit(texts), pl.lit('"'))).to_series().fill_null("null")
    escaped = texts.str.contains(_NEEDS_ESCAPES).fill_null(value=False).arg_true()
    if not len(escaped):
        return quoted
    return quoted.scatter(escaped, pl.Series([_ENCODE(text).decode() for text in texts.gather(escaped)]))


def _shown(value: object) -> object:
    """JSON has no word for NaN and the infinities; `null` would say that nothing stood there."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
