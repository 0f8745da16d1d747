"""What holds for every shipped calendar, looked at over the five years 2020 to 2024."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import pairwise

import numpy as np
import pytest

from barloom.time.calendar import expected_slots
from barloom.time.calendars import resolve
from barloom.time.sessions import SessionCalendar
from barloom.time.shipped.snapshot import exchange_names
from barloom.time.timeframe import MINUTE, Timeframe

BEGIN, END = (int(datetime(year, 1, 1, tzinfo=UTC).timestamp()) * 10**9 for year in (2020, 2025))
WEEK = 7 * 24 * 60
LADDER = ["1mo", "1d", "4h", "1h", "5m", "1m"]
ALL = ["1m", "5m", "7m", "65m", "1h", "4h", "1d", "1w", "1mo", "3mo", "12mo"]
TEMPLATE = 'template:{"zone":"America/Chicago","hours":"1700-1600","holidays":["XNYS"],"early_closes":["XNYS"]}'
EXTENDED = 'template:{"zone":"America/New_York","hours":"0930-1600","pre":"0400-0930","post":"1600-2000"}?extended=true'
NAMES = [
    *exchange_names(),
    *("24x5-fx", "24x7@Europe/London", "24x7@America/St_Johns", TEMPLATE, EXTENDED),
    *("XNYS?anchor=clock", "XTKS?break=span", "XHKG?anchor=clock&break=span"),
]


@pytest.fixture(params=NAMES, ids=lambda name: name[:30])
def calendar(request: pytest.FixtureRequest) -> SessionCalendar:
    """Every shipped calendar, and some with options."""
    found = resolve(request.param)
    assert isinstance(found, SessionCalendar)
    return found


def slots_of(calendar: SessionCalendar, timeframe: str) -> tuple[np.ndarray, np.ndarray]:
    """The slots that begin in the five years."""
    grid = calendar.grid(Timeframe.parse(timeframe))
    first, last = grid.ordinal(np.array([BEGIN, END])).tolist()
    return grid.bounds(np.arange(first, last))


def minutes() -> np.ndarray:
    """All minutes of some weeks: those with clock changes, holidays, half days and year ends."""
    weeks = [0, 9, 12, 30, 42, 43, 51, 52, 104, 163, 207, 251]
    begin = BEGIN // MINUTE
    return np.concatenate([np.arange(begin + week * WEEK, begin + (week + 1) * WEEK) for week in weeks]) * MINUTE


@pytest.mark.parametrize("timeframe", ALL)
def test_every_minute_in_session_has_exactly_one_slot(calendar: SessionCalendar, timeframe: str) -> None:
    """Slots do not overlap; a minute in session lies in one, the same that is found for it; others in none."""
    table, asked = calendar.table, minutes()
    starts, ends = slots_of(calendar, timeframe)
    opened = np.searchsorted(table.opens, asked, "right")
    is_open = opened > np.searchsorted(table.closes, asked, "right")

    start, end, inside = calendar.grid(Timeframe.parse(timeframe)).round_to_slot(asked)

    assert bool((starts[1:] >= ends[:-1]).all())
    assert np.array_equal(is_open, inside)
    holding = np.searchsorted(starts, asked[is_open], "right") - 1
    whole = holding >= 0  # the first slot may have begun before these years
    assert np.array_equal(starts[holding][whole], start[is_open][whole])
    assert np.array_equal(ends[holding][whole], end[is_open][whole])
    assert bool((asked[is_open] < end[is_open]).all())


def session_time(calendar: SessionCalendar, starts: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """The open time within slots."""
    return calendar.table.passed(ends) - calendar.table.passed(starts)


@pytest.mark.parametrize("pair", [*pairwise(LADDER), ("1w", "1d"), ("12mo", "3mo"), ("3mo", "1mo")], ids="-".join)
def test_children_lie_in_one_parent_and_share_its_session_time(
    calendar: SessionCalendar, pair: tuple[str, str]
) -> None:
    """A child's parent is found by its start; their session time adds up, and their number is the expected one."""
    parent, child = (calendar.grid(Timeframe.parse(name)) for name in pair)
    begins, finishes = slots_of(calendar, pair[0])
    starts, ends = slots_of(calendar, pair[1])
    starts, ends = (edge[(starts >= begins[0]) & (starts < finishes[-1])] for edge in (starts, ends))

    of = np.searchsorted(begins, starts, "right") - 1

    assert bool((ends <= finishes[of]).all())
    own = session_time(calendar, starts, ends)
    assert bool((own > 0).all())
    whole = begins[1:-1]  # the last parent's children may reach into the next year
    sums, counts = np.bincount(of, own)[1:-1], np.bincount(of)[1:-1]
    assert np.array_equal(session_time(calendar, whole, finishes[1:-1]), sums.astype(np.int64))
    assert np.array_equal(counts, expected_slots(parent, child, whole))


def test_expected_slots_agree_from_level_to_level(calendar: SessionCalendar) -> None:
    """A month expects as many minutes as its days, hours and five minutes do together."""
    grids = [calendar.grid(Timeframe.parse(name)) for name in LADDER]
    starts, ends = slots_of(calendar, "1mo")
    months, edge = starts[1:-1], int(ends[-2])
    expected = int(expected_slots(grids[0], grids[-1], months).sum())

    for name, grid in zip(LADDER[1:-1], grids[1:-1], strict=True):
        level, _ = slots_of(calendar, name)
        level = level[(level >= months[0]) & (level < edge)]
        assert expected == int(expected_slots(grid, grids[-1], level).sum()), name


def test_ordinals_and_bounds_are_inverse(calendar: SessionCalendar) -> None:
    """A slot's ordinal leads back to it, its end is counted as ended and not an instant before."""
    for name in ALL[1:]:
        grid = calendar.grid(Timeframe.parse(name))
        starts, ends = slots_of(calendar, name)
        numbers = grid.ordinal(starts)
        assert np.array_equal(np.arange(numbers[0], numbers[0] + len(numbers)), numbers)
        assert np.array_equal(numbers + 1, grid.ordinal(starts + 1))
        assert np.array_equal(numbers + 1, grid.ended(ends))
        assert np.array_equal(numbers, grid.ended(ends - 1))
