"""The calendar of a declaration is one that there is, and the grace after its close fits its pauses."""

from __future__ import annotations

from datetime import timedelta

import pytest

import barloom as bl
from barloom.engine.frames import tells_phase
from barloom.plan.toml import read_toml
from plan.plan_cases import QUOTE_TOML, Quote, only_problem, problems_of

FLOOR = {"zone": "UTC", "hours": "0900-1200,1300-1700"}


def on(calendar: object, grace: object = None) -> bl.Bars:
    """Bars of one minute on a calendar."""
    query = bl.from_(Quote).tumbling("1m", calendar=calendar, close_grace=grace)  # type: ignore[arg-type]
    return query.ohlcv(price="bid").named("bars")


@pytest.mark.parametrize(
    ("calendar", "what", "fix"),
    [
        ("foo", "there is no calendar 'foo'", "known: 24x5-fx, 24x7, XASX,"),
        ("XNIS", "there is no calendar 'XNIS'", "did you mean 'XNYS'? known: 24x5-fx, 24x7, XASX,"),
        ("nyse", "there is no calendar 'nyse'", "did you mean 'XNYS'? known: "),
        ("a; b", "there is no calendar 'a; b'", "known: "),
        ("24x7@Mars", "there is no time zone 'Mars'", "write one such as 'Europe/London'"),
        ("24x7@Europe/Londn", "there is no time zone 'Europe/Londn'", "did you mean 'Europe/London'?"),
        ("XNYS?extend=true", "calendar 'XNYS?extend=true': there is no option 'extend'", "did you mean 'extended'?"),
        ("24x7?break=span", "calendar '24x7?break=span': 24x7 has no open and no break", "write '24x7', or "),
    ],
)
def test_a_calendar_that_there_is_not(calendar: str, what: str, fix: str) -> None:
    """It is told when the bars are named, with the nearest names that there are."""
    found = only_problem(lambda: on(calendar))

    assert (what, "tumbling(calendar=…)") == found[:2]
    assert found[2].startswith(fix), found[2]


def test_a_template_written_as_a_name_is_read() -> None:
    """What is wrong in it is told in full."""
    found = problems_of(lambda: on('template:{"zone":"Mars","hours":"9-17"}'))

    assert ["calendar.zone", "calendar.hours"] == sorted((item.where for item in found), reverse=True)


def test_an_unknown_calendar_hides_nothing() -> None:
    """It is told together with everything else."""
    query = bl.from_(Quote).tumbling("1m", calendar="foo", close_grace="soon").select(close=bl.last("bidd"))
    found = {item.what for item in problems_of(lambda: query.named("my bars"))}

    assert {"there is no calendar 'foo'", "unknown column 'bidd'", "'my bars' cannot name bars"} < found
    assert any("'soon' is not a duration" in what for what in found)


def test_an_unknown_calendar_in_toml() -> None:
    """A definition in a file is checked in the same way, and names the key."""
    text = f'{QUOTE_TOML}\n[bars]\nname = "b"\nbase = "1m"\ncalendar = "XNIS"\nbogus = 1\n'
    found = problems_of(lambda: read_toml(text))

    assert any(item.where.endswith("calendar") and "did you mean 'XNYS'?" in item.fix for item in found), found
    assert len(found) > 1


@pytest.mark.parametrize("calendar", ["24x7", "24x7@Asia/Tokyo", "24x5-fx", "XNYS?break=span", " XNYS "])
def test_calendars_that_there_are(calendar: str) -> None:
    """Their names stand in the plan."""
    assert calendar.strip() == on(calendar).plan.calendar


@pytest.mark.parametrize(
    ("calendar", "grace", "what", "fix"),
    [
        ("24x7", "5m", "a grace of 5m after the close", "leave it out: '24x7' never closes"),
        ("24x7@Asia/Tokyo", "5m", "a grace of 5m after the close", "leave it out: '24x7@Asia/Tokyo' never closes"),
        ("XNYS", "63000s", "a grace of 1050m after the close", "make it shorter than the shortest pause of 'XNYS', "),
        (FLOOR, timedelta(hours=1), "a grace of 1h after the close", "make it shorter than the shortest pause of "),
    ],
)
def test_a_grace_that_does_not_fit(calendar: object, grace: object, what: str, fix: str) -> None:
    """The grace ends before any next session opens."""
    found = only_problem(lambda: on(calendar, grace))

    assert (what, "tumbling(close_grace=…)") == found[:2]
    assert found[2].startswith(fix), found[2]


@pytest.mark.parametrize(("calendar", "grace"), [("XNYS", "62999s"), (FLOOR, "59m")])
def test_a_grace_that_fits(calendar: object, grace: str) -> None:
    """One below the shortest pause is taken."""
    assert on(calendar, grace).plan.close_grace > 0


@pytest.mark.parametrize(
    ("calendar", "said"),
    [
        ("24x7", 'calendar="24x7?anchor_date=2025-01-06"'),
        ("XNYS?break=span", 'calendar="XNYS?break=span&anchor_date=2025-01-06"'),
        (FLOOR, '"anchor_date": "2025-01-06" in the calendar'),
    ],
)
@pytest.mark.parametrize("frame", ["3d", "2w"])
def test_several_days_need_a_date_to_be_counted_from(frame: str, calendar: object, said: str) -> None:
    """The message says where it is declared; with it the definition is in order."""
    query = bl.from_(Quote).tumbling("1h", calendar=calendar).ohlcv(price="bid").rollup("1d", frame)  # type: ignore[arg-type]
    what, _, fix = only_problem(lambda: query.named("bars"))
    declared = {**FLOOR, "anchor_date": "2025-01-06"} if isinstance(calendar, dict) else said.split('"')[1]
    mended = bl.from_(Quote).tumbling("1h", calendar=declared).ohlcv(price="bid").rollup("1d", frame).named("bars")  # type: ignore[arg-type]

    assert f"'{frame}' has no anchor" == what
    assert f"say from which date it is counted, such as {said}; or write " in fix
    assert "anchor_date=2025-01-06" in mended.plan.calendar


def test_a_date_may_be_one_in_toml() -> None:
    """As a key of the table it is a date or its text."""
    text = QUOTE_TOML + '[bars]\nname = "bars"\nbase = "1h"\nrollup = ["1d", "3d"]\nohlcv = { price = "bid" }\n'
    hours = '[bars.calendar]\nzone = "UTC"\nhours = "0900-1700"\nweek = "sunday"\nanchor_date = '
    names = {read_toml(f"{text}{hours}{date}\n").calendar for date in ("2025-01-06", '"2025-01-06"')}

    assert 1 == len(names)
    assert names.pop().endswith("?week=sunday&anchor_date=2025-01-06")


def test_options_among_the_keys_of_a_written_template_count() -> None:
    """Extended hours give bars their phase, and the days of regular hours their sense."""
    hours = 'template:{"zone":"UTC","hours":"0900-1700","pre":"0800-0900","extended":true,"anchor_date":"2025-01-06"}'
    bars = (
        bl.from_(Quote).tumbling("1h", calendar=hours).ohlcv(price="bid").rollup("1d", "1d-regular", "3d").named("bars")
    )

    assert bars.plan.calendar.endswith("}?extended=true&anchor_date=2025-01-06")
    assert tells_phase(bars.plan)
