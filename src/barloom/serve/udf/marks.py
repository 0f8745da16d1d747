"""``/udf/marks`` and ``/udf/timescale_marks``: bars that are partial, and days that close early."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Final

import polars as pl
from msgspec import Struct

from barloom.errors import CalendarError
from barloom.serve.api.operations import operation
from barloom.serve.api.room import Room
from barloom.serve.sessions import openings, table_for
from barloom.serve.udf.columns import columns_of
from barloom.serve.udf.history import AskedSpan, candles_in, span_of
from barloom.time.instants import days_of
from barloom.time.timeframe import DAY, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.serve.sessions import Opening
    from barloom.serve.udf.history import Span

__all__ = ["Marks", "TimescaleMark", "marks", "timescale_marks"]

_MOST: Final = 500
_PARTIAL: Final = "partial: its slot had begun before the first row that was read, or a file ended within it"


class Marks(Struct):
    """Marks on candles, column by column."""

    id: list[int]
    time: list[int]
    color: list[str]
    text: list[str]
    label: list[str]


@operation("/udf/marks", tag="udf")
def marks(asked: AskedSpan, room: Room) -> Marks:
    """The partial bars of a time, each with a P."""
    span = span_of(asked, room)
    frame = candles_in(span, columns_of(span.symbol.shelf), room.house.limits.rows)
    times = frame.filter(pl.col("partial").fill_null(value=False)).tail(_MOST)["t"].to_list()
    count = len(times)
    return Marks(times, times, ["yellow"] * count, [_PARTIAL] * count, ["P"] * count)


class TimescaleMark(Struct):
    """A mark on the axis of time."""

    id: str
    time: int
    color: str
    label: str
    tooltip: list[str]


@operation("/udf/timescale_marks", tag="udf")
def timescale_marks(asked: AskedSpan, room: Room) -> list[TimescaleMark]:
    """The days of a time on which the market closes early, each with an H."""
    span = span_of(asked, room)
    early = (item for item in room.timed(_openings(span)) if item.early_close)
    return [_mark(item, span) for item in islice(early, _MOST)]


def _openings(span: Span) -> Iterator[Opening]:
    """The sessions of a time, as far as the calendar knows it."""
    table = table_for(span.symbol.shelf.bars.calendar)
    first = max(span.first * SECOND, int(table.opens[0]))
    last = min(span.last * SECOND, table.known_to)
    try:
        yield from openings(table, first, last) if first < last else ()
    except CalendarError:
        return


def _mark(item: Opening, span: Span) -> TimescaleMark:
    time = item.stretches[0].opens // SECOND if span.timeframe.intraday else days_of(item.date) * (DAY // SECOND)
    return TimescaleMark(item.date.isoformat(), time, "blue", "H", [f"{item.date}: an early close"])
