"""A publisher in a process of its own, that can be killed: ``python -m kafka.publish.child DEFINITION COUNT``.

Its feed is a market that has a history: opened behind some positions it gives what comes after them, as a venue would.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from threading import Event
from typing import TYPE_CHECKING, Any

import barloom as bl
from barloom.source.feeds.word import CompleteTo
from barloom.telemetry.logs import configure
from kafka.fleet import Process
from kafka.publish.trades import trade

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

SYMBOLS = "ABCDE"
AT_ONCE = 10


class Publishing(Process):
    """One publisher; its log is kept over all its lives."""

    def __init__(self, name: str, definition: Path, count: int) -> None:
        super().__init__(name, definition)
        self._command = [sys.executable, "-m", "kafka.publish.child", str(definition), str(count)]


async def market(positions: Mapping[Any, Any], count: int) -> AsyncIterator[Any]:
    """The trades of each symbol behind its position, a few at a time, and marks; it goes on being quiet at the end."""
    last = {place[1]: position.number for place, position in positions.items()}
    begin = min((last.get(symbol, 0) for symbol in SYMBOLS), default=0)
    for first in range(begin + 1, count + 1, AT_ONCE):
        for symbol in SYMBOLS:
            for number in range(max(first, last.get(symbol, 0) + 1), min(first + AT_ONCE, count + 1)):
                yield trade(symbol, number)
            key = {"venue": "kraken", "symbol": symbol}
            yield CompleteTo(trade(symbol, min(first + AT_ONCE, count + 1))["time"], key)
        await asyncio.sleep(0.01)
    await asyncio.Event().wait()


def main() -> None:
    """From the command line, until SIGTERM."""
    definition, count = sys.argv[1:]
    configure(json=True)
    stop = Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    bl.load(definition).kafka().publish(lambda positions: market(positions, int(count)), stop=stop)


if __name__ == "__main__":
    main()
