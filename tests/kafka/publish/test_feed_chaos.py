"""Three instances behind a publisher and its standby, for a while; ``make chaos`` does the same for a long time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kafka.publish.chaos import FRAMES, FeedChaos

if TYPE_CHECKING:
    from pathlib import Path

    from servers.broker import Broker

SEED = 20_250_107


@pytest.mark.needs("java", "maven")
def test_every_trade_once_and_every_bar_true(tmp_path: Path, own_broker: Broker) -> None:
    """Whoever is killed, frozen or stopped, and whatever the venue does: nothing lost, doubled, late or different.

    Finals are those that a plain loop makes of the market's trades, and all but the first of a symbol say that they
    are complete. Another seed: BARLOOM_CHAOS_SEED.
    """
    seed = int(os.environ.get("BARLOOM_CHAOS_SEED", SEED))
    run = FeedChaos(tmp_path, own_broker, seed, print, trades=6_000, rate=200).go(kills=5)
    print(run.summary())  # noqa: T201 - shown when it fails

    assert [] == run.problems
    assert all(run.finals[name] > 10 for name in FRAMES)
