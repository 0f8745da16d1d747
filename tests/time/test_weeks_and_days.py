"""Weeks that begin on any day, and several days or weeks counted from a declared date."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import numpy as np
import pytest

from barloom.errors import CalendarError
from barloom.time.calendar import expected_slots
from barloom.time.calendars import resolve
from barloom.time.options import Options
from barloom.time.slots import round_to_slot
from barloom.time.timeframe import Timeframe

DAY = 86_400 * 10**9
NAMES = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
RIYADH = 'template:{"zone":"Asia/Riyadh","hours":"1000-1500","days":"Sun-Thu"}'


def ns(day: date, hour: int = 0) -> int:
    """Nanoseconds since the epoch."""
    return int(datetime(day.year, day.month, day.day, hour, tzinfo=UTC).timestamp()) * 10**9


def days(first: date, last: date) -> list[date]:
    """Every date between two."""
    return [first + timedelta(days=number) for number in range((last - first).days + 1)]


@pytest.mark.parametrize("first", range(7), ids=NAMES)
def test_a_week_begins_on_the_declared_day(first: int) -> None:
    """In 24x7 it lasts seven days from that weekday on, found by walking back to it; also before 1970."""
    grid = resolve("24x7" if first == 0 else f"24x7?week={NAMES[first]}").grid(Timeframe.parse("1w"))
    for day in days(date(2025, 10, 1), date(2025, 11, 15)) + days(date(1969, 12, 20), date(1970, 1, 12)):
        begins = next(asked for back in range(7) if (asked := day - timedelta(days=back)).weekday() == first)
        start, end, _ = grid.round_to_slot(np.array([ns(day, 13)]))
        assert [ns(begins), ns(begins) + 7 * DAY] == [*start, *end]
        assert grid.bounds(grid.ordinal(start)) == (start, end)


def test_weeks_of_a_market_that_trades_from_sunday_to_thursday() -> None:
    """Riyadh, 10:00 to 15:00 (UTC+3): Sunday 2 to Thursday 6 November 2025; in Monday's weeks Sunday ends one."""
    asked = datetime(2025, 11, 4, 8, tzinfo=UTC)
    sunday, monday = (round_to_slot(asked, "1w", RIYADH + query) for query in ("?week=sunday", ""))

    assert (datetime(2025, 11, 2, 7, tzinfo=UTC), datetime(2025, 11, 6, 12, tzinfo=UTC)) == sunday
    assert (datetime(2025, 11, 3, 7, tzinfo=UTC), datetime(2025, 11, 9, 12, tzinfo=UTC)) == monday


@pytest.mark.parametrize("name", ["24x7", "24x7@Asia/Tokyo", "XNYS", "24x5-fx", RIYADH])
@pytest.mark.parametrize("frame", ["2d", "3d", "10d", "2w", "3w"])
@pytest.mark.parametrize("anchor", [date(2025, 1, 8), date(2024, 2, 29), date(2030, 5, 5)])
def test_several_days_and_weeks_are_counted_from_the_declared_date(name: str, frame: str, anchor: date) -> None:
    """Dates are counted with or without a session: a plain walk puts each trading date into the group it belongs to."""
    calendar = resolve(f"{name}?week=sunday&anchor_date={anchor}")
    length = int(frame[:-1]) * (7 if frame.endswith("w") else 1)
    begin = anchor
    while frame.endswith("w") and begin.weekday() != 6:
        begin -= timedelta(days=1)

    groups: dict[int, list[tuple[int, int]]] = {}
    grid, daily = calendar.grid(Timeframe.parse(frame)), calendar.grid(Timeframe.parse("1d"))
    first = int(daily.ordinal(np.array([ns(date(2024, 12, 1))]))[0])
    starts, ends = daily.bounds(np.arange(first, first + 150))
    for day, start, end in zip(daily.trading_date(starts).tolist(), starts.tolist(), ends.tolist(), strict=True):
        groups.setdefault((day - (begin - date(1970, 1, 1)).days) // length, []).append((start, end))
    expected = [(slots[0][0], slots[-1][1], len(slots)) for slots in groups.values()][1:-1]

    asked = np.array([start for start, _, _ in expected])
    located = grid.round_to_slot(asked + 1)
    counts = expected_slots(grid, daily, asked)
    assert expected == [*zip(located.start.tolist(), located.end.tolist(), counts.tolist(), strict=True)]


def test_a_date_without_a_session_changes_no_other_group() -> None:
    """Two days in New York from Monday, 24 November 2025: Thursday is Thanksgiving, and Friday a group of its own."""
    name = "XNYS?anchor_date=2025-11-24"
    found = {round_to_slot(datetime(2025, 11, day, 16, tzinfo=UTC), "2d", name) for day in (24, 25, 26, 28)}

    spans = sorted((slot.start.day, slot.end.day) for slot in found if slot is not None)
    assert [(24, 25), (26, 26), (28, 28)] == spans


@pytest.mark.parametrize("name", ["24x7", "24x7?week=sunday", "XNYS", "XTKS?break=span"])
def test_without_a_date_several_days_are_refused_with_the_way_out(name: str) -> None:
    """The message writes the calendar's name as it should be."""
    more = f"{name}{'&' if '?' in name else '?'}anchor_date=2025-01-06"
    with pytest.raises(CalendarError) as refused:
        resolve(name).grid(Timeframe.parse("3d"))

    assert f"does not say from when 3d is counted; write such as {more!r}" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("XNYS?week=sun", "week is 'sun'; write monday or tuesday"),
        ("XNYS?anchor_date=20250106", "anchor_date is '20250106'; write a date such as 2025-01-06"),
        ("XNYS?anchor_date=2025-02-30", "write a date such as"),
        ("24x7?anchor=clock&week=sunday", r"no open and no break; write '24x7\?week=sunday'"),
        ("24x7?weak=sunday", "did you mean 'week'"),
    ],
)
def test_an_option_that_makes_no_sense_is_refused(name: str, why: str) -> None:
    """With what can be written instead."""
    with pytest.raises(CalendarError, match=why):
        resolve(name)


def test_options_have_one_writing() -> None:
    """The defaults are left out, and the rest stands in one order."""
    plain, options = Options.split("24x7?anchor_date=2025-01-06&week=sunday")

    assert ("24x7", "?week=sunday&anchor_date=2025-01-06") == (plain, str(options))
    assert str(Options.split("24x7?week=monday")[1]) == ""
    assert resolve("24x7?anchor_date=2025-01-06&week=sunday").name == "24x7?week=sunday&anchor_date=2025-01-06"


@pytest.mark.parametrize("frame", ["1w", "2d", "92d", "13w"])
def test_every_known_year_has_its_slots(frame: str) -> None:
    """From 1678 to 2261 no slot leaves what 64 bits hold, and slots lie side by side."""
    grid = resolve("24x7?week=sunday&anchor_date=2025-01-08").grid(Timeframe.parse(frame))
    times = np.array([ns(date(1678, 1, 1)), ns(date(1678, 6, 1)), ns(date(2261, 6, 1)), ns(date(2261, 12, 31))])

    start, end, _ = grid.round_to_slot(times)

    assert bool(((start <= times) & (times < end)).all())
    following = grid.ordinal(start[1:-1]) + 1
    assert np.array_equal(end[1:-1], grid.bounds(following)[0])
