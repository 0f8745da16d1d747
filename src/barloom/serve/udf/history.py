"""``/udf/history``: the candles of a symbol, as the charting library scrolls through them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar, Final, NamedTuple

import polars as pl
from msgspec import Meta, Struct, field

from barloom.read.frames import Part
from barloom.serve.api.asking import Asked
from barloom.serve.api.operations import operation
from barloom.serve.api.refusals import Refused
from barloom.serve.api.room import Room
from barloom.serve.stores.served import Wanted
from barloom.serve.udf.columns import columns_of
from barloom.serve.udf.resolutions import timeframe_of
from barloom.serve.udf.symbols import Ticker, symbol_at
from barloom.time.timeframe import DAY, SECOND, Timeframe

if TYPE_CHECKING:
    from barloom.serve.udf.columns import Columns
    from barloom.serve.udf.symbols import Symbol

__all__ = ["AskedHistory", "AskedSpan", "Candles", "Moment", "NoData", "Span", "candles_in", "history", "span_of"]

_FIRST: Final = -9_214_560_000
_LAST: Final = 9_214_646_399
"""Seconds of the years 1678 to 2261, in which bars can be."""
_ASIDE: Final = 2 * DAY
"""How far the first open of a trading date may be from its midnight in UTC, by which the library names it."""
_OVER: Final = 4
"""How many bars of a day or more may begin in that time."""

Moment = Annotated[int, Meta(description="Seconds since 1970.")]


class AskedSpan(Asked, frozen=True, kw_only=True):
    """Which symbol, resolution and time."""

    lenient: ClassVar[bool] = True

    symbol: Ticker
    resolution: Annotated[str, Meta(description="Such as 1, 60, 1S, 1D.", examples=["1"])]
    from_: Moment = field(name="from")
    to: Moment


class AskedHistory(AskedSpan, frozen=True, kw_only=True):
    """Which candles; `countback` counts more than `from`."""

    countback: Annotated[int, Meta(description="How many candles before `to` are wanted, whatever `from` says.")] = 0


class Candles(Struct, omit_defaults=True):
    """Candles column by column, in time order.

    Times are seconds; of days and more 00:00 UTC of the trading date. Prices are JSON numbers, with the digits that a
    double holds: `/v1/bars` has them all.
    """

    s: str
    t: list[int]
    c: list[float | None]
    o: list[float | None] | None = None
    h: list[float | None] | None = None
    l: list[float | None] | None = None  # noqa: E741 - the library's name
    v: list[float | None] | None = None


class NoData(Struct, rename={"next_time": "nextTime"}, omit_defaults=True):
    """There is no candle in this time; `nextTime` is that of the last one before."""

    s: str
    next_time: int | None = None


class Span(NamedTuple):
    """A symbol, a timeframe, and a time from `first` up to, not including, `last`, in seconds as the library counts."""

    symbol: Symbol
    timeframe: Timeframe
    first: int
    last: int


def span_of(asked: AskedSpan, room: Room) -> Span:
    """What a request speaks of; `Refused` for an unknown symbol or resolution."""
    symbol = symbol_at(room, asked.symbol)
    name = timeframe_of(asked.resolution, symbol.shelf.bars.timeframes())
    if name is None:
        message = f"there are no bars of the resolution {asked.resolution!r}; see supported_resolutions of the symbol"
        raise Refused(400, message, "resolution")
    first, last = (min(max(time, _FIRST), _LAST) for time in (asked.from_, asked.to))
    return Span(symbol, Timeframe.parse(name), first, last)


@operation("/udf/history", tag="udf")
def history(asked: AskedHistory, room: Room) -> Candles | NoData:
    """The candles of a symbol that begin from `from` up to, not including, `to`, or `countback` of them before `to`.

    Where there are more than are answered at once it is the newest of them.
    """
    span, most = span_of(asked, room), room.house.limits.rows
    columns = columns_of(span.symbol.shelf)
    counted = min(asked.countback, most) if asked.countback > 0 else None
    frame = candles_in(span if counted is None else span._replace(first=_FIRST), columns, counted or most)
    if frame.height:
        return _candles(frame, columns)
    before = candles_in(span._replace(first=_FIRST, last=min(span.first, span.last)), columns, 1)
    return NoData("no_data", None if before.is_empty() else before["t"][0])


def candles_in(span: Span, columns: Columns, most: int) -> pl.DataFrame:
    """The newest bars of a span, at most so many, in time order, with the library's time as ``t``."""
    dated = not span.timeframe.intraday
    aside, over = (_ASIDE, _OVER) if dated else (0, 0)
    first, last = (max(time * SECOND, _FIRST * SECOND + _ASIDE) for time in (span.first, span.last))
    part = Part(span.symbol.key, first - aside, min(last + aside, _LAST * SECOND), most + over, backwards=True)
    page = span.symbol.shelf.bars.page(Wanted(str(span.timeframe), [part], most + over, newest=True))
    stamp = pl.col("trading_date").cast(pl.Int64) * (DAY // SECOND) if dated else pl.col("start").dt.epoch("s")
    told = page.frame.with_columns(t=stamp).filter(
        pl.col("t").is_between(span.first, span.last, closed="left") & pl.col(columns.names["close"]).is_not_null()
    )
    return told.tail(most)


def _candles(frame: pl.DataFrame, columns: Columns) -> Candles:
    def numbers(part: str) -> list[float | None] | None:
        name = columns.names.get(part)
        # by their text, as a double nearest to it, and not by a division of doubles
        return None if name is None else frame[name].cast(pl.String).cast(pl.Float64).to_list()

    whole = columns.plots != "c"
    return Candles(
        s="ok",
        t=frame["t"].to_list(),
        c=numbers("close") or [],
        o=numbers("open") if whole else None,
        h=numbers("high") if whole else None,
        l=numbers("low") if whole else None,
        v=numbers("volume"),
    )
