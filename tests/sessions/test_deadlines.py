"""Bars as input on an exchange's calendar: each timeframe waits for missing children to its own deadline.

One minute waits 90 s from its slot's end, an hour 5 minutes, a day 10 minutes from the session's close.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

import barloom as bl
from barloom.testing import Driver
from catalogue.market import at, bars_to_bars, candle, nanos, ohlcv, prices, starts

QUARTER = timedelta(seconds=15)


def driver_of(calendar: str) -> Driver:
    """Bars of 15 seconds in, coarser ones out."""
    levels = [bl.timeframe(name, delay=delay) for name, delay in (("1m", "90s"), ("1h", "5m"), ("1d", "10m"))]
    return Driver(bars_to_bars("15s", *levels, calendar=calendar))


# The last bar that comes, and when its minute, hour and day end: half day, whole day, before and after a lunch break.
ENDS = [
    ("XNYS", "2025-11-28T17:58:00", "2025-11-28T17:59", "2025-11-28T18:00", "2025-11-28T18:00"),
    ("XNYS", "2025-11-26T20:58:00", "2025-11-26T20:59", "2025-11-26T21:00", "2025-11-26T21:00"),
    ("XNYS", "2025-03-10T15:00:00", "2025-03-10T15:01", "2025-03-10T15:30", "2025-03-10T20:00"),
    ("XTKS", "2024-11-01T02:28:00", "2024-11-01T02:29", "2024-11-01T02:30", "2024-11-01T06:00"),
    ("XTKS", "2024-11-05T03:30:00", "2024-11-05T03:31", "2024-11-05T04:30", "2024-11-05T06:30"),
]


@pytest.mark.parametrize(("calendar", "start", "minute", "hour", "day"), ENDS)
def test_each_timeframe_waits_to_its_own_deadline(calendar: str, start: str, minute: str, hour: str, day: str) -> None:
    """By the clock alone: nothing at the deadline, when a bar may still come; the final a nanosecond beyond it."""
    driver = driver_of(calendar)
    driver.feed(candle(start, 10, 12, 9, 11, 5))
    for timeframe, end, delay in (("1m", minute, 90), ("1h", hour, 300), ("1d", day, 600)):
        driver.set_clock(nanos(at(end)) + delay * 1_000_000_000)
        assert [] == starts(driver.finals(timeframe)), timeframe
        driver.move_clock(1)
        (final,) = driver.finals(timeframe).rows(named=True)
        assert (at(end), *prices(10, 12, 9, 11, 5)) == (final["end"], *ohlcv(final)), timeframe
        assert (1, 1) == (final["slots"], final["filled"]), timeframe


def test_expected_children_are_the_session_s() -> None:
    """On a half day: 4 quarters in a minute, 30 minutes in the hour that is cut at 13:00, 4 hours in the day."""
    driver = driver_of("XNYS")
    driver.feed(candle("2025-11-28T17:58:00", 10, 12, 9, 11, 5))
    driver.set_clock(nanos(at("2025-11-28T18:10")) + 1)

    expected = {timeframe: driver.finals(timeframe)["expected_slots"].to_list() for timeframe in ("1m", "1h", "1d")}
    assert {"1m": [4], "1h": [30], "1d": [4]} == expected


def test_a_whole_half_day_needs_no_deadline() -> None:
    """All 840 quarters of a minute are there: minute, hour and day are final with the last of them, at the close."""
    driver = driver_of("XNYS")
    rows = [candle(at("2025-11-28T14:30") + number * QUARTER, 10, 12, 9, 11, 1) for number in range(840)]
    driver.feed(rows[:-1])
    before = [driver.finals(timeframe).height for timeframe in ("1m", "1h", "1d")]
    driver.feed(rows[-1])

    assert [209, 3, 0] == before
    assert [210, 4, 1] == [driver.finals(timeframe).height for timeframe in ("1m", "1h", "1d")]
    day = driver.finals("1d").row(0, named=True)
    assert prices(10, 12, 9, 11, 840) == ohlcv(day)
    assert (4, 4, 4) == (day["slots"], day["filled"], day["expected_slots"])


def test_a_bar_between_two_deadlines_counts_where_it_is_in_time() -> None:
    """Too late for its minute, so for all that is made of minutes; stream time comes from another key's bars."""
    driver = driver_of("XNYS")
    driver.feed(candle("2025-11-26T15:00:00", 10, 12, 9, 11, 5))
    driver.feed(candle("2025-11-26T15:02:00", 1, 1, 1, 1, 1, symbol="OTHER"))
    driver.feed(candle("2025-11-26T15:00:15", 11, 15, 11, 14, 5))
    driver.feed(candle("2025-11-26T15:02:15", 1, 1, 1, 1, 1, symbol="OTHER"))
    driver.feed(candle("2025-11-26T15:00:30", 14, 16, 14, 15, 5))
    driver.feed(candle("2025-11-26T15:02:30", 1, 1, 1, 1, 1, symbol="OTHER"))
    driver.feed(candle("2025-11-26T15:00:45", 14, 99, 14, 14, 5))
    driver.feed(candle("2025-11-26T15:35:00", 1, 1, 1, 1, 1, symbol="OTHER"))

    # 15:01 + 90 s is 15:02:30, the end of the bar of 15:02:15, and the next one is 15 s beyond; 15:30 + 5 min is the
    # start of the last.
    (minute,) = driver.finals("1m").filter(symbol="EURUSD").rows(named=True)
    assert prices(10, 16, 9, 15, 15) == ohlcv(minute)
    (hour,) = driver.finals("1h").filter(symbol="EURUSD").rows(named=True)
    assert (at("2025-11-26T14:30"), *prices(10, 16, 9, 15, 15)) == (hour["start"], *ohlcv(hour))
    assert [("late", 15 * 10**9)] == [(record.reason, record.by) for record in driver.rejected()]
