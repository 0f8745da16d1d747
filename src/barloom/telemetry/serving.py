"""What a loop counts, and how well it is, served while it runs where an address says so."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

from barloom.telemetry.health import Health
from barloom.telemetry.http import serve_metrics
from barloom.telemetry.metrics import Metrics, open_metrics

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.clock import Clock

__all__ = ["serving"]


@contextmanager
def serving(
    address: str | None, metrics: Metrics | None, health: Health | None, clock: Clock
) -> Iterator[tuple[Metrics, Health]]:
    """The metrics and the health that were given, or new ones; at an address they are served until the block ends."""
    metrics = metrics or (open_metrics() if address is None else Metrics())
    health = health or Health(clock)
    with ExitStack() as stack:
        if address is not None:
            stack.enter_context(serve_metrics(metrics, health, address))
        yield metrics, health
