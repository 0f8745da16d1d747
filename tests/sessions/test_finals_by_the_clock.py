"""A quiet market closes its day, week and month by the clock, at the session's close and the delay."""

from __future__ import annotations

import pytest

from barloom.testing import Driver
from catalogue.market import at, nanos, tick, ticks_to_bars

CLOSES = [
    # A Friday in winter, the Monday after the clocks went forward, the last date of March.
    ("XNYS", "2025-03-07T15:00", "2025-03-07T21:00", {"1d", "1w"}),
    ("XNYS", "2025-03-10T15:00", "2025-03-10T20:00", {"1d"}),
    ("XNYS", "2025-03-31T15:00", "2025-03-31T20:00", {"1d", "1mo"}),
    # The last date of October, the Monday after the clocks went back.
    ("XNYS", "2025-10-31T15:00", "2025-10-31T20:00", {"1d", "1w", "1mo"}),
    ("XNYS", "2025-11-03T15:00", "2025-11-03T21:00", {"1d"}),
    # Thanksgiving's half day ends its week and its month; before it one date that ends neither.
    ("XNYS", "2025-11-26T15:00", "2025-11-26T21:00", {"1d"}),
    ("XNYS", "2025-11-28T15:00", "2025-11-28T18:00", {"1d", "1w", "1mo"}),
    # Good Friday follows: the week ends on a Thursday.
    ("XNYS", "2025-04-17T15:00", "2025-04-17T20:00", {"1d", "1w"}),
    # Half an hour more since the Tuesday after a long weekend.
    ("XTKS", "2024-11-01T01:00", "2024-11-01T06:00", {"1d", "1w"}),
    ("XTKS", "2024-11-05T01:00", "2024-11-05T06:30", {"1d"}),
    # 17:00 in New York on both sides of both changes.
    ("24x5-fx", "2025-03-07T15:00", "2025-03-07T22:00", {"1d", "1w"}),
    ("24x5-fx", "2025-03-10T15:00", "2025-03-10T21:00", {"1d"}),
    ("24x5-fx", "2025-10-31T15:00", "2025-10-31T21:00", {"1d", "1w", "1mo"}),
    ("24x5-fx", "2025-11-02T23:00", "2025-11-03T22:00", {"1d"}),
]


@pytest.mark.parametrize(("calendar", "traded", "close", "ending"), CLOSES)
def test_day_week_and_month_end_with_their_last_close(calendar: str, traded: str, close: str, ending: set[str]) -> None:
    """One tick in the day; its final comes at close + delay, that of week and month where no trading date follows."""
    driver = Driver(ticks_to_bars("1m", "1h", "1d", "1w", "1mo", delay="10s", calendar=calendar))
    driver.feed(tick(traded, 10))
    driver.set_clock(nanos(at(close)) + 10 * 1_000_000_000 - 1)
    before = {timeframe for timeframe in ("1d", "1w", "1mo") if driver.finals(timeframe).height}
    driver.move_clock(1)
    after = {timeframe for timeframe in ("1d", "1w", "1mo") if driver.finals(timeframe).height}

    assert (set(), ending) == (before, after)
    for timeframe in ending:
        final = driver.finals(timeframe).row(0, named=True)
        assert (at(close), final["expected_slots"]) == (final["end"], final["slots"])
        assert 1 == final["filled"]
