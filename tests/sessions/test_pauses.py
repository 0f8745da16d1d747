"""Carried bars go on after lunch breaks, nights, holidays and half days, and count session time only."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

import pytest

from barloom.testing import Driver
from catalogue.market import HOUR, SECOND, at, nanos, ohlcv, prices, starts, tick, ticks_to_bars
from catalogue.sessions import cut
from exchanges import currencies, new_york, sessions, tokyo

if TYPE_CHECKING:
    from exchanges import Segments

PAUSES = {
    "XTKS": sessions(tokyo, date(2024, 11, 1), date(2024, 11, 5)),
    "XNYS": sessions(new_york, date(2025, 11, 26), date(2025, 11, 28)),
    "24x5-fx": sessions(currencies, date(2025, 10, 31), date(2025, 11, 3)),
}


@pytest.mark.parametrize("by_clock", [True, False], ids=["clock", "ticks"])
@pytest.mark.parametrize("calendar", PAUSES)
def test_carried_bars_fill_sessions_and_nothing_else(calendar: str, *, by_clock: bool) -> None:
    """From the first tick on every slot of the sessions, none in a pause; by the clock as by a tick of another key."""
    days: dict[date, Segments] = PAUSES[calendar]
    slots = [slot for segments in days.values() for slot in cut(segments, HOUR / 2)]
    driver = Driver(ticks_to_bars("30m", "1d", gap="carry", carry_limit="2w", calendar=calendar))
    driver.feed(tick(slots[0][0] + SECOND, 10, 5))
    if by_clock:
        driver.set_clock(nanos(slots[-1][1]))
    else:
        driver.feed(tick(slots[-1][1], 99, 1, symbol="OTHER"))

    finals = driver.finals("30m").filter(symbol="EURUSD").rows(named=True)
    assert slots == [(final["start"], final["end"]) for final in finals]
    assert [False] + [True] * (len(slots) - 1) == [final["synthetic"] for final in finals]
    assert {prices(10, 10, 10, 10, 0)} == {ohlcv(final) for final in finals[1:]}
    assert [*days][:1] == driver.finals("1d").filter(symbol="EURUSD")["trading_date"].to_list()


def test_a_carry_limit_counts_session_time() -> None:
    """4 hours from 15:30 on the eve of Thanksgiving: 30 minutes, the half day's 3.5 hours, and Monday's first slot."""
    driver = Driver(ticks_to_bars("30m", gap="carry", carry_limit="4h", calendar="XNYS"))
    driver.feed(tick("2025-11-26T20:30:00", 10))
    driver.set_clock(nanos(at("2025-12-01T21:00")))

    friday = [at(f"2025-11-28T{hour}") for hour in ("14:30", "15:00", "15:30", "16:00", "16:30", "17:00", "17:30")]
    assert [at("2025-11-26T20:30"), *friday, at("2025-12-01T14:30")] == starts(driver.finals("30m"))


def test_beats_follow_the_session_across_a_lunch_break() -> None:
    """A key beaten at 11:00 is silent from 11:30 to 12:30 and beaten again then; the beat of 11:00 is taken back."""
    driver = Driver(ticks_to_bars("30m", heartbeat=True, calendar="XTKS"))
    driver.feed(tick("2024-11-01T01:59:00", 10))
    seen = []
    # 11:10, 11:40, 12:20, 12:40 in Tokyo.
    for moment in ("02:10", "02:40", "03:20", "03:40"):
        driver.set_clock(nanos(at(f"2024-11-01T{moment}")))
        seen.append(starts(driver.lives("30m").filter(synthetic=True)))

    assert [[at("2024-11-01T02:00")], [], [], [at("2024-11-01T03:30")]] == seen


def test_a_carried_day_is_the_session_too() -> None:
    """A quiet half day is a flat bar from 9:30 to 13:00, after the holiday that has none."""
    driver = Driver(ticks_to_bars("1h", "1d", calendar="XNYS"))
    carried = Driver(ticks_to_bars("1d", gap="carry", calendar="XNYS"))
    for each in (driver, carried):
        each.feed(tick("2025-11-26T15:00:00", 10))
        each.set_clock(nanos(at("2025-11-28T18:00")))

    assert [at("2025-11-26T14:30")] == starts(driver.finals("1d"))
    assert [(at("2025-11-26T14:30"), at("2025-11-26T21:00")), (at("2025-11-28T14:30"), at("2025-11-28T18:00"))] == (
        carried.finals("1d").select("start", "end").rows()
    )
