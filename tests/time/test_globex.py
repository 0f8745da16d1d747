"""The example of Globex against the hours that CME Group published for its holidays, counted by hand."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from barloom.time.calendars import resolve
from barloom.time.declared.template import Template
from barloom.time.sessions import SessionCalendar
from barloom.time.slots import expected_slots, round_to_slot

CHICAGO = ZoneInfo("America/Chicago")
EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "globex.toml"
PUBLISHED = {
    # Each with the announcement: trading goes on until noon, and is of the next trade date.
    "2024-01-16": ["Sun 17:00-Mon 12:00", "Mon 17:00-Tue 16:00"],  # forexlive.com, 12 January 2024, from CME's hours
    "2025-01-21": ["Sun 17:00-Mon 12:00", "Mon 17:00-Tue 16:00"],  # forexlive.com, 19 January 2025
    "2024-06-20": ["Tue 17:00-Wed 12:00", "Wed 17:00-Thu 16:00"],  # Juneteenth on a Wednesday
    "2024-07-05": ["Wed 17:00-Thu 12:00", "Thu 17:00-Fri 16:00"],
    "2025-07-07": ["Thu 17:00-Fri 12:00", "Sun 17:00-Mon 16:00"],  # Independence Day on a Friday
    "2024-11-29": ["Wed 17:00-Thu 12:00", "Thu 17:00-Fri 12:15"],
    "2024-12-24": ["Mon 17:00-Tue 12:15"],
    "2024-12-26": ["Wed 17:00-Thu 16:00"],
    "2024-01-12": ["Thu 17:00-Fri 16:00"],
}


@pytest.fixture(scope="module")
def globex() -> SessionCalendar:
    """The calendar of the example."""
    stated = tomllib.loads(EXAMPLE.read_text(encoding="utf-8"))["bars"]["calendar"]
    found = resolve(Template.of(stated).name)
    assert isinstance(found, SessionCalendar)
    return found


@pytest.mark.parametrize("day", PUBLISHED)
def test_a_trade_date_has_the_published_hours(globex: SessionCalendar, day: str) -> None:
    """In the time of Chicago; two evenings where a holiday lies before."""
    asked = date.fromisoformat(day)
    found = [
        "-".join(f"{edge.astimezone(CHICAGO):%a %H:%M}" for edge in segment)
        for session in globex.sessions(asked, asked)
        for segment in session.segments
    ]

    assert PUBLISHED[day] == found


def test_holidays_are_no_trade_dates(globex: SessionCalendar) -> None:
    """Ten in each year, so 252 and 251 trade dates of 262 and 261 weekdays."""
    years = [[*globex.sessions(date(year, 1, 1), date(year, 12, 31))] for year in (2024, 2025)]

    assert [252, 251] == [len(sessions) for sessions in years]
    assert date(2024, 1, 15) not in {session.date for session in years[0]}


def test_a_tick_of_the_holiday_is_in_the_next_trade_date(globex: SessionCalendar) -> None:
    """15 January 2024, 10:00 in Chicago: a day of 19 and 23 hours, the second of three trade dates' first evening."""
    day = round_to_slot(datetime(2024, 1, 15, 10, tzinfo=CHICAGO), "1d", globex)

    assert day is not None
    assert (datetime(2024, 1, 14, 23, tzinfo=UTC), datetime(2024, 1, 16, 22, tzinfo=UTC)) == day
    assert 19 + 23 == expected_slots("1d", "1h", day.start, globex)
    assert round_to_slot(datetime(2024, 1, 15, 13, tzinfo=CHICAGO), "1d", globex) is None
