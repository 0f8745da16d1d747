"""Night sessions: on which evening they open, and which trading date they belong to."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from barloom.errors import DefinitionError
from barloom.time.calendars import resolve
from barloom.time.declared.template import Template, calendar_name
from barloom.time.sessions import SessionCalendar
from barloom.time.slots import expected_slots, round_to_slot
from barloom.time.timeframe import Timeframe

SHANGHAI = ZoneInfo("Asia/Shanghai")
METALS: dict[str, object] = {
    "zone": "Asia/Shanghai",
    "hours": "0900-1015,1030-1130,1330-1500",
    "night": "2100-0100",
    "holidays": ["XSHG"],
}
"""Copper on the Shanghai Futures Exchange: its trading hours by the contract's specification."""


def calendar(stated: dict[str, object]) -> SessionCalendar:
    """The calendar of a template."""
    found = resolve(Template.of(stated).name)
    assert isinstance(found, SessionCalendar)
    return found


def nights(stated: dict[str, object], first: date, last: date) -> dict[str, str]:
    """For each trading date its first stretch where that opens on another date, else nothing; local times."""
    zone = ZoneInfo(str(stated["zone"]))
    found = {}
    for item in calendar(stated).sessions(first, last):
        opens, closes = (edge.astimezone(zone) for edge in item.segments[0])
        found[f"{item.date:%a %m-%d}"] = f"{opens:%a %m-%d %H:%M}-{closes:%H:%M}" if opens.date() != item.date else ""
    return found


def test_the_night_of_a_monday_opens_on_friday() -> None:
    """The exchange's notice on National Day 2024: no night on 30 September, the next is on the evening of 8 October."""
    expected = {
        "Fri 09-27": "Thu 09-26 21:00-01:00",
        "Mon 09-30": "Fri 09-27 21:00-01:00",
        "Tue 10-08": "",
        "Wed 10-09": "Tue 10-08 21:00-01:00",
        "Thu 10-10": "Wed 10-09 21:00-01:00",
        "Fri 10-11": "Thu 10-10 21:00-01:00",
        "Mon 10-14": "Fri 10-11 21:00-01:00",
    }

    assert expected == nights(METALS, date(2024, 9, 27), date(2024, 10, 14))


def test_a_holiday_behind_a_weekend_takes_friday_night_with_it() -> None:
    """Tomb-sweeping day 2025 is Friday, 4 April: no night on Thursday, and Monday has none of Friday."""
    expected = {"Wed 04-02": "Tue 04-01 21:00-01:00", "Thu 04-03": "Wed 04-02 21:00-01:00", "Mon 04-07": ""}

    assert expected == nights(METALS, date(2025, 4, 2), date(2025, 4, 7))


def test_a_market_may_have_its_night_before_holidays_too() -> None:
    """Osaka's night session is part of the next trading day, also when holidays lie between (hours of JPX)."""
    osaka: dict[str, object] = {"zone": "Asia/Tokyo", "hours": "0845-1545", "night": "1700-0600"}
    osaka |= {"holidays": ["XTKS"], "night_before_holidays": True}
    expected = {
        "Fri 05-02": "Thu 05-01 17:00-06:00",
        "Wed 05-07": "Fri 05-02 17:00-06:00",
        "Thu 05-08": "Wed 05-07 17:00-06:00",
    }

    assert expected == nights(osaka, date(2025, 5, 2), date(2025, 5, 8))


@pytest.mark.parametrize("before_holidays", [False, True])
@pytest.mark.parametrize("days", ["Mon-Fri", "Sun-Thu", "Mon-Sat"])
def test_every_night_is_that_of_the_trading_date_before(days: str, *, before_holidays: bool) -> None:
    """A plain walk over three years with made-up holidays says the same."""
    closed = [date(2024, 1, 1) + timedelta(days=number) for number in range(0, 1000, 13)]
    stated: dict[str, object] = {"zone": "UTC", "hours": "0900-1500", "night": "2100-2300,2330-0230", "days": days}
    stated |= {
        "holidays": closed,
        "night_before_holidays": before_holidays,
        "from": "2024-01-01",
        "until": "2026-09-01",
    }
    numbers = {"Mon-Fri": range(5), "Sun-Thu": (6, 0, 1, 2, 3), "Mon-Sat": range(6)}[days]

    expected, last, holiday = {}, None, False
    day = date(2023, 12, 1)
    while day <= date(2026, 9, 1):
        if day.weekday() in numbers and day in closed:
            holiday = True
        elif day.weekday() in numbers:
            if last is not None and day >= date(2024, 1, 1) and (before_holidays or not holiday):
                expected[day] = datetime(last.year, last.month, last.day, 21, tzinfo=UTC)
            last, holiday = day, False
        day += timedelta(days=1)

    found = {
        item.date: item.segments[0][0]
        for item in calendar(stated).sessions(date(2024, 1, 1), date(2026, 9, 1))
        if len(item.segments) == 3
    }
    assert expected == found


def test_a_tick_of_friday_night_is_in_mondays_bar_and_the_next_week() -> None:
    """Saturday 00:30 in Shanghai: the trading date, its day and its week begin on Friday evening; 4 + 3.75 hours."""
    name = Template.of(METALS).name
    time = datetime(2024, 9, 28, 0, 30, tzinfo=SHANGHAI)
    opened = datetime(2024, 9, 27, 21, tzinfo=SHANGHAI)

    day, week = round_to_slot(time, "1d", name), round_to_slot(time, "1w", name)

    assert day is not None
    assert week is not None
    assert (opened, opened) == (day.start, week.start)
    assert expected_slots("1d", "1m", day.start, name) == 4 * 60 + 225
    found = calendar(METALS).grid(Timeframe.parse("1d")).trading_date(np.array([int(opened.timestamp()) * 10**9]))
    assert [(date(2024, 9, 30) - date(1970, 1, 1)).days] == found.tolist()


def test_a_special_date_keeps_its_night_or_states_it() -> None:
    """A text says the regular hours only; a table says all of them."""
    stated = METALS | {"special": {"2024-09-26": "0900-1130", "2024-09-27": {"regular": "0900-1130"}}}
    stated |= {"special": {**stated["special"], "2024-10-10": {"regular": "0900-1500", "night": "2200-2300"}}}  # type: ignore[dict-item]

    expected = {"Wed 09-25": "Tue 09-24 21:00-01:00", "Thu 09-26": "Wed 09-25 21:00-01:00", "Fri 09-27": ""}
    assert expected == nights(stated, date(2024, 9, 25), date(2024, 9, 27))
    assert {"Thu 10-10": "Wed 10-09 22:00-23:00"} == nights(stated, date(2024, 10, 10), date(2024, 10, 10))


def test_the_name_of_a_night_is_read_again() -> None:
    """The canonical text is equal for equal templates and gives the same calendar."""
    stated = METALS | {"night_before_holidays": True, "special": {"2024-09-27": {"regular": "0900-1130"}}}
    name = calendar_name(stated)

    assert name == Template.from_name(name).name
    assert '"night":"2100-0100"' in name


@pytest.mark.parametrize(
    ("more", "why"),
    [
        ({"night": "Mon 2100-0100"}, "names a weekday"),
        ({"night": "2100-0930"}, "opens before the one ahead"),
        ({"night": "", "night_before_holidays": True}, "no night that could be"),
        ({"night_before_holidays": "yes"}, "is not yes or no"),
    ],
)
def test_a_night_that_cannot_be_is_refused(more: dict[str, object], why: str) -> None:
    """It ends before the day begins, and says nothing of weekdays."""
    with pytest.raises(DefinitionError, match=why):
        Template.of(METALS | more)
