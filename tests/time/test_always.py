"""The calendar that never closes, against slots written down by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.errors import CalendarError
from barloom.time.calendar import expected_slots
from barloom.time.calendars import resolve
from barloom.time.timeframe import DAY, HOUR, MINUTE, SECOND, Timeframe

ALL = [
    "1ms",
    "100ms",
    "1s",
    "7s",
    "1m",
    "7m",
    "65m",
    "1h",
    "5h",
    "23h",
    "1d",
    "1w",
    "1mo",
    "2mo",
    "3mo",
    "4mo",
    "6mo",
    "12mo",
]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ns(text: str) -> int:
    """Nanoseconds of an ISO time in UTC."""
    return (datetime.fromisoformat(text).replace(tzinfo=UTC) - EPOCH) // timedelta(microseconds=1) * 1000


def grid(timeframe: str):  # noqa: ANN201 - a private grid
    """The slots of a timeframe in 24x7."""
    return resolve("24x7").grid(Timeframe.parse(timeframe))


def column(*times: int) -> np.ndarray:
    """An int64 column."""
    return np.array(times, np.int64)


@pytest.mark.parametrize(
    ("timeframe", "start", "end"),
    [
        ("1ms", "2025-11-10T12:34:56.789", "2025-11-10T12:34:56.790"),
        ("1s", "2025-11-10T12:34:56", "2025-11-10T12:34:57"),
        ("5s", "2025-11-10T12:34:55", "2025-11-10T12:35:00"),
        ("5m", "2025-11-10T12:30", "2025-11-10T12:35"),
        ("65m", "2025-11-10T11:55", "2025-11-10T13:00"),  # 11 x 65 minutes after midnight
        ("4h", "2025-11-10T12:00", "2025-11-10T16:00"),
        ("5h", "2025-11-10T10:00", "2025-11-10T15:00"),
        ("1d", "2025-11-10", "2025-11-11"),
        ("1w", "2025-11-10", "2025-11-17"),
        ("1mo", "2025-11-01", "2025-12-01"),
        ("2mo", "2025-11-01", "2026-01-01"),
        ("3mo", "2025-10-01", "2026-01-01"),
        ("4mo", "2025-09-01", "2026-01-01"),
        ("6mo", "2025-07-01", "2026-01-01"),
        ("12mo", "2025-01-01", "2026-01-01"),
    ],
)
def test_a_slot_holds_its_start_and_its_last_nanosecond_but_not_its_end(timeframe: str, start: str, end: str) -> None:
    """Slots are half-open: the last nanosecond before the end is inside, the end begins the next."""
    inside = column(ns("2025-11-10T12:34:56.789"), ns(start), ns(end) - 1)

    located = grid(timeframe).round_to_slot(inside)
    following = grid(timeframe).round_to_slot(column(ns(end)))

    assert [ns(start)] * 3 == located.start.tolist()
    assert [ns(end)] * 3 == located.end.tolist()
    assert [True] * 3 == located.inside.tolist()
    assert [ns(end)] == following.start.tolist()


@pytest.mark.parametrize(
    ("time", "timeframe", "start", "end"),
    [
        ("1969-12-31T23:59:59.999999", "1m", "1969-12-31T23:59", "1970-01-01"),
        ("1969-12-31T23:59:59.999999", "7s", "1969-12-31T23:59:54", "1970-01-01"),  # 12342 x 7 s, cut after 6 s
        ("1969-12-31T23:59:59.999999", "1d", "1969-12-31", "1970-01-01"),
        ("1969-12-31T23:59:59.999999", "1w", "1969-12-29", "1970-01-05"),
        ("1969-12-31T23:59:59.999999", "1mo", "1969-12-01", "1970-01-01"),
        ("1969-12-31T23:59:59.999999", "12mo", "1969-01-01", "1970-01-01"),
        ("1900-02-28T12:00", "1mo", "1900-02-01", "1900-03-01"),  # 1900 was no leap year
        ("1678-01-01", "12mo", "1678-01-01", "1679-01-01"),
        ("2261-12-31T23:00", "12mo", "2261-01-01", "2262-01-01"),
        ("2261-12-31T23:00", "65m", "2261-12-31T22:45", "2261-12-31T23:50"),
    ],
)
def test_slots_before_the_epoch_are_as_half_open_as_after(time: str, timeframe: str, start: str, end: str) -> None:
    """Negative nanoseconds round down, never towards the epoch."""

    located = grid(timeframe).round_to_slot(column(ns(time)))

    assert ([ns(start)], [ns(end)]) == (located.start.tolist(), located.end.tolist())


@pytest.mark.parametrize(
    ("timeframe", "slots", "last"),
    [
        ("65m", 23, 10 * MINUTE),
        ("7s", 12_343, 6 * SECOND),
        ("7m", 206, 5 * MINUTE),
        ("5h", 5, 4 * HOUR),
        ("23h", 2, HOUR),
    ],
)
def test_slots_that_do_not_divide_the_day_are_cut_at_midnight(timeframe: str, slots: int, last: int) -> None:
    """They begin anew at each UTC midnight, and the last one of the day is shorter."""
    midnight = ns("2024-02-29")

    located = grid(timeframe).round_to_slot(column(midnight - 1, midnight))
    count = expected_slots(grid("1d"), grid(timeframe), column(midnight))

    assert [midnight - last, midnight] == located.start.tolist()
    assert midnight == located.end[0]
    assert [slots] == count.tolist()


@pytest.mark.parametrize(
    ("time", "monday"),
    [
        ("2020-12-31", "2020-12-28"),  # ISO week 53 of 2020
        ("2021-01-03T23:59:59.999999", "2020-12-28"),
        ("2021-01-04", "2021-01-04"),  # ISO week 1 of 2021
        ("2024-12-31", "2024-12-30"),  # ISO week 1 of 2025
        ("2026-12-31", "2026-12-28"),  # ISO week 53 of 2026
    ],
)
def test_weeks_begin_on_monday_also_across_years(time: str, monday: str) -> None:
    """A week belongs to no year: it runs from Monday to Monday."""

    assert [ns(monday)] == grid("1w").round_to_slot(column(ns(time))).start.tolist()


@pytest.mark.parametrize(
    ("parent", "child", "start", "count"),
    [
        ("1h", "1m", "2025-11-10T12:00", 60),
        ("65m", "5m", "2025-11-10T22:45", 13),
        ("65m", "5m", "2025-11-10T23:50", 2),
        ("1d", "1s", "2025-11-10", 86_400),
        ("1w", "1d", "2024-12-30", 7),
        ("1mo", "1d", "2024-02-01", 29),
        ("1mo", "1d", "2100-02-01", 28),
        ("12mo", "1d", "2024-01-01", 366),
        ("12mo", "4mo", "2024-01-01", 3),
        ("1w", "65m", "2024-12-30", 7 * 23),
    ],
)
def test_expected_slots_are_counted_by_hand(parent: str, child: str, start: str, count: int) -> None:
    """The number of children of one parent is exact."""

    assert [count] == expected_slots(grid(parent), grid(child), column(ns(start))).tolist()


@pytest.mark.parametrize("timeframe", ALL)
@given(times=st.lists(st.integers(ns("1678-02-01"), ns("2260-12-31")), min_size=1, max_size=20))
def test_ordinals_and_bounds_agree_everywhere(timeframe: str, times: list[int]) -> None:
    """Slots are numbered without a hole, and every time lies in exactly the slot that its numbers say."""
    slots = grid(timeframe)
    asked = column(*times)

    start, end, inside = slots.round_to_slot(asked)
    own = slots.ordinal(start)

    assert inside.all()
    assert ((start <= asked) & (asked < end)).all()
    assert (start.tolist(), end.tolist()) == tuple(edge.tolist() for edge in slots.bounds(own))
    assert (slots.ordinal(start + 1) == own + 1).all()
    assert (slots.ordinal(end) == own + 1).all()
    assert (slots.ordinal(asked) == own + (asked > start)).all()
    assert (slots.ended(asked) == own).all()
    assert (slots.ended(end - 1) == own).all()
    assert (slots.ended(end) == own + 1).all()
    assert (slots.bounds(own + 1)[0] == end).all()
    assert (slots.trading_date(start) == start // DAY).all()


def test_every_day_of_four_centuries_lies_in_its_own_month() -> None:
    """Months agree with the standard library's calendar on every day they have in common."""
    days = np.arange(ns("1678-01-01"), ns("2262-01-01"), DAY)
    firsts = [(EPOCH + timedelta(days=day)).replace(day=1) for day in (days // DAY).tolist()]

    located = grid("1mo").round_to_slot(days)

    assert [(first - EPOCH).days * DAY for first in firsts] == located.start.tolist()


@pytest.mark.parametrize("timeframe", ["1s", "7s", "1d", "1w", "1mo"])
@pytest.mark.parametrize("time", ["1677-12-31T23:59:59", "2262-01-01T00:00:01"])
def test_years_that_nanoseconds_do_not_hold_are_refused(timeframe: str, time: str) -> None:
    """At the edge of int64 nanoseconds stands an error that names calendar, time and years, not a wrapped slot."""

    with pytest.raises(
        CalendarError, match=rf"'24x7' (begins after|ends before) {time}Z: it knows the years 1678 to 2261"
    ):
        grid(timeframe).round_to_slot(column(0, ns(time)))


@pytest.mark.parametrize("timeframe", ["1h", "7s", "1mo"])
def test_ordinals_beyond_the_years_are_refused(timeframe: str) -> None:
    """Asking for a slot that lies beyond is the same error."""

    with pytest.raises(CalendarError, match="knows the years 1678 to 2261"):
        grid(timeframe).bounds(column(int(grid(timeframe).ordinal(column(ns("2261-12-31")))[0]) + 30_000))


def test_every_time_is_in_session() -> None:
    """24x7 has no gaps: it is always open, opens at once, and session time is elapsed time."""
    calendar = resolve("24x7")
    times = column(-1, 0, ns("2025-11-09T03:00"))

    assert [True] * 3 == calendar.is_open(times).tolist()
    assert times.tolist() == calendar.next_open(times).tolist()
    assert (times + DAY).tolist() == calendar.advance(times, DAY).tolist()


def test_session_time_ends_where_the_known_years_end() -> None:
    """A carry limit near the end of the known years is cut there instead of wrapping."""

    assert [ns("2262-01-01")] == resolve("24x7").advance(column(ns("2261-12-31")), 2**62).tolist()


@pytest.mark.parametrize("timeframe", ALL)
def test_no_times_give_no_slots(timeframe: str) -> None:
    """An empty column is answered by empty columns."""
    slots = grid(timeframe)
    nothing = column()

    sizes = {len(item) for item in (*slots.round_to_slot(nothing), slots.ordinal(nothing), slots.ended(nothing))}

    assert {0} == sizes
    assert [0, 0] == [len(edge) for edge in slots.bounds(nothing)]
