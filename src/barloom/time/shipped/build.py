"""Making snapshots of exchange calendars from the package `exchange_calendars`, which is no part of running."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np

from barloom.errors import CalendarError, MissingExtra
from barloom.time.declared.hours import CLOSED, Hours, Stretch
from barloom.time.declared.pattern import Pattern, Week
from barloom.time.instants import date_of, days_of, written
from barloom.time.shipped.errata import ERRATA
from barloom.time.shipped.snapshot import Provenance, Snapshot
from barloom.time.timeframe import MINUTE
from barloom.time.zones import TZ_VERSION, Zone, zone

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.time.calendar import Integers

__all__ = ["EXCHANGES", "build_snapshot"]

EXCHANGES: Final = {
    "XNYS": date(2000, 1, 1),
    "XNAS": date(2000, 1, 1),
    "XTSE": date(2000, 1, 1),
    "XLON": date(2000, 1, 1),
    "XETR": date(2003, 11, 3),  # until then trading went on to 20:00
    "XPAR": date(2001, 1, 1),  # the hours of Euronext, founded in September 2000
    "XTKS": date(2011, 11, 21),  # the morning session was lengthened to 11:30
    "XHKG": date(2012, 3, 5),  # the lunch break was shortened to one hour
    "XSHG": date(2000, 1, 1),
    "XASX": date(2000, 1, 1),
    "XSES": date(2011, 8, 1),  # the lunch break was dropped
    "XBOM": date(2010, 10, 18),  # the open moved to 9:15
}
"""The exchanges that are shipped, and the date from which the package has their hours right."""

_REGULAR_FOR: Final = 40
"""Sessions that are looked at to tell new regular hours from special ones."""


class _Day(NamedTuple):
    date: int
    hours: Hours


def build_snapshot(name: str, now: int) -> Snapshot:
    """The calendar of an exchange, to the end of next year or as far as the package knows.

    `now` (nanoseconds) is when it is made. Raises `MissingExtra` without the package, `CalendarError` for an exchange
    that is unknown, and where the made snapshot would not say exactly what the package does.
    """
    package = _package()
    made_on = date.fromisoformat(written(now)[:10])
    since = EXCHANGES.get(name, date(2000, 1, 1))
    try:
        known_to = package.get_calendar(name).bound_max()
    except package.errors.InvalidCalendarName as error:
        message = f"exchange_calendars knows no exchange {name!r}; shipped are: {', '.join(sorted(EXCHANGES))}"
        raise CalendarError(message) from error
    until = date(made_on.year + 1, 12, 31)
    if known_to is not None:
        until = min(until, known_to.date())
    source = package.get_calendar(name, start=str(since), end=str(until))
    opens, closes, dates = _columns(source.schedule)
    local = zone(str(source.tz))
    days = _local_days(local, opens, closes, dates)
    weeks = _weeks(days_of(since), days)
    pattern = Pattern(local, weeks, days_of(since), days_of(until), _exceptions(weeks, days, days_of(until)))
    _check_equal(name, pattern, opens, closes)
    corrected = _corrected(name, pattern)
    made = Provenance(f"exchange_calendars {package.__version__}", TZ_VERSION, str(made_on))
    return Snapshot(name, corrected, made)


def _check_equal(name: str, pattern: Pattern, opens: Integers, closes: Integers) -> None:
    table = pattern.table(name)
    if not (np.array_equal(table.opens, opens) and np.array_equal(table.closes, closes)):
        message = f"the snapshot of {name} would not say what exchange_calendars says; this version cannot hold it"
        raise CalendarError(message)


def _corrected(name: str, pattern: Pattern) -> Pattern:
    """With what the exchange has announced and the package does not know."""
    known = {days_of(day): erratum for day, erratum in ERRATA.get(name, {}).items()}
    exceptions = dict(pattern.exceptions) | {day: erratum.hours for day, erratum in known.items()}
    holidays = frozenset(day for day, erratum in known.items() if erratum.holiday)
    return replace(pattern, exceptions=exceptions, holidays=holidays)


def _package() -> Any:  # noqa: ANN401 - an optional package without types
    try:
        import exchange_calendars  # noqa: PLC0415 - optional, and slow
    except ImportError as error:
        raise MissingExtra("calendars", "making exchange calendars") from error
    return exchange_calendars


def _columns(schedule: Any) -> tuple[Integers, Integers, Integers]:  # noqa: ANN401 - a frame of pandas
    """Open, close and date of each segment, in order."""

    def column(name: str) -> Integers:
        values: Integers = schedule[name].dt.tz_localize(None).to_numpy("datetime64[ns]").astype(np.int64)
        return values

    dates = schedule.index.to_numpy().astype("datetime64[D]").astype(np.int64)
    parted = schedule["break_start"].notna().to_numpy()
    opens = np.concatenate((column("open"), column("break_end")[parted]))
    closes = np.concatenate((np.where(parted, column("break_start"), column("close")), column("close")[parted]))
    order = np.argsort(opens)
    return opens[order], closes[order], np.concatenate((dates, dates[parted]))[order]


def _local_days(local: Zone, opens: Integers, closes: Integers, dates: Integers) -> list[_Day]:
    since_midnight = [(local.to_local(edge) // MINUTE - dates * 1440).tolist() for edge in (opens, closes)]
    days: dict[int, list[Stretch]] = {}
    for day, begin, end in zip(dates.tolist(), *since_midnight, strict=True):
        days.setdefault(day, []).append(Stretch(begin, end))
    return [_Day(day, tuple(hours)) for day, hours in days.items()]


def _weeks(since: int, days: Sequence[_Day]) -> list[Week]:
    """The regular hours and the dates from which they held: those that most of the next sessions have."""
    weeks: list[Week] = []
    current: Hours = CLOSED
    for at, day in enumerate(days):
        if day.hours == current:
            continue
        coming = [item.hours for item in days[at : at + _REGULAR_FOR]]
        if not weeks or 2 * coming.count(day.hours) > _REGULAR_FOR:
            current = day.hours
            weeks.append(Week(day.date if weeks else since, (current,) * 5 + (CLOSED,) * 2))
    return weeks


def _exceptions(weeks: Sequence[Week], days: Sequence[_Day], until: int) -> dict[int, Hours]:
    """The dates whose hours are not those of their week."""
    actual = dict(days)
    exceptions: dict[int, Hours] = {}
    week = 0
    for day in range(weeks[0].since, until + 1):
        while week + 1 < len(weeks) and weeks[week + 1].since <= day:
            week += 1
        usual, hours = weeks[week].hours[date_of(day).weekday()], actual.get(day, CLOSED)
        if hours != usual:
            exceptions[day] = hours
    return exceptions
