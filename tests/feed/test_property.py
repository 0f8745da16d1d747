"""Whatever goes wrong at a venue, no bar claims more than is true."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from time import monotonic
from typing import TYPE_CHECKING

from feed.scripts import run_script

if TYPE_CHECKING:
    from pathlib import Path

LONG = 120.0
AT_ONCE = 4
FEWEST = 8


def test_whatever_the_script_complete_bars_are_true(tmp_path: Path) -> None:
    """Complete bars equal the market's, `missing` is right, no tick counts twice; all are complete where they can be.

    As many scripts by chance as two minutes hold.
    """
    end = monotonic() + LONG
    outcomes = []

    def work(lane: int) -> None:
        for seed in range(lane, 100_000, AT_ONCE):
            if monotonic() > end and seed >= FEWEST:
                return
            outcomes.append(run_script(seed, tmp_path / str(seed)))

    with ThreadPoolExecutor(AT_ONCE) as threads:
        list(threads.map(work, range(AT_ONCE)))

    assert [] == [(outcome.seed, outcome.told, outcome.wrong) for outcome in outcomes if outcome.wrong]
    assert sum(outcome.complete for outcome in outcomes) > 0
