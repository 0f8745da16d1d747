"""A user's changes to a calendar: what they make of it, which slots they change, and what is refused."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

import numpy as np
import pytest

from barloom.errors import CalendarError, DefinitionError
from barloom.time.calendars import resolve, table_of
from barloom.time.declared.overrides import apply_overrides, parse_overrides
from barloom.time.instants import written
from barloom.time.options import Options
from barloom.time.sessions import SessionCalendar
from barloom.time.shipped.changes import changed_sessions, changed_slots, first_change, refuse_passed
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


HALT = '[[closure]]\ndate = 2025-11-25\nhours = "1121-1300"\n'


def hours_of(text: str, timeframe: str = "1h", name: str = "XNYS") -> list[str]:
    """The slots of 2025-11-25 in New York as local times of day (UTC - 5 hours)."""
    plain, options = Options.split(name)
    grid = SessionCalendar(changed(text, plain), options).grid(Timeframe.parse(timeframe))
    day = [int(datetime(2025, 11, 25, hour, tzinfo=UTC).timestamp()) * 10**9 for hour in (12, 22)]
    starts, ends = grid.bounds(np.arange(*grid.ordinal(np.array(day)).tolist()))
    edges = np.column_stack((starts, ends)) // (60 * 10**9) % 1440 - 300
    return [
        "-".join(f"{edge // 60:02d}:{edge % 60:02d}" for edge in slot) for slot in edges.tolist()
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        # a slot that the closure cuts stays where it was, one that lies in it is not there
        (HALT, "09:30-10:30 10:30-11:30 12:30-13:30 13:30-14:30 14:30-15:30 15:30-16:00"),
        (HALT + 'break = "span"', "09:30-10:30 10:30-11:30 12:30-13:30 13:30-14:30 14:30-15:30 15:30-16:00"),
        (HALT + 'break = "split"', "09:30-10:30 10:30-11:21 13:00-14:00 14:00-15:00 15:00-16:00"),
        # from before the open, and to after the close
        (HALT.replace("1121-1300", "0900-1005"),
         "10:05-10:30 10:30-11:30 11:30-12:30 12:30-13:30 13:30-14:30 14:30-15:30 15:30-16:00"),
        (HALT.replace("1121-1300", "1501-1700"),
         "09:30-10:30 10:30-11:30 11:30-12:30 12:30-13:30 13:30-14:30 14:30-15:01"),
        (HALT.replace("1121-1300", "1000-1002,1029-1031"),
         "09:30-10:30 10:30-11:30 11:30-12:30 12:30-13:30 13:30-14:30 14:30-15:30 15:30-16:00"),
    ],
)  # fmt: skip
def test_a_closure_does_not_move_the_slots_after_it(text: str, slots: str) -> None:
    """They are counted from the open as planned, unless the closure says that they begin anew."""
    assert slots.split() == hours_of(text)


def test_a_closure_leaves_the_lunch_break_its_own_setting() -> None:
    """Tokyo's slots begin anew after lunch, and a halt of either half moves none of them; by the clock neither does."""
    halt = '[[closure]]\ndate = 2025-11-25\nhours = "{}"\n'

    def local(text: str, name: str) -> list[str]:
        plain, options = Options.split(name)
        grid = SessionCalendar(changed(text, plain), options).grid(Timeframe.parse("1h"))
        day = [int(datetime(2025, 11, day, 23, tzinfo=UTC).timestamp()) * 10**9 for day in (24, 25)]
        starts, _ = grid.bounds(np.arange(*grid.ordinal(np.array(day)).tolist()))
        return [f"{(at // 60 + 9) % 24:02d}:{at % 60:02d}" for at in (starts // (60 * 10**9)).tolist()]

    assert ["09:00", "10:00", "11:00", "12:30", "13:30", "14:30"] == local(halt.format("1010-1020"), "XTKS")
    assert ["09:00", "10:00", "12:40", "13:30", "14:30"] == local(halt.format("1055-1240"), "XTKS")
    assert ["12:40", "13:00", "14:00", "15:00"] == local(halt.format("0900-1240"), "XTKS?break=span")
    assert ["09:00", "10:00", "11:00", "13:15", "14:00", "15:00"] == local(
        halt.format("1230-1315"), "XTKS?anchor=clock"
    )


def test_a_closure_is_no_close() -> None:
    """No auction is waited for at a halt, and it does not bound the grace after a close; one that splits does."""
    halt = HALT.replace("1121-1300", "1000-1005")
    ten = np.array([int(datetime(2025, 11, 25, 15, 2, tzinfo=UTC).timestamp()) * 10**9])
    through, anew = (SessionCalendar(changed(text)) for text in (halt, halt + 'break = "split"'))

    assert ["2025-11-24T21:00:00Z"] == [written(int(at)) for at in through.last_close(ten)]
    assert ["2025-11-25T15:00:00Z"] == [written(int(at)) for at in anew.last_close(ten)]
    assert resolve("XNYS").shortest_pause == through.shortest_pause
    assert 5 * 60 * 10**9 == anew.shortest_pause


def test_how_slots_go_on_is_a_change_of_its_own() -> None:
    """Where a closure comes to split them, the slots after it are others, although the hours are the same."""
    before, after = changed(HALT), changed(HALT + 'break = "split"')

    assert "2025-11-25T18:00:00Z" == written(first_change(before, after) or 0)
    assert ["-2025-11-25T17:30:00Z", "+2025-11-25T18:00:00Z"] == [
        f"{'+' if slot.added else '-'}{written(slot.start)}"
        for slot in changed_slots(before, after, [Timeframe.parse("1h")])
        if slot.start < int(datetime(2025, 11, 25, 18, 15, tzinfo=UTC).timestamp()) * 10**9
        and slot.end > int(datetime(2025, 11, 25, 17, tzinfo=UTC).timestamp()) * 10**9
    ]


def test_a_closure_says_break_in_two_words_only() -> None:
    """Anything else, and the key elsewhere, is told with what may be written."""
    with pytest.raises(DefinitionError, match=r"break is 'join'\n.*'span'.*'split'"):
        parse_overrides(HALT + 'break = "join"')
    with pytest.raises(DefinitionError, match="'break' means nothing here"):
        parse_overrides('[[change]]\ndate = 2025-11-25\nhours = "0930-1200"\nbreak = "span"')


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


SHARES = 'template:{"zone":"America/New_York","hours":"0930-1600","pre":"0400-0930","post":"1600-2000"}'


def phased(text: str, day: date, *, unsaid: str = "span") -> str:
    """The stretches of a date as UTC times of day with their phase."""
    table = apply_overrides(table_of(SHARES), parse_overrides(text, unsaid=unsaid))  # type: ignore[arg-type]
    session = next(SessionCalendar(table, Options(extended=True)).sessions(day, day))
    pairs = zip(session.segments, session.phases, strict=True)
    return " ".join(f"{opens:%H%M}-{closes:%H%M}/{phase}" for (opens, closes), phase in pairs)


@pytest.mark.parametrize(
    ("more", "hours"),
    [
        ("", "0900-1430/pre 1430-1800/regular 1800-2200/post"),
        ('post = "1300-1500"', "0900-1430/pre 1430-1800/regular 1800-2000/post"),
        ('post = "closed"', "0900-1430/pre 1430-1800/regular"),
        ('pre = "0800-0930"', "1300-1430/pre 1430-1800/regular 1800-2200/post"),
        ('pre = "closed"\npost = "closed"', "1430-1800/regular"),
    ],
)
def test_a_changed_date_keeps_the_hours_around_its_own_or_states_them(more: str, hours: str) -> None:
    """Those after an early close follow it; the text that is kept says the same."""
    text = f'[[change]]\ndate = 2025-11-28\nhours = "0930-1300"\n{more}'

    assert hours == phased(text, date(2025, 11, 28))
    assert hours == phased(parse_overrides(text).text(), date(2025, 11, 28), unsaid="unsaid")


def test_an_added_date_may_state_hours_around_its_own() -> None:
    """There are no usual ones to keep."""
    text = '[[add]]\ndate = 2025-11-29\nhours = "1000-1200"\npost = "1200-1300"'

    assert "1500-1700/regular 1700-1800/post" == phased(text, date(2025, 11, 29))


def test_a_change_that_an_older_version_applied_stays_as_it_was() -> None:
    """What stands in a store without a word on the other hours has none; the same file read anew says nothing else."""
    text = '[[change]]\ndate = 2025-11-28\nhours = "0930-1300"'
    kept = parse_overrides(text, unsaid="unsaid")

    assert "1430-1800/regular" == phased(kept.text(), date(2025, 11, 28), unsaid="unsaid")
    assert kept == parse_overrides(text, unsaid="unsaid").settled(kept)
    assert kept != parse_overrides(text, unsaid="unsaid").settled(None)


def test_a_date_may_have_two_evenings() -> None:
    """Times name their weekday, as in a template."""
    text = '[[change]]\ndate = 2025-11-25\nhours = "Sun 1700-Mon 1200, Mon 1700-Tue 1600"'
    futures = 'template:{"zone":"America/Chicago","hours":"1700-1600"}'
    text += "\n[[remove]]\ndate = 2025-11-24"

    table = apply_overrides(table_of(futures), parse_overrides(text))

    assert "2300-1800 2300-2200" == shown(table, date(2025, 11, 25), date(2025, 11, 25))["2025-11-25"]
    assert parse_overrides(text) == parse_overrides(parse_overrides(text).text())


@pytest.mark.parametrize(
    ("entry", "why"),
    [
        ('[[change]]\ndate = 2025-11-28\nhours = "0930-1300"\npost = "late"', "'late' are no hours"),
        ('[[change]]\ndate = 2025-11-28\nhours = "0930-1300"\noutside = "none"', "outside is 'none'"),
        ('[[closure]]\ndate = 2025-11-28\nhours = "1000-1005"\npost = "1300-1500"', "'post' means nothing here"),
    ],
)
def test_hours_around_that_make_no_sense_are_refused(entry: str, why: str) -> None:
    """They are hours, and of a date that is added or changed."""
    with pytest.raises(DefinitionError, match=why):
        parse_overrides(entry)
