"""Which slot a bar of the input is, by what its definition says of its time."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

import barloom as bl
from barloom.engine.counting import Counting

ALL_DAY = "2025-11-10"


class Candle(bl.Event):
    """A finished bar."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


def made(base: str, up: str, stamped: str, calendar: str = "24x7", zone: str | None = None) -> bl.Bars:
    """Bars of one length, rolled up once."""
    declared = bl.from_(Candle).bars(base, stamped=stamped, calendar=calendar)
    chosen = declared.select(open=bl.first("price"), close=bl.last("price")).rollup(up)
    return chosen.source(zone=zone).named("bars")


def computed(bars: bl.Bars, *times: str) -> Any:  # noqa: ANN401 - what `compute` gives
    """The bars of rows at these times, whose price is their number; `Computed`."""
    prices = [str(number) for number in range(1, len(times) + 1)]
    return bars.compute(pl.DataFrame({"symbol": "A", "at": times, "price": prices}), "keep")


def told(found: Any, up: str) -> list[tuple[str, int, int, int, int]]:  # noqa: ANN401 - as above
    """Start, first and last price, slots and expected slots of the finals."""
    names = ("open", "close", "slots", "expected_slots")
    return [(f"{row['start']:%m-%d %H:%M}", *(int(row[name]) for name in names)) for row in found[up].rows(named=True)]


@pytest.mark.parametrize(
    ("stamped", "seconds"),
    [
        ("start", ["00", "00", "00", "00", "00"]),
        ("end-1ms", ["59.999"] * 5),
        ("end-1s", ["59"] * 5),
        ("end-1us", ["59.999999"] * 5),
        ("end-1ns", ["59.999999999"] * 5),
        ("end-59s", ["01"] * 5),
    ],
)
def test_a_bar_may_be_stamped_any_time_before_its_end(stamped: str, seconds: list[str]) -> None:
    """Binance stamps the close of the minute of 09:04 with 09:04:59.999; five of them are the 09:00 slot of 5m."""
    times = [f"2025-11-10T09:0{minute}:{second}Z" for minute, second in enumerate(seconds)]
    found = computed(made("1m", "5m", stamped), *times)

    assert told(found, "5m") == [("11-10 09:00", 1, 5, 5, 5)]
    assert found.rejected.rows() == []


@pytest.mark.parametrize(
    ("stamped", "time", "message"),
    [
        (
            "end-1ms",
            "2025-11-10T09:01:00Z",
            "2025-11-10T09:01:00Z is no end-1ms of a 1m slot; 2025-11-10T09:00:59.999000000Z is 1ms earlier",
        ),
        (
            "end-1ms",
            "2025-11-10T09:00:59.998Z",
            "2025-11-10T09:00:59.998000000Z is no end-1ms of a 1m slot; 2025-11-10T09:00:59.999000000Z is 1ms later",
        ),
        (
            "end",
            "2025-11-10T09:00:01Z",
            "2025-11-10T09:00:01Z is no end of a 1m slot; 2025-11-10T09:00:00Z is 1s earlier",
        ),
        (
            "start",
            "2025-11-10T09:00:59Z",
            "2025-11-10T09:00:59Z is no start of a 1m slot; 2025-11-10T09:01:00Z is 1s later",
        ),
    ],
)
def test_a_bar_stamped_elsewhere_is_refused_with_the_nearest_stamp(stamped: str, time: str, message: str) -> None:
    """Another side, or other bars: nothing is rounded."""
    found = computed(made("1m", "5m", stamped), time)

    assert found.rejected.select("reason", "message").rows() == [("invalid", message)]


WEEK = ("2025-11-03", "2025-11-04", "2025-11-05", "2025-11-06", "2025-11-07")


@pytest.mark.parametrize("zone", [None, "UTC", "America/New_York", "Asia/Tokyo"])
def test_a_date_is_the_session_of_that_trading_date(zone: str | None) -> None:
    """Whatever zone the dates are read in; the week from Monday the 3rd is whole with its Friday."""
    found = computed(made("1d", "1w", "date", "XNYS", zone), *WEEK)

    assert told(found, "1w") == [("11-03 14:30", 1, 5, 5, 5)]


def test_a_session_that_begins_the_evening_before_goes_by_its_trading_date() -> None:
    """The Monday of currencies opens on Sunday at 17:00 in New York, which is 22:00 UTC in winter."""
    found = computed(made("1d", "1w", "date", "24x5-fx"), *WEEK)

    assert told(found, "1w") == [("11-02 22:00", 1, 5, 5, 5)]


def test_midnights_of_the_zone_or_of_utc_are_dates() -> None:
    """A date column, a midnight in New York, and one in UTC: the same three days of one week."""
    bars = made("1d", "1w", "date", "XNYS", "America/New_York")
    found = computed(bars, "2025-11-03", "2025-11-04T05:00:00Z", "2025-11-05T00:00:00Z", *WEEK[3:])
    days = pl.DataFrame({"symbol": "A", "at": [date(2025, 11, day) for day in range(3, 8)], "price": list("12345")})

    assert told(found, "1w") == [("11-03 14:30", 1, 5, 5, 5)] == told(bars.compute(days, "keep"), "1w")


def test_a_time_of_day_is_no_date() -> None:
    """The close of Monday might be meant for Monday, in another zone for Tuesday."""
    found = computed(made("1d", "1w", "date", "XNYS", "America/New_York"), "2025-11-03T16:00:00-05:00")

    message = (
        "2025-11-03T21:00:00Z is no midnight in America/New_York, as dates are read; "
        "2025-11-03T05:00:00Z is 16h earlier"
    )
    assert found.rejected.select("reason", "message").rows() == [("invalid", message)]


def test_a_date_without_a_session_is_out_of_session() -> None:
    """Thanksgiving, a Saturday; beyond the calendar nothing is known."""
    found = computed(made("1d", "1w", "date", "XNYS"), "2025-11-27", "2025-11-29", "2199-01-02")

    assert found.rejected["reason"].to_list() == ["out_of_session", "out_of_session", "beyond_calendar"]


@pytest.mark.parametrize("day", ["2025-09-01", "2025-09-03", "2025-09-05", "2025-09-06"])
def test_a_week_goes_by_any_of_its_dates(day: str) -> None:
    """Monday the 1st was Labor Day, Saturday the 6th ended the week: its slot opened on Tuesday the 2nd."""
    declared = bl.from_(Candle).bars("1w", stamped="date", calendar="XNYS", keep="last")
    found = computed(declared.select(open=bl.first("price"), close=bl.last("price")).named("bars"), day)

    assert found.open["1w"]["start"].dt.strftime("%m-%d").to_list() == ["09-02"]


@pytest.mark.parametrize(("day", "start"), [("2025-11-01", "11-03"), ("2025-11-30", "11-03"), ("2025-12-01", "12-01")])
def test_a_month_goes_by_any_of_its_dates(day: str, start: str) -> None:
    """The 1st of November 2025 was a Saturday and the 30th a Sunday: both are November, which opened on the 3rd."""
    bars = bl.from_(Candle).bars("1mo", stamped="date", calendar="XNYS").select(close=bl.last("price")).rollup("3mo")
    found = bars.named("bars").compute(pl.DataFrame({"symbol": "A", "at": [day], "price": ["1"]}), "keep")

    assert found.open["3mo"]["open_time"].dt.strftime("%m-%d").to_list() == [start]


CLOCK = tuple(f"2025-11-10T{hour:02}:00:00" for hour in range(9, 16))


def test_hours_on_the_clock_begin_when_it_strikes() -> None:
    """New York opens at 9:30 within the hour of 9:00; the day is whole with the seventh, of 15:00."""
    bars = made("1h", "1d", "clock", "XNYS?anchor=clock", "America/New_York")
    found = computed(bars, *CLOCK)

    assert told(found, "1d") == [("11-10 14:30", 1, 7, 7, 7)]


def test_after_a_break_too() -> None:
    """Tokyo pauses from 11:30 to 12:30: the hour of 12:00 begins at 12:30, that of 11:00 ends at 11:30."""
    hours = [f"2025-11-10T{hour}:00:00" for hour in ("09", 10, 11, 12, 13, 14, 15)]
    found = computed(made("1h", "1d", "clock", "XTKS?anchor=clock", "Asia/Tokyo"), *hours)

    assert [row[1:] for row in told(found, "1d")] == [(1, 7, 7, 7)]


@pytest.mark.parametrize(
    "time", ["2025-11-10T08:00:00", "2025-11-10T16:00:00", "2025-11-10T09:15:00", "2025-11-08T10:00:00"]
)
def test_a_clock_that_strikes_for_no_session_is_out_of_it(time: str) -> None:
    """The hour before, the hour after, a quarter past, a Saturday."""
    found = computed(made("1h", "1d", "clock", "XNYS?anchor=clock", "America/New_York"), time)

    assert found.rejected["reason"].to_list() == ["out_of_session"]


def test_an_hour_may_say_its_open_as_well() -> None:
    """09:30 is the start of the first slot, 10:30 of none."""
    bars = made("1h", "1d", "clock", "XNYS?anchor=clock", "America/New_York")
    found = computed(bars, "2025-11-10T09:30:00", "2025-11-10T10:30:00", *CLOCK[1:])

    assert found.rejected["message"].to_list() == [
        "2025-11-10T15:30:00Z is no start of a 1h slot; 2025-11-10T15:00:00Z is 30m earlier"
    ]
    assert told(found, "1d") == [("11-10 14:30", 1, 8, 7, 7)]


def test_files_are_merged_by_the_rows_that_lie_in_a_session() -> None:
    """Those that count for time are found by the same rule."""
    plan = made("1d", "1w", "date", "XNYS").plan
    midnights = [1_762_128_000_000_000_000, 1_762_128_000_000_000_000 + 5 * 86_400_000_000_000]  # Monday, Saturday
    rows = pl.DataFrame({"symbol": "A", "at": midnights, "price": [Decimal(1), Decimal(2)]})

    assert Counting(plan).of(rows).tolist() == [True, False]


@pytest.mark.parametrize(
    ("base", "stamped", "calendar", "what", "fix"),
    [
        ("1m", "close", "24x7", "unknown stamp 'close'", "did you mean 'end'?"),
        ("1m", "end-2x", "24x7", "unknown stamp 'end-2x'", "'2x' is not a duration"),
        ("1m", "end-1m", "24x7", "end-1m lies outside of a 1m slot", "write 'start'"),
        ("1m", "date", "24x7", "a date names no 1m slot", "'start' or 'end'"),
        ("1d", "clock", "XNYS?anchor=clock", "a clock shows no 1d slot", "'date'"),
        ("1h", "clock", "XNYS", "the slots of XNYS are counted from the open", 'calendar = "XNYS?anchor=clock"'),
        ("1h", "clock", "XHKG?break=span", "are counted from the open", '"XHKG?break=span&anchor=clock"'),
    ],
)
def test_a_stamp_that_cannot_be_is_told(base: str, stamped: str, calendar: str, what: str, fix: str) -> None:
    """With what may be meant."""
    with pytest.raises(bl.DefinitionError) as raised:
        made(base, "1w" if base == "1d" else "4h", stamped, calendar)

    (problem,) = raised.value.problems
    assert what in problem.what
    assert fix in problem.fix
