"""Calendars in words: usual hours, a year of sessions, why a time is out of session, and warnings before the end."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from barloom.time.about import about, provenance_of, short_name
from barloom.time.calendars import resolve
from barloom.time.horizon import horizon_warning, last_known_date
from barloom.time.session_at import sessions_of, why_closed
from barloom.time.slots import round_to_slot

EXTENDED = (
    'template:{"zone":"America/New_York","hours":"0930-1600","pre":"0400-0930","post":"1600-2000",'
    '"weekdays":{"Fri":"0930-1200"},"holidays":["XNYS"]}?extended=true'
)


def nanos(text: str) -> int:
    """Since the epoch."""
    return int(datetime.fromisoformat(text).timestamp()) * 10**9


@pytest.mark.parametrize(
    ("name", "hours"),
    [
        ("XNYS", "Mon-Fri 09:30-16:00"),
        ("XTKS", "Mon-Fri 09:00-11:30, 12:30-15:30"),
        ("24x5-fx", "Mon-Fri 17:00-17:00"),
        ("24x7@Asia/Tokyo", "Mon-Sun 00:00-24:00"),
        (EXTENDED, "Mon-Thu 04:00-09:30 (pre), 09:30-16:00, 16:00-20:00 (post); Fri 09:30-12:00"),
    ],
)
def test_usual_hours_are_those_of_most_sessions_by_weekday(name: str, hours: str) -> None:
    """In local time; weekdays with the same hours stand together."""
    known = about(resolve(name))

    assert known is not None
    assert hours == known.hours


def test_a_year_is_counted() -> None:
    """New York had 250 sessions in 2025; 3 July, 28 November and 24 December closed at 13:00."""
    known = about(resolve("XNYS"))

    assert known is not None
    assert (date(2025, 1, 1), date(2025, 12, 31), 250, 3) == (
        known.sample_from,
        known.sample_until,
        known.sessions,
        known.early_closes,
    )


def test_a_calendar_that_does_not_know_2025_tells_of_its_last_year() -> None:
    """A template of three weeks has three weeks: fifteen sessions."""
    known = about(resolve('template:{"zone":"UTC","hours":"0900-1700","from":"2030-01-07","until":"2030-01-27"}'))

    assert known is not None
    assert (date(2030, 1, 7), 15) == (known.sample_from, known.sessions)


def test_what_never_closes_has_no_sessions_to_speak_of() -> None:
    """24x7."""
    assert about(resolve("24x7")) is None
    assert sessions_of(resolve("24x7"), 0, 60) is None
    assert not why_closed(resolve("24x7"), 0)
    assert horizon_warning(resolve("24x7"), 0) is None


def test_shipped_hours_say_where_they_come_from() -> None:
    """Also those that a template takes over."""
    assert provenance_of(resolve("XNYS")) == provenance_of(resolve(EXTENDED))
    assert provenance_of(resolve("XNYS"))["XNYS"].made_by.startswith("exchange_calendars")
    assert {} == provenance_of(resolve("24x5-fx"))


def test_a_template_is_not_called_by_its_whole_text() -> None:
    """Its zone and options tell enough."""
    assert "template in America/New_York?extended=true" == short_name(resolve(EXTENDED))
    assert "XTKS?break=span" == short_name(resolve("XTKS?break=span"))


@pytest.mark.parametrize(
    ("name", "at", "why"),
    [
        ("XNYS", "2025-11-27T15:00Z", "Thu 2025-11-27 is a holiday; the next session opens Fri 2025-11-28 09:30"),
        ("XNYS", "2025-11-28T19:00Z", "Fri 2025-11-28 closed at 13:00 America/New_York, an early close; the next"),
        ("XNYS", "2025-11-29T15:00Z", "Sat 2025-11-29 is no trading date; the next session opens Mon 2025-12-01"),
        ("XNYS", "2025-11-28T12:00Z", "Fri 2025-11-28 opens at 09:30 America/New_York"),
        ("XTKS", "2025-11-28T03:00Z", "in the break 11:30-12:30 Asia/Tokyo of 2025-11-28"),
        ("24x5-fx", "2025-11-29T15:00Z", "Sat 2025-11-29 is no trading date; the next session opens Sun 2025-11-30"),
    ],
)
def test_a_closed_market_has_a_reason(name: str, at: str, why: str) -> None:
    """A holiday, a weekend, before the open, after the close, in the break."""
    assert why_closed(resolve(name), nanos(at)).startswith(why)


def test_an_open_market_needs_no_reason() -> None:
    """Nothing is said."""
    assert not why_closed(resolve("XNYS"), nanos("2025-11-28T15:00Z"))


def test_a_slot_tells_the_sessions_it_lies_in() -> None:
    """A week has its trading dates: four in the week of Thanksgiving, the last an early close."""
    slot = round_to_slot(nanos("2025-11-26T15:00Z"), "1w", "XNYS")
    assert slot is not None
    found = sessions_of(resolve("XNYS"), slot.start, slot.end)

    assert found is not None
    assert (date(2025, 11, 24), date(2025, 11, 28), 4, 1) == (found.first, found.last, found.count, found.early_closes)
    assert (nanos("2025-11-24T14:30Z"), nanos("2025-11-28T18:00Z")) == (found.opens, found.closes)
    assert "2025-11-24 to 2025-11-28, 4 trading dates, 1 with an early close" == found.local


def test_a_calendar_warns_sixty_days_before_its_end() -> None:
    """And not earlier; after the end it says so."""
    calendar = resolve('template:{"zone":"UTC","hours":"0900-1700","from":"2030-01-07","until":"2030-06-30"}')

    assert date(2030, 6, 30) == last_known_date(calendar)
    assert horizon_warning(calendar, nanos("2030-04-30T12:00Z")) is None
    assert "ends on 2030-06-30, in 60 days" in (horizon_warning(calendar, nanos("2030-05-01T12:00Z")) or "")
    assert "ended on 2030-06-30" in (horizon_warning(calendar, nanos("2030-07-01T00:00Z")) or "")
