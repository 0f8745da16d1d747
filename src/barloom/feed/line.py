"""A line to a venue that stands for good: reconnected with patience, and taken over before the venue cuts it."""

from __future__ import annotations

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, Protocol

from barloom.feed.connection import Connection, ConnectionLost, Listener

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Sequence

    from barloom.clock import Clock
    from barloom.feed.protocol import Channel, Venue

__all__ = ["Line", "LineListener"]

_SOONEST: Final = 0.1
_LONGEST: Final = 30.0
_STEADY: Final = 30.0
"""A connection that stood for so many seconds was a good one: the next is tried soon."""

_AHEAD: Final = 0.02
"""What share of its life a connection still has when the next one is opened."""


class LineListener(Listener, Protocol):
    """Who takes what comes, and hears how the line is."""

    def line_ready(self, line: Line) -> None:
        """It is subscribed to all of its symbols."""
        ...

    def line_lost(self, line: Line, why: str) -> None:
        """It is no more; another connection will be made."""
        ...


class Line:
    """Some symbols of a venue over one connection after the other; `connects` counts them, `lost` those that broke."""

    def __init__(  # noqa: PLR0913 - what is of the outside comes in as arguments
        self,
        venue: Venue,
        symbols: Sequence[str],
        channel: Channel,
        listener: LineListener,
        clock: Clock,
        *,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.venue = venue
        self.symbols = list(symbols)
        self.connects = self.lost = 0
        self.stands = False
        self._channel = channel
        self._listener = listener
        self._clock = clock
        self._chance = chance
        self._current: Connection | None = None

    @property
    def heard(self) -> float:
        """When anything was last heard over the connection that stands, by a clock that never goes back."""
        return -1.0 if self._current is None else self._current.heard

    @property
    def has_room(self) -> bool:
        """Whether the venue allows more symbols over it."""
        return len(self.symbols) < self.venue.limits.symbols

    async def add(self, symbol: str) -> None:
        """Ask for another symbol."""
        self.symbols.append(symbol)
        if self._current is not None:
            await self._current.add([symbol])
            self._listener.line_ready(self)

    async def remove(self, symbol: str) -> None:
        """Ask for a symbol no more."""
        self.symbols.remove(symbol)
        if self._current is not None:
            await self._current.remove([symbol])

    async def run(self) -> None:
        """For ever, until cancelled."""
        tries = 0
        while True:
            began = self._clock.monotonic()
            try:
                await self._stand()
            except ConnectionLost as error:
                self._current, self.stands = None, False
                self.lost += 1
                self._listener.line_lost(self, str(error))
            tries = 0 if self._clock.monotonic() - began >= _STEADY else tries + 1
            await asyncio.sleep(self._pause(tries))

    def _pause(self, tries: int) -> float:
        return min(_LONGEST, _SOONEST * float(1 << min(tries, 16))) * (1 - self._chance() / 2)

    async def _stand(self) -> None:
        """One connection, and those that take over from it, until one is lost before another stands."""
        connection, task = self._begin()
        try:
            await self._until_ready(connection, task)
            while True:
                self._current, self.stands = connection, True
                await self._until_due(connection, task)
                connection, task = await self._take_over(task)
        finally:
            await _stop(task)

    def _begin(self) -> tuple[Connection, asyncio.Task[None]]:
        self.connects += 1
        connection = Connection(self.venue, self.symbols, self._channel, self._listener, self._clock)
        return connection, asyncio.ensure_future(connection.run())

    async def _until_ready(self, connection: Connection, task: asyncio.Task[None]) -> None:
        await _first(task, connection.ready.wait())
        self._listener.line_ready(self)

    async def _until_due(self, connection: Connection, task: asyncio.Task[None]) -> None:
        """Until another connection should be opened."""
        life = self.venue.limits.life
        with suppress(TimeoutError):
            await asyncio.wait_for(
                _first(task, connection.ending.wait()), None if life is None else life * (1 - _AHEAD)
            )

    async def _take_over(self, old: asyncio.Task[None]) -> tuple[Connection, asyncio.Task[None]]:
        """Another connection beside the present one, which ends when the new one stands."""
        tries = 0
        while True:
            connection, task = self._begin()
            try:
                await _first(old, _first(task, connection.ready.wait()))
            except ConnectionLost:
                await _stop(task)
                if old.done():
                    raise
                tries += 1
                await _first(old, asyncio.sleep(self._pause(tries)))
                continue
            except BaseException:
                await _stop(task)
                raise
            await _first(task, asyncio.sleep(self._overlap()))
            await _stop(old)
            return connection, task

    def _overlap(self) -> float:
        """How long both stand: a venue may take its time with a subscription."""
        life = self.venue.limits.life
        return 1.0 if life is None else min(1.0, life / 50)


async def _first(task: asyncio.Task[None], other: Coroutine[Any, Any, object]) -> None:
    """Wait for the other, unless the task ends before, whose exception is raised then."""
    waiting = asyncio.ensure_future(other)
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
        elif waiting.done():
            waiting.result()
    finally:
        await _stop(waiting)


async def _stop(task: asyncio.Future[Any]) -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
