"""Closing auctions and the end of what a calendar knows, on hand-made sessions."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

import barloom as bl
from barloom.testing import Driver, FakeSessionCalendar


class Trade(bl.Event):
    """A trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)
    size: Decimal = bl.decimal(12, 0)


MONDAY = date(2025, 1, 6)
FRIDAY = date(2025, 1, 10)
WEEK = FakeSessionCalendar.weekdays(MONDAY, FRIDAY, opens="09:30", closes="16:00", half_days={FRIDAY: "13:00"})


def trade(at: str, price: int, day: date = MONDAY, symbol: str = "ACME") -> dict[str, Any]:
    """A trade of one share at a time of day, UTC."""
    return {"symbol": symbol, "at": f"{day}T{at}Z", "price": str(price), "size": "1"}


def bars(grace: str | None, *parents: str) -> bl.Bars:
    """One-minute bars with some parents, on a calendar that closes where there is a grace."""
    hours = "24x7" if grace is None else "XNYS"
    query = bl.from_(Trade).tumbling("1m", delay="10s", calendar=hours, close_grace=grace)
    return query.ohlcv(price="price", size="size").rollup(*parents).named("bars")


def at(text: str, day: date = MONDAY) -> datetime:
    """A time of day, UTC."""
    return datetime.fromisoformat(f"{day}T{text}+00:00")


def nanos(moment: datetime) -> int:
    """A whole second as nanoseconds."""
    return int(moment.timestamp()) * 10**9


def test_prints_within_the_grace_belong_to_the_last_slot_of_every_level() -> None:
    """Close 16:00, grace 5 min: the print of 16:04:59 closes the last minute, hour and day; one at 16:05 is out."""
    driver = Driver(bars("5m", "1h", "1d"), calendar=WEEK)
    driver.feed([trade("15:59:30", 10), trade("16:00:00", 11), trade("16:04:59", 12), trade("16:05:00", 99)])
    driver.feed([trade("09:30:00", 20, MONDAY + timedelta(days=1))])

    for timeframe, start in (("1m", at("15:59")), ("1h", at("15:30")), ("1d", at("09:30"))):
        first = driver.finals(timeframe).row(0, named=True)
        assert (start, at("16:00"), Decimal(12), 3) == (first["start"], first["end"], first["close"], first["count"])
        assert at("16:04:59") == first["close_time"]
    assert ["out_of_session"] == [record.reason for record in driver.rejected()]


def test_the_last_slot_waits_for_the_grace_and_no_longer() -> None:
    """15:59 is final at 16:05, not before, and without any further tick; earlier slots need the delay only."""
    driver = Driver(bars("5m", "1d"), calendar=WEEK)
    driver.feed([trade("15:58:30", 10), trade("15:59:30", 11)])
    driver.set_clock(nanos(at("16:04:59")))
    before = driver.finals("1m")["start"].to_list(), driver.finals("1d").height
    driver.set_clock(nanos(at("16:05:00")))

    assert ([at("15:58")], 0) == before
    assert ([at("15:58"), at("15:59")], 1) == (driver.finals("1m")["start"].to_list(), driver.finals("1d").height)


def test_without_grace_a_print_at_the_close_is_out_of_session() -> None:
    """Slots are half-open: 16:00:00 is after the close."""
    driver = Driver(bars(None), calendar=WEEK)
    driver.feed([trade("15:59:59", 10), trade("16:00:00", 11)])

    assert ["out_of_session"] == [record.reason for record in driver.rejected()]


def test_a_half_day_has_its_own_auction() -> None:
    """On a day that closes at 13:00 the auction is after 13:00."""
    driver = Driver(bars("5m", "1d"), calendar=WEEK)
    driver.feed([trade("12:59:59", 10, FRIDAY), trade("13:04:00", 11, FRIDAY), trade("15:59:59", 12, FRIDAY)])
    driver.set_clock(nanos(at("13:30", FRIDAY)))

    assert [(at("13:00", FRIDAY), Decimal(11))] == driver.finals("1d").select("end", "close").rows()


def test_a_grace_must_fit_into_the_pause() -> None:
    """A grace as long as the shortest pause would reach into the next session; 24x7 never closes at all."""
    with pytest.raises(bl.DefinitionError, match="shortest pause"):
        Driver(replace(bars(None).plan, close_grace=63_000 * 10**9), calendar=WEEK)
    with pytest.raises(bl.DefinitionError, match="never closes"):
        Driver(replace(bars(None).plan, close_grace=60 * 10**9))


def test_beyond_the_calendar_nothing_is_guessed() -> None:
    """A tick after the last known date is refused, moves nothing, and the bars before it go on."""
    driver = Driver(bars(None, "1d"), calendar=WEEK)
    driver.feed([trade("12:00:00", 10, FRIDAY)])
    driver.feed([trade("12:00:00", 11, FRIDAY + timedelta(days=30)), trade("12:02:00", 12, FRIDAY)])

    assert ["beyond_calendar"] == [record.reason for record in driver.rejected()]
    assert [at("12:00", FRIDAY)] == driver.finals("1m")["start"].to_list()


def test_a_week_beyond_the_horizon_stops_the_weekly_level_only() -> None:
    """The calendar ends on a Wednesday: that week's bar cannot be known, its days are."""
    known = FakeSessionCalendar.weekdays(MONDAY, MONDAY + timedelta(days=9))
    driver = Driver(bars(None, "1d", "1w"), calendar=known)
    days = [MONDAY + timedelta(days=offset) for offset in (0, 4, 7, 8)]
    driver.feed([trade("12:00:00", 10, day) for day in days])
    driver.set_clock(nanos(datetime(2025, 1, 15, 20, tzinfo=UTC)))

    assert days == driver.finals("1d")["trading_date"].to_list()
    assert [MONDAY] == driver.finals("1w")["trading_date"].to_list()
    assert [] == driver.rejected()
