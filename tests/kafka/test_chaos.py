"""A few instances under everything that can go wrong; ``make chaos`` does the same for a long time."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kafka.chaos import Chaos

if TYPE_CHECKING:
    from pathlib import Path

    from servers.broker import Broker

SEED = 20_250_106
SECONDS = 30


@pytest.mark.needs("java", "maven")
def test_nothing_is_lost_doubled_or_changed(tmp_path: Path, own_broker: Broker) -> None:
    """Every final of every level is that of brute force over exactly the committed input, once, and in slot order.

    Three instances are killed, frozen until they are given up, stopped and started, the broker is restarted, the
    upstream aborts transactions and sends ticks twice. Another seed: BARLOOM_CHAOS_SEED.
    """
    seed = int(os.environ.get("BARLOOM_CHAOS_SEED", SEED))
    chaos = Chaos(tmp_path, own_broker, seed, print)
    try:
        run = chaos.go(seconds=SECONDS)
        print(run.summary())  # noqa: T201 - shown when it fails
    except AssertionError:
        print(chaos.said())  # noqa: T201
        raise
    finally:
        chaos.end()

    assert [] == run.audit.problems
    assert sum(run.done.values()) > 2
    assert run.audit.rows > 1000
    assert all(count > 50 for count in run.audit.finals.values())
