"""Bars and frames as text: decimals in full, times in ISO 8601."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Final

import polars as pl

from barloom.read.bar import Bar, field_names
from barloom.time.instants import slot_text, stamped

__all__ = ["bar_body", "iso", "text_columns", "written_field"]

_BOUNDS: Final = {"start": "start_ns", "end": "end_ns"}
_INSTANTS: Final = {"open_time": "open_time_ns", "close_time": "close_time_ns"}
_COUNTED: Final = frozenset({*_BOUNDS.values(), *_INSTANTS.values()})
_TIME: Final = pl.Datetime("ns", "UTC")


def written_field(bar: Bar, name: str) -> object:
    """A field as it is written: times in ISO 8601, decimals in full."""
    if name in _BOUNDS:
        return slot_text(getattr(bar, _BOUNDS[name]), bar.timeframe)
    if name in _INSTANTS:
        time = getattr(bar, _INSTANTS[name])
        return None if time is None else stamped(time)
    value = getattr(bar, name)
    if isinstance(value, Decimal):
        return format(value, "f")
    return value.isoformat() if isinstance(value, date) else value


def bar_body(bar: Bar) -> dict[str, object]:
    """A bar as JSON: decimals as text, times in ISO 8601."""
    return {name: written_field(bar, name) for name in field_names(bar) if name not in _COUNTED}


def text_columns(schema: pl.Schema, *, decimals: bool = False) -> list[pl.Expr]:
    """The columns of a frame with its times as text, and, if asked for, its decimals, too."""
    of_slots = "timeframe" in schema
    return [_column(name, kind, of_slots=of_slots, decimals=decimals) for name, kind in schema.items()]


def _column(name: str, kind: pl.DataType, *, of_slots: bool, decimals: bool) -> pl.Expr:
    if kind == _TIME:
        return iso(name, of_slots=of_slots and name in _BOUNDS)
    if kind == pl.Date or (decimals and kind.is_decimal()):
        return pl.col(name).cast(pl.String)
    return pl.col(name)


def iso(name: str, *, of_slots: bool) -> pl.Expr:
    """A column of instants as ISO 8601 in UTC, all of them alike.

    The bounds of slots have seconds, unless the timeframe is of milliseconds; those and the times of ticks nine digits.
    """
    time = pl.col(name)
    exact = time.dt.strftime("%Y-%m-%dT%H:%M:%S.%9fZ")
    if not of_slots:
        return exact.alias(name)
    whole = time.dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    return pl.when(pl.col("timeframe").str.ends_with("ms")).then(exact).otherwise(whole).alias(name)
