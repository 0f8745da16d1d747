"""Bars that are stamped with a date: which date a time stands for, and where the slot of that date lies."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.time.sessions import SessionCalendar
from barloom.time.timeframe import DAY
from barloom.time.zones import zone

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Calendar, Integers
    from barloom.time.table import SessionTable
    from barloom.time.timeframe import Timeframe

__all__ = ["Dated", "dates_of", "moments_of"]

_MONDAY = 3
"""1970-01-01 was a Thursday: so many days after a Monday."""


class Dated(NamedTuple):
    """The dates of times, in days since 1970-01-01, and the midnights that say them (mostly the times themselves)."""

    date: Integers
    midnight: Integers


def dates_of(times: Integers, zone_name: str) -> Dated:
    """The date that each time says: as a midnight in the zone, or in UTC, in which many write dates anyway.

    Midnights of two zones are never the same time of different dates.
    """
    local = zone(zone_name)
    in_utc = times % DAY == 0
    date = np.where(in_utc, times, local.to_local(times)) // DAY
    return Dated(date, np.where(in_utc, times, local.midnights(date)))


def moments_of(calendar: Calendar, timeframe: Timeframe, date: Integers) -> tuple[Integers, Booleans]:
    """A time in the slot that goes by each date, and whether there is one; beyond the calendar one beyond it, too.

    A day goes by its trading date. A week or a month goes by each of its dates, those without a session too.
    """
    if not isinstance(calendar, SessionCalendar):
        return date * DAY, np.ones(len(date), np.bool_)
    table = calendar.table
    period = _periods(timeframe, date, calendar.options.week)
    following = np.searchsorted(table.dates, date)
    after, before = np.minimum(following, len(table.dates) - 1), np.maximum(following - 1, 0)
    same_after, same_before = (
        _periods(timeframe, table.dates[place], calendar.options.week) == period for place in (after, before)
    )
    moment = np.where(same_after, table.session_opens[after], table.session_opens[before])
    return _beyond(table, date, moment), same_after | same_before


def _periods(timeframe: Timeframe, date: Integers, week: int) -> Integers:
    """The day, the calendar week or the calendar month of each date; `week` is the weekday with which weeks begin."""
    if timeframe.unit == "d":
        return date
    if timeframe.unit == "w":
        return (date + _MONDAY - week) // 7
    return date.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64)


def _beyond(table: SessionTable, date: Integers, moment: Integers) -> Integers:
    """The moments, but for dates that the table does not know times that it does not know."""
    moment = np.where(date < table.known_from, table.opens[0] - 1, moment)
    return np.where(date > table.known_until, table.known_to, moment)
