"""The whole way of a tick."""

# ruff: noqa: N802 - the tests have the catalogue's names

from __future__ import annotations

from typing import TYPE_CHECKING

from catalogue.market import at, ohlcv, prices, starts, tick, ticks_to_bars

if TYPE_CHECKING:
    from barloom import Bars
    from barloom.time.calendar import Calendar
    from catalogue.market import Rig

LADDER = ("1s", "1m", "5m", "1h", "1d", "1w", "1mo")


class EndToEndCases:
    """Ticks go in, bars of all levels come out."""

    def open(self, bars: Bars, *, calendar: Calendar | None = None) -> Rig:
        """Start the bars on this back end."""
        raise NotImplementedError

    def test_E2E_Flow_LiveToFinal_Cascade_AllLevels_Passes(self) -> None:
        """Ticks → live → base final → … → month final: each level is live at once, and final when it is decided."""
        rig = self.open(ticks_to_bars(*LADDER, delay="2s"))
        rig.feed([tick("2025-01-06T00:00:00", 10, 1), tick("2025-01-06T00:00:00.900", 12, 2)])
        for timeframe in LADDER:
            (live,) = rig.lives(timeframe).rows(named=True)
            assert prices(10, 12, 10, 12, 3) == ohlcv(live), timeframe
            assert (False, 2, timeframe) == (live["final"], live["revision"], live["timeframe"])
            assert [] == starts(rig.finals(timeframe))

        # Each time is the first at which one more level is decided: its slot's end + 2 s.
        steps = {
            "1s": "2025-01-06T00:00:03",
            "1m": "2025-01-06T00:01:02",
            "5m": "2025-01-06T00:05:02",
            "1h": "2025-01-06T01:00:02",
            "1d": "2025-01-07T00:00:02",
            "1w": "2025-01-13T00:00:02",
            "1mo": "2025-02-01T00:00:02",
        }
        for position, (timeframe, moment) in enumerate(steps.items()):
            rig.feed(tick(moment, 20 + position, 1))
            assert 1 <= len(rig.finals(timeframe)), timeframe
            for coarser in LADDER[position + 1 :]:
                assert [] == starts(rig.finals(coarser)), (timeframe, coarser)

        # Each tick but the last falls into the slots of all levels above the one it closed.
        expected = {
            "1s": prices(10, 12, 10, 12, 3),
            "1m": prices(10, 20, 10, 20, 4),
            "5m": prices(10, 21, 10, 21, 5),
            "1h": prices(10, 22, 10, 22, 6),
            "1d": prices(10, 23, 10, 23, 7),
            "1w": prices(10, 24, 10, 24, 8),
            "1mo": prices(10, 25, 10, 25, 9),
        }
        for timeframe, values in expected.items():
            final = rig.finals(timeframe).rows(named=True)[0]
            assert values == ohlcv(final), timeframe
            assert (True, False) == (final["final"], final["synthetic"])
            last_live = rig.lives(timeframe).filter(start=final["start"]).rows(named=True)
            assert last_live in ([], [final]), timeframe
        assert (at("2025-01-01"), True) == (rig.finals("1mo")["start"][0], rig.finals("1mo")["partial"][0])
        assert (at("2025-01-06"), False) == (rig.finals("1w")["start"][0], rig.finals("1w")["partial"][0])
