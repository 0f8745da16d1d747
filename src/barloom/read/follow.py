"""Finals and closed slots by position: an iterator that goes on where somebody stopped, without a hole."""

from __future__ import annotations

from collections import deque
from threading import Thread
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

from barloom.errors import StoreNotRunning
from barloom.read.bar import Bar
from barloom.read.events import Closed, FinalBar
from barloom.read.following import FOR_GOOD, PASSING
from barloom.store.log.position import Position
from barloom.store.log.reading import LoggedFinal

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.read.following import Followed, Waiter
    from barloom.read.readable import Readable
    from barloom.read.shape import BarShape
    from barloom.store.log.reading import LogItem

__all__ = ["Closings", "Following"]

B = TypeVar("B", bound=Bar)
_AT_ONCE = 1_000


class Following(Generic[B]):
    """Finals and closed slots of a timeframe behind a position, in order; made by `TimeBucket.follow`.

    Iterate over it once, with ``for`` or ``async for``. It ends when its bucket is closed or at its deadline, and
    raises `PositionGone` where it could only go on with a hole. `position` is the one behind what was given last.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what `TimeBucket.follow` puts together
        self,
        bucket: Followed[B],
        store: Readable,
        level: int,
        shape: BarShape[B],
        after: Position | None,
        waiter: Waiter,
    ) -> None:
        self._bucket = bucket
        self._store = store
        self._level = level
        self._shape = shape
        self._waiter = waiter
        self._read_to = after
        self._closed_to: int | None = None
        self._waiting: deque[FinalBar[B] | Closed] = deque()
        self._over = False
        self.position = None if after is None else str(after)

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def __next__(self) -> FinalBar[B] | Closed:
        while not self._look():
            if self._over or not self._waiter.wait():
                raise StopIteration
        return self._given()

    async def __anext__(self) -> FinalBar[B] | Closed:
        while not self._look():
            if self._over or not await self._waiter.wait_async():
                raise StopAsyncIteration
        return self._given()

    def close(self) -> None:
        """End it: what was read already is still given."""
        self._over = True
        self._waiter.wake()

    def _given(self) -> FinalBar[B] | Closed:
        event = self._waiting.popleft()
        self.position = event.position
        return event

    def _look(self) -> bool:
        """Whether there is something to give."""
        if self._waiting or self._over:
            return bool(self._waiting)
        self._waiter.look()
        try:
            self._bucket.refresh()
            part = self._store.log.after(self._read_to, _AT_ONCE, (self._level,))
        except StoreNotRunning as error:
            if error.state in FOR_GOOD:
                raise
            self._over = error.state not in PASSING
            return False
        self._read_to = part.position if part.position.epoch else self._read_to
        for item in part.items:
            self._take(part.position.epoch, item)
        return bool(self._waiting)

    def _take(self, epoch: str, item: LogItem) -> None:
        position = str(Position(epoch, item.number))
        if isinstance(item, LoggedFinal):
            bar = self._shape.make(item.key, item.start, item.record, final=True)
            self._waiting.append(FinalBar(position, bar))
            return
        after = item.after
        if not item.reopened:
            after = self._closed_to if after is None or self._closed_to is None else max(after, self._closed_to)
            after, self._closed_to = item.after if after is None else after, item.to
        timeframe = str(self._store.plan.levels[item.level].timeframe)
        self._waiting.append(Closed(position, timeframe, after, item.to, item.slots, item.reopened))


class Closings:
    """Calls a function with each range of closed slots, in a thread of its own; made by `TimeBucket.on_closed`.

    `close` ends it. What the function raises ends it, too, and is raised by `close`.
    """

    def __init__(self, following: Following[Any], call: Callable[[Closed], object]) -> None:
        self._following = following
        self._call = call
        self._failure: BaseException | None = None
        self._thread = Thread(target=self._run, name="barloom-closings", daemon=True)
        self._thread.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def position(self) -> str | None:
        """Behind the last range that the function was called with."""
        return self._following.position

    @property
    def running(self) -> bool:
        """Whether ranges are still told."""
        return self._thread.is_alive()

    def close(self) -> None:
        """Call it no more."""
        self._following.close()
        self._thread.join()
        failure, self._failure = self._failure, None
        if failure is not None:
            raise failure

    def _run(self) -> None:
        try:
            for event in self._following:
                if isinstance(event, Closed):
                    self._call(event)
        except BaseException as error:  # noqa: BLE001 - raised by `close`
            self._failure = error
