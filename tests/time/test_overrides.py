"""A user's changes to a calendar: what they make of it, which slots they change, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from barloom.errors import CalendarError, DefinitionError
from barloom.time.calendars import resolve, table_of
from barloom.time.changes import changed_sessions, changed_slots, first_change, refuse_passed
from barloom.time.instants import written
from barloom.time.overrides import apply_overrides, parse_overrides
from barloom.time.sessions import SessionCalendar
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from barloom.time.table import SessionTable

TEXT = """
[[add]]
date = 2025-11-29
hours = "1000-1200"

[[remove]]
date = 2025-11-26
reason = "a day of mourning"

[[change]]
date = 2025-11-28
hours = "0930-1200"

[[closure]]
date = 2025-11-25
hours = "1121-1300"
"""


def changed(text: str, name: str = "XNYS") -> SessionTable:
    """A shipped calendar with changes."""
    return apply_overrides(table_of(name), parse_overrides(text))


def shown(table: SessionTable, first: date, last: date) -> dict[str, str]:
    """Sessions by date as UTC times of day; an early close with a star."""
    return {
        str(item.date): " ".join(f"{opens:%H%M}-{closes:%H%M}" for opens, closes in item.segments)
        + "*" * item.early_close
        for item in SessionCalendar(table).sessions(first, last)
    }


def test_sessions_are_added_removed_changed_and_interrupted() -> None:
    """Hours are local to the calendar; what is not named stays."""
    expected = {
        "2025-11-24": "1430-2100",
        "2025-11-25": "1430-1621 1800-2100",
        "2025-11-28": "1430-1700*",
        "2025-11-29": "1500-1700",
        "2025-12-01": "1430-2100",
    }

    assert expected == shown(changed(TEXT), date(2025, 11, 24), date(2025, 12, 1))


def test_json_says_the_same_and_the_canonical_text_is_read_back() -> None:
    """TOML, JSON and the text that is kept are one."""
    overrides = parse_overrides(TEXT)
    as_json = json.dumps(
        {
            "remove": [{"date": "2025-11-26"}],
            "closure": [{"date": "2025-11-25", "hours": "1121-1300"}],
            "change": [{"date": "2025-11-28", "hours": "0930-1200"}],
            "add": [{"date": "2025-11-29", "hours": "1000-1200"}],
        }
    )

    assert overrides.text() == parse_overrides(as_json).text()
    assert overrides == parse_overrides(overrides.text())


def test_a_calendar_without_changes_stays_as_it_is() -> None:
    """Nothing else is touched."""
    table = changed("")

    assert [] == changed_sessions(table_of("XNYS"), table)
    assert first_change(table_of("XNYS"), table) is None
    assert np.array_equal(table_of("XNYS").opens, table.opens)


def test_a_closure_may_end_the_day() -> None:
    """A halt to the close is an early close; one from the open is a late open."""
    text = '[[closure]]\ndate = 2025-11-25\nhours = "1500-1700"\n[[closure]]\ndate = 2025-11-24\nhours = "0900-1000"'
    expected = {"2025-11-24": "1500-2100", "2025-11-25": "1430-2000*"}

    assert expected == shown(changed(text), date(2025, 11, 24), date(2025, 11, 25))


def test_the_slots_that_change_are_listed() -> None:
    """The day that is shortened and the week it ends are taken away and brought again with other ends."""
    text = '[[change]]\ndate = 2025-11-28\nhours = "0930-1200"'
    timeframes = [Timeframe.parse(name) for name in ("1h", "1d", "1w")]

    slots = changed_slots(table_of("XNYS"), changed(text), timeframes)

    assert [
        ("1h", "2025-11-28T16:30:00Z", "2025-11-28T17:00:00Z", True),
        ("1h", "2025-11-28T16:30:00Z", "2025-11-28T17:30:00Z", False),
        ("1h", "2025-11-28T17:30:00Z", "2025-11-28T18:00:00Z", False),
        ("1d", "2025-11-28T14:30:00Z", "2025-11-28T17:00:00Z", True),
        ("1d", "2025-11-28T14:30:00Z", "2025-11-28T18:00:00Z", False),
        ("1w", "2025-11-24T14:30:00Z", "2025-11-28T17:00:00Z", True),
        ("1w", "2025-11-24T14:30:00Z", "2025-11-28T18:00:00Z", False),
    ] == [(str(slot.timeframe), written(slot.start), written(slot.end), slot.added) for slot in slots]


def test_a_removed_session_takes_its_own_slots_away_and_no_others() -> None:
    """Its neighbours are the same with and without it."""
    after = changed("[[remove]]\ndate = 2025-12-02")

    slots = changed_slots(table_of("XNYS"), after, [Timeframe.parse("1d")])

    assert [("2025-12-02T14:30:00Z", False)] == [(written(slot.start), slot.added) for slot in slots]


def test_an_added_session_lengthens_its_week() -> None:
    """A Saturday session moves the end of the week; the weeks around it stay."""
    after = changed('[[add]]\ndate = 2025-11-29\nhours = "1000-1200"')

    slots = changed_slots(table_of("XNYS"), after, [Timeframe.parse("1w")])

    assert [("2025-11-28T18:00:00Z", False), ("2025-11-29T17:00:00Z", True)] == [
        (written(slot.end), slot.added) for slot in slots
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ('[[change]]\ndate = 2025-11-28\nhours = "0930-1200"', "2025-11-28T17:00:00Z"),
        ('[[change]]\ndate = 2025-11-28\nhours = "1000-1300"', "2025-11-28T14:30:00Z"),
        ('[[closure]]\ndate = 2025-11-25\nhours = "1121-1300"', "2025-11-25T16:21:00Z"),
        ("[[remove]]\ndate = 2025-11-28", "2025-11-28T14:30:00Z"),
        ('[[add]]\ndate = 2025-11-27\nhours = "1000-1200"', "2025-11-27T15:00:00Z"),
    ],
)
def test_session_time_that_has_passed_is_not_changed(text: str, first: str) -> None:
    """A change is accepted up to the instant from which it matters, and refused after it."""
    before, after = table_of("XNYS"), changed(text)
    instant = first_change(before, after)

    assert instant is not None
    assert first == written(instant)
    refuse_passed(before, after, instant)
    with pytest.raises(CalendarError, match=f"'XNYS': the change begins at {first}, but the stream has reached"):
        refuse_passed(before, after, instant + 1)


def test_a_file_may_tell_more_dates() -> None:
    """With `valid_until` the user says that the list is complete to there."""
    text = 'valid_until = 2027-01-04\n[[add]]\ndate = 2027-01-04\nhours = "0900-1700"'
    calendar = SessionCalendar(changed(text, "XSES"))
    now = int(datetime(2026, 12, 31, 12, tzinfo=UTC).timestamp()) * 10**9

    assert {"2026-12-31": "0100-0900", "2027-01-04": "0100-0900"} == shown(
        calendar.table, date(2026, 12, 31), date(2027, 1, 4)
    )
    assert 4 == calendar.days_left(now)
    assert 0 == resolve("XSES").days_left(now)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[[add]]\ndate = 2025-11-28\nhours = "0930-1200"', "there is a session already; 'change' it"),
        ("[[remove]]\ndate = 2025-11-27", "there is no session; 'add' one"),
        ('[[change]]\ndate = 2025-11-27\nhours = "0930-1200"', "there is no session"),
        ('[[closure]]\ndate = 2025-11-28\nhours = "1300-1400"', "it is closed then anyway"),
        ('[[change]]\ndate = 2025-11-26\nhours = "1400-1200"', "opens before the one ahead of it has closed"),
        ('[[add]]\ndate = 2035-11-28\nhours = "0930-1200"', "say valid_until"),
    ],
)
def test_a_change_that_does_not_fit_is_refused(text: str, why: str) -> None:
    """What is not there cannot be changed, what is there cannot be added, and sessions do not overlap."""
    text = text.replace("2025-11-26", "2025-11-25")

    with pytest.raises(CalendarError, match=rf"calendar 'XNYS'.*{why}"):
        changed(text)


def test_everything_that_is_wrong_in_a_file_is_told_at_once() -> None:
    """Dates, hours and unknown words, each with its place."""
    text = '[[remove]]\ndate = "soon"\nhours = "0900-1000"\n[[chnge]]\ndate = 2025-11-28\n[[add]]\ndate = 2025-11-27'

    with pytest.raises(DefinitionError) as refused:
        parse_overrides(text, "closures.toml")

    assert [
        ("closures.toml: add 1", "it has no hours"),
        ("closures.toml: remove 1", "'soon' is not a date"),
        ("closures.toml: remove 1", "a removed session has no hours"),
        ("closures.toml", "'chnge' means nothing here"),
    ] == [(problem.where, problem.what) for problem in refused.value.problems]


@pytest.mark.parametrize("text", ["{", "[[add", "add = 3", "[[add]]\ndate = 2025-11-27\nhours = 'closed'"])
def test_a_file_that_cannot_be_read_is_refused(text: str) -> None:
    """A broken file is a definition error, not a crash."""

    with pytest.raises(DefinitionError):
        parse_overrides(text)
