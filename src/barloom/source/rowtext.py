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
    names = [paths.get(name, name) for name in columns.columns]
    return [
        msgspec.json.encode(dict(zip(names, map(_shown, row), strict=True)), enc_hook=str).decode()
        for row in columns[list(rows)].iter_rows()
    ]


def _shown(value: object) -> object:
    """JSON has no word for NaN and the infinities; `null` would say that nothing stood there."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
