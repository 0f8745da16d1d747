"""Weekly templates: what they become, and everything that is wrong with one at once."""

from __future__ import annotations

import tomllib
from datetime import UTC, date, datetime

import numpy as np
import pytest

from barloom.errors import CalendarError, DefinitionError
from barloom.time.calendars import resolve
from barloom.time.declared.hours import Phase, Stretch, parse_hours, write_hours
from barloom.time.declared.template import Template, calendar_name
from barloom.time.sessions import SessionCalendar
from barloom.time.slots import expected_slots

STATED = tomllib.loads(
    """
    zone = "Europe/Zurich"
    hours = "0900-1200,1300-1730"
    holidays = [2025-12-25, "2025-12-26"]
    weekdays = { Fri = "0900-1200", Sat = "1000-1100" }
    special = { 2025-12-24 = "0900-1100", 2025-12-28 = "1000-1200" }
    from = 2025-01-01
    until = 2026-12-31
    """
)


def local(stated: dict[str, object], first: str, last: str, *, extended: bool = False) -> dict[str, str]:
    """The sessions of some dates as UTC times of day."""
    calendar = resolve(Template.of(stated).name + ("?extended=true" if extended else ""))
    assert isinstance(calendar, SessionCalendar)
    return {
        f"{item.date}": " ".join(
            f"{opens:%H%M}-{closes:%H%M}" + (f"/{phase}" if phase else "") + ("*" if item.early_close else "")
            for (opens, closes), phase in zip(item.segments, item.phases, strict=True)
        )
        for item in calendar.sessions(date.fromisoformat(first), date.fromisoformat(last))
    }


def test_a_week_with_holidays_and_special_days() -> None:
    """Weekdays may differ, special dates have their own hours, even on a Sunday; early closes are marked."""
    expected = {
        "2025-12-22": "0800-1100 1200-1630",
        "2025-12-23": "0800-1100 1200-1630",
        "2025-12-24": "0800-1000*",
        "2025-12-27": "0900-1000",
        "2025-12-28": "0900-1100",
        "2025-12-29": "0800-1100 1200-1630",
        "2025-12-30": "0800-1100 1200-1630",
        "2025-12-31": "0800-1100 1200-1630",
        "2026-01-01": "0800-1100 1200-1630",
        "2026-01-02": "0800-1100",
    }

    assert expected == local(STATED, "2025-12-22", "2026-01-02")


def test_an_overnight_session_belongs_to_the_date_on_which_it_ends() -> None:
    """Monday opens on Sunday evening; there is no Sunday, and the daily halt is out of session."""
    stated = {"zone": "America/Chicago", "hours": "1700-1600"}
    calendar = resolve(Template.of(stated).name)
    times = np.array(
        [
            int(datetime(2025, 1, day, hour, 30, tzinfo=UTC).timestamp()) * 10**9
            for day, hour in ((5, 22), (5, 23), (6, 21), (6, 22), (6, 23), (10, 22), (10, 23))
        ]
    )

    assert [False, True, True, False, True, False, False] == calendar.is_open(times).tolist()
    assert ["2025-01-06"] == [*local(stated, "2025-01-05", "2025-01-06")]


def test_the_holidays_of_an_exchange_can_be_named() -> None:
    """Holidays and early closes come from the exchange; what is known ends with it."""
    stated: dict[str, object] = {"zone": "America/Chicago", "hours": "1700-1600"}
    stated |= {"holidays": ["XNYS", "2025-11-26"], "early_closes": ["XNYS"]}
    expected = {"2025-11-25": "2300-2200", "2025-11-28": "2300-1800*", "2025-12-01": "2300-2200"}

    assert expected == local(stated, "2025-11-25", "2025-12-01")
    with pytest.raises(CalendarError, match="knows the trading dates 2000-01-01 to 2027-12-31"):
        local(stated, "2028-01-03", "2028-01-03")


def test_hours_before_and_after_are_in_session_only_when_asked_for() -> None:
    """Their segments carry their phase, and no slot crosses from one phase into the next."""
    stated = {"zone": "America/New_York", "hours": "0930-1600", "pre": "0400-0930", "post": "1600-2000"}
    name = Template.of(stated).name
    start = datetime(2025, 11, 26, 9, tzinfo=UTC)

    assert {"2025-11-26": "1430-2100"} == local(stated, "2025-11-26", "2025-11-26")
    assert {"2025-11-26": "0900-1430/pre 1430-2100 2100-0100/post"} == local(
        stated, "2025-11-26", "2025-11-26", extended=True
    )
    assert 2 + 2 + 1 == expected_slots("1d", "4h", start, f"{name}?extended=true")


def test_the_phase_of_a_time_is_told() -> None:
    """A bar of the hours before the open can be flagged."""
    stated = {"zone": "UTC", "hours": "0930-1600", "pre": "0400-0930", "post": "1600-2000"}
    calendar = resolve(f"{Template.of(stated).name}?extended=true")
    assert isinstance(calendar, SessionCalendar)
    times = np.array([int(datetime(2025, 11, 26, hour, tzinfo=UTC).timestamp()) * 10**9 for hour in (4, 10, 16)])

    assert [Phase.PRE, Phase.REGULAR, Phase.POST] == calendar.phase(times).tolist()


def test_the_canonical_name_is_read_back() -> None:
    """A template survives in a definition as text; equal templates have equal names however they were written."""
    template = Template.of(STATED)
    other = {**STATED, "days": ["Mon", "Tue", "Wed", "Thu"], "hours": "09:00-12:00, 13:00-17:30"}

    assert template == Template.from_name(template.name)
    assert template.name == resolve(template.name).name
    assert template.name == Template.of(dict(reversed(other.items()))).name
    assert template.document() == Template.of(template.document()).document()


@pytest.mark.parametrize(
    "stated",
    [
        {"zone": "UTC", "hours": "0930-1600", "days": "Sun-Thu"},
        {"zone": "UTC", "hours": "0000-2400", "days": "Mon-Sun"},
        {"zone": "UTC", "hours": "closed", "weekdays": {"Sat": "1000-1200"}},
        {"zone": "UTC", "hours": "1700-1600", "pre": "1630-1700", "special": {"2025-12-24": {"regular": "0900-1000"}}},
        {"zone": "Asia/Shanghai", "hours": "2100-2300,0900-1015,1030-1130,1330-1500"},
        {"zone": "UTC", "hours": "0800-0900", "weekdays": {"Fri": {"regular": "0800-0900", "post": "0900-1000"}}},
    ],
)
def test_every_kind_of_week_is_read_back(stated: dict[str, object]) -> None:
    """Canonical text loses nothing."""
    template = Template.of(stated)

    assert template == Template.from_name(template.name)


def test_everything_that_is_wrong_is_told_at_once() -> None:
    """Zone, hours, weekdays, dates, exchanges and unknown keys are collected, each with its place and its fix."""
    stated = {
        "zone": "America/New_Yrok",
        "hours": "0930-1660",
        "weekdays": {"Friday": "0930-1300", "Thu": "9-5"},
        "pre": "0400-0930,0800-0900",
        "holidays": ["2025-02-30", "XNYZ", 3],
        "special": {"christmas": "closed"},
        "until": "soon",
        "holyday": [],
    }

    with pytest.raises(DefinitionError) as refused:
        Template.of(stated)

    found = [(problem.where, problem.what) for problem in refused.value.problems]
    expected = [
        ("calendar.hours", "'0930-1660': 1660 is no time of day; hours go from 0000 to 2400"),
        ("calendar.pre", "'0400-0930,0800-0900' overlaps itself: from first to last it takes more than 24 hours"),
        ("calendar.weekdays.Friday", "'Friday' is not a weekday"),
        ("calendar.weekdays.Thu", "'9-5' are no hours; write such as '0930-1600', '0900-1130,1230-1530' or 'closed'"),
        ("calendar.special.christmas", "'christmas' is not a date"),
        ("calendar.holidays", "'2025-02-30' is not a date"),
        ("calendar.holidays", "there is no exchange 'XNYZ'; did you mean 'XNYS'? known: "),
        ("calendar.holidays", "3 is not a date"),
        ("calendar.zone", "there is no time zone 'America/New_Yrok'; did you mean 'America/New_York'? "),
        ("calendar.until", "'soon' is not a date"),
        ("calendar.holyday", "'holyday' is not a key of a calendar"),
    ]
    assert [where for where, _ in expected] == [where for where, _ in found]
    for (_, start), (_, what) in zip(expected, found, strict=True):
        assert what.startswith(start)


@pytest.mark.parametrize(
    ("stated", "why"),
    [
        ({}, "has no time zone"),
        ({"zone": "UTC"}, "has no hours"),
        ({"zone": "UTC", "hours": "closed"}, "closed on every day"),
        ({"zone": "UTC", "hours": "0930-1600", "weekdays": {"Tue": "1500-1400"}}, "opens before the one ahead"),
        ({"zone": "UTC", "hours": "0930-1600", "pre": "0900-1000"}, "opens before the one ahead"),
        ({"zone": "UTC", "hours": "0930-1600", "from": "2025-02-01", "until": "2025-01-01"}, "before it begins"),
        ({"zone": "UTC", "hours": "0930-1600", "days": "Mon-Frei"}, "'Mon-Frei' are no weekdays"),
    ],
)
def test_a_template_that_cannot_be_is_refused(stated: dict[str, object], why: str) -> None:
    """Needed values, sessions that run into each other, empty weeks."""

    with pytest.raises(DefinitionError, match=why):
        Template.of(stated)


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("0930-1600", [(570, 960)]),
        ("09:30-16:00", [(570, 960)]),
        ("0900-1130,1230-1530", [(540, 690), (750, 930)]),
        ("1700-1600", [(-420, 960)]),
        ("1700-1700", [(-420, 1020)]),
        ("0000-2400", [(0, 1440)]),
        ("1700-0000", [(-420, 0)]),
        ("2100-0230,0900-1130", [(-180, 150), (540, 690)]),
        ("2100-2300,0900-1015", [(-180, -60), (540, 615)]),
        ("0900-1200,1200-1300", [(540, 720), (720, 780)]),
        ("closed", []),
    ],
)
def test_hours_are_minutes_from_the_trading_date(text: str, hours: list[tuple[int, int]]) -> None:
    """What is not before the next time lies on the day before; and hours are written as they are read."""
    expected = tuple(Stretch(*item) for item in hours)

    assert expected == parse_hours(text)
    assert expected == parse_hours(write_hours(expected))


def test_options_stand_beside_the_hours() -> None:
    """As behind the name of an exchange; those that are defaults leave no trace."""
    hours: dict[str, object] = {"zone": "America/New_York", "hours": "0930-1600"}
    plain = Template.of(hours).name

    assert f"{plain}?anchor=clock&extended=true" == calendar_name({**hours, "anchor": "clock", "extended": True})
    assert plain == calendar_name({**hours, "break": "split", "extended": False})


def test_wrong_options_are_reported_with_the_rest() -> None:
    """All at once."""
    with pytest.raises(DefinitionError) as caught:
        calendar_name({"zone": "America/New_York", "anchor": "noon", "extendet": True}, "bars.calendar")

    assert {"bars.calendar.hours", "bars.calendar.anchor", "bars.calendar.extendet"} == {
        problem.where for problem in caught.value.problems
    }
    assert "did you mean 'extended'?" in str(caught.value)


EQUITIES: dict[str, object] = {
    "zone": "America/New_York",
    "hours": "0930-1600",
    "pre": "0400-0930",
    "post": "1600-2000",
    "holidays": ["XNYS"],
    "early_closes": ["XNYS"],
}
"""Regular and extended hours as NYSE Arca publishes them."""


def test_the_hours_after_an_early_close_follow_it() -> None:
    """nyse.com: on 28 November 2025 the close is 13:00, and late trading ends at 17:00 instead of 20:00 (UTC - 5)."""
    expected = {
        "2025-11-26": "0900-1430/pre 1430-2100 2100-0100/post",
        "2025-11-28": "0900-1430/pre* 1430-1800* 1800-2200/post*",
        "2025-12-01": "0900-1430/pre 1430-2100 2100-0100/post",
    }

    assert expected == local(EQUITIES, "2025-11-26", "2025-12-01", extended=True)


@pytest.mark.parametrize(
    ("said", "hours"),
    [
        ("0930-1300", "0900-1430/pre* 1430-1800* 1800-2200/post*"),
        ("1200-1600", "0900-1430/pre 1700-2100 2100-0100/post"),
        ("0800-1600", "0900-1300/pre 1300-2100 2100-0100/post"),
        ("0930-1700", "0900-1430/pre 1430-2200 2200-0100/post"),
        ("0300-1600", "0800-2100 2100-0100/post"),
        ({"regular": "0930-1300"}, "1430-1800*"),
        ({"regular": "0930-1300", "post": "1300-1400"}, "1430-1800* 1800-1900/post*"),
        ({"regular": "0930-1300", "pre": "0800-0930"}, "1300-1430/pre* 1430-1800*"),
    ],
)
def test_a_special_date_keeps_the_hours_around_its_own(said: object, hours: str) -> None:
    """A text is about the regular hours, what lies around them stays; a table tells all hours of its date."""
    stated = EQUITIES | {"special": {"2025-12-10": said}}

    assert {"2025-12-10": hours} == local(stated, "2025-12-10", "2025-12-10", extended=True)
    again = Template.from_name(Template.of(stated).name)
    assert again.name == Template.of(stated).name
    assert again.special == Template.of(stated).special


def test_a_special_date_that_is_closed_has_no_hours_at_all() -> None:
    """Neither before nor after."""
    stated = EQUITIES | {"special": {"2025-12-10": "closed"}}

    assert {} == local(stated, "2025-12-10", "2025-12-10", extended=True)


@pytest.mark.parametrize(
    ("text", "weekday", "hours"),
    [
        ("Sun 1700-Mon 1200, Mon 1700-Tue 1600", 1, [(-1860, -720), (-420, 960)]),
        ("Sun 1700-1200,1700-1600", 1, [(-1860, -720), (-420, 960)]),
        ("Wed 1700-Thu 1200,Thu 1700-1215", 4, [(-1860, -720), (-420, 735)]),
        ("Thu 1700-Fri 1200,Sun 1700-1600", 0, [(-4740, -3600), (-420, 960)]),
        ("Mon 0900-Mon 2400,0000-1000", 1, [(-900, 0), (0, 600)]),
        ("Wed 1700-1600", 2, None),
    ],
)
def test_times_may_name_their_weekday(text: str, weekday: int, hours: list[tuple[int, int]] | None) -> None:
    """The last such day that is no later than the trading date; written so it is read again."""
    if hours is None:
        with pytest.raises(ValueError, match="overlaps itself; write its times in order"):
            parse_hours(text, weekday=weekday)
        return
    expected = tuple(Stretch(*item) for item in hours)

    assert expected == parse_hours(text, weekday=weekday)
    assert expected == parse_hours(write_hours(expected, weekday), weekday=weekday)


def test_hours_of_more_than_a_day_name_their_weekdays() -> None:
    """The message says how; where a text is for several weekdays, none can be named."""
    with pytest.raises(ValueError, match="name the weekdays of single dates, such as 'Sun 1700"):
        parse_hours("1700-1200,1700-1600", weekday=1)
    with pytest.raises(DefinitionError, match="a time can where it is of one date or weekday only"):
        Template.of({"zone": "UTC", "hours": "Sun 1700-1600"})


def test_evening_sessions_of_holidays_leave_them_holidays() -> None:
    """Futures that follow the holidays of Bombay are closed on Diwali, whose evening hour is of shares."""
    stated: dict[str, object] = {"zone": "Asia/Kolkata", "hours": "0900-1700", "holidays": ["XBOM"]}

    assert ["2024-10-31", "2024-11-04"] == [*local(stated, "2024-10-31", "2024-11-04")]
    assert "2025-10-21" not in local(stated, "2025-10-20", "2025-10-24")
