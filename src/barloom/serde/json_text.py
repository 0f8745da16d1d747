"""Columns as JSON text: exact numbers in quotes, the times of slots as a definition wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import polars as pl

from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FORMAT", "VERSION", "JsonTimes", "as_json", "json_members", "member", "time_value"]

JsonTimes: TypeAlias = Literal["iso", "ms", "us", "ns"]
"""How a slot's start and end are written: ISO 8601 text, or a number of units since the epoch."""

FORMAT: Final = "format"
"""The member that tells which `VERSION` of the layout a bar or a refused row has; without it, it is the first."""

VERSION: Final = 1

_NANOS: Final = {"ms": 1_000_000, "us": 1_000, "ns": 1}


def as_json(name: str, kind: pl.DataType, times: JsonTimes, *, escape: bool = False) -> pl.Expr:
    """A column as JSON text, ``null`` where it has no value. `escape` texts that come from outside."""
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        return _time(column, times).fill_null("null")
    if escape and kind == pl.String:
        return column.map_batches(_escaped, return_dtype=pl.String).fill_null("null")
    text = column.cast(pl.String)
    if kind.is_integer() or kind == pl.Boolean:
        return text.fill_null("null")
    return pl.concat_str(pl.lit('"'), text, pl.lit('"')).fill_null("null")


def _time(column: pl.Expr, times: JsonTimes) -> pl.Expr:
    if times != "iso":
        return (column.to_physical() // _NANOS[times]).cast(pl.String)
    whole = column.dt.to_string('"%Y-%m-%dT%H:%M:%SZ"')
    exact = column.dt.to_string('"%Y-%m-%dT%H:%M:%S.%9fZ"')
    return pl.when(column.dt.nanosecond() == 0).then(whole).otherwise(exact)


def _escaped(texts: pl.Series) -> pl.Series:
    encode = msgspec.json.encode
    known = texts.unique()
    spelled = [None if text is None else encode(text).decode() for text in known.to_list()]
    return texts.replace_strict(known, pl.Series(spelled, dtype=pl.String))


def json_members(texts: Mapping[str, pl.Expr]) -> pl.Expr:
    """Members of one object a row, up to and with the closing brace; the opening one stands before them."""
    parts: list[pl.Expr] = []
    for place, (name, text) in enumerate(texts.items()):
        parts += [pl.lit(f"{',' if place else ''}{member(name)}"), text]
    return pl.concat_str([*parts, pl.lit("}")])


def member(name: str) -> str:
    """A member's name and the colon."""
    return f"{msgspec.json.encode(name).decode()}:"


def time_value(nanos: int, times: JsonTimes) -> str | int:
    """One time as `as_json` writes it, before the quotes."""
    return written(nanos) if times == "iso" else nanos // _NANOS[times]
