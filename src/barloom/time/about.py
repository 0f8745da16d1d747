"""A calendar in words and numbers: its usual hours, a year of its sessions, and where its hours come from."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.time.declared.hours import Phase
from barloom.time.instants import date_of, days_of
from barloom.time.options import Options
from barloom.time.sessions import SessionCalendar
from barloom.time.shipped.snapshot import exchange_names, load_snapshot
from barloom.time.timeframe import DAY, MINUTE
from barloom.time.zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.time.calendar import Calendar, Integers
    from barloom.time.shipped.snapshot import Provenance
    from barloom.time.table import SessionTable

__all__ = ["About", "about", "provenance_of", "sample_days", "short_name"]

_SAMPLE: Final = days_of(date(2025, 1, 1)), days_of(date(2025, 12, 31))
_YEAR: Final = 365
_WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_TEMPLATE: Final = "template:"


@dataclass(frozen=True, slots=True)
class About:
    """What there is to say of a calendar that is made of sessions.

    `hours` are its usual local hours by weekday. Of the trading dates from `sample_from` to `sample_until`, `sessions`
    have a session, and `early_closes` of these close early.
    """

    name: str
    zone: str
    hours: str
    known_from: date
    known_until: date
    sample_from: date
    sample_until: date
    sessions: int
    early_closes: int
    extended: bool
    outside_hours: bool
    """Whether it has hours before or after the regular ones (which count where it is `extended`)."""


def about(calendar: Calendar) -> About | None:
    """A calendar's facts; none for one that never closes."""
    if not isinstance(calendar, SessionCalendar):
        return None
    table = calendar.table
    first, last = sample_days(calendar)
    low, high = np.searchsorted(table.dates, [first, last + 1]).tolist()
    return About(
        name=short_name(calendar),
        zone=table.zone,
        hours=_usual_hours(table, low, high),
        known_from=date_of(table.known_from),
        known_until=date_of(table.known_until),
        sample_from=date_of(first),
        sample_until=date_of(last),
        sessions=high - low,
        early_closes=int(table.early_closes[low:high].sum()),
        extended=calendar.options.extended,
        outside_hours=bool((table.phase_of != Phase.REGULAR).any()),
    )


def short_name(calendar: Calendar) -> str:
    """A calendar's name; of a template, which is a long text, what it is."""
    if not calendar.name.startswith(_TEMPLATE) or not isinstance(calendar, SessionCalendar):
        return calendar.name
    return f"template in {calendar.table.zone}{calendar.options}"


def sample_days(calendar: SessionCalendar) -> tuple[int, int]:
    """The year that is looked at, as its first and last day since 1970-01-01: 2025, or the last that is known."""
    table = calendar.table
    if table.known_from <= _SAMPLE[0] and _SAMPLE[1] <= table.known_until:
        return _SAMPLE
    last = min(table.known_until, int(table.dates[-1]))
    return max(last - _YEAR + 1, table.known_from), last


def provenance_of(calendar: Calendar) -> dict[str, Provenance]:
    """Where the shipped hours that a calendar uses come from, by the name of the exchange."""
    plain, _ = Options.split(calendar.name)
    if plain in exchange_names():
        return {plain: load_snapshot(plain).provenance}
    if not plain.startswith(_TEMPLATE):
        return {}
    from barloom.time.declared.template import Template  # noqa: PLC0415 - only when asked for

    template = Template.from_name(plain)
    used = sorted({*template.holidays_of, *template.early_closes_of})
    return {name: load_snapshot(name).provenance for name in used}


def _usual_hours(table: SessionTable, low: int, high: int) -> str:
    """``Mon-Fri 09:30-16:00``: on each weekday the hours that most of its sessions have."""
    found: dict[int, Counter[str]] = {}
    for day, hours in _written_sessions(table, low, high):
        found.setdefault((day + 3) % 7, Counter())[hours] += 1
    usual = [(weekday, found[weekday].most_common(1)[0][0]) for weekday in sorted(found)]
    parts = []
    for hours, run in groupby(usual, key=lambda item: item[1]):
        days = [_WEEKDAYS[weekday] for weekday, _ in run]
        parts.append(f"{days[0]}-{days[-1]} {hours}" if len(days) > 1 else f"{days[0]} {hours}")
    return "; ".join(parts)


def _written_sessions(table: SessionTable, low: int, high: int) -> Iterator[tuple[int, str]]:
    """The local hours of sessions, as text, with their trading dates."""
    local = zone(table.zone)
    segments = slice(int(table.first_segment[low]), int(table.first_segment[high]))
    opens, closes = local.to_local(table.opens[segments]), local.to_local(table.closes[segments])
    rows = zip(
        table.dates[table.session_of[segments]].tolist(),
        _minutes(opens),
        _minutes(closes),
        table.phase_of[segments].tolist(),
        strict=True,
    )
    for day, of_session in groupby(rows, key=lambda row: row[0]):
        yield day, ", ".join(_stretch(*row[1:]) for row in of_session)


def _minutes(local: Integers) -> list[int]:
    minutes: list[int] = (local % DAY // MINUTE).tolist()
    return minutes


def _stretch(opens: int, closes: int, phase: int) -> str:
    hours = f"{opens // 60:02d}:{opens % 60:02d}-{closes // 60:02d}:{closes % 60:02d}"
    if opens == closes == 0:
        hours = "00:00-24:00"
    return f"{hours} ({Phase(phase)})" if phase else hours
