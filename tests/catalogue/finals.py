"""Cases about finals: one for each slot, whatever happens."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue.market import at, ohlcv, prices, starts, tick, ticks_to_bars

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Rig


class FinalCases:
    """One final per (key, timeframe, slot)."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Rig:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_FN_EmitOnce_AfterWatermark_PerSlot(self) -> None:
        """Base slot: nothing before end + delay, exactly one final after."""
        rig = self.open(ticks_to_bars("1m", delay="5s"))
        rig.feed([tick("2025-01-06T10:00:01", 10, 1), tick("2025-01-06T10:00:59", 12, 2)])
        rig.feed(tick("2025-01-06T10:01:04.999999", 20, 1))
        assert [] == starts(rig.finals("1m"))

        # Within the delay: still counts, and is no close since it happened earlier.
        rig.feed(tick("2025-01-06T10:00:30", 9, 4))
        rig.feed(tick("2025-01-06T10:01:05", 21, 1))
        (final,) = rig.finals("1m").rows(named=True)
        assert at("2025-01-06T10:00") == final["start"]
        assert prices(10, 12, 9, 12, 7) == ohlcv(final)
        assert (3, 3, True) == (final["count"], final["revision"], final["final"])

        # Stream time is exactly the deadline: late by nothing, but late.
        rig.feed(tick("2025-01-06T10:00:59", 98, 1))
        rig.feed([tick("2025-01-06T10:01:06", 22, 1), tick("2025-01-06T10:00:59", 99, 1)])
        assert [final] == rig.finals("1m").rows(named=True)
        assert [("late", 0), ("late", 1_000_000_000)] == [(record.reason, record.by) for record in rig.rejected()]

    def test_FN_Restart_DoesNotDuplicate_Final(self) -> None:
        """Checkpoint, restore, same input again: still one final, and it has not changed."""
        rows = [
            tick("2025-01-06T10:00:01", 10, 1),
            tick("2025-01-06T10:00:59", 12, 2),
            tick("2025-01-06T10:01:30", 13, 1),
        ]
        rig = self.open(ticks_to_bars("1m"))
        rig.feed(rows)
        before = rig.finals("1m")
        rig.restart()
        rig.feed(rows[:2])
        rig.restart()

        assert [at("2025-01-06T10:00")] == starts(rig.finals("1m"))
        assert before.equals(rig.finals("1m"))
        assert ["late", "late"] == [record.reason for record in rig.rejected()]

    def test_FN_MultipleCalls_SameSlot_NoDuplicate(self) -> None:
        """Repeated steps for a decided slot: still one final."""
        rig = self.open(ticks_to_bars("1m"))
        rig.feed(tick("2025-01-06T10:00:01", 10))
        for second in range(10):
            rig.feed(tick(f"2025-01-06T10:01:0{second}", 11))
            rig.feed([])

        assert [at("2025-01-06T10:00")] == starts(rig.finals("1m"))
