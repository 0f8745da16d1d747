"""A market with trading hours trades in them, and a few of its ticks happen beside them on purpose."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

from barloom.errors import CalendarError
from barloom.plan.toml import read_toml
from barloom.simulate import Market
from exchanges import currencies, new_york, sessions, tokyo

MARKETS = {
    "XNYS": (new_york, date(2025, 11, 24), date(2025, 12, 2)),
    "XTKS": (tokyo, date(2024, 10, 31), date(2024, 11, 7)),
    "24x5-fx": (currencies, date(2025, 10, 30), date(2025, 11, 5)),
}


@pytest.mark.parametrize("calendar", MARKETS)
def test_ticks_lie_in_the_sessions_of_as_many_days_as_asked_for(calendar: str) -> None:
    """Over half days, lunch breaks, long weekends and changes of the clock; every session gets some."""
    market, first, last = MARKETS[calendar]
    days = sessions(market, first, last)
    frame = pl.concat(Market(ticks=8_000, calendar=calendar, start=first, days=len(days), outside=0.02).labelled())

    segments = [segment for day in days.values() for segment in day]
    inside = pl.any_horizontal(
        *(pl.col("at").is_between(opened, closed, closed="left") for opened, closed in _utc(segments))
    )
    told = frame.filter(pl.col("kind") != "future").with_columns(inside=inside)
    strays = told.filter(pl.col("inside") == (pl.col("kind") == "outside"))
    # The ticks that wait for the next close make room for trades of the next day.
    assert strays.filter(pl.col("at") < segments[-1][1].astimezone(UTC)).is_empty()
    assert strays.height < 160
    assert 60 < (frame["kind"] == "outside").sum() < 200
    for opened, closed in _utc(segments):
        assert told["at"].is_between(opened, closed, closed="left").sum() > 50, opened
    assert frame["arrival"].is_sorted()


def _utc(segments: list[tuple[datetime, datetime]]) -> list[tuple[datetime, datetime]]:
    return [(opened.astimezone(UTC), closed.astimezone(UTC)) for opened, closed in segments]


def test_outside_may_be_nothing() -> None:
    """Without a share of them, and where a market never closes, no tick is outside."""
    for market in (
        Market(ticks=3_000, calendar="XNYS", days=3, outside=0),
        Market(ticks=3_000, calendar="24x7@Asia/Tokyo", days=3, outside=0.5),
        Market(ticks=3_000, outside=0.5),
    ):
        assert "outside" not in pl.concat(market.labelled())["kind"].to_list()


def test_a_start_is_a_trading_date_or_a_time() -> None:
    """A date without a session is the next one's open; a time in a session is that time."""
    for start, expected in (
        (date(2025, 11, 27), datetime(2025, 11, 28, 14, 30, tzinfo=UTC)),
        (1_764_266_400_000_000_000, datetime(2025, 11, 28, 14, 30, tzinfo=UTC)),
        (1_764_347_400_000_000_000, datetime(2025, 11, 28, 16, 30, tzinfo=UTC)),
    ):
        first = next(iter(Market(ticks=100, calendar="XNYS", start=start, future=0)))["at"].min()
        assert isinstance(first, datetime)
        assert 0 <= (first - expected).total_seconds() < 60


def test_the_definition_has_the_market_s_calendar_and_goes_to_a_month() -> None:
    """And from one minute on, since such a market goes over days; a template is written as it must be in TOML."""
    for calendar in ("XNYS", 'template:{"zone": "UTC", "hours": "0900-1700"}?anchor=clock'):
        plan = read_toml(Market(calendar=calendar).definition)

        assert calendar.partition(":")[0] == plan.calendar.partition(":")[0]
        assert ["1m", "5m", "15m", "1h", "1d", "1w", "1mo"] == [str(level.timeframe) for level in plan.levels]


def test_a_market_ends_where_its_calendar_does() -> None:
    """Ticks beyond what it knows are refused, and so is a start before it."""
    with pytest.raises(CalendarError, match="run beyond calendar 'XNYS'"):
        list(Market(ticks=20_000, rate=0.0001, calendar="XNYS"))
    with pytest.raises(CalendarError, match="1901"):
        next(iter(Market(calendar="XNYS", start=date(1901, 1, 2))))
    with pytest.raises(ValueError, match="at least one day"):
        Market(days=0)
