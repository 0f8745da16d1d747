"""Cases about trading sessions: what a day, a week and a month consist of."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

from barloom.testing import FakeSessionCalendar
from barloom.time.always import AlwaysOpen
from catalogue.market import DAY, HOUR, at, dates, ohlcv, prices, starts, tick, ticks_to_bars

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Rig

NEW_YORK = ZoneInfo("America/New_York")


class Market(NamedTuple):
    """A calendar and, worked out by hand beside it, the segments of some of its trading dates."""

    calendar: Calendar
    days: dict[date, list[tuple[datetime, datetime]]]


def utc(day: date, text: str) -> datetime:
    """A time of day in UTC."""
    return datetime.combine(day, time.fromisoformat(text), UTC)


def markets() -> dict[str, Market]:
    """One market of each kind."""
    week = dates(date(2024, 7, 1), date(2024, 7, 5))
    half_day = {date(2024, 7, 3): "13:00"}
    always = {day: [(utc(day, "00:00"), utc(day + DAY, "00:00"))] for day in week}
    plain = {
        day: [(utc(day, "09:30"), utc(day, half_day.get(day, "16:00")))] for day in week if day != date(2024, 7, 4)
    }
    lunch = {day: [(utc(day, "09:00"), utc(day, "11:30")), (utc(day, "12:30"), utc(day, "15:15"))] for day in week}
    # The night before belongs to the trading date.
    night = {day: [(utc(day - DAY, "22:00"), utc(day, "21:00"))] for day in week}
    return {
        "24x7": Market(AlwaysOpen(), always),
        "half day and holiday": Market(FakeSessionCalendar(plain.items()), plain),
        "lunch break": Market(FakeSessionCalendar(lunch.items()), lunch),
        "overnight": Market(FakeSessionCalendar(night.items()), night),
    }


def cut(segments: list[tuple[datetime, datetime]], length: timedelta) -> list[tuple[datetime, datetime]]:
    """Slots of a length, from each segment's open to its close."""
    slots = []
    for opened, closed in segments:
        start = opened
        while start < closed:
            slots.append((start, min(start + length, closed)))
            start += length
    return slots


class SessionCases:
    """A day is a trading date, not a date."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Rig:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_SS_DailyFinal_EndsAtSessionClose(self) -> None:
        """Half day: the day ends at 13:00 local, close = last child's close, and what comes later is no part of it."""
        calendar = FakeSessionCalendar.weekdays(
            date(2024, 7, 1),
            date(2024, 7, 31),
            half_days={date(2024, 7, 3): "13:00"},
            holidays=[date(2024, 7, 4)],
            zone=NEW_YORK,
        )
        rig = self.open(ticks_to_bars("1h", "1d"), calendar=calendar)
        # 09:30 in New York is 13:30 UTC in July.
        rig.feed(
            [tick("2024-07-03T13:30:00", 10), tick("2024-07-03T16:59:59.999999", 12), tick("2024-07-03T17:00:00", 50)]
        )
        rig.feed(tick("2024-07-05T13:30:00", 11))

        (day,) = rig.finals("1d").rows(named=True)
        assert (at("2024-07-03T13:30"), at("2024-07-03T17:00")) == (day["start"], day["end"])
        assert datetime(2024, 7, 3, 13, tzinfo=NEW_YORK) == day["end"]
        assert date(2024, 7, 3) == day["trading_date"]
        assert prices(10, 12, 10, 12, 2) == ohlcv(day)
        assert rig.finals("1h").rows(named=True)[-1]["close"] == day["close"]
        assert (4, 2, 4) == (day["slots"], day["filled"], day["expected_slots"])
        assert ["out_of_session"] == [record.reason for record in rig.rejected()]

    def test_SS_WeeklyMonthly_AggregatesCalendarAware(self) -> None:
        """A week or month holds only that period's trading dates, from its first open to its last close."""
        holidays = [date(2024, 7, 4), date(2024, 7, 5), date(2024, 7, 31)]
        calendar = FakeSessionCalendar.weekdays(date(2024, 7, 1), date(2024, 8, 31), holidays=holidays)
        rig = self.open(ticks_to_bars("1d", "1w", "1mo"), calendar=calendar)
        # One tick at noon of every date, trading or not; its price is the day of the month, plus 100 in August.
        rig.feed(
            [
                tick(datetime(day.year, day.month, day.day, 12, tzinfo=UTC), day.day + 100 * (day.month == 8))
                for day in dates(date(2024, 7, 1), date(2024, 8, 12))
            ]
        )

        weeks = rig.finals("1w").rows(named=True)
        assert (at("2024-07-01T09:30"), at("2024-07-03T16:00")) == (weeks[0]["start"], weeks[0]["end"])
        assert prices(1, 3, 1, 3, 3) == ohlcv(weeks[0])
        assert (3, 3, 3) == (weeks[0]["slots"], weeks[0]["filled"], weeks[0]["expected_slots"])
        assert prices(8, 12, 8, 12, 5) == ohlcv(weeks[1])
        # Monday 29 July to Friday 2 August, without Wednesday the 31st.
        assert prices(29, 102, 29, 102, 4) == ohlcv(weeks[4])
        (july,) = rig.finals("1mo").rows(named=True)
        assert (at("2024-07-01T09:30"), at("2024-07-30T16:00")) == (july["start"], july["end"])
        assert prices(1, 30, 1, 30, 20) == ohlcv(july)
        assert (20, 20, 20) == (july["slots"], july["filled"], july["expected_slots"])

    def test_SS_SessionUnion_Equals_ChildFinalsUnion(self) -> None:
        """The children of a day are the finals of that day, on every calendar: together they are its session."""
        for name, market in markets().items():
            rig = self.open(ticks_to_bars("1h", "1d"), calendar=market.calendar)
            first = min(segments[0][0] for segments in market.days.values())
            last = max(segments[-1][1] for segments in market.days.values())
            quarters = (last - first) // (HOUR / 4)
            rig.feed([tick(first + number * HOUR / 4, 10) for number in range(quarters)])
            rig.feed(tick(last - timedelta(microseconds=1), 10))

            children = rig.finals("1h").rows(named=True)
            days = rig.finals("1d").rows(named=True)
            complete = [*market.days][:-1]
            assert complete == [day["trading_date"] for day in days], name
            for trading_date, day in zip(complete, days, strict=True):
                slots = cut(market.days[trading_date], HOUR)
                mine = [child for child in children if child["trading_date"] == trading_date]
                assert slots == [(child["start"], child["end"]) for child in mine], name
                assert (len(slots),) * 3 == (day["slots"], day["filled"], day["expected_slots"]), name
                assert (slots[0][0], slots[-1][1]) == (day["start"], day["end"]), name
                assert sum(child["count"] for child in mine) == day["count"], name
            assert [] == [start for start in starts(rig.finals("1h")) if start < first], name
