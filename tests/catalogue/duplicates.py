"""Cases about input that comes twice."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue.market import MINUTE, at, bars_to_bars, candle, ohlcv, prices

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Rig


class DuplicateCases:
    """Duplicated children add nothing."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Rig:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_DP_DuplicateChildFinals_AreDedupedInParentProgress(self) -> None:
        """The same child twice counts once, before and after the parent closed; with other content the first wins."""
        rig = self.open(bars_to_bars("1m", "5m", delay="1m"))
        minute = [candle(at("2025-01-06T10:00") + number * MINUTE, 10, 12, 9, 11, number + 1) for number in range(7)]
        rig.feed([minute[0], minute[0], minute[1], minute[2], minute[1]])
        rig.restart()
        rig.feed([minute[2], {**minute[0], "high": "99"}, minute[3]])
        assert [] == rig.finals("5m").rows()
        assert ["duplicate", "duplicate", "duplicate", "conflict"] == [record.reason for record in rig.rejected()]

        # Closed early, at stream time 10:05, it keeps its mark until stream time is beyond 10:06.
        rig.feed(minute[4])
        rig.feed([minute[4], {**minute[3], "low": "1"}])
        rig.restart()
        rig.feed([minute[1], minute[5], minute[2]])
        rig.restart()
        rig.feed([minute[2], minute[6], minute[3]])
        (parent,) = rig.finals("5m").rows(named=True)
        assert prices(10, 12, 9, 11, 15) == ohlcv(parent)
        assert (5, 5, 5, 5) == tuple(parent[name] for name in ("slots", "filled", "expected_slots", "revision"))
        after = [record.reason for record in rig.rejected()][4:]
        assert ["duplicate", "conflict", "duplicate", "duplicate", "duplicate", "late"] == after
