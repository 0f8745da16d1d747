"""Feeds among the metrics, and in readiness."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import replace

import pytest

from barloom.feed.batch import SymbolId
from barloom.feed.health import FeedHealth, SymbolHealth
from barloom.feed.telemetry import FeedGauge
from barloom.telemetry.http import serve_metrics
from barloom.telemetry.metrics import Metrics
from barloom.testing import FakeClock

SYMBOL = SymbolHealth(
    rate=2.5,
    given=100,
    last=1_000,
    age=0.5,
    holes=0,
    filled=1,
    given_up=0,
    missing=0,
    held=0,
    duplicates=3,
    restarts=0,
    error=None,
)
OF = SymbolId("kraken", "BTC/USD")


def fetched(address: str, path: str) -> tuple[int, str]:
    """Status and body."""
    try:
        with urllib.request.urlopen(f"http://{address}/{path}") as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_each_symbol_is_measured_and_counts_only_go_up() -> None:
    """What is counted is added up from look to look; a feed with an open hole is not ready, and says which."""
    now = [FeedHealth({OF: SYMBOL}, reconnects=1)]
    metrics = Metrics()
    gauge = FeedGauge(metrics, lambda: now[0], FakeClock())
    with serve_metrics(metrics, gauge, "127.0.0.1:0") as endpoint:
        gauge.look()
        ready = fetched(endpoint.address, "readyz")
        waiting = "kraken:BTC/USD waits for what is missing"
        now[0] = FeedHealth({OF: replace(SYMBOL, given=130, holes=1, held=7)}, reconnects=2, waiting=waiting)
        gauge.look()
        unready = fetched(endpoint.address, "readyz")
        body = fetched(endpoint.address, "metrics")[1]

    assert ((200, "ok\n"), (503, f"{waiting}\n")) == (ready, unready)
    for line in (
        'barloom_feed_rows_total{feed="kraken:BTC/USD"} 130.0',
        'barloom_feed_holes_open{feed="kraken:BTC/USD"} 1.0',
        'barloom_feed_held_rows{feed="kraken:BTC/USD"} 7.0',
        'barloom_feed_holes_filled_total{feed="kraken:BTC/USD"} 1.0',
        'barloom_feed_age_seconds{feed="kraken:BTC/USD"} 0.5',
        "barloom_feed_reconnects_total 2.0",
    ):
        assert line in body


@pytest.mark.parametrize(("silent", "alive"), [(59.0, True), (61.0, False)])
def test_a_feed_that_nobody_reads_is_not_alive(silent: float, alive: bool) -> None:  # noqa: FBT001
    """A minute without a look at it is longer than any wait."""
    clock = FakeClock()
    gauge = FeedGauge(Metrics(), FeedHealth, clock)
    clock.sleep(silent)

    assert alive is (gauge.healthz() is None)
