"""Cases about when a parent closes, and what comes too late."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue.market import MINUTE, at, bars_to_bars, candle, nanos, ohlcv, prices, starts, tick, ticks_to_bars

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Rig


class WatermarkCases:
    """A parent waits for its children, but not for ever."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Rig:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_WM_ParentWaitsUntilExpectedChildrenArrive(self) -> None:
        """No parent while a child is undecided before its deadline: of ticks, and of bars."""
        rig = self.open(ticks_to_bars("1m", "5m", delay="10s"))
        rig.feed([tick(at("2025-01-06T10:00") + minute * MINUTE, 10 + minute) for minute in range(6)])
        rig.feed(tick("2025-01-06T10:05:09.999999", 20))
        assert [at("2025-01-06T10:00") + minute * MINUTE for minute in range(4)] == starts(rig.finals("1m"))
        assert [] == starts(rig.finals("5m"))
        rig.feed(tick("2025-01-06T10:05:10", 20))
        assert 5 == len(rig.finals("1m"))
        (parent,) = rig.finals("5m").rows(named=True)
        assert prices(10, 14, 10, 14, 5) == ohlcv(parent)

        rig = self.open(bars_to_bars("1m", "5m", delay="10s"))
        rig.feed(
            [
                candle(at("2025-01-06T10:00") + minute * MINUTE, 10, 15 + minute, 5 - minute, 11, 1)
                for minute in range(4)
            ]
        )
        assert [] == starts(rig.finals("5m"))
        rig.feed(candle("2025-01-06T10:04", 12, 13, 11, 12, 1))
        (early,) = rig.finals("5m").rows(named=True)
        assert prices(10, 18, 2, 12, 5) == ohlcv(early)
        assert (5, 5, 5) == (early["slots"], early["filled"], early["expected_slots"])

    def test_WM_LateChildOutsideWatermark_IsIgnored(self) -> None:
        """A child after the deadline changes nothing and is reported late, by how much, with the bar it missed."""
        rig = self.open(bars_to_bars("1m", "5m", delay="10s"))
        minute = {number: candle(at("2025-01-06T10:00") + number * MINUTE, 10, 12, 9, 11, 1) for number in range(7)}
        rig.feed([minute[0], minute[1], minute[3], minute[4], minute[5]])
        # Stream time is 10:06, the end of the last bar: past 10:05 + 10s.
        (closed,) = rig.finals("5m").rows(named=True)
        assert (4, 4, 5) == (closed["slots"], closed["filled"], closed["expected_slots"])
        rig.feed(minute[2])

        (unchanged,) = rig.finals("5m").rows(named=True)
        assert closed == unchanged
        (record,) = rig.rejected()
        assert ("late", 50 * 1_000_000_000) == (record.reason, record.by)
        assert nanos(at("2025-01-06T10:00")) == record.missed["5m"]

    def test_WM_ChildThatEndsAtTheDeadline_IsInTime(self) -> None:
        """Without any delay, four keys in another order every minute: all twelve parents have their five children.

        Each last child moves stream time to the parents' end, and closes its own parent alone, since it is complete. D
        lacks a minute: its first parent closes when a bar has come that ends beyond.
        """
        rig = self.open(bars_to_bars("1m", "5m"))
        orders = ("ABCD", "DCBA", "BADC", "CDAB", "ADBC")
        for number in range(15):
            start = at("2025-01-06T10:00") + number * MINUTE
            keys = [key for key in orders[number % 5] if (key, number) != ("D", 3)]
            rig.feed([candle(start, 10, 12 + number, 9, 11, 1, symbol=key) for key in keys])
            if number == 4:
                assert ["A", "B", "C"] == sorted(rig.finals("5m")["symbol"])
                rig.feed([candle(start, 10, 16, 9, 11, 1, symbol=key) for key in "ABCD"])
                assert ["A", "B", "C"] == sorted(rig.finals("5m")["symbol"])
        assert ["duplicate"] * 4 == [record.reason for record in rig.rejected()]
        finals = rig.finals("5m").sort("symbol", "start").rows(named=True)
        expected = [(key, 5 * part, 5) for key in "ABCD" for part in range(3)]
        expected[9] = ("D", 0, 4)
        minutes = [(bar["symbol"], (bar["start"] - at("2025-01-06T10:00")) // MINUTE, bar["slots"]) for bar in finals]
        assert expected == minutes
