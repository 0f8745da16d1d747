"""Columns as JSON text: exact numbers in quotes, the times of slots as a definition wants them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import polars as pl

from barloom.time.instants import nanos_of_text, written

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "FORMAT",
    "LATE_VERSION",
    "VERSION",
    "JsonTimes",
    "as_json",
    "bound_as_json",
    "counted",
    "json_members",
    "member",
    "time_of",
    "time_value",
]

JsonTimes: TypeAlias = Literal["iso", "ms", "us", "ns"]
"""How a slot's start and end are written: ISO 8601 text, or a number of units since the epoch."""

FORMAT: Final = "format"
"""The member that tells which version of its layout a bar or a refused row has; without it, it is the first."""

VERSION: Final = 2
"""Of bars. In the first, ``open_time`` and ``close_time`` were nanoseconds however times were written."""

LATE_VERSION: Final = 1
"""Of refused rows."""

_NANOS: Final = {"ms": 1_000_000, "us": 1_000, "ns": 1}
_PLACES: Final = {"ms": 6, "us": 3, "ns": 0}


def as_json(name: str, kind: pl.DataType, times: JsonTimes, *, escape: bool = False) -> pl.Expr:
    """A column as JSON text, ``null`` where it has no value. `escape` texts that come from outside.

    Times that are written as text have nine digits, so that a column holds one form of them.
    """
    column = pl.col(name)
    if isinstance(kind, pl.Datetime):
        text = _exact(column) if times == "iso" else counted(column.to_physical(), _PLACES[times])
        return text.fill_null("null")
    if escape and kind == pl.String:
        return column.map_batches(_escaped, return_dtype=pl.String).fill_null("null")
    text = column.cast(pl.String)
    if kind.is_integer() or kind == pl.Boolean:
        return text.fill_null("null")
    return pl.concat_str(pl.lit('"'), text, pl.lit('"')).fill_null("null")


def bound_as_json(name: str, times: JsonTimes, *, exact: pl.Expr | None = None) -> pl.Expr:
    """The start or end of a slot: text has seconds, and nine digits where `exact` holds (none: where there are any)."""
    column = pl.col(name)
    if times != "iso":
        return (column.to_physical() // _NANOS[times]).cast(pl.String)
    whole = column.dt.to_string('"%Y-%m-%dT%H:%M:%SZ"')
    finer = column.dt.nanosecond() != 0 if exact is None else exact
    return pl.when(finer).then(_exact(column)).otherwise(whole)


def counted(nanos: pl.Expr, places: int) -> pl.Expr:
    """Nanoseconds as a number of units of ``10 ** places``, with a fraction only where one is needed."""
    exact = nanos.cast(pl.Int128).reinterpret(dtype=pl.Decimal(38, places)).cast(pl.String)
    return exact.str.strip_chars_end("0").str.strip_chars_end(".") if places else nanos.cast(pl.String)


def _exact(column: pl.Expr) -> pl.Expr:
    return column.dt.to_string('"%Y-%m-%dT%H:%M:%S.%9fZ"')


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
    """A bound of a slot as `bound_as_json` writes it, before the quotes."""
    return written(nanos) if times == "iso" else nanos // _NANOS[times]


def time_of(given: str | int, times: JsonTimes) -> int:
    """The nanoseconds of what `time_value` writes."""
    return nanos_of_text(str(given)) if times == "iso" else int(given) * _NANOS[times]
