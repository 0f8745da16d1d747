"""The cases about sessions once more, on the calendars of real markets; what they hold is in `exchanges`, by hand."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING

from catalogue.market import HOUR, at, fold, ohlcv, prices, tick, ticks_to_bars
from catalogue.sessions import cut
from exchanges import NEW_YORK, TOKYO, currencies, new_york, sessions, tokyo

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Rig

MARKETS = {
    # Thanksgiving, and the half day after it.
    "XNYS": sessions(new_york, date(2025, 11, 25), date(2025, 12, 2)),
    # A long weekend, then half an hour more every day.
    "XTKS": sessions(tokyo, date(2024, 10, 31), date(2024, 11, 6)),
    # Two weeks; clocks in New York go forward between them.
    "24x5-fx": sessions(currencies, date(2025, 3, 3), date(2025, 3, 14)),
}

LATER = timedelta(days=14)
"""A time of the first session and this is in the session of all of them again, after their last."""


class ExchangeCases:
    """Days, weeks and months of New York, of Tokyo with its lunch break, and of the currency market."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Rig:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_SS_DailyFinal_EndsAtSessionClose_OnAHalfDayInNewYork(self) -> None:
        """28 November 2025 ends at 13:00, and with it the week and the month; a print at 13:00:00 is outside."""
        rig = self.open(ticks_to_bars("1h", "1d", "1w", "1mo", calendar="XNYS"))
        # 09:30 in New York is 14:30 UTC in November, 13:00 is 18:00.
        rig.feed([tick("2025-11-28T14:30:00", 10), tick("2025-11-28T17:59:59.999999", 12)])
        assert [0, 0, 0] == [rig.finals(timeframe).height for timeframe in ("1d", "1w", "1mo")]
        rig.feed([tick("2025-11-28T18:00:00", 50), tick("2025-12-01T14:30:00", 13)])

        (day,) = rig.finals("1d").rows(named=True)
        assert (at("2025-11-28T14:30"), at("2025-11-28T18:00")) == (day["start"], day["end"])
        assert datetime(2025, 11, 28, 13, tzinfo=NEW_YORK) == day["end"]
        assert date(2025, 11, 28) == day["trading_date"]
        assert prices(10, 12, 10, 12, 2) == ohlcv(day)
        assert rig.finals("1h").rows(named=True)[-1]["close"] == day["close"]
        assert (4, 2, 4) == (day["slots"], day["filled"], day["expected_slots"])
        assert ["out_of_session"] == [record.reason for record in rig.rejected()]
        (week,) = rig.finals("1w").rows(named=True)
        assert (at("2025-11-24T14:30"), day["end"], 4) == (week["start"], week["end"], week["expected_slots"])
        (month,) = rig.finals("1mo").rows(named=True)
        assert (at("2025-11-03T14:30"), day["end"], 19) == (month["start"], month["end"], month["expected_slots"])

    def test_SS_DailyFinal_EndsAtSessionClose_AcrossTheLunchBreakInTokyo(self) -> None:
        """A day runs through its break; it ends at 15:00 on 1 November 2024 and at 15:30 from the 5th on."""
        rig = self.open(ticks_to_bars("1h", "1d", calendar="XTKS"))
        for day in (date(2024, 11, 1), date(2024, 11, 5)):
            rig.feed(
                [
                    tick(datetime.combine(day, time.fromisoformat(text), TOKYO), price)
                    for text, price in (("09:00", 10), ("11:29:59", 14), ("11:30", 99), ("12:30", 8), ("14:59", 9))
                ]
            )
            rig.feed(tick(datetime.combine(day, time(15, 30), TOKYO), 99))
        rig.feed(tick(datetime.combine(date(2024, 11, 6), time(9), TOKYO), 11))

        first, second = rig.finals("1d").rows(named=True)
        assert (at("2024-11-01T00:00"), at("2024-11-01T06:00")) == (first["start"], first["end"])
        assert (at("2024-11-05T00:00"), at("2024-11-05T06:30")) == (second["start"], second["end"])
        # 9:00 10:00 11:00, 12:30 13:30 14:30, the third and the last cut short; in November from the 5th on the last is
        # whole.
        assert [(6, 4, 6)] * 2 == [(day["slots"], day["filled"], day["expected_slots"]) for day in (first, second)]
        assert [prices(10, 14, 8, 9, 4)] * 2 == [ohlcv(first), ohlcv(second)]
        assert ["out_of_session"] * 4 == [record.reason for record in rig.rejected()]

    def test_SS_WeeklyMonthly_AggregatesCalendarAware_OnExchanges(self) -> None:
        """Weeks and months hold the exchange's trading dates: ticks of all other dates are in none of them."""
        for calendar, zone, month, market in (
            ("XNYS", NEW_YORK, date(2025, 11, 1), new_york),
            ("XTKS", TOKYO, date(2024, 11, 1), tokyo),
        ):
            rig = self.open(ticks_to_bars("1d", "1w", "1mo", calendar=calendar))
            every = [month + timedelta(days=number) for number in range(-12, 34)]
            rig.feed(
                [
                    tick(datetime.combine(day, time(10), zone), day.day + 100 * (day.month != month.month))
                    for day in every
                ]
            )

            days = sessions(market, every[0], every[-1])
            final = rig.finals("1mo").filter(trading_date=min(day for day in days if day >= month)).row(0, named=True)
            mine = [day for day in days if day.month == month.month]
            assert (days[mine[0]][0][0], days[mine[-1]][-1][1]) == (final["start"], final["end"]), calendar
            numbers = [day.day for day in mine]
            assert prices(numbers[0], max(numbers), min(numbers), numbers[-1], len(mine)) == ohlcv(final), calendar
            assert (len(mine),) * 3 == (final["slots"], final["filled"], final["expected_slots"]), calendar
            for week in rig.finals("1w").rows(named=True)[1:]:
                monday = week["trading_date"] - timedelta(days=week["trading_date"].weekday())
                of_week = [day for day in days if timedelta(0) <= day - monday < timedelta(days=7)]
                assert of_week[0] == week["trading_date"], calendar
                assert (days[of_week[0]][0][0], days[of_week[-1]][-1][1]) == (week["start"], week["end"]), calendar
                assert (len(of_week),) * 3 == (week["slots"], week["filled"], week["expected_slots"]), calendar

    def test_SS_SessionUnion_Equals_ChildFinalsUnion_OnExchanges(self) -> None:
        """The hours of a day are the finals of that day: half day, lunch break, clocks going forward."""
        for calendar, days in MARKETS.items():
            rig = self.open(ticks_to_bars("1h", "1d", calendar=calendar))
            edges = [edge.astimezone(UTC) for segments in days.values() for segment in segments for edge in segment]
            quarters = (edges[-1] - edges[0]) // (HOUR / 4)
            rig.feed([tick(edges[0] + number * HOUR / 4, 10) for number in range(quarters + 1)])
            rig.feed(tick(edges[0] + LATER, 10))

            children = rig.finals("1h").rows(named=True)
            finals = rig.finals("1d").rows(named=True)
            assert [*days] == [day["trading_date"] for day in finals], calendar
            for (trading_date, segments), day in zip(days.items(), finals, strict=True):
                # In UTC, since a wall clock's hours are not all an hour long.
                slots = cut([(opened.astimezone(UTC), closed.astimezone(UTC)) for opened, closed in segments], HOUR)
                mine = [child for child in children if child["trading_date"] == trading_date]
                assert slots == [(child["start"], child["end"]) for child in mine], calendar
                assert (len(slots),) * 3 == (day["slots"], day["filled"], day["expected_slots"]), calendar
                assert (slots[0][0], slots[-1][1]) == (day["start"], day["end"]), calendar
                assert sum(child["count"] for child in mine) == day["count"], calendar

    def test_CS_H1toD1_OHLCV_Conservation_WithSessionBoundary_OnExchanges(self) -> None:
        """A day is the fold of its hours; what happens just before an open and at a close is in no bar."""
        for calendar, days in MARKETS.items():
            rig = self.open(ticks_to_bars("1h", "1d", calendar=calendar))
            rows, outside = [], 0
            edges = [segment for segments in days.values() for segment in segments]
            for number, (opened, closed) in enumerate(edges):
                before, after = opened - timedelta(microseconds=1), closed
                neighbours = {edges[number - 1][1] if number else None}
                if opened not in neighbours:
                    rows.append(tick(before, 1, 9))
                    outside += 1
                rows += [
                    tick(opened + part * (closed - opened) / 7, 100 + number * 7 + part, part) for part in range(7)
                ]
                if number + 1 == len(edges) or edges[number + 1][0] != closed:
                    rows.append(tick(after, 999, 9))
                    outside += 1
            rig.feed([*rows, tick(edges[0][0] + LATER, 10)])

            assert ["out_of_session"] * outside == [record.reason for record in rig.rejected()], calendar
            children = rig.finals("1h").rows(named=True)
            finals = rig.finals("1d").rows(named=True)
            assert [*days] == [day["trading_date"] for day in finals], calendar
            for day in finals:
                mine = [child for child in children if child["trading_date"] == day["trading_date"]]
                first = 100 + 7 * edges.index(days[day["trading_date"]][0])
                last = first + 7 * len(days[day["trading_date"]]) - 1
                volume = 21 * len(days[day["trading_date"]])
                assert prices(first, last, first, last, volume) == ohlcv(day) == fold(mine), calendar
                assert len(mine) == day["filled"], calendar

    def test_CS_D1toW1Mo1_OHLCV_Conservation_WithCalendarEdges_InNewYork(self) -> None:
        """Across the end of a year with two holidays, an unscheduled closure and Martin Luther King's day."""
        rig = self.open(ticks_to_bars("1d", "1w", "1mo", calendar="XNYS"))
        days = sessions(new_york, date(2024, 12, 23), date(2025, 2, 3))
        rig.feed([tick(segments[0][0], number, number) for number, segments in enumerate(days.values(), 1)])

        weeks = rig.finals("1w").rows(named=True)
        # 23 24 26 27 December; 30 31 December, 2 3 January; 6 7 8 10; 13 to 17; 21 to 24; 27 to 31.
        sizes = [4, 4, 4, 5, 4, 5]
        assert [(size, size, size) for size in sizes] == [
            (week["slots"], week["filled"], week["expected_slots"]) for week in weeks
        ]
        firsts = [1 + sum(sizes[:number]) for number in range(6)]
        assert [
            prices(first, first + size - 1, first, first + size - 1, sum(range(first, first + size)))
            for first, size in zip(firsts, sizes, strict=True)
        ] == [ohlcv(week) for week in weeks]
        assert (at("2024-12-30T14:30"), at("2025-01-03T21:00")) == (weeks[1]["start"], weeks[1]["end"])
        december, january = rig.finals("1mo").rows(named=True)
        # December has 21 trading dates, of which the last six have ticks; January 2025 has 20.
        assert prices(1, 6, 1, 6, 21) == ohlcv(december)
        assert (21, 6, 21, True) == tuple(december[name] for name in ("slots", "filled", "expected_slots", "partial"))
        assert prices(7, 26, 7, 26, sum(range(7, 27))) == ohlcv(january)
        assert (20, 20, 20, False) == tuple(january[name] for name in ("slots", "filled", "expected_slots", "partial"))
        daily = rig.finals("1d").rows(named=True)
        assert fold(day for day in daily if day["trading_date"].month == 1) == ohlcv(january)

    def test_CS_D1toW1Mo1_OHLCV_Conservation_WithCalendarEdges_OfCurrencies(self) -> None:
        """The Sunday evening of 30 November 2025 is 1 December: it begins a day, a week and a month."""
        rig = self.open(ticks_to_bars("1d", "1w", "1mo", calendar="24x5-fx"))
        # 17:00 in New York is 22:00 UTC in winter.
        rig.feed(
            [
                tick("2025-11-28T21:59:59.999999", 5),
                tick("2025-11-28T22:00:00", 99),
                tick("2025-11-30T21:59:59.999999", 99),
                tick("2025-11-30T22:00:00", 7),
                tick("2025-12-01T21:59:59.999999", 8),
                tick("2025-12-01T22:00:00", 9),
            ]
        )

        assert [date(2025, 11, 28), date(2025, 12, 1)] == rig.finals("1d")["trading_date"].to_list()
        assert prices(7, 8, 7, 8, 2) == ohlcv(rig.finals("1d").row(1, named=True))
        (week,), (november,) = (rig.finals(timeframe).rows(named=True) for timeframe in ("1w", "1mo"))
        assert [at("2025-11-28T22:00")] * 2 == [week["end"], november["end"]]
        assert (5, 20) == (week["expected_slots"], november["expected_slots"])
        assert ["out_of_session"] * 2 == [record.reason for record in rig.rejected()]
        for timeframe in ("1w", "1mo"):
            (live,) = rig.lives(timeframe).filter(trading_date=date(2025, 12, 1)).rows(named=True)
            assert prices(7, 9, 7, 9, 3) == ohlcv(live)
            assert (at("2025-11-30T22:00"), date(2025, 12, 1)) == (live["start"], live["trading_date"])
