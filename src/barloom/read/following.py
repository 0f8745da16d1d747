"""Following bars as they change, and waiting for one to be final."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final, Generic, Protocol, Self, TypeVar

from barloom.clock import SystemClock
from barloom.errors import PositionGone, StoreNotRunning, WaitTimeout
from barloom.read.answers import Found, NotFound
from barloom.read.arguments import seconds_until
from barloom.read.bar import Bar
from barloom.store.log.position import Position
from barloom.store.log.reading import LoggedFinal, LogPart
from barloom.store.scanning import Selection

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.clock import Clock
    from barloom.read.arguments import Deadline, KeyLike, Moment
    from barloom.read.explain import Explanation
    from barloom.read.readable import Readable
    from barloom.read.shape import BarShape
    from barloom.store.scanning import Place

__all__ = ["FOR_GOOD", "PASSING", "Followed", "Subscription", "Waiter", "Watch", "wait", "wait_async"]

B = TypeVar("B", bound=Bar)
B_co = TypeVar("B_co", bound=Bar, covariant=True)

_POLL: Final = 0.05
"""Seconds until the next look while a commit may still become visible in parts."""
PASSING: Final = frozenset({"CREATED", "RESTORING", "REBALANCING"})
"""States of a reader of topics that end by themselves: who follows waits for that."""
FOR_GOOD: Final = frozenset({"ERROR", "NOT_HELD"})
"""States in which nothing will come any more."""
_SETTLES: Final = 20
"""How often to look again after a commit: beside a writer its parts may become visible one after the other."""


class Followed(Protocol[B_co]):
    """What is asked of the bucket whose bars are followed."""

    @property
    def state(self) -> str:
        """``RUNNING``, or why nothing can be read."""
        ...

    def refresh(self) -> None:
        """See what was committed up to now."""
        ...

    def get(self, key: KeyLike | None = None, start: Moment | None = None, **fields: object) -> Found[B_co] | NotFound:
        """A bar, or why there is none."""
        ...

    def explain(self, key: KeyLike | None = None, start: Moment | None = None, **fields: object) -> Explanation:
        """Why a bar is not final."""
        ...


class _Limit:
    """How much time is left on a clock that never runs backwards."""

    def __init__(self, clock: Clock, deadline: Deadline | None) -> None:
        self._clock = clock
        seconds = None if deadline is None else seconds_until(deadline, clock.now())
        self._end = None if seconds is None else clock.monotonic() + seconds

    def left(self) -> float | None:
        """How many seconds; none where there is no end."""
        return None if self._end is None else max(self._end - self._clock.monotonic(), 0.0)


class Waiter:
    """Waits for the next change of a store: woken by it, and then for a while for what may become visible behind it.

    A clock that is not the machine's is asked to sleep: nobody else makes its time go on.
    """

    def __init__(self, store: Readable, clock: Clock, deadline: Deadline | None = None) -> None:
        self._changes = store.changes
        self._clock = clock
        self._limit = _Limit(clock, deadline)
        self._seen = 0
        self._looks_left = _SETTLES

    def look(self) -> None:
        """What has changed up to now is going to be looked at."""
        self._seen = self._changes.count

    def wait(self) -> bool:
        """Wait until it is time to look again; false where no time is left."""
        seconds = self._seconds()
        if seconds == 0:
            return False
        if isinstance(self._clock, SystemClock):
            self._settle(woken=self._changes.wait(self._seen, seconds))
        else:
            self._clock.sleep(_POLL if seconds is None else min(seconds, _POLL))
        return True

    async def wait_async(self) -> bool:
        """The same without blocking the event loop."""
        seconds = self._seconds()
        if seconds == 0:
            return False
        self._settle(woken=await self._changes.wait_async(self._seen, seconds))
        return True

    def wake(self) -> None:
        """End the waiting of all who wait for the store."""
        self._changes.happened()

    def _settle(self, *, woken: bool) -> None:
        self._looks_left = _SETTLES if woken else max(self._looks_left - 1, 0)

    def _seconds(self) -> float | None:
        left = self._limit.left()
        if not self._looks_left:
            return left
        return _POLL if left is None else min(left, _POLL)


class Watch(Generic[B]):
    """What changed in a store since the last look."""

    def __init__(self, store: Readable, level: int, shape: BarShape[B], key: bytes | None, since: int | None) -> None:
        self._store = store
        self._level = level
        self._shape = shape
        self._key = key
        self._since = since
        self._seen: bytes | None = None
        self._looks_left = 0
        self._final_until: dict[bytes, int] = {}
        self._position: Position | None = None
        self._live: dict[tuple[bytes, int], bytes] = {}

    def changes(self) -> Iterator[B]:
        """New finals of each key in slot order, then the live bars that changed. Nothing to do long after a commit."""
        version = self._store.version()
        if version != self._seen:
            self._looks_left = 1 + _SETTLES
        if not self._looks_left:
            return
        live = list(self._store.scanner.places(Selection("live", self._level, self._key)))
        if self._position is not None:
            yield from self._logged(self._position)
        else:
            end = self._store.log.end() if self._key is None else None
            for key in self._keys():
                yield from self._finals(key)
            self._position = end
        yield from self._changed(live)
        self._seen = version
        self._looks_left -= 1

    def _changed(self, live: list[Place]) -> Iterator[B]:
        """What was given stays known until its final: a live bar may be out of sight for one look."""
        known = self._live
        for place in [place for place in known if self._is_over(*place)]:
            del known[place]
        for key, start, record in live:
            if known.get((key, start)) != record and not self._is_over(key, start):
                known[key, start] = record
                yield self._shape.make(key, start, record, final=False)

    def _is_over(self, key: bytes, start: int) -> bool:
        """Whether its final was given."""
        return start <= self._final_until.get(key, start - 1)

    def _logged(self, position: Position) -> Iterator[B]:
        """The finals of all keys since the last look, by the log: whatever keys there are, only what is new is read."""
        part = LogPart([], position, more=True)
        while part.more:
            part = self._part(part.position)
            for item in part.items:
                if isinstance(item, LoggedFinal) and not self._is_over(item.key, item.start):
                    self._final_until[item.key] = item.start
                    yield self._shape.make(item.key, item.start, item.record, final=True)
            self._position = part.position

    def _part(self, position: Position) -> LogPart:
        """What is behind a position; after a set-back the same finals come in another epoch."""
        try:
            return self._store.log.after(position, levels=(self._level,))
        except PositionGone as gone:
            if gone.goes_on is None:
                raise
            return self._store.log.after(Position.of(gone.goes_on), levels=(self._level,))

    def _keys(self) -> Iterator[bytes]:
        return self._store.scanner.keys(self._level) if self._key is None else iter((self._key,))

    def _finals(self, key: bytes) -> Iterator[B]:
        scan = self._store.scanner.places
        known = self._final_until.get(key)
        if known is None and self._since is None and self._seen is None:
            newest = next(scan(Selection("final", self._level, key), backwards=True), None)
            found = iter(() if newest is None else (newest,))
        else:
            first = self._since if known is None else known + 1
            found = scan(Selection("final", self._level, key, first))
        for _, start, record in found:
            self._final_until[key] = start
            yield self._shape.make(key, start, record, final=True)


class Subscription(Generic[B]):
    """Bars as they change: first what is there, then every change. Ends when its bucket is closed or at its deadline.

    Iterate over it once, with ``for`` or ``async for``. Made by `TimeBucket.subscribe`.
    """

    def __init__(
        self, bucket: Followed[B], store: Readable, watch: Watch[B], clock: Clock, deadline: Deadline | None
    ) -> None:
        self._bucket = bucket
        self._watch = watch
        self._waiter = Waiter(store, clock, deadline)
        self._pending: deque[B] = deque()
        self._closed = False

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def __next__(self) -> B:
        while not self._look():
            if self._closed or not self._waiter.wait():
                raise StopIteration
        return self._pending.popleft()

    async def __anext__(self) -> B:
        while not self._look():
            if self._closed or not await self._waiter.wait_async():
                raise StopAsyncIteration
        return self._pending.popleft()

    def close(self) -> None:
        """End it: what was found already is still given."""
        self._closed = True
        self._waiter.wake()

    def _look(self) -> bool:
        """Whether there is a bar to give."""
        if self._pending or self._closed:
            return bool(self._pending)
        self._waiter.look()
        try:
            self._bucket.refresh()
            self._pending.extend(self._watch.changes())
        except StoreNotRunning as error:
            if error.state in FOR_GOOD:
                raise
            self._closed = error.state not in PASSING
        except Exception:
            self._bucket.refresh()  # says why nothing can be read, if that is so
            raise
        return bool(self._pending)


def wait(  # noqa: PLR0913, PLR0917 - the arguments of `TimeBucket.wait_final`
    bucket: Followed[B],
    store: Readable,
    clock: Clock,
    key: KeyLike | None,
    start: Moment,
    deadline: Deadline,
    fields: dict[str, object],
) -> B:
    """The final of a slot, or `WaitTimeout`."""
    waiter = Waiter(store, clock, deadline)
    while (bar := _final(bucket, waiter, key, start, fields)) is None:
        if not waiter.wait():
            raise _timeout(bucket, key, start, fields)
    return bar


async def wait_async(  # noqa: PLR0913, PLR0917
    bucket: Followed[B],
    store: Readable,
    clock: Clock,
    key: KeyLike | None,
    start: Moment,
    deadline: Deadline,
    fields: dict[str, object],
) -> B:
    """`wait` without blocking the event loop."""
    waiter = Waiter(store, clock, deadline)
    while (bar := _final(bucket, waiter, key, start, fields)) is None:
        if not await waiter.wait_async():
            raise _timeout(bucket, key, start, fields)
    return bar


def _final(
    bucket: Followed[B], waiter: Waiter, key: KeyLike | None, start: Moment, fields: dict[str, object]
) -> B | None:
    waiter.look()
    if bucket.state in PASSING:
        return None
    bucket.refresh()
    match bucket.get(key, start, **fields):
        case Found(bar):
            return bar if bar.final else None
        case NotFound(decided=True):
            raise _timeout(bucket, key, start, fields)
        case _:
            return None


def _timeout(bucket: Followed[B], key: KeyLike | None, start: Moment, fields: dict[str, object]) -> WaitTimeout:
    return WaitTimeout(str(bucket.explain(key, start, **fields)))
