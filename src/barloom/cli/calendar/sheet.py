"""The calendar of a definition, as ``check`` shows it."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.cli.formats import count
from barloom.cli.screen import Column, Sheet
from barloom.engine.deadlines import Deadlines
from barloom.time.about import about, provenance_of, sample_days
from barloom.time.calendar import children_of, expected_slots
from barloom.time.calendars import resolve
from barloom.time.horizon import horizon_warning
from barloom.time.instants import days_of
from barloom.time.sessions import SessionCalendar
from barloom.time.timeframe import DAY

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan, LevelPlan
    from barloom.time.calendar import Calendar, Integers

__all__ = ["calendar_body", "calendar_sheet", "calendar_warnings", "checked_calendar", "slots_of_a_year"]

_YEAR: Final = days_of(date(2025, 1, 1)) * DAY, days_of(date(2026, 1, 1)) * DAY
_SAMPLE_SLOTS: Final = 100_000


def checked_calendar(plan: BarPlan) -> Calendar:
    """The calendar that a plan names.

    Raises `CalendarError` where there is none, `DefinitionError` where the grace after the close does not fit it.
    """
    calendar = resolve(plan.calendar)
    Deadlines(calendar, plan.close_grace)
    return calendar


def calendar_sheet(calendar: Calendar, now: int) -> Sheet | None:
    """Its zone, hours, provenance and end; none for a calendar that never closes."""
    known = about(calendar)
    if known is None:
        return None
    sheet = Sheet(f"Calendar {known.name}", (Column("", style="bold"), Column("")))
    sheet.add("time zone", known.zone)
    sheet.add("usual hours", known.hours)
    year = _written_range(known.sample_from, known.sample_until)
    early = f", {count(known.early_closes)} of them with an early close" if known.early_closes else ""
    sheet.add("sessions", f"{count(known.sessions)} in {year}{early}")
    sheet.add("known", f"{known.known_from} to {known.known_until}, {count(calendar.days_left(now) or 0)} days left")
    for name, made in provenance_of(calendar).items():
        sheet.add(f"made ({name})", f"by {made.made_by} with zone rules {made.tz_data}, {made.made_at}")
    return sheet


def _written_range(first: date, last: date) -> str:
    whole = (first.month, first.day, last.month, last.day) == (1, 1, 12, 31) and first.year == last.year
    return str(first.year) if whole else f"{first} to {last}"


def calendar_body(calendar: Calendar, now: int) -> dict[str, object] | None:
    """The same for scripts."""
    known = about(calendar)
    if known is None:
        return None
    return {
        "name": calendar.name,
        "zone": known.zone,
        "hours": known.hours,
        "known_from": str(known.known_from),
        "known_until": str(known.known_until),
        "days_left": calendar.days_left(now),
        "sample_from": str(known.sample_from),
        "sample_until": str(known.sample_until),
        "sessions": known.sessions,
        "early_closes": known.early_closes,
        "extended": known.extended,
        "made": {
            name: {"made_by": made.made_by, "tz_data": made.tz_data, "made_at": made.made_at}
            for name, made in provenance_of(calendar).items()
        },
    }


def calendar_warnings(calendar: Calendar, now: int) -> list[str]:
    """What is worth knowing of it before the first run."""
    known, horizon = about(calendar), horizon_warning(calendar, now)
    found = [] if horizon is None else [horizon]
    if known is not None and known.extended and not known.outside_hours:
        found.append(
            f"the calendar {known.name!r} has no hours before or after the regular ones, so extended adds none: "
            "state them as pre and post hours of a calendar of your own"
        )
    return found


def slots_of_a_year(calendar: Calendar, plan: BarPlan, level: LevelPlan) -> Integers:
    """How many children the slots of a parent level have, for those of one year (or the first of them)."""
    assert level.child is not None  # noqa: S101 - callers ask for parents only
    parent = calendar.grid(level.timeframe)
    child = children_of(calendar, level.timeframe, plan.levels[level.child].timeframe)
    begin, end = (np.array([edge], np.int64) for edge in _year(calendar))
    first = int(parent.ordinal(begin)[0]) + int(not parent.knows(begin)[0])
    last = min(int(parent.ended(end)[0]), first + _SAMPLE_SLOTS)
    starts, _ = parent.bounds(np.arange(first, max(first, last), dtype=np.int64))
    return expected_slots(parent, child, starts)


def _year(calendar: Calendar) -> tuple[int, int]:
    """From the first open to the last close of the year that is looked at."""
    if not isinstance(calendar, SessionCalendar):
        return _YEAR
    table = calendar.table
    first, last = sample_days(calendar)
    low, high = np.searchsorted(table.dates, [first, last + 1]).tolist()
    return int(table.session_opens[low]), int(table.session_closes[high - 1])
