"""What one subscriber of a hub has not taken yet: bounded, in order, live bars only in their latest state."""

from __future__ import annotations

from collections import deque
from threading import Lock
from typing import TYPE_CHECKING, NamedTuple, Protocol, Self

from barloom.errors import PositionGone
from barloom.read.events import Closed, Dropped, FinalBar, LiveBar, Reset, SnapshotEnd
from barloom.store.changes import Changes
from barloom.store.log.position import Position
from barloom.store.log.reading import LoggedFinal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.clock import Clock
    from barloom.read.bar import Bar
    from barloom.read.events import Event
    from barloom.read.readable import Readable
    from barloom.store.log.reading import LogItem

__all__ = ["Feed", "Wanted"]

_Slot = tuple[int, bytes, int]
_AT_ONCE = 500
_AGAIN = 0.02


class Wanted(NamedTuple):
    """Levels, encoded keys (none: all), and whether live bars too."""

    levels: tuple[int, ...]
    keys: frozenset[bytes] | None
    lives: bool

    def includes(self, item: LogItem) -> bool:
        """Whether an item of these levels is wanted."""
        return self.keys is None or not isinstance(item, LoggedFinal) or item.key in self.keys

    def places(self) -> list[tuple[int, bytes | None]]:
        """What is wanted, as pairs of a level and a key (none: of all keys, empty: what is of no single one)."""
        keys = (None,) if self.keys is None else (b"", *self.keys)
        return [(level, key) for level in self.levels for key in keys]


class _Source(Protocol):
    """What a feed asks of its hub."""

    store: Readable

    def leave(self, feed: Feed, /) -> None: ...
    def join(self, feed: Feed, position: Position, /) -> None: ...
    def event(self, epoch: str, item: LogItem, /) -> Event: ...
    def live(self, slot: _Slot, record: bytes, /) -> LiveBar[Bar]: ...
    def open_bars(self, wanted: Wanted, /) -> dict[_Slot, bytes]: ...
    def latest_finals(self, wanted: Wanted, /) -> Iterator[LoggedFinal]: ...


class Feed:
    """Events for one subscriber; made by `Hub.subscribe`. One at a time may take them, in any thread.

    It begins by reading what is behind its position by itself, a part at a time; once it has come as far as the hub,
    the hub tells it what comes.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - what `Hub.subscribe` was asked for
        self,
        hub: _Source,
        wanted: Wanted,
        after: Position | None,
        max_rate: float | None,
        most_waiting: int,
        clock: Clock,
    ) -> None:
        self.wanted = wanted
        self.changes = Changes()
        self._hub = hub
        self._clock = clock
        self._pause = 0.0 if max_rate is None else 1 / max_rate
        self._most = most_waiting
        self._lock = Lock()
        self._behind = after
        self._fresh = after is None
        self._joined = False
        self._over = False
        self._shown: dict[tuple[int, bytes], int] = {}
        self._given: dict[_Slot, bytes] = {}
        self._waiting: deque[Event] = deque()
        self._lives: dict[_Slot, LiveBar[Bar]] = {}
        self._lives_due = 0.0
        self._seen = 0
        self._taken = None if after is None else str(after)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def over(self) -> bool:
        """Whether nothing comes any more."""
        return self._over and not self._waiting

    @property
    def due_in(self) -> float | None:
        """After how many seconds `take` gives something; none where that is up to what happens."""
        if self._over or self._waiting:
            return 0.0
        if not self._joined:  # the hub is not where this has read to: it is just finding out that an epoch has begun
            return _AGAIN
        return max(self._lives_due - self._clock.monotonic(), 0.0) if self._lives else None

    def get(self, seconds: float | None = None) -> list[Event]:
        """The next events, as soon as there are some; an empty list after so many seconds, or when it is `over`."""
        end = None if seconds is None else self._clock.monotonic() + seconds
        while not ((events := self._look()) or self.over):
            left = None if end is None else max(end - self._clock.monotonic(), 0.0)
            if left == 0:
                break
            self.changes.wait(self._seen, _sooner(self.due_in, left))
        return events

    async def get_async(self, seconds: float | None = None) -> list[Event]:
        """`get` without blocking the event loop, but for what is read of the store: a part at a time."""
        end = None if seconds is None else self._clock.monotonic() + seconds
        while not ((events := self._look()) or self.over):
            left = None if end is None else max(end - self._clock.monotonic(), 0.0)
            if left == 0:
                break
            await self.changes.wait_async(self._seen, _sooner(self.due_in, left))
        return events

    def _look(self) -> list[Event]:
        self._seen = self.changes.count
        return self.take()

    def take(self) -> list[Event]:
        """What there is now, without waiting."""
        events: list[Event] = []
        read_to: object = self
        while not (events or self._joined or self._waiting or self._over or read_to == self._behind):
            read_to, events = self._behind, self._read()
        if not events:
            events = self._told()
        for event in events:
            if isinstance(event, (FinalBar, Closed)):
                self._taken = event.position
        if any(isinstance(event, LiveBar) for event in events):
            self._lives_due = self._clock.monotonic() + self._pause
        if self.over:
            self._hub.leave(self)
        return events

    def close(self) -> None:
        """Take nothing any more."""
        self._over = True
        self._hub.leave(self)
        self.changes.happened()

    def _told(self) -> list[Event]:
        """What the hub has told."""
        with self._lock:
            events = [*self._waiting]
            self._waiting.clear()
            if self._lives and self._clock.monotonic() >= self._lives_due:
                events += self._lives.values()
                self._lives.clear()
        return events

    # What it reads by itself

    def _read(self) -> list[Event]:
        """A part of what is behind the position; once that is all, the hub tells the rest."""
        if self._fresh:
            self._fresh = False
            return self._snapshot()
        try:
            part = self._hub.store.log.after(self._behind, _AT_ONCE, self.wanted.levels)
        except PositionGone as gone:
            self._again(gone.goes_on)
            return [Reset(gone.why, gone.goes_on)]
        self._behind = part.position if part.position.epoch else None
        if not part.more:
            self._hub.join(self, part.position)
        events = [self._hub.event(part.position.epoch, item) for item in part.items if self._wants(item)]
        return [*events, *self._moved_meanwhile()] if self._joined else events

    def _snapshot(self) -> list[Event]:
        """The latest final of each key, the live bars, and behind which position the rest comes."""
        store = self._hub.store
        store.backend.refresh()
        self._behind = end = store.log.end()
        epoch = "" if end is None else end.epoch
        self._taken = None if end is None else str(end)
        self._given = self._hub.open_bars(self.wanted) if self.wanted.lives else {}
        events: list[Event] = []
        for item in self._hub.latest_finals(self.wanted):
            self._shown[item.level, item.key] = item.start
            events.append(self._hub.event(epoch, item))
        lives = [self._hub.live(slot, record) for slot, record in self._given.items() if self._is_new(slot)]
        return [*events, *lives, SnapshotEnd(self._taken)]

    def _moved_meanwhile(self) -> list[Event]:
        """The live bars that are other ones than in the snapshot, or that were not there then."""
        if not self.wanted.lives:
            return []
        found = self._hub.open_bars(self.wanted)
        with self._lock:  # what was told meanwhile is newer
            moved = {slot: record for slot, record in found.items() if self._given.get(slot) != record}
            self._given = found
            return [self._hub.live(slot, record) for slot, record in moved.items() if slot not in self._lives]

    def _wants(self, item: LogItem) -> bool:
        return self.wanted.includes(item) and self._is_new(item.slot)

    def _is_new(self, slot: _Slot | None) -> bool:
        """Whether a bar comes behind what the snapshot has shown of its key."""
        return slot is None or slot[2] > self._shown.get(slot[:2], slot[2] - 1)

    def _again(self, goes_on: str | None) -> None:
        self._behind = None if goes_on is None else Position.of(goes_on)
        self._fresh, self._joined = goes_on is None, False
        self._shown.clear()

    # What the hub tells

    def joins(self, reached: Position, told: Position | None) -> None:
        """It has read up to a position, and the hub has told up to another."""
        with self._lock:
            if told is None or (told.epoch == reached.epoch and told.number <= reached.number):
                self._joined = True

    def tell(self, event: Event) -> None:
        """Something that concerns everybody."""
        with self._lock:
            self._add(event)

    def take_in(self, item: LogItem, event: Event) -> None:
        """An item of the log that it wants, as far as it has not read it by itself."""
        with self._lock:
            behind = 0 if self._behind is None else self._behind.number
            if self._joined and item.number > behind and self._is_new(item.slot):
                if item.slot is not None:
                    self._lives.pop(item.slot, None)
                self._add(event)

    def take_in_live(self, slot: _Slot, record: bytes, event: LiveBar[Bar]) -> None:
        """The present state of a live bar, as far as it has not read it by itself."""
        with self._lock:
            if self._joined and not self._over and self._given.pop(slot, None) != record:
                self._lives[slot] = event
                if len(self._lives) == 1:
                    self.changes.happened()

    def reset(self, event: Reset) -> None:
        """The hub goes on elsewhere."""
        with self._lock:
            self._waiting.clear()
            self._lives.clear()
            self._again(event.goes_on)
            self._add(event)

    def _add(self, event: Event) -> None:
        """Let an event wait; where too many do, tell only that."""
        if self._over:
            return
        if len(self._waiting) >= self._most:
            self._waiting.clear()
            self._lives.clear()
            self._waiting.append(Dropped(self._taken))
            self._over = True
        else:
            self._waiting.append(event)
        if len(self._waiting) == 1:
            self.changes.happened()


def _sooner(one: float | None, other: float | None) -> float | None:
    known = [seconds for seconds in (one, other) if seconds is not None]
    return min(known, default=None)
