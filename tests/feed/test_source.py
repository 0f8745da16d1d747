"""Bars of a live feed: the same as those of the market that it came from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from barloom.testing import Disconnect, Hole, LostTail, Script, VenueDouble, VenueMarket
from feed.running import all_final, bars_at, feed_of, finals, run_until, true_bars
from feed.test_session import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("time", ["key", "partition"])
@pytest.mark.parametrize("name", EXAMPLES)
def test_bars_of_a_feed_are_those_of_its_market(tmp_path: Path, name: str, time: str) -> None:
    """Whatever the connection does, once the venue has answered; the last ones close by marks while all is quiet."""
    symbols = EXAMPLES[name]
    bars = bars_at(tmp_path, time=time)
    market = VenueMarket.simulate(symbols, trades=600, seed=3)
    script = Script((Hole(at=50, count=30), Disconnect(at=100, misses=20), LostTail(count=5)))
    store = tmp_path / "state"

    with VenueDouble(name, market, script, beat=0.1) as double:
        feed = feed_of(double, symbols)
        report = run_until(
            bars, feed, store, double.clock, lambda: double.done.is_set() and all_final(store, double.trades)
        )
        truth = double.trades

    for frame in ("1s", "5s"):
        assert true_bars(truth, frame) == {slot: final.bar for slot, final in finals(store, frame).items()}
    assert 600 == report.ticks
    assert {} == report.rejected
