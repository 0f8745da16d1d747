"""An async feed is closed when the run ends before it does."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from barloom.clock import SystemClock
from barloom.source.feeds.pump import Pump
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


def test_an_async_iterable_that_waits_is_closed() -> None:
    """Its ``finally`` runs before `stop` returns, also while it waits for its next row."""
    closed: list[bool] = []

    async def rows() -> AsyncIterator[dict[str, Any]]:
        try:
            yield {"at": datetime.now(UTC)}
            await asyncio.sleep(PATIENCE)
        finally:
            closed.append(True)

    pump: Pump[dict[str, Any]] = Pump(rows(), SystemClock(), capacity=10, weight=lambda _: 1)
    pump.start()
    pump.wait(1, PATIENCE)
    pump.stop()

    assert [True] == closed
