"""The slots of published bars: where they end, and why the store has no bar of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.engine.frames import bar_schema
from barloom.plan.barplan import Gap
from barloom.read.arguments import key_row
from barloom.read.standing import ended_by
from barloom.read.verify.causes import UNKNOWN
from barloom.read.verify.starts import START
from barloom.time.sessions import SessionCalendar
from barloom.time.timeframe import DAY, HOUR
from barloom.time.zones import zone

if TYPE_CHECKING:
    from barloom.read.readable import Readable
    from barloom.time.calendar import Booleans, Integers

__all__ = ["bounded", "dated", "standing"]

_PROBED: Final = (-3, 0, 3, 6, 9, 12, 15, 18, 21)
"""Hours from midnight in UTC at one of which a session of that trading date is open, wherever the market is."""

_DAYS: Final = {"d": 1, "w": 7, "mo": 31}


def bounded(store: Readable, level: int, bars: pl.DataFrame) -> pl.DataFrame:
    """From ``lo`` up to ``hi`` the times of a bar's rows: its slot's, or where it has none as long as the timeframe.

    Null where the calendar does not reach, and for bars within a slot that begins earlier.
    """
    starts = bars[START].to_numpy().astype(np.int64)
    end, inside, exact = _located(store, level, starts)
    timeframe = store.plan.levels[level].timeframe
    length = timeframe.nanos if timeframe.intraday else timeframe.count * _DAYS[timeframe.unit] * DAY
    lo, reach = pl.Series("lo", starts), pl.Series("hi", np.where(exact, end, starts + length))
    hi = bars["end"].fill_null(reach).alias("hi")
    off = pl.Series(inside & ~exact)
    bounds = [lo.set(off, None), hi.set(off, None)]
    return pl.DataFrame([*bounds, *_around(store, level, *bounds)])


def _around(store: Readable, level: int, lo: pl.Series, hi: pl.Series) -> list[pl.Series]:
    """From ``wide_lo`` up to ``wide_hi``: of days and more all of their local dates, which a venue may count whole."""
    calendar, intraday = store.calendar, store.plan.levels[level].timeframe.intraday
    if intraday or not isinstance(calendar, SessionCalendar):
        return [lo.alias("wide_lo"), hi.alias("wide_hi")]
    local = zone(calendar.table.zone)
    first, last = (local.to_local(times.fill_null(0).to_numpy()) // DAY for times in (lo, hi - 1))
    begins, ends = pl.Series("wide_lo", local.midnights(first)), pl.Series("wide_hi", local.midnights(last + 1))
    return [begins.set(lo.is_null(), None), ends.set(hi.is_null(), None)]


def dated(store: Readable, level: int, starts: pl.Series) -> pl.Series:
    """Starts of days and more that are dates alone, as midnights in UTC, as the slots of these trading dates.

    Others, and dates that no slot begins with, stay as they are.
    """
    timeframe = store.plan.levels[level].timeframe
    if timeframe.intraday or not isinstance(store.calendar, SessionCalendar) or not (starts % DAY == 0).all():
        return starts
    grid, days = store.calendar.grid(timeframe), starts.to_numpy().astype(np.int64)
    found = days.copy()
    for hours in _PROBED:
        at = days + hours * HOUR
        known = np.flatnonzero(grid.knows(at))
        slots = grid.round_to_slot(at[known])
        fits = slots.inside & (grid.trading_date(np.where(slots.inside, slots.start, at[known])) == days[known] // DAY)
        found[known[fits]] = slots.start[fits]
    return pl.Series(starts.name, found)


def _located(store: Readable, level: int, starts: Integers) -> tuple[Integers, Booleans, Booleans]:
    """The end of the slot that holds each time, whether there is one, and whether it begins there."""
    grid = store.calendar.grid(store.plan.levels[level].timeframe)
    known = grid.knows(starts)
    found = grid.round_to_slot(starts[known])
    end, inside, exact = starts.copy(), np.zeros(len(starts), np.bool_), np.zeros(len(starts), np.bool_)
    end[known], inside[known] = found.end, found.inside
    exact[known] = found.inside & (found.start == starts[known])
    return end, inside, exact


def standing(store: Readable, level: int, missing: pl.DataFrame) -> pl.DataFrame:
    """Why the store has no bar in these slots, of which no refused row is known, as ``bar`` and ``cause``."""
    keys = list(store.plan.event.key)
    parts = [_of_key(store, level, part) for part in missing.partition_by(keys)]
    nothing = missing.select("bar", cause=pl.lit(UNKNOWN)).clear()
    return pl.concat([nothing, *parts])


def _of_key(store: Readable, level: int, bars: pl.DataFrame) -> pl.DataFrame:
    starts = bars[START].to_numpy().astype(np.int64)
    end, inside, exact = _located(store, level, starts)
    key = _encoded(store, bars)
    plan = store.plan
    times = store.times_of(key)
    reached = times.stream_time
    causes = np.full(len(starts), UNKNOWN, dtype=object)
    if plan.levels[level].gap is Gap.OMIT:
        causes[bars["untraded"].fill_null(value=False).to_numpy()] = "omitted"
    if key is None or not _has_bars(store, level, key):
        causes[:] = "no_key"
    if times.told:
        done = np.zeros(len(starts), np.bool_)
        if reached is not None:
            done = end <= ended_by(store, reached, plan.deciding_delay(level))
        causes[~done] = "not_final"
        retention = plan.levels[level].retention
        if retention is not None and reached is not None:
            causes[end <= reached - retention] = "expired"
        if times.began is not None:
            causes[end <= times.began] = "before_start"
    causes[inside & ~exact] = "off_grid"
    causes[~inside] = "outside_session"
    return bars.select("bar", cause=pl.Series(causes.tolist(), dtype=pl.String))


def _encoded(store: Readable, bars: pl.DataFrame) -> bytes | None:
    """The key of these bars as the store writes it; none where it cannot be one."""
    row = bars.select(bar_schema(store.plan).names()[: len(store.plan.event.key)]).row(0)
    try:
        return store.layout.keys.encode(key_row(store.plan.event, row, {}))
    except (TypeError, ValueError):
        return None


def _has_bars(store: Readable, level: int, key: bytes) -> bool:
    from barloom.store.backend import Family  # noqa: PLC0415 - only where bars are missing

    place = store.layout.prefix(level, key)
    return any((store.backend.first(family, place) or b"").startswith(place) for family in (Family.FINAL, Family.OPEN))
