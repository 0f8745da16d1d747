"""The text of rows that never were text: one JSON object a row, of the columns that were read.

Polars writes texts, numbers and truth values. Of other columns, what msgspec makes of the whole is cut at its commas.
"""

from __future__ import annotations

from itertools import groupby
from math import isfinite
from typing import TYPE_CHECKING, Final

import msgspec
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.time.calendar import Integers

__all__ = ["row_texts"]


_ISO: Final = "%Y-%m-%dT%H:%M:%S%.f"
_ENCODE: Final = msgspec.json.Encoder(enc_hook=str).encode


def row_texts(columns: pl.DataFrame, paths: Mapping[str, str], rows: Sequence[int] | Integers) -> pl.Series:
    """Rows as JSON objects, columns under the names they have in the input."""
    chosen = columns[rows if isinstance(rows, pl.Series) else pl.Series(rows, dtype=pl.Int64)]
    if not chosen.width or not chosen.height:
        return pl.Series(["{}"] * chosen.height, dtype=pl.String)
    named = [_plainer(column).alias(paths.get(column.name, column.name)) for column in chosen]
    groups = [(easy, list(group)) for easy, group in groupby(named, _is_easy)]
    if len(groups) == 1 and groups[0][0]:
        return _objects(named)
    parts = [_members(group) if easy else _one_by_one(group) for easy, group in groups]
    return pl.select(pl.concat_str(pl.lit("{"), pl.concat_str(parts, separator=","), pl.lit("}"))).to_series()


def _plainer(column: pl.Series) -> pl.Series:
    """Values that JSON writes as texts as these, so that they keep every digit."""
    if isinstance(column.dtype, pl.Datetime):
        zone = column.dtype.time_zone
        return column.dt.strftime(_ISO + ("" if zone is None else "Z" if zone == "UTC" else "%:z"))
    texts = isinstance(column.dtype, (pl.Decimal, pl.Date, pl.Categorical, pl.Enum))
    return column.cast(pl.String) if texts else column


def _is_easy(column: pl.Series) -> bool:
    """Whether Polars writes the values as they are meant."""
    if column.dtype.is_float():
        return bool(column.is_finite().all())
    return column.dtype.is_integer() or column.dtype in {pl.String, pl.Boolean}


def _objects(columns: Sequence[pl.Series]) -> pl.Series:
    named = {column.name: pl.lit(column) for column in columns}
    return pl.select(pl.struct(list(named.values())).struct.json_encode()).to_series()


def _members(columns: Sequence[pl.Series]) -> pl.Expr:
    return pl.lit(_objects(columns).str.slice(1).str.head(-1))


def _one_by_one(columns: Sequence[pl.Series]) -> pl.Expr:
    each = [pl.concat_str(pl.lit(f"{_ENCODE(column.name).decode()}:"), pl.lit(_values(column))) for column in columns]
    return pl.concat_str(each, separator=",")


def _values(column: pl.Series) -> pl.Series:
    """Each value as JSON."""
    values = column.to_list()
    if column.dtype.is_nested() or column.dtype in {pl.Object, pl.Binary, pl.Null}:
        return pl.Series([_ENCODE(_shown(value)).decode() for value in values], dtype=pl.String)
    if column.dtype.is_float():
        values = [_shown(value) for value in values]
    return pl.Series([_ENCODE(values)[1:-1].decode()]).str.split(",").explode()


def _shown(value: object) -> object:
    """JSON has no word for NaN and the infinities; `null` would say that nothing stood there."""
    return str(value) if isinstance(value, float) and not isfinite(value) else value
