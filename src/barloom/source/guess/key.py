"""What bars are made for each of: a column of symbols, a part of the file's name, or a constant to be filled in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from barloom.source.guess.file_names import symbol_in_names
from barloom.source.guess.numbers import number_shape
from barloom.source.guess.roles import KEYS, NO_KEYS, in_role, plain
from barloom.source.guess.times import is_clock, time_shape

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.source.guess.sample import Sample

__all__ = ["Key", "key_of"]

_SYMBOL: Final = r"^[A-Z0-9][A-Z0-9/._:=\-]{1,23}$"
_VENUES: Final = ("exchange", "venue", "broker", "source", "market")
_SHOWN: Final = 3


class Key(NamedTuple):
    """The field, where it stands, and why; `candidates` is said beside the key, `told` beside the mapping."""

    field: str
    path: str
    why: str
    candidates: str = ""
    told: str = ""


def key_of(sample: Sample, rows: pl.DataFrame, taken: Sequence[str]) -> Key:
    """The key of a sample; `taken` are the columns of times."""
    free = [name for name in rows.columns if name not in taken]
    named = [name for name in in_role("key", free) if _may_be_key(rows[name], name)]
    named.sort(key=lambda name: rows[name].null_count() > 0)
    by_content = [name for name in free if _looks_like_symbols(rows[name])]
    candidates = list(dict.fromkeys([*named, *by_content]))
    if candidates:
        return _in_column(candidates, rows, free)
    found = symbol_in_names(sample.files, KEYS.split())
    if found is not None:
        told = f"the symbol stands in the name: {found.value}"
        return Key("symbol", found.path, "from the name of the file, see [source]", told=told)
    told = "no column and no name of a file tells a symbol: write yours for SYMBOL"
    return Key("symbol", "=SYMBOL", "one constant for all rows, see [source]", told=told)


def _in_column(candidates: Sequence[str], rows: pl.DataFrame, free: Sequence[str]) -> Key:
    column = candidates[0]
    values = rows[column].drop_nulls().unique(maintain_order=True)
    number, missing = len(values), rows[column].null_count()
    shown = ", ".join(map(str, values[:_SHOWN]))
    why = f"{number} {'value' if number == 1 else 'values'} in these rows: {shown}{', …' if number > _SHOWN else ''}"
    why += f"; missing in {missing:,}, which are refused" if missing else ""
    venues = [name for name in free if plain(name) in _VENUES and name != column]
    others = list(dict.fromkeys([*candidates[1:], *venues]))
    told = (
        f"could be of several: [{', '.join(['symbol', *others])}]" if others else "bars are made for each of its values"
    )
    return Key("symbol", column, why, told)


def _may_be_key(column: pl.Series, name: str) -> bool:
    if column.dtype != pl.String or column.null_count() == len(column):
        return False
    shape = number_shape(column)
    if shape is not None:
        return shape.whole and (
            "instrument" in name.lower() or "code" in name.lower() or plain(name) in ("symbol", "ticker")
        )
    return not is_clock(column) and time_shape(column) is None


def _looks_like_symbols(column: pl.Series) -> bool:
    """Whether a column of another name holds few texts that look like symbols."""
    if column.dtype != pl.String or column.null_count() or plain(column.name) in NO_KEYS:
        return False
    if number_shape(column) is not None or not column.str.contains(_SYMBOL).all():
        return False
    few = column.n_unique() <= max(1, len(column) // 2)
    return few and bool(column.str.contains("[A-Z]{2}").all()) and time_shape(column) is None
