"""What ``barloom calendar`` shows, in text and as JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from barloom.cli.calendar.commands import calendar
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError
from barloom.cli.screen import err, out
from barloom.errors import CalendarError
from barloom.time.shipped.snapshot import load_snapshot, write_snapshot

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(autouse=True)
def _fresh_consoles() -> None:
    out.cache_clear()
    err.cache_clear()


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[object, str]]:
    """Run a sub-command: its exit code and what it wrote."""

    def call(*words: str) -> tuple[object, str]:
        answer = calendar([*words], exit_on_error=False, print_error=False, result_action="return_value")
        return answer, capsys.readouterr().out

    return call


def lines(text: str) -> list[list[str]]:
    """The words of each line."""
    return [line.split() for line in text.splitlines() if line.strip()]


def test_sessions_are_shown_in_local_time_and_utc(run: Callable[..., tuple[object, str]]) -> None:
    """Every date of the range, closed ones too, early closes marked."""
    code, text = run("show", "XNYS", "2025-11-26..2025-11-29")

    assert Exit.OK == code
    assert [
        ["XNYS,", "local", "time", "of", "America/New_York"],
        ["date", "local", "UTC", "minutes"],
        ["2025-11-26", "Wed", "09:30-16:00", "14:30-21:00", "390"],
        ["2025-11-27", "Thu", "closed", "0", "holiday"],
        ["2025-11-28", "Fri", "09:30-13:00", "14:30-18:00", "210", "early", "close"],
        ["2025-11-29", "Sat", "closed", "0"],
    ] == lines(text)


def test_a_session_that_opens_on_the_day_before_shows_its_date(run: Callable[..., tuple[object, str]]) -> None:
    """Monday of the currencies begins on Sunday evening, an hour earlier in UTC after the clocks changed."""
    _, text = run("show", "24x5-fx", "2025-03-10")

    assert ["2025-03-10", "Mon", "03-09", "17:00-17:00", "03-09", "21:00-21:00", "1440"] == lines(text)[2]


def test_slots_are_shown_with_their_session_time(run: Callable[..., tuple[object, str]]) -> None:
    """Local and UTC, the cut slot with what is left of it."""
    code, text = run("slots", "XNYS", "1h", "2025-11-28")

    assert Exit.OK == code
    assert ["2025-11-28", "09:30", "10:30", "2025-11-28T14:30:00Z", "2025-11-28T15:30:00Z", "60"] == lines(text)[2]
    assert ["2025-11-28", "12:30", "13:00", "2025-11-28T17:30:00Z", "2025-11-28T18:00:00Z", "30"] == lines(text)[5]
    assert ["4", "slots"] == lines(text)[6]


def test_json_answers_have_one_object(run: Callable[..., tuple[object, str]]) -> None:
    """Scripts read instants in UTC and numbers as numbers."""
    _, text = run("show", "XNYS", "2025-11-28", "--json")
    shown = json.loads(text)
    _, text = run("slots", "XTKS?break=span", "4h", "2024-11-01", "--json")
    slots = json.loads(text)

    assert {"schema": 1, "command": "calendar show"} == shown["barloom"]
    assert ("America/New_York", 210, True) == (
        shown["zone"],
        shown["days"][0]["minutes"],
        shown["days"][0]["early_close"],
    )
    assert [{"open": "2025-11-28T14:30:00Z", "close": "2025-11-28T18:00:00Z", "phase": "regular"}] == shown["days"][0][
        "segments"
    ]
    assert [180, 120] == [slot["session_minutes"] for slot in slots["slots"]]


def test_the_list_says_how_far_each_calendar_is_known(run: Callable[..., tuple[object, str]]) -> None:
    """Names, zones, hours, range and provenance."""
    _, text = run("list", "--json")
    listed = {item["name"]: item for item in json.loads(text)["calendars"]}

    assert {"24x7", "24x5-fx", "XNYS", "XTKS"} <= set(listed)
    assert ("0900-1130,1230-1530", "Asia/Tokyo") == (listed["XTKS"]["hours"], listed["XTKS"]["zone"])
    assert listed["XNYS"]["made_by"].startswith("exchange_calendars")
    assert "XTKS" in run("list")[1]


def test_two_calendars_are_compared_session_by_session(run: Callable[..., tuple[object, str]], tmp_path: Path) -> None:
    """A newer snapshot's file is held against the shipped one; a difference is an exit code of its own."""
    path = tmp_path / "XNYS.calendar"
    path.write_text(write_snapshot(load_snapshot("XNYS")), encoding="utf-8")

    code, text = run("diff", "XNYS", str(path))
    assert (Exit.OK, "0 sessions differ.") == (code, text.strip())
    code, text = run("diff", "XNYS", "XLON", "2025-11-27..2025-11-28")
    assert Exit.DIFFERENT == code
    assert ["2025-11-27", "Thu", "closed", "08:00-16:30"] == lines(text)[2]
    assert ["2025-11-28", "Fri", "14:30-18:00", "08:00-16:30"] == lines(text)[3]


@pytest.mark.needs("exchange_calendars")
def test_snapshots_are_built_into_a_directory(run: Callable[..., tuple[object, str]], tmp_path: Path) -> None:
    """What is built can be compared with what is shipped."""
    code, text = run("build", "XSES", "--out", str(tmp_path))

    assert Exit.OK == code
    assert str(tmp_path / "XSES.calendar") == text.strip()
    assert Exit.OK == run("diff", "XSES", str(tmp_path / "XSES.calendar"))[0]


@pytest.mark.parametrize(
    ("words", "error", "why"),
    [
        (("show", "XNYZ", "2025-11-28"), CalendarError, "did you mean 'XNYS'"),
        (("show", "XNYS", "28 November"), UsageError, "are no days"),
        (("show", "XNYS", "2025-11-28..2025-11-01"), UsageError, "ends before it begins"),
        (("show", "XSES", "2035-01-01"), CalendarError, "does not tell about 2035-01-01"),
        (("slots", "XNYS", "24h", "2025-11-28"), UsageError, "has no anchor"),
    ],
)
def test_what_cannot_be_shown_is_explained(
    run: Callable[..., tuple[object, str]], words: tuple[str, ...], error: type[Exception], why: str
) -> None:
    """Unknown calendars, days that are none, and days that nobody knows."""

    with pytest.raises(error, match=why):
        run(*words)
