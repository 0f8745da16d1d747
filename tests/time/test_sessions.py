"""Calendars of sessions, against slots written down by hand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from barloom.errors import CalendarError
from barloom.time.calendar import expected_slots
from barloom.time.sessions import SessionCalendar, calendar_of_sessions
from barloom.time.timeframe import HOUR, MINUTE, Timeframe

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def at(text: str) -> datetime:
    """An ISO time in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def ns(text: str) -> int:
    """Nanoseconds of an ISO time in UTC."""
    return (at(text) - EPOCH) // timedelta(microseconds=1) * 1000


def column(*times: str) -> np.ndarray:
    """An int64 column of ISO times."""
    return np.array([ns(item) for item in times], np.int64)


def times(values: np.ndarray) -> list[str]:
    """Nanoseconds as short ISO times."""
    return [(EPOCH + timedelta(microseconds=value // 1000)).strftime("%Y-%m-%dT%H:%M") for value in values.tolist()]


def market() -> SessionCalendar:
    """Two weeks around New Year: a lunch break, a half day, holidays, a session from the evening before.

    The Wednesday between (1 January) is a holiday, and so is all of the week before.
    """
    lunch = (("00:00", "02:30"), ("03:30", "06:00"))
    full = dict.fromkeys(("2024-12-30", "2025-01-02", "2025-01-03", "2025-01-07", "2025-01-08"), lunch)
    sessions = [
        (date.fromisoformat(day), [(at(f"{day}T{opens}"), at(f"{day}T{closes}")) for opens, closes in parts])
        for day, parts in full.items()
    ]
    sessions.append((date(2024, 12, 31), [(at("2024-12-31T00:00"), at("2024-12-31T02:10"))]))
    sessions.append((date(2025, 1, 6), [(at("2025-01-05T22:00"), at("2025-01-06T06:00"))]))
    return calendar_of_sessions(
        sorted(sessions), name="market", known_from=date(2024, 12, 23), known_until=date(2025, 1, 12)
    )


def grid(timeframe: str):  # noqa: ANN201 - a private grid
    """The slots of a timeframe in this market."""
    return market().grid(Timeframe.parse(timeframe))


@pytest.mark.parametrize(
    ("timeframe", "time", "start", "end"),
    [
        ("1h", "2024-12-30T01:59", "2024-12-30T01:00", "2024-12-30T02:00"),
        ("1h", "2024-12-30T02:29", "2024-12-30T02:00", "2024-12-30T02:30"),  # cut at the break
        ("1h", "2024-12-30T03:30", "2024-12-30T03:30", "2024-12-30T04:30"),  # anchored anew after it
        ("1h", "2024-12-30T05:59", "2024-12-30T05:30", "2024-12-30T06:00"),  # cut at the close
        ("1h", "2024-12-31T02:09", "2024-12-31T02:00", "2024-12-31T02:10"),  # half day
        ("65m", "2025-01-05T22:00", "2025-01-05T22:00", "2025-01-05T23:05"),  # anchored at the open, not at midnight
        ("65m", "2025-01-06T00:00", "2025-01-05T23:05", "2025-01-06T00:10"),  # across midnight
        ("23h", "2025-01-06T03:00", "2025-01-05T22:00", "2025-01-06T06:00"),  # longer than the segment
        ("1d", "2024-12-30T00:00", "2024-12-30T00:00", "2024-12-30T06:00"),
        ("1d", "2024-12-31T02:00", "2024-12-31T00:00", "2024-12-31T02:10"),
        ("1d", "2025-01-05T23:00", "2025-01-05T22:00", "2025-01-06T06:00"),  # Monday's trading date
        ("1w", "2024-12-31T00:00", "2024-12-30T00:00", "2025-01-03T06:00"),
        ("1w", "2025-01-05T22:00", "2025-01-05T22:00", "2025-01-08T06:00"),
    ],
)
def test_slots_follow_the_sessions(timeframe: str, time: str, start: str, end: str) -> None:
    """Intraday slots are anchored at a segment's open and cut at its close; days are trading dates."""

    located = grid(timeframe).round_to_slot(column(time))

    assert ([start], [end], [True]) == (times(located.start), times(located.end), located.inside.tolist())


@pytest.mark.parametrize("timeframe", ["1ms", "1m", "1h", "1d", "1w"])
@pytest.mark.parametrize(
    "time",
    [
        "2024-12-30T02:30",
        "2024-12-30T03:29",
        "2024-12-30T06:00",
        "2025-01-01T01:00",
        "2025-01-04T12:00",
        "2025-01-05T21:59",
    ],
)
def test_outside_the_session_there_is_no_slot(timeframe: str, time: str) -> None:
    """Breaks, nights, holidays and weekends are outside at every level, also where a day's slot spans the break."""

    assert [False] == grid(timeframe).round_to_slot(column(time)).inside.tolist()


@pytest.mark.parametrize(
    ("parent", "child", "start", "count"),
    [
        ("1d", "1h", "2024-12-30T00:00", 6),  # 2½ hours and 2½ hours, each three slots
        ("1d", "1m", "2024-12-30T00:00", 300),
        ("1d", "1m", "2024-12-31T00:00", 130),  # half day
        ("1d", "1h", "2025-01-05T22:00", 8),
        ("1w", "1d", "2024-12-30T00:00", 4),  # without the holiday
        ("1w", "1d", "2025-01-05T22:00", 3),
        ("1w", "1h", "2024-12-30T00:00", 6 + 3 + 6 + 6),
        ("1h", "5m", "2024-12-30T02:00", 6),
    ],
)
def test_expected_slots_are_exact(parent: str, child: str, start: str, count: int) -> None:
    """Half days, breaks and holidays count what is really open."""

    assert [count] == expected_slots(grid(parent), grid(child), column(start)).tolist()


def test_trading_dates_are_those_of_the_session() -> None:
    """The evening before belongs to the next date, and a week has the first of its dates."""
    monday, thursday = (date(2025, 1, 6) - EPOCH.date()).days, (date(2024, 12, 30) - EPOCH.date()).days

    assert [monday] == grid("1h").trading_date(column("2025-01-05T22:00")).tolist()
    assert [monday] == grid("1d").trading_date(column("2025-01-05T22:00")).tolist()
    assert [thursday] == grid("1w").trading_date(column("2024-12-30T00:00")).tolist()


@pytest.mark.parametrize(
    ("time", "begun", "over"),
    [
        ("2024-12-30T00:00", 0, 0),
        ("2024-12-30T00:01", 1, 0),
        ("2024-12-30T01:00", 1, 1),
        ("2024-12-30T02:30", 3, 3),
        ("2024-12-30T03:00", 3, 3),
        ("2024-12-30T03:30", 3, 3),
        ("2024-12-30T03:31", 4, 3),
        ("2024-12-30T23:00", 6, 6),
        ("2025-01-01T12:00", 9, 9),
    ],
)
def test_ordinals_count_what_has_begun_and_ended(time: str, begun: int, over: int) -> None:
    """`ordinal` counts slots that started strictly before, `ended` those whose end has been reached."""

    assert [begun] == grid("1h").ordinal(column(time)).tolist()
    assert [over] == grid("1h").ended(column(time)).tolist()


def test_the_next_open_skips_breaks_nights_and_holidays() -> None:
    """In session a time is its own next open; outside it is the next segment's open."""
    asked = column("2024-12-30T01:00", "2024-12-30T02:30", "2024-12-31T05:00", "2025-01-03T06:00")

    opens = market().next_open(asked)

    assert ["2024-12-30T01:00", "2024-12-30T03:30", "2025-01-02T00:00", "2025-01-05T22:00"] == times(opens)


@pytest.mark.parametrize(
    ("time", "nanos", "reached"),
    [
        ("2024-12-30T01:00", 0, "2024-12-30T01:00"),
        ("2024-12-30T01:00", HOUR, "2024-12-30T02:00"),
        ("2024-12-30T01:00", 90 * MINUTE, "2024-12-30T02:30"),  # reached at the close, not at the next open
        ("2024-12-30T01:00", 91 * MINUTE, "2024-12-30T03:31"),
        ("2024-12-30T03:00", MINUTE, "2024-12-30T03:31"),  # the break does not count
        ("2024-12-31T02:00", HOUR, "2025-01-02T00:50"),  # nor does the holiday
        ("2025-01-08T05:00", 9 * HOUR, "2025-01-08T06:00"),  # beyond the table: its end
    ],
)
def test_session_time_passes_only_in_session(time: str, nanos: int, reached: str) -> None:
    """`advance` counts open time, and stops where the calendar's knowledge ends."""

    assert [reached] == times(market().advance(column(time), nanos))


def test_a_time_from_which_nothing_more_is_known_is_refused() -> None:
    """Beyond the last session stands an error that names the calendar, the time, what it knows and what to do."""
    expected = (
        "calendar 'market' ends before 2025-01-08T06:00:00Z: it knows the trading dates 2024-12-23 to 2025-01-12{}; "
        "use a newer version of the calendar, or add the missing sessions to it"
    )
    level = " and cannot tell a slot of {} there"

    for asked, why in (
        (grid("1m").round_to_slot, level.format("1m")),
        (grid("1d").round_to_slot, level.format("1d")),
        (market().is_open, ""),
        (market().next_open, ""),
    ):
        with pytest.raises(CalendarError) as refused:
            asked(column("2025-01-08T06:00"))
        assert expected.format(why) == str(refused.value)


def test_a_time_before_the_first_session_is_refused() -> None:
    """What was before the first known session is not guessed either; only that nothing had ended is sure."""
    before = column("2024-12-29T23:59")

    for asked in (grid("1m").round_to_slot, grid("1w").ordinal, market().is_open):
        with pytest.raises(CalendarError, match="begins after 2024-12-29T23:59:00Z"):
            asked(before)
    assert [0, 0] == [int(grid(name).ended(before)[0]) for name in ("1m", "1w")]


def test_the_last_slot_still_ends() -> None:
    """The end of the last known slot can be asked for: the slots before it can be counted."""
    close = column("2025-01-08T06:00")

    assert [41] == grid("1h").ordinal(close).tolist()
    assert [41] == grid("1h").ended(close).tolist()
    with pytest.raises(CalendarError, match="ends before"):
        grid("1h").ended(close + 1)
    with pytest.raises(CalendarError, match="whole 1h slot"):
        grid("1h").bounds(np.array([41]))


def test_known_to_says_that_nothing_opens_for_a_while() -> None:
    """A table may know that no session opens for some time after its last close."""
    calendar = calendar_of_sessions(
        [(date(2025, 1, 3), [(at("2025-01-03T14:30"), at("2025-01-03T21:00"))])], known_to=at("2025-01-05T23:00")
    )

    assert [False] == calendar.is_open(column("2025-01-05T22:59")).tolist()
    assert [1] == calendar.grid(Timeframe.parse("1d")).ended(column("2025-01-05T23:00")).tolist()
    with pytest.raises(CalendarError, match="does not say when the next session opens"):
        calendar.next_open(column("2025-01-04T00:00"))


@pytest.mark.parametrize(
    ("timeframe", "time", "edge"),
    [
        ("1w", "2025-01-02T10:00", "2025-01-02"),  # the week began on Monday, 30 December
        ("1w", "2025-01-14T10:00", "2025-01-16"),  # Friday may be a trading date
        ("1mo", "2025-01-02T10:00", "2025-01-02"),
    ],
)
def test_a_week_or_month_that_is_not_wholly_known_is_refused(timeframe: str, time: str, edge: str) -> None:
    """Such a slot could be longer than what is known of it; days and minutes within are fine."""
    days = [date(2025, 1, day) for day in (2, 3, 6, 7, 8, 9, 10, 13, 14, 15, 16)]
    calendar = calendar_of_sessions([(day, [(at(f"{day}T09:00"), at(f"{day}T17:00"))]) for day in days])
    slots = calendar.grid(Timeframe.parse(timeframe))

    with pytest.raises(CalendarError, match=rf"whole {timeframe} slot at the edge of its dates \({edge}\)"):
        slots.round_to_slot(column(time))
    assert [True] == calendar.grid(Timeframe.parse("1d")).round_to_slot(column(time)).inside.tolist()


def test_a_wholly_known_week_between_others_is_told() -> None:
    """The weeks at the edges are refused, the one between is not, and its number counts from the table's first."""
    days = [date(2025, 1, day) for day in (2, 3, 6, 7, 8, 9, 10, 13, 14, 15, 16)]
    calendar = calendar_of_sessions([(day, [(at(f"{day}T09:00"), at(f"{day}T17:00"))]) for day in days])
    weeks = calendar.grid(Timeframe.parse("1w"))

    start, end, inside = weeks.round_to_slot(column("2025-01-08T10:00"))

    assert (["2025-01-06T09:00"], ["2025-01-10T17:00"], [True]) == (times(start), times(end), inside.tolist())
    assert [1] == weeks.ordinal(start).tolist()
    assert [2] == weeks.ended(column("2025-01-16T16:59")).tolist()
    assert [2] == weeks.ended(column("2025-01-16T17:00")).tolist()  # whose end is not known has not ended


@pytest.mark.parametrize(
    ("sessions", "why"),
    [
        ([], "has no session"),
        ([("2025-01-02", [])], "has no session"),
        ([("2025-01-02", [("2025-01-02T09", "2025-01-02T09")])], "closes no later than it opens"),
        (
            [("2025-01-02", [("2025-01-02T09", "2025-01-02T12"), ("2025-01-02T11", "2025-01-02T17")])],
            "opens before the one",
        ),
        (
            [
                ("2025-01-03", [("2025-01-02T09", "2025-01-02T12")]),
                ("2025-01-02", [("2025-01-03T09", "2025-01-03T12")]),
            ],
            "dates that do not increase, at 2025-01-02",
        ),
        ([("2025-01-02", [("2025-01-02T09", "2025-01-02T12")]), ("2025-01-03", [])], "every session its segments"),
    ],
)
def test_a_table_that_contradicts_itself_is_refused(sessions: list, why: str) -> None:
    """Sessions that are empty, overlap or are out of order are named when the calendar is made."""
    made = [(date.fromisoformat(day), [(at(opens), at(closes)) for opens, closes in parts]) for day, parts in sessions]

    with pytest.raises(CalendarError, match=rf"'sessions' .*{why}"):
        calendar_of_sessions(made)


def test_times_of_sessions_state_their_zone() -> None:
    """A session in nobody's local time is refused."""

    with pytest.raises(ValueError, match="has no time zone"):
        calendar_of_sessions([(date(2025, 1, 2), [(datetime(2025, 1, 2, 9), datetime(2025, 1, 2, 17))])])  # noqa: DTZ001
