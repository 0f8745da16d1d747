"""Feeds among the metrics, and in ``/healthz`` and ``/readyz``."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from barloom.telemetry.http import serve_metrics
from barloom.telemetry.metrics import open_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.clock import Clock
    from barloom.feed.health import FeedHealth, SymbolHealth
    from barloom.telemetry.metrics import Metrics

__all__ = ["FeedGauge", "served_metrics"]

_STALLED: Final = 60.0
"""Seconds without a look at the feed after which whoever reads it is taken for stuck."""


class FeedGauge:
    """What a feed says of itself as metrics, and whether it is alive and ready."""

    def __init__(self, metrics: Metrics, health: Callable[[], FeedHealth], clock: Clock) -> None:
        self._metrics = metrics
        self._health = health
        self._clock = clock
        self._looked = clock.monotonic()
        self._before: dict[str, SymbolHealth] = {}
        self._reconnects = self._unreadable = 0

    def look(self) -> None:
        """Measure, and be alive."""
        self._looked = self._clock.monotonic()
        health = self._health()
        for of, now in health.symbols.items():
            self._symbol(str(of), now, self._before.get(str(of)))
            self._before[str(of)] = now
        self._metrics.feed(health.reconnects - self._reconnects, health.unreadable - self._unreadable)
        self._reconnects, self._unreadable = health.reconnects, health.unreadable

    def _symbol(self, name: str, now: SymbolHealth, before: SymbolHealth | None) -> None:
        values = {"rate": now.rate, "holes_open": now.holes, "held_rows": now.held}
        if now.last is not None:
            values["last_number"] = now.last
        if now.age is not None:
            values["age_seconds"] = now.age
        counted = {
            "rows": now.given - (before.given if before else 0),
            "holes_filled": now.filled - (before.filled if before else 0),
            "holes_given_up": now.given_up - (before.given_up if before else 0),
            "missing": now.missing - (before.missing if before else 0),
            "duplicates": now.duplicates - (before.duplicates if before else 0),
        }
        self._metrics.feed_symbol(name, values, counted)

    def healthz(self) -> str | None:
        """Why it should be restarted; none when it is alive."""
        silent = self._clock.monotonic() - self._looked
        return f"no progress for {silent:.0f} s" if silent > _STALLED else None

    def readyz(self) -> str | None:
        """What it is waiting for; none when it is ready."""
        return self._health().waiting


@contextmanager
def served_metrics(health: Callable[[], FeedHealth], address: str | None, clock: Clock) -> Iterator[Callable[[], None]]:
    """What measures when it is called, served at an address meanwhile; without one nothing is."""
    if address is None:
        yield lambda: None
        return
    metrics = open_metrics()
    gauge = FeedGauge(metrics, health, clock)
    with serve_metrics(metrics, gauge, address):
        yield gauge.look
