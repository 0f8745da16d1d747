"""One definition makes the day of all hours and the day of the regular ones."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import pytest

import barloom as bl
from barloom.testing import Driver
from barloom.time.calendars import resolve
from barloom.time.declared.overrides import apply_overrides, parse_overrides
from barloom.time.sessions import SessionCalendar
from catalogue.market import bars_to_bars, candle, tick, ticks_to_bars

if TYPE_CHECKING:
    from decimal import Decimal

NEW_YORK = ZoneInfo("America/New_York")
HOURS = {
    "zone": "America/New_York",
    "hours": "0930-1600",
    "pre": "0400-0930",
    "post": "1600-2000",
    "holidays": ["XNYS"],
    "early_closes": ["XNYS"],
    "extended": True,
}
CLOSES = {24: 16, 25: 16, 26: 16, 28: 13}
"""November 2025: the day after Thanksgiving closes at 13:00, and the hours after it end at 17:00."""


def local(day: int, minute: int) -> datetime:
    """A minute of a day of November 2025 in New York, in UTC."""
    return (datetime(2025, 11, day, tzinfo=NEW_YORK) + timedelta(minutes=minute)).astimezone(UTC)


def minutes(day: int, *, regular: bool) -> range:
    """The minutes of a day's hours."""
    return range(570, CLOSES[day] * 60) if regular else range(240, (CLOSES[day] + 4) * 60)


def market() -> list[tuple[int, int, int]]:
    """Day, minute and price of made-up trades: in the same place in every run."""
    dice = random.Random(14)
    return [
        (day, minute, dice.randint(1, 999))
        for day in CLOSES
        for minute in minutes(day, regular=False)
        if dice.random() < 0.2
    ]


def expected(trades: list[tuple[int, int, int]], *, regular: bool) -> dict[int, tuple[int, int, int, int, int]]:
    """Open, high, low, close and count of each day, by a plain loop."""
    found = {}
    for day in CLOSES:
        of_day = [price for at, minute, price in trades if at == day and minute in minutes(day, regular=regular)]
        found[day] = (of_day[0], max(of_day), min(of_day), of_day[-1], len(of_day))
    return found


def made(driver: Driver, timeframe: str) -> dict[int, tuple[Decimal, ...]]:
    """The same of the finals."""
    rows = driver.finals(timeframe).rows(named=True)
    return {
        row["trading_date"].day: tuple(row[name] for name in ("open", "high", "low", "close", "volume")) for row in rows
    }


@pytest.mark.parametrize("batch", [97, 5000])
def test_both_days_are_folds_of_their_own_hours(batch: int) -> None:
    """Whatever the batches; hours between belong to the day of all hours only, and the week is made of its days."""
    trades = market()
    levels = ("1h", "1d", "1d-regular", "1w", "1w-regular")
    driver = Driver(ticks_to_bars("1m", *levels, calendar=HOURS), batch_rows=batch)
    driver.feed([tick(local(day, minute), price) for day, minute, price in trades])
    driver.feed(tick(datetime(2025, 12, 1, 9, tzinfo=UTC), 1, symbol="OTHER"))

    assert expected(trades, regular=False) == made(driver, "1d")
    assert expected(trades, regular=True) == made(driver, "1d-regular")
    whole, regular = (driver.finals(name).rows(named=True)[0] for name in ("1w", "1w-regular"))
    days = expected(trades, regular=True)
    assert (local(24, 240), local(28, 17 * 60)) == (whole["start"], whole["end"])
    assert (local(24, 570), local(28, 13 * 60)) == (regular["start"], regular["end"])
    assert (days[24][0], days[28][3], sum(day[4] for day in days.values())) == (
        regular["open"],
        regular["close"],
        regular["volume"],
    )
    assert (4, 4, 4) == (regular["slots"], regular["filled"], regular["expected_slots"])
    counts = driver.finals("1d-regular").select("slots", "expected_slots").rows()
    assert [(7, 7), (7, 7), (7, 7), (4, 4)] == counts


def test_the_regular_day_closes_at_the_close() -> None:
    """At 16:00, while the day of all hours is open; a trade at 19:00 changes nothing of it."""
    driver = Driver(ticks_to_bars("1m", "1d", "1d-regular", calendar=HOURS))
    driver.feed(
        [tick(local(26, 480), 90), tick(local(26, 570), 100), tick(local(26, 959), 101), tick(local(26, 960), 7)]
    )

    assert {26: (100, 101, 100, 101, 2)} == made(driver, "1d-regular")
    assert {} == made(driver, "1d")
    driver.feed([tick(local(26, 1140), 120), tick(local(28, 240), 1)])
    assert {26: (100, 101, 100, 101, 2)} == made(driver, "1d-regular")
    assert {26: (90, 120, 7, 120, 5)} == made(driver, "1d")


def test_a_late_trade_of_the_evening_is_not_missing_in_the_regular_day() -> None:
    """The side output names the bars that it missed: those of its hours."""
    driver = Driver(ticks_to_bars("1m", "1d", "1d-regular", calendar=HOURS))
    driver.feed(
        [tick(local(26, 570), 100), tick(local(26, 1140), 120), tick(local(26, 1000), 99), tick(local(26, 600), 98)]
    )

    assert [{"1m", "1d"}, {"1m", "1d", "1d-regular"}] == [set(record.missed) for record in driver.rejected()]


@pytest.mark.parametrize("order", ["forward", "regular first"])
def test_of_bars_as_input_only_the_regular_ones_count(order: str) -> None:
    """A day of 390 minutes is complete with the last of them; those of the evening neither fill nor delay it."""
    driver = Driver(bars_to_bars("1m", "1d", "1d-regular", calendar=HOURS, delay="20h"))  # type: ignore[arg-type]
    whole = [*minutes(26, regular=False)]
    if order == "regular first":
        whole.sort(key=lambda minute: minute not in minutes(26, regular=True))
    driver.feed([candle(local(26, minute), minute, minute, minute, minute, 1) for minute in whole])

    assert {26: (570, 959, 570, 959, 390)} == made(driver, "1d-regular")
    assert {26: (240, 1199, 240, 1199, 960)} == made(driver, "1d")
    assert [] == driver.rejected()


def test_a_regular_timeframe_is_declared_where_it_means_something() -> None:
    """Where other hours count, and not as the base."""
    with pytest.raises(bl.DefinitionError, match="'1d-regular' where only regular hours count"):
        ticks_to_bars("1m", "1d-regular", calendar={**HOURS, "extended": False})
    with pytest.raises(bl.DefinitionError, match="'1d-regular' where only regular hours count"):
        ticks_to_bars("1m", "1d-regular")
    with pytest.raises(bl.DefinitionError, match="'1d-regular' is the base"):
        ticks_to_bars("1d-regular", calendar=HOURS)
    with pytest.raises(bl.DefinitionError, match="1w-regular is no whole multiple of any finer timeframe"):
        bars_to_bars("1d", "1w-regular", calendar=HOURS)  # type: ignore[arg-type]


def test_the_closing_auction_is_in_the_regular_day() -> None:
    """Trades of the grace belong to the last regular minute, and so to both days."""
    driver = Driver(ticks_to_bars("1m", "1d", "1d-regular", calendar=HOURS, close_grace="5m"))
    driver.feed(
        [tick(local(26, 959), 100), tick(local(26, 962), 105), tick(local(26, 966), 7), tick(local(28, 240), 1)]
    )

    assert {26: (100, 105, 100, 105, 2)} == made(driver, "1d-regular")
    assert {26: (100, 105, 7, 7, 3)} == made(driver, "1d")


def test_a_restart_goes_on_with_both_days() -> None:
    """Open regular slots are kept and restored as all others."""
    driver = Driver(ticks_to_bars("1m", "1d", "1d-regular", calendar=HOURS))
    driver.feed([tick(local(26, 480), 90), tick(local(26, 570), 100)])
    driver.restart()
    driver.feed([tick(local(26, 959), 101), tick(local(26, 1140), 120), tick(local(28, 240), 1)])

    assert {26: (100, 101, 100, 101, 2)} == made(driver, "1d-regular")
    assert {26: (90, 120, 90, 120, 4)} == made(driver, "1d")


def test_empty_regular_days_are_filled_by_their_own_policy() -> None:
    """Carried from the last regular close over a day that traded before its open only."""
    level = bl.timeframe("1d-regular", gap="carry", carry_limit="1w")
    driver = Driver(ticks_to_bars("1m", "1d", level, calendar=HOURS))
    driver.feed(
        [tick(local(24, 570), 100), tick(local(25, 300), 50), tick(local(26, 570), 101), tick(local(28, 240), 1)]
    )

    assert {24: (100,) * 4 + (1,), 25: (100,) * 4 + (0,), 26: (101,) * 4 + (1,)} == made(driver, "1d-regular")


@pytest.mark.parametrize("halt", ["0930-1015", "1121-1300", "1500-1600"])
def test_a_closure_leaves_the_regular_day_its_hours(halt: str) -> None:
    """Slots that begin in a halt count, in both days; a slot that lies in it wholly does not exist."""
    trades = [(day, minute, price) for day, minute, price in market() if day == 25]
    begin, end = (int(text[:2]) * 60 + int(text[2:]) for text in halt.split("-"))
    open_ = [(day, minute, price) for day, minute, price in trades if not begin <= minute < end]
    inside = [price for _, minute, price in open_ if minute in minutes(25, regular=True)]
    driver = Driver(ticks_to_bars("1m", "1h", "1d", "1d-regular", calendar=HOURS), calendar=halted(halt))
    driver.feed([tick(local(day, minute), price) for day, minute, price in trades])
    driver.feed(tick(local(26, 240), 1))

    final = driver.finals("1d-regular").rows(named=True)[0]
    assert (inside[0], max(inside), min(inside), inside[-1], len(inside)) == tuple(
        final[name] for name in ("open", "high", "low", "close", "volume")
    )
    hours = {(minute - 570) // 60 for minute in minutes(25, regular=True) if not begin <= minute < end}
    assert (len(hours), len(hours), len(hours)) == (final["slots"], final["filled"], final["expected_slots"])
    whole = driver.finals("1d").rows(named=True)[0]
    assert len(open_) == whole["volume"]
    assert whole["slots"] == whole["expected_slots"]


class Counted(bl.Event):
    """A feed's volume of the day so far."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    total: int = bl.field()


@pytest.mark.parametrize("batch", [1, 5000])
def test_a_running_total_grows_in_each_day_by_its_own_hours(batch: int) -> None:
    """By hand: 150 - 100 at the open and 400 - 150 by the close; what came before and after is in the whole day only.

    A bar that is shown before its slot closes counts the same.
    """
    definition = bl.from_(Counted).tumbling("1m", calendar=HOURS).select(grown=bl.delta("total"))
    driver = Driver(definition.rollup("1h", "1d", "1d-regular", "1w-regular").named("grown"), batch_rows=batch)
    totals = [(25, 480, 100), (25, 570, 150), (25, 959, 400), (25, 1020, 1000), (26, 480, 70), (26, 600, 90)]
    driver.feed([{"symbol": "A", "at": local(day, minute), "total": total} for day, minute, total in totals])

    assert [300] == driver.finals("1d-regular")["grown"].to_list()
    assert [900] == driver.finals("1d")["grown"].to_list()
    shown = {
        name: driver.lives(name).sort("start")["grown"].to_list()[-1] for name in ("1d", "1d-regular", "1w-regular")
    }
    assert {"1d": 90, "1d-regular": 20, "1w-regular": 320} == shown


def halted(halt: str) -> SessionCalendar:
    """The calendar with a closure on 25 November."""
    declared = resolve(ticks_to_bars("1m", calendar=HOURS).plan.calendar)
    assert isinstance(declared, SessionCalendar)
    closure = parse_overrides(f'[[closure]]\ndate = 2025-11-25\nhours = "{halt}"')
    return SessionCalendar(apply_overrides(declared.table, closure), declared.options)
