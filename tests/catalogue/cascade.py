"""Cases about roll-ups: a parent is the fold of its final children that have ticks."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

import barloom as bl
from barloom.testing import FakeSessionCalendar
from catalogue.market import DAY, MINUTE, at, dates, fold, ohlcv, prices, starts, tick, ticks_to_bars

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Rig


class CascadeCases:
    """Nothing is lost or added on the way up."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Rig:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_CS_M1toH1_OHLCV_Conservation(self) -> None:
        """Parent = fold of 60 children; synthetic children add nothing and are not `filled`."""
        rig = self.open(ticks_to_bars("1m", bl.timeframe("1h"), gap="carry"))
        quarter = timedelta(seconds=15)
        first_hour = []
        for minute in range(60):
            start = at("2025-01-06T10:00") + minute * MINUTE
            first_hour += [
                tick(start, 100 + minute, 1),
                tick(start + quarter, f"{100 + minute}.50", 2),
                tick(start + 2 * quarter, f"{99 + minute}.50", 3),
                tick(start + 3 * quarter, f"{100 + minute}.25", 4),
            ]
        rig.feed(first_hour)
        # In the next hour there are ticks in the first and in the tenth minute only.
        rig.feed(
            [
                tick("2025-01-06T11:00:00", 200, 7),
                tick("2025-01-06T11:09:00", 190, 8),
                tick("2025-01-06T12:00:00", 1, 1),
            ]
        )

        first, second = rig.finals("1h").rows(named=True)
        minutes = rig.finals("1m").rows(named=True)
        assert prices(100, "159.50", "99.50", "159.25", 600) == ohlcv(first)
        assert (60, 60, 60, 240) == tuple(first[name] for name in ("slots", "filled", "expected_slots", "revision"))
        assert fold(minutes[:60]) == ohlcv(first)
        assert 120 == len(minutes)
        assert prices(200, 200, 190, 190, 15) == ohlcv(second)
        assert fold(minutes[60:]) == ohlcv(second)
        assert (60, 2, 60, 2) == tuple(second[name] for name in ("slots", "filled", "expected_slots", "revision"))

    def test_CS_H1toD1_OHLCV_Conservation_WithSessionBoundary(self) -> None:
        """Day = children of its session only: what happens before the open or at the close belongs to no bar."""
        calendar = FakeSessionCalendar.weekdays(date(2024, 6, 28), date(2024, 7, 31), opens="09:30", closes="16:00")
        rig = self.open(ticks_to_bars("1h", "1d"), calendar=calendar)
        rig.feed(
            [
                tick("2024-07-01T09:29:59.999999", 1, 1),
                tick("2024-07-01T09:30:00", 10, 2),
                tick("2024-07-01T12:00:00", 14, 3),
                tick("2024-07-01T15:59:59.999999", 12, 4),
                tick("2024-07-01T16:00:00", 99, 5),
                tick("2024-07-02T09:30:00", 20, 6),
                tick("2024-07-02T10:30:00", 21, 7),
            ]
        )

        (day,) = rig.finals("1d").rows(named=True)
        assert (at("2024-07-01T09:30"), at("2024-07-01T16:00")) == (day["start"], day["end"])
        assert prices(10, 14, 10, 12, 9) == ohlcv(day)
        # 09:30 10:30 11:30 12:30 13:30 14:30 and, cut at the close, 15:30
        assert (7, 3, 7) == (day["slots"], day["filled"], day["expected_slots"])
        hours = rig.finals("1h").rows(named=True)
        assert [at(f"2024-07-01T{time}") for time in ("09:30", "11:30", "15:30")] + [at("2024-07-02T09:30")] == [
            hour["start"] for hour in hours
        ]
        assert at("2024-07-01T16:00") == hours[2]["end"]
        assert fold(hours[:3]) == ohlcv(day)
        assert ["out_of_session", "out_of_session"] == [record.reason for record in rig.rejected()]

    def test_CS_D1toW1Mo1_OHLCV_Conservation_WithCalendarEdges(self) -> None:
        """Weeks begin on Monday and months are calendar months, also across the end of a year."""
        rig = self.open(ticks_to_bars("1d", "1w", "1mo"))
        # The price is the number of the day, counted from Monday 23 December 2024 = 1; 5 January is 14, 31 January 40.
        days = dates(date(2024, 12, 23), date(2025, 2, 3))
        first = at("2024-12-23")
        rig.feed([tick(first + number * DAY, number + 1, number + 1) for number in range(len(days))])

        weeks = rig.finals("1w").rows(named=True)
        assert [first + number * 7 * DAY for number in range(6)] == [week["start"] for week in weeks]
        assert prices(1, 7, 1, 7, sum(range(1, 8))) == ohlcv(weeks[0])
        assert prices(8, 14, 8, 14, sum(range(8, 15))) == ohlcv(weeks[1])
        assert (at("2024-12-30"), at("2025-01-06")) == (weeks[1]["start"], weeks[1]["end"])
        assert [(7, 7, 7, False)] * 6 == [
            tuple(week[name] for name in ("slots", "filled", "expected_slots", "partial")) for week in weeks
        ]
        december, january = rig.finals("1mo").rows(named=True)
        assert (at("2024-12-01"), at("2025-01-01"), True) == (december["start"], december["end"], december["partial"])
        assert prices(1, 9, 1, 9, 45) == ohlcv(december)
        assert (31, 9, 31) == tuple(december[name] for name in ("slots", "filled", "expected_slots"))
        assert (at("2025-01-01"), at("2025-02-01"), False) == (january["start"], january["end"], january["partial"])
        assert prices(10, 40, 10, 40, sum(range(10, 41))) == ohlcv(january)
        daily = rig.finals("1d").rows(named=True)
        assert fold(day for day in daily if day["start"].month == 1) == ohlcv(january)
        assert starts(rig.finals("1d")) == [first + number * DAY for number in range(len(days) - 1)]
