"""Simulated days of the New York exchange against brute force: every final there is, and none waits for a next tick."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, time, timedelta
from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from barloom.engine.blocks import TickBatch
from barloom.plan.toml import read_toml
from barloom.simulate import Market
from barloom.time.calendars import resolve
from exchanges import NEW_YORK_HALF_DAYS, nanos, new_york, sessions, trading_days
from properties.running import Run, differences, same_refusals
from reference import MINUTE, SECOND, Aggregate, Definition, Level, Row, bars

if TYPE_CHECKING:
    from decimal import Decimal

LADDER = {"1m": None, "5m": "1m", "15m": "5m", "1h": "15m", "1d": "1h", "1w": "1d", "1mo": "1d"}
AFTER_HOURS = 31 * MINUTE
"""Nothing of a simulated day arrives later than that after its close."""


def _price(row: Row) -> Decimal:
    value: Decimal = row.values["price"]
    return value


def _size(row: Row) -> Decimal:
    value: Decimal = row.values["size"]
    return value


COLUMNS = {
    "open": Aggregate("first", _price, carried="close"),
    "high": Aggregate("max", _price, carried="close"),
    "low": Aggregate("min", _price, carried="close"),
    "close": Aggregate("last", _price, carried="close"),
    "volume": Aggregate("sum", _size),
    "count": Aggregate("count"),
}


class Season(NamedTuple):
    """Trading dates that are simulated, and how many ticks."""

    first: date
    last: date
    ticks: int


SEASONS = {
    "clocks go forward": Season(date(2025, 3, 3), date(2025, 3, 31), 800),
    "clocks go back, Thanksgiving and its half day": Season(date(2025, 10, 27), date(2025, 11, 28), 900),
    "a half day and two holidays at the end of a year": Season(date(2025, 12, 22), date(2026, 1, 2), 500),
}


def definition(season: Season) -> Definition:
    """What the market's own definition says, for the reference; whole months around the season are known to it."""
    days = trading_days(new_york, season.first.replace(day=1), season.last + timedelta(days=40))
    levels = tuple(Level(name, child, "carry" if name == "1m" else "omit") for name, child in LADDER.items())
    return Definition(levels, COLUMNS, days, delay=2 * SECOND)


def market(season: Season) -> Market:
    """Ticks of two symbols over the season, with a good share of trouble."""
    length = len(sessions(new_york, season.first, season.last))
    return Market(
        ticks=season.ticks,
        keys=2,
        start=season.first,
        days=length,
        calendar="XNYS",
        late=0.1,
        future=0.01,
        duplicates=0.02,
        outside=0.03,
    )


def rows_of(frame: pl.DataFrame) -> list[Row]:
    """The reference's rows."""
    physical = frame.with_columns(pl.col("at", "arrival").to_physical())
    return [
        Row((row["symbol"],), row["at"], offset, row, arrival=row["arrival"], id=str(row["id"]))
        for offset, row in enumerate(physical.rows(named=True))
    ]


def batch_of(frame: pl.DataFrame, first: int) -> TickBatch:
    """The engine's."""
    offsets = pl.int_range(first, first + frame.height, eager=True).to_numpy()
    columns = frame.drop("arrival").with_columns(pl.col("at").to_physical())
    return TickBatch(columns, offsets, frame["arrival"].to_physical().to_numpy())


@pytest.mark.parametrize("season", SEASONS.values(), ids=SEASONS)
def test_simulated_equity_days_are_the_reference_s(season: Season) -> None:
    """Day by day: when the clock is past the close and the delay, day, week and month are final, with no further tick.

    In the end all finals of all levels are the reference's, whose sessions are the exchange's rules written by hand.
    """
    made = market(season)
    ticks = pl.concat(made)
    # A late row may be the youngest of a quiet day, and is no sign that the input is not live.
    plan = replace(read_toml(made.definition), live_within=5 * MINUTE)
    run = Run(plan, resolve("XNYS"))
    rule = definition(season)
    days = sessions(new_york, season.first, season.last)
    arrivals = ticks["arrival"].to_physical()
    fed = 0
    for day, ((_, close),) in days.items():
        evening = nanos(close) + AFTER_HOURS
        upto = int((arrivals < evening).sum())
        run.take(batch_of(ticks[fed:upto], fed))
        fed = upto
        run.advance(evening)
        _check_what_ended(run, rule, day, nanos(close))

    expected = bars(rule, rows_of(ticks[:fed]), clock=run.engine.stream_time)
    assert [] == differences(expected.finals, run.finals)
    assert same_refusals(expected, run)
    reasons = {refused.reason for refused in run.refused}
    assert {"out_of_session", "late", "future", "duplicate"} == reasons
    assert fed > season.ticks * 0.8


def _check_what_ended(run: Run, rule: Definition, day: date, close: int) -> None:
    """The day is final; its week and month are when it is their last trading date, and else not."""
    following = next(each.date for each in rule.days if each.date > day)
    ended = {
        "1d": True,
        "1w": following - timedelta(days=following.weekday()) > day,
        "1mo": following.month != day.month,
    }
    for timeframe, ends in ended.items():
        latest = {bar.end for bar in run.finals[timeframe] if bar.end >= close}
        assert latest == ({close} if ends else set()), (day, timeframe)


def test_the_seasons_hold_what_they_say() -> None:
    """Both Sundays on which clocks change, the half days and the holidays lie between simulated trading dates."""
    covered = [sessions(new_york, season.first, season.last) for season in SEASONS.values()]

    assert [21, 24, 8] == [len(days) for days in covered]
    opens = [{session[0][0].astimezone(UTC).time() for session in days.values()} for days in covered]
    assert [{time(13, 30), time(14, 30)}, {time(13, 30), time(14, 30)}, {time(14, 30)}] == opens
    assert {date(2025, 11, 28), date(2025, 12, 24)} == {day for days in covered for day in days} & NEW_YORK_HALF_DAYS
