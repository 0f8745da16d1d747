"""A recorded feed gives the rows, the marks and the bars that it gave live."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.testing import Disconnect, Hole, LostTail, Script, VenueDouble, VenueMarket
from feed.running import all_final, bars_at, feed_of, finals, run_until
from feed.test_session import EXAMPLES

if TYPE_CHECKING:
    from pathlib import Path


def recorded(directory: Path, name: str, *, time: str) -> tuple[bl.Bars, Path, list[bl.feed.Event]]:
    """A run beside which a tape was written."""
    symbols = EXAMPLES[name]
    bars = bars_at(directory, time=time)
    market = VenueMarket.simulate(symbols, trades=400, seed=11)
    script = Script((Hole(at=50, count=30), Disconnect(at=100, misses=20), LostTail(count=5)))
    events: list[bl.feed.Event] = []
    with VenueDouble(name, market, script, beat=0.1) as double:
        feed = feed_of(double, symbols, told=events.append).recorded(directory / "tape.jsonl.zst")
        store = directory / "live"
        run_until(bars, feed, store, double.clock, lambda: double.done.is_set() and all_final(store, double.trades))
    return bars, directory / "tape.jsonl.zst", events


@pytest.mark.parametrize(("name", "time"), [("kraken", "key"), ("coinbase", "partition"), ("okx", "key")])
def test_replayed_finals_are_those_of_the_live_run(tmp_path: Path, name: str, time: str) -> None:
    """As fast as it goes, in batches of any size, and once more from where an earlier replay stopped."""
    bars, tape, _ = recorded(tmp_path, name, time=time)

    for batch_rows in (7, 100_000):
        store = tmp_path / str(batch_rows)
        first = bars.run(bars.replayed(tape), store, batch_rows=batch_rows)
        again = bars.run(bars.replayed(tape), store, batch_rows=batch_rows)
        assert (400, 0) == (first.ticks, again.ticks)
        for frame in ("1s", "5s"):
            assert finals(tmp_path / "live", frame) == finals(store, frame)


def test_a_tape_that_was_not_written_to_its_end_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Its writer may have been killed."""
    bars, tape, _ = recorded(tmp_path, "kraken", time="key")
    cut = tmp_path / "cut.jsonl.zst"
    cut.write_bytes(tape.read_bytes()[:-20])

    assert 0 < bars.run(bars.replayed(cut), tmp_path / "cut").ticks <= 400


def test_what_is_no_tape_is_told(tmp_path: Path) -> None:
    """By its name, with what is wrong."""
    bars = bars_at(tmp_path)
    wrong = tmp_path / "wrong.jsonl.zst"
    wrong.write_text("no such thing")

    with pytest.raises(bl.SourceError, match=r"wrong\.jsonl\.zst is no recorded feed"):
        bars.run(bars.replayed(wrong), tmp_path / "state")
    with pytest.raises(bl.SourceError, match=r"absent\.jsonl\.zst is no recorded feed"):
        bars.run(bars.replayed(tmp_path / "absent.jsonl.zst"), tmp_path / "state")
