"""Receiving from an iterator in the background, with the time of receipt and a bounded number of rows waiting."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterable, Iterable
from contextlib import suppress
from threading import Condition, Thread
from typing import TYPE_CHECKING, Final, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.clock import Clock

__all__ = ["Pump"]

_Item = TypeVar("_Item")
_LOOP_PAUSE: Final = 0.005
_LONGEST_GOODBYE: Final = 5.0
"""How many seconds a stopped async iterable has for its clean-up."""


class Pump(Generic[_Item]):
    """Runs an iterable, plain or async, in a thread of its own until it ends, raises, or `stop`.

    At most `capacity` rows wait to be taken (`weight` says how many an item is); the iterable waits when they do. An
    async iterable runs in an event loop of its own.
    """

    def __init__(
        self,
        items: Iterable[_Item] | AsyncIterable[_Item],
        clock: Clock,
        *,
        capacity: int,
        weight: Callable[[_Item], int],
    ) -> None:
        self._items = items
        self._clock = clock
        self._capacity = capacity
        self._weight = weight
        self._waiting: deque[tuple[_Item, int]] = deque()
        self._held = 0
        self._changed = Condition()
        self._stopped = False
        self._ended = False
        self._error: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._thread = Thread(target=self._run, name="barloom-feed", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def wait(self, rows: int, timeout: float | None) -> None:
        """Return when that many rows are there, the end has come, or `timeout` seconds have passed."""
        with self._changed:
            self._changed.wait_for(lambda: self._ended or self._held >= min(rows, self._capacity), timeout)

    def take(self, rows: int) -> list[tuple[_Item, int]]:
        """Items of at most about that many rows, each with the time it was received."""
        taken: list[tuple[_Item, int]] = []
        held = 0
        with self._changed:
            while self._waiting and (not taken or held + self._weight(self._waiting[0][0]) <= rows):
                taken.append(self._waiting.popleft())
                held += self._weight(taken[-1][0])
            self._held -= held
            self._changed.notify_all()
        return taken

    @property
    def drained(self) -> bool:
        """Whether everything was taken and nothing more will come. Raises what the iterable raised."""
        with self._changed:
            if not self._ended or self._waiting:
                return False
        if self._error is not None:
            raise self._error
        return True

    def stop(self) -> None:
        """Receive no more. An async iterable is closed; a plain one that waits for its next item is left to wait."""
        with self._changed:
            self._stopped = True
            self._changed.notify_all()
            loop, task = self._loop, self._task
        if loop is not None and task is not None:
            loop.call_soon_threadsafe(task.cancel)
            self._thread.join(_LONGEST_GOODBYE)

    def _run(self) -> None:
        try:
            if isinstance(self._items, AsyncIterable):
                with suppress(asyncio.CancelledError):
                    asyncio.run(self._receive_async(self._items))
            else:
                self._receive(self._items)
        except BaseException as error:  # noqa: BLE001 - handed to whoever reads, in whose thread it belongs
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def _receive(self, items: Iterable[_Item]) -> None:
        for item in items:
            now = self._clock.now()
            with self._changed:
                self._changed.wait_for(lambda: self._stopped or self._held < self._capacity)
                if self._stopped:
                    return
                self._put(item, now)

    async def _receive_async(self, items: AsyncIterable[_Item]) -> None:
        with self._changed:
            self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        try:
            await self._receive_each(items)
        finally:
            with self._changed:
                self._loop = self._task = None

    async def _receive_each(self, items: AsyncIterable[_Item]) -> None:
        async for item in items:
            now = self._clock.now()
            while self._held >= self._capacity and not self._stopped:  # noqa: ASYNC110 - room is made by another thread
                await asyncio.sleep(_LOOP_PAUSE)
            if self._stopped:
                return
            with self._changed:
                self._put(item, now)

    def _put(self, item: _Item, now: int) -> None:
        self._waiting.append((item, now))
        self._held += self._weight(item)
        self._changed.notify_all()
