"""Cases about partitions that change hands."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.testing import Point
from catalogue.heartbeat import beats, pass_time
from catalogue.market import MINUTE, SECOND, at, nanos, ohlcv, prices, starts, tick, ticks_to_bars

if TYPE_CHECKING:
    from barloom import Bars
    from catalogue.market import Group


class HandOverCases:
    """One owner at a time, and the next one continues where the last one committed."""

    def group(self, bars: Bars, *instances: str) -> Group:
        """Start the bars on this back end; the first instance owns the one partition."""
        raise NotImplementedError

    def share(self, bars: Bars, *instances: str) -> Group:
        """Start the bars on this back end; each instance owns one partition, and who owns which is left open."""
        raise NotImplementedError

    def symbols_by_partition(self, driver: Group, timeframe: str) -> dict[int, set[str]]:
        """Whose live bars stand in which partition."""
        raise NotImplementedError

    def test_HB_AssignedPartition_OnlyEmitsOwnedKeys(self) -> None:
        """Beats come only for keys of assigned partitions, also while the owner of another stands still."""
        driver = self.share(ticks_to_bars("1m", heartbeat=True), "A", "B")
        driver.feed(tick("2025-01-06T10:00:10", 10, symbol="EURUSD"), partition=0)
        driver.feed(tick("2025-01-06T10:00:20", 20, symbol="XAUUSD"), partition=1)
        sleeper, other = driver.owner(0), driver.owner(1)
        assert {"A", "B"} == {sleeper, other}
        assert sleeper is not None
        assert other is not None

        driver.clock.set(nanos(at("2025-01-06T10:01:00")))
        driver.freeze_at(Point.STEPPED, sleeper)
        pass_time(driver, "2025-01-06T10:02:30", 30 * SECOND)
        assert driver.thaw(sleeper)
        driver.settle()
        pass_time(driver, "2025-01-06T10:04:30", 30 * SECOND)
        driver.assign({other: [0, 1], sleeper: []})
        pass_time(driver, "2025-01-06T10:06:30", 30 * SECOND)

        # Nobody beat for the sleeper's key a second time, neither while it stood still nor after it had gone.
        expected = [at("2025-01-06T10:01") + minute * MINUTE for minute in range(6)]
        assert expected == starts(beats(driver, "1m"), symbol="EURUSD")
        assert expected == starts(beats(driver, "1m"), symbol="XAUUSD")
        assert {0: {"EURUSD"}, 1: {"XAUUSD"}} == self.symbols_by_partition(driver, "1m")
        assert [other, other] == [driver.owner(0), driver.owner(1)]

    def test_HB_StopsImmediately_OnPartitionsRevoked(self) -> None:
        """After revoke not one more beat, even if the timer was due, not even one that was computed already."""
        driver = self.group(ticks_to_bars("1m", heartbeat=True), "A")
        driver.feed(tick("2025-01-06T10:00:10", 10))
        driver.clock.move("2m")
        driver.revoke("A")
        driver.settle()
        assert [] == starts(beats(driver, "1m"))
        assert [("assigned", 0), ("revoked", 0)] == driver.watchers["A"].events

        driver = self.group(ticks_to_bars("1m", heartbeat=True), "A", "B")
        driver.feed(tick("2025-01-06T10:00:10", 10))
        driver.clock.set(nanos(at("2025-01-06T10:03:00")))
        driver.freeze_at(Point.STEPPED, "A")
        driver.assign({"B": [0]})
        assert not driver.thaw("A")
        driver.settle()
        assert [at("2025-01-06T10:03")] == starts(beats(driver, "1m"))
        assert [("assigned", 0), ("lost", 0)] == driver.watchers["A"].events

    def test_MP_Heartbeat_SwitchOnRebalance_NoDup(self) -> None:
        """Hand-over of a partition: one owner at a time, so each slot is beaten once."""
        driver = self.group(ticks_to_bars("1m", heartbeat=True), "A", "B")
        owners: list[tuple[str, str]] = []
        for name in ("A", "B"):
            driver.watchers[name].listen(lambda event, _, name=name: owners.append((name, event)))
        driver.feed(tick("2025-01-06T10:00:10", 10))
        pass_time(driver, "2025-01-06T10:02:30", 10 * SECOND)
        driver.assign({"A": [], "B": [0]})
        pass_time(driver, "2025-01-06T10:04:30", 10 * SECOND)
        driver.assign({"A": [0], "B": []})
        pass_time(driver, "2025-01-06T10:05:30", 10 * SECOND)

        assert [at("2025-01-06T10:00") + minute * MINUTE for minute in range(1, 6)] == starts(beats(driver, "1m"))
        assert [("A", "revoked"), ("B", "assigned"), ("B", "revoked"), ("A", "assigned")] == owners

    @pytest.mark.parametrize("how", ["orderly", "crash", *(f"crash at {point}" for point in Point)])
    def test_MP_Finalization_ProgressResumed_NoDupOnSwitch(self, how: str) -> None:
        """30 children at A, 30 at B: one final, complete, wherever A was when it ended."""
        driver = self.group(ticks_to_bars("1m", "1h"), "A", "B")
        minutes = [tick(at("2025-01-06T10:00") + minute * MINUTE, 100 + minute, minute + 1) for minute in range(61)]
        driver.feed(minutes[:29])
        driver.append(minutes[29:31])
        match how.split():
            case ["orderly"]:
                driver.settle()
            case ["crash"]:
                driver.crash("A")
            case ["crash", "at", point]:
                driver.crash_at(point, "A")
        driver.assign({"B": [0]})
        driver.feed(minutes[31:])

        (hour,) = driver.finals("1h").rows(named=True)
        assert prices(100, 159, 100, 159, sum(range(1, 61))) == ohlcv(hour)
        assert (60, 60, 60, 60) == tuple(hour[name] for name in ("slots", "filled", "expected_slots", "count"))
        assert [at("2025-01-06T10:00") + minute * MINUTE for minute in range(60)] == starts(driver.finals("1m"))

    @pytest.mark.parametrize("point", [Point.POLLED, Point.STEPPED, Point.WRITTEN, Point.SENT])
    def test_MP_Zombie_IsFenced_AndLeavesNoTrace(self, point: Point) -> None:
        """An owner that slept through a rebalance cannot commit what it had begun, wherever in its turn it slept."""
        driver = self.group(ticks_to_bars("1m"), "A", "B")
        driver.feed(tick("2025-01-06T10:00:10", 10))
        driver.append([tick("2025-01-06T10:00:20", 11), tick("2025-01-06T10:01:00", 12)])
        driver.freeze_at(point, "A")
        driver.assign({"B": [0]})
        driver.settle()
        assert not driver.thaw("A")
        driver.feed(tick("2025-01-06T10:02:00", 13))

        first, second = driver.finals("1m").rows(named=True)
        assert prices(10, 11, 10, 11, 2) == ohlcv(first)
        assert prices(12, 12, 12, 12, 1) == ohlcv(second)
        assert "B" == driver.owner()
