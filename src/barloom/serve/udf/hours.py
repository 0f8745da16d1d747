"""The hours of a market as the charting library is told of them: usual ones, holidays, and days with others."""

from __future__ import annotations

from collections import Counter, defaultdict
from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.time.instants import date_of
from barloom.time.sessions import SessionCalendar
from barloom.time.timeframe import DAY, MINUTE
from barloom.time.zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.time.calendar import Calendar
    from barloom.time.table import SessionTable

__all__ = ["MarketHours", "hours_of"]

_YEAR: Final = 365
_BACK: Final = 3 * _YEAR
"""How many days back holidays and other hours are told."""
_THURSDAY: Final = 4
"""1970-01-01, where Sunday is 0."""
_WHOLE: Final = "0000-2400"
_ALWAYS: Final = "24x7"
_UTC: Final = "Etc/UTC"
_WEEK: Final = "1234567"
_WORKDAYS: Final = "23456"


class MarketHours(NamedTuple):
    """`session` is local: ``0930-1600``, by weekdays where they differ (``:23456``, Sunday is 1).

    `holidays` are dates (``20251127``), `corrections` the dates with other hours (``0930-1300:20251128``).
    """

    session: str
    zone: str
    holidays: str = ""
    corrections: str = ""


def hours_of(calendar: Calendar, at: int) -> MarketHours:
    """The hours of a calendar as they are at a time (nanoseconds)."""
    if not isinstance(calendar, SessionCalendar):
        return MarketHours(_ALWAYS, _UTC)
    return _hours(calendar.table, at // DAY)


@lru_cache(maxsize=32)
def _hours(table: SessionTable, day: int) -> MarketHours:
    day = min(max(day, int(table.dates[0])), table.known_until)
    usual = _usual(dict(_written(table, day - _YEAR + 1, day)))
    told = dict(_written(table, max(day - _BACK, table.known_from), min(day + _YEAR, table.known_until)))
    asked = range(max(day - _BACK, table.known_from), min(day + _YEAR, table.known_until) + 1)
    holidays = [_date(each) for each in asked if _weekday(each) in usual and each not in told]
    others = [f"{hours}:{_date(each)}" for each, hours in told.items() if usual.get(_weekday(each)) != hours]
    name = _UTC if table.zone == "UTC" else table.zone
    return MarketHours(_session(usual), name, ",".join(holidays), ";".join(others))


def _usual(told: dict[int, str]) -> dict[int, str]:
    """The hours that most sessions of a weekday have."""
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for day, hours in told.items():
        found[_weekday(day)][hours] += 1
    most = max((counts.total() for counts in found.values()), default=0)
    # a weekday that has a session now and then has no usual hours
    return {day: counts.most_common(1)[0][0] for day, counts in sorted(found.items()) if 4 * counts.total() > most}


def _session(usual: dict[int, str]) -> str:
    days: dict[str, str] = defaultdict(str)
    for weekday, hours in usual.items():
        days[hours] += str(weekday)
    if dict(days) == {_WHOLE: _WEEK}:
        return _ALWAYS
    if list(days.values()) == [_WORKDAYS]:
        return next(iter(days))
    return "|".join(f"{hours}:{weekdays}" for hours, weekdays in days.items())


def _written(table: SessionTable, first: int, last: int) -> Iterator[tuple[int, str]]:
    """The local hours of the sessions of some days: ``0900-1130,1230-1500``, or ``1700-1700`` from the day before."""
    low, high = np.searchsorted(table.dates, [first, last + 1]).tolist()
    local = zone(table.zone)
    for number in range(low, high):
        at = slice(int(table.first_segment[number]), int(table.first_segment[number + 1]))
        opens, closes = local.to_local(table.opens[at]).tolist(), local.to_local(table.closes[at]).tolist()
        yield (
            int(table.dates[number]),
            ",".join(f"{_clock(one)}-{_clock(two, end=True)}" for one, two in _joined(opens, closes)),
        )


def _joined(opens: list[int], closes: list[int]) -> list[tuple[int, int]]:
    """Stretches, those that follow each other at once as one."""
    found: list[tuple[int, int]] = []
    for one, two in zip(opens, closes, strict=True):
        if found and found[-1][1] == one:
            found[-1] = found[-1][0], two
        else:
            found.append((one, two))
    return found


def _clock(local: int, *, end: bool = False) -> str:
    minutes = local % DAY // MINUTE
    return "2400" if end and minutes == 0 else f"{minutes // 60:02d}{minutes % 60:02d}"


def _weekday(day: int) -> int:
    """From 1, Sunday, to 7."""
    return (day + _THURSDAY) % 7 + 1


def _date(day: int) -> str:
    return date_of(day).strftime("%Y%m%d")
