"""A run of live feeds that is killed at any moment and started again ends where an undisturbed one does."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import barloom
from barloom.testing import Disconnect, Hole, LostTail, Script, VenueDouble, VenueMarket
from feed.running import DEFINITION, all_final, finals, true_bars
from feed.test_session import EXAMPLES
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Sequence

SETTINGS = """
[feed]
fill_within = "20s"
check_every = "300ms"
feeds = [{feeds}]
[feed.venues.{name}]
websocket = "{websocket}"
rest = "{rest}"
"""
SOURCES = str(Path(barloom.__file__).parents[1])


def definition_of(double: VenueDouble, symbols: Sequence[str]) -> str:
    """Bars of a double, with its addresses."""
    feeds = ", ".join(f'"{double.name}:{symbol}"' for symbol in symbols)
    return DEFINITION.format(time="key") + SETTINGS.format(
        feeds=feeds, name=double.name, websocket=double.websocket, rest=double.rest
    )


def started(directory: Path) -> subprocess.Popen[bytes]:
    """The command."""
    command = [sys.executable, "-m", "barloom", "run", "bars.toml", "--store", "state", "--json"]
    environment = {**os.environ, "PYTHONPATH": SOURCES}
    return subprocess.Popen(command, cwd=directory, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@pytest.mark.parametrize("name", ["kraken", "binance", "coinbase"])
def test_killed_at_any_moment_the_finals_are_equal(tmp_path: Path, name: str) -> None:
    """What was not committed is fetched from the history, and nothing counts twice."""
    chance = random.Random(name)
    symbols = EXAMPLES[name]
    market = VenueMarket.simulate(symbols, trades=6_000, seed=5)
    script = Script((Hole(at=700, count=30), Disconnect(at=2_000, misses=50), LostTail(count=5)))
    store = tmp_path / "state"

    with VenueDouble(name, market, script, rate=400, beat=0.2) as double:
        (tmp_path / "bars.toml").write_text(definition_of(double, symbols))
        run = started(tmp_path)
        try:
            until(lambda: double.opened.is_set() and store.exists())
            while not double.done.wait(chance.uniform(0.3, 2.0)):
                run.send_signal(signal.SIGKILL)
                run.communicate()
                run = started(tmp_path)
            until(lambda: run.poll() is not None or all_final(store, double.trades))
            assert run.poll() is None, run.communicate()
            run.send_signal(signal.SIGTERM)
            out, err = run.communicate()
            assert 0 == run.returncode, (out, err)
        finally:
            run.kill()
            run.communicate()
        truth = double.trades

    for frame in ("1s", "5s"):
        assert true_bars(truth, frame) == {slot: final.bar for slot, final in finals(store, frame).items()}
