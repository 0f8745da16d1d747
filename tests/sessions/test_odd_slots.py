"""Slots of 65 minutes and of 4 hours in New York, counted by hand, on whole days and on a half day."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise

import pytest

from barloom.testing import Driver
from catalogue.market import at, nanos, ohlcv, prices, tick, ticks_to_bars

# Opens and closes in UTC; 390 minutes are six times 65, the 210 of a half day three times and 15 minutes.
SLOTS = {
    ("65m", "2025-11-26"): ("14:30", "15:35", "16:40", "17:45", "18:50", "19:55", "21:00"),
    ("65m", "2025-11-28"): ("14:30", "15:35", "16:40", "17:45", "18:00"),
    ("65m", "2025-03-10"): ("13:30", "14:35", "15:40", "16:45", "17:50", "18:55", "20:00"),
    ("4h", "2025-11-26"): ("14:30", "18:30", "21:00"),
    ("4h", "2025-11-28"): ("14:30", "18:00"),
    ("4h", "2025-03-10"): ("13:30", "17:30", "20:00"),
}
CHILDREN = {
    ("65m", "2025-11-26"): [13] * 6,
    ("65m", "2025-11-28"): [13, 13, 13, 3],
    ("65m", "2025-03-10"): [13] * 6,
    # Of 30 minutes each.
    ("4h", "2025-11-26"): [8, 5],
    ("4h", "2025-11-28"): [7],
    ("4h", "2025-03-10"): [8, 5],
}


@pytest.mark.parametrize(("timeframe", "day"), SLOTS)
def test_slots_begin_at_the_open_and_are_cut_at_the_close(timeframe: str, day: str) -> None:
    """A tick in every five minutes: each slot has its own, all its children, and the day has them all."""
    child = {"65m": "5m", "4h": "30m"}[timeframe]
    driver = Driver(ticks_to_bars(child, timeframe, "1d", calendar="XNYS"))
    edges = [at(f"{day}T{edge}") for edge in SLOTS[timeframe, day]]
    five = timedelta(minutes=5)
    driver.feed([tick(edges[0] + number * five, 100 + number) for number in range((edges[-1] - edges[0]) // five)])
    driver.set_clock(nanos(edges[-1]))

    finals = driver.finals(timeframe).rows(named=True)
    assert [*pairwise(edges)] == [(final["start"], final["end"]) for final in finals]
    for final in finals:
        first, last = (100 + (edge - edges[0]) // five for edge in (final["start"], final["end"] - five))
        assert prices(first, last, first, last, last - first + 1) == ohlcv(final)
    counts = [(final["slots"], final["filled"], final["expected_slots"]) for final in finals]
    assert [(number,) * 3 for number in CHILDREN[timeframe, day]] == counts
    (total,) = driver.finals("1d").rows(named=True)
    assert (edges[0], edges[-1], len(finals)) == (total["start"], total["end"], total["expected_slots"])
