"""The text of rows that never were text: one JSON object a row, of the columns that were read."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

__all__ = ["row_texts"]


def row_texts(columns: pl.DataFrame, paths: Mapping[str, str], rows: Sequence[int]) -> list[str]:
    """Rows as JSON objects, columns under the names they have in the input."""
    chosen = columns[list(rows)]
    encode = msgspec.json.Encoder(enc_hook=str).encode
    shown = chosen.rename({name: paths.get(name, name) for name in columns.columns}).iter_rows(named=True)
    if not any(kind.is_float() or kind.is_nested() for kind in columns.dtypes):
        return [encode(row).decode() for row in shown]
    return [encode({name: _shown(value) for name, value in row.items()}).decode() for row in shown]


def _shown(value: object) -> object:
    """JSON has no word for NaN and the infinities; `null` would say that nothing stood there."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
