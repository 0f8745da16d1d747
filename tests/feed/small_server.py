"""A websocket server in a thread of its own, for feeds that are no venue."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager
from threading import Event, Thread
from typing import TYPE_CHECKING

from websockets.asyncio.server import serve

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from websockets.asyncio.server import ServerConnection

__all__ = ["served"]


@contextmanager
def served(handler: Callable[[ServerConnection], Awaitable[None]]) -> Iterator[int]:
    """Its port; each connection is handled by `handler`."""
    ready, ended = Event(), Event()
    found: list[int] = []

    async def run() -> None:
        async with serve(handler, "127.0.0.1", 0) as server:
            found.append(next(iter(server.sockets)).getsockname()[1])
            ready.set()
            await asyncio.to_thread(ended.wait)

    thread = Thread(target=lambda: asyncio.run(run()))
    thread.start()
    ready.wait()
    try:
        yield found[0]
    finally:
        ended.set()
        thread.join()
