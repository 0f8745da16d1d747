"""A run that is killed at any moment and continued ends where an undisturbed one does."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from barloom.store.opening import open_for_reading
from barloom.store.scanning import Selection

if TYPE_CHECKING:
    from pathlib import Path

KILLS = 25
GROUPS = 8

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp(ms)"
price = "decimal(18, 2)"
size = "decimal(18, 2)?"
[bars]
name = "bars"
where = "price > 1"
base = "1s"
delay = "2s"
gap = "carry"
carry_limit = "1m"
rollup = ["5s", "1m", "1h", "1d"]
[bars.select]
open = "first(price)"
high = "max(price)"
low = "min(price)"
close = "last(price)"
last_large = "last(size) when size > 50"
volume = "sum(size)"
count = "count()"
vwap = "vwap(price, size)"
"""
BATCH_ROWS = "100"


def write_ticks(path: Path, seed: int, rows: int = 8_000) -> None:
    """Ticks out of order, some late, some invalid."""
    chance = np.random.default_rng(seed)
    at = 1_700_000_000_000 + np.sort(chance.integers(0, 1_200_000, rows)) - chance.integers(0, 2_500, rows)
    price = pl.Series(chance.integers(100, 20_000, rows)).cast(pl.String)
    bad = pl.Series(chance.random(rows) < 0.01)
    frame = pl.DataFrame(
        {
            "symbol": pl.Series([f"S{number}" for number in chance.integers(0, 40, rows)]),
            "at": at,
            "price": pl.select(pl.when(bad).then(pl.lit("1.234")).otherwise(price)).to_series(),
            "size": pl.Series(chance.integers(0, 100, rows)).cast(pl.String),
        }
    )
    frame.write_csv(path)


def command(folder: Path, store: str) -> list[str]:
    """The run as a user would start it."""
    options = ["--source", str(folder / "ticks.csv"), "--store", str(folder / store), "--batch-rows", BATCH_ROWS]
    return [sys.executable, "-m", "barloom", "run", str(folder / "bars.toml"), *options]


def content(store: Path) -> dict[str, object]:
    """All that was published, and how often anything was."""
    with open_for_reading(store) as held:
        finals = {
            str(held.plan.levels[level].timeframe): [
                frame.write_csv() for frame in held.scanner.frames(Selection("final", level))
            ]
            for level in held.plan.published
        }
        side = [(record.offset, record.reason, record.raw) for _, record in held.scanner.side()]
        return {"finals": finals, "side": side, "written": held.totals().finals, "rows": held.totals().rows}


@pytest.mark.parametrize("group", range(GROUPS))
def test_killed_runs_end_like_an_undisturbed_one(tmp_path: Path, group: int) -> None:
    """The finals and the side output are those of one undisturbed run, byte for byte; nothing was written twice.

    Each run is killed with SIGKILL at a random moment and started again until the input is done, over and over.
    """
    chance = random.Random(group)
    (tmp_path / "bars.toml").write_text(DEFINITION)
    write_ticks(tmp_path / "ticks.csv", seed=group)
    began = time.monotonic()
    subprocess.run(command(tmp_path, "whole"), check=True, capture_output=True)
    whole = time.monotonic() - began
    expected = content(tmp_path / "whole")
    assert sum(expected["written"].values()) > 8_000  # type: ignore[attr-defined]

    kills, round_number = 0, 0
    while kills < KILLS:
        store = f"store{round_number}"
        killed, lasted = killed_until_done(tmp_path, store, chance, whole)
        kills += killed
        whole = whole if killed else min(whole, lasted)  # the first one may have met a busy machine
        round_number += 1
        assert expected == content(tmp_path / store), f"group {group}, store {round_number}"


def killed_until_done(folder: Path, store: str, chance: random.Random, whole: float) -> tuple[int, float]:
    """Start again and again, killing each run after a random while, until one comes to its end: kills, its seconds.

    The while grows with each kill, so that one comes to its end also where the machine has become busy meanwhile.
    """
    kills = 0
    while True:
        began = time.monotonic()
        process = subprocess.Popen(command(folder, store), stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        try:
            _, errors = process.communicate(timeout=chance.uniform(0.3, 1.0) * whole)
        except subprocess.TimeoutExpired:
            process.send_signal(signal.SIGKILL)
            process.communicate()
            kills += 1
            whole *= 1.1
            continue
        assert process.returncode == 0, errors.decode()
        return kills, time.monotonic() - began
