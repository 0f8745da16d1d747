"""Days, weeks and months of regular hours on a calendar in which others count, too."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np
import pytest

from barloom.errors import CalendarError
from barloom.time.calendars import resolve
from barloom.time.sessions import SessionCalendar
from barloom.time.slots import expected_slots, round_to_slot
from barloom.time.timeframe import Timeframe

HOURS = (
    'template:{"zone":"America/New_York","hours":"0930-1200,1300-1600","pre":"0400-0930,1200-1215","post":"1600-2000",'
    '"holidays":["XNYS"],"early_closes":["XNYS"],"from":"2025-01-01","until":"2026-12-31"}?extended=true'
)
"""With pre-market hours also in the lunch break, as some exchanges of Asia have them."""


@pytest.mark.parametrize("frame", ["1d", "1w", "1mo", "3mo"])
@pytest.mark.parametrize("child", ["1m", "1h", "1d"])
def test_the_slots_are_those_of_a_calendar_without_the_other_hours(frame: str, child: str) -> None:
    """From the first regular open to the last regular close; children are counted in regular hours only."""
    if frame == child:
        return
    plain = HOURS.partition("?")[0]
    dates = ((10, 3), (10, 14), (10, 31), (11, 3), (11, 26), (11, 28), (12, 24))
    asked = [datetime(2025, month, day, 15, tzinfo=UTC) for month, day in dates]

    for time in asked:
        expected = round_to_slot(time, frame, plain)
        assert expected is not None
        assert expected == round_to_slot(time, f"{frame}-regular", HOURS)
        finer = child if child != "1d" else "1d-regular"
        counted = expected_slots(f"{frame}-regular", finer, expected.start, HOURS)
        assert expected_slots(frame, child, expected.start, plain) == counted


def test_other_hours_lie_outside() -> None:
    """Before the open, in the pre-market of the break and after the close there is no regular day."""
    calendar = resolve(HOURS)
    assert isinstance(calendar, SessionCalendar)
    times = [
        datetime(2025, 10, 3, hour, minute, tzinfo=UTC)
        for hour, minute in ((12, 0), (14, 0), (16, 5), (18, 0), (21, 0))
    ]
    grid = calendar.grid(Timeframe.parse("1d-regular"))

    located = grid.round_to_slot(np.array([int(time.timestamp()) * 10**9 for time in times]))

    assert [False, True, False, True, False] == located.inside.tolist()


def test_the_first_dates_are_known_to_all_timeframes() -> None:
    """The pre-market of the first date is no time before the calendar."""
    first = datetime(2025, 1, 2, 10, tzinfo=UTC)
    assert round_to_slot(first, "1d", HOURS) is not None
    assert round_to_slot(first, "1d-regular", HOURS) is None
    assert bool(resolve(HOURS).grid(Timeframe.parse("1d-regular")).knows(np.array([int(first.timestamp()) * 10**9]))[0])


def test_a_calendar_that_never_closes_has_no_regular_hours() -> None:
    """It says what to write."""
    with pytest.raises(CalendarError, match="no regular hours to tell from others; write '1d'"):
        resolve("24x7").grid(Timeframe.parse("1d-regular"))
