"""One reader of a store for all who follow it in this process: each commit is read once, however many there are."""

from __future__ import annotations

from collections import defaultdict
from threading import Lock, Thread
from typing import TYPE_CHECKING, Self

from barloom.clock import SystemClock
from barloom.errors import PositionGone, StoreError
from barloom.read.arguments import encoded_key, key_row
from barloom.read.bar import Bar
from barloom.read.events import Closed, Event, FinalBar, LiveBar, Reset, Standing
from barloom.read.feed import Feed, Wanted
from barloom.read.following import Waiter
from barloom.read.shape import BarShape
from barloom.store.log.position import Position
from barloom.store.log.reading import LoggedFinal
from barloom.store.scanning import Selection

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from barloom.read.arguments import KeyLike
    from barloom.read.readable import Readable
    from barloom.store.log.reading import LogItem

__all__ = ["Hub"]

_RUNNING = "RUNNING"
_MOST_WAITING = 10_000
_OF_ALL = b""
"""In the place of a key where something is of all of them: no key is encoded so."""

_Slot = tuple[int, bytes, int]


class Hub:
    """Follows a store in a thread of its own, as long as somebody has subscribed, and tells each what it wants.

    `store` is that of the writer in this process, a reader's, or one that was opened for reading. With `again` the
    store is opened once more where another was put in its place, as a rebuild does; then the hub closes it, too.
    """

    def __init__(self, store: Readable, *, again: Callable[[], Readable] | None = None) -> None:
        self.store = store
        self._again = again
        self._lock = Lock()
        self._feeds: set[Feed] = set()
        self._wanting: dict[tuple[int, bytes | None], set[Feed]] = defaultdict(set)
        self._position = store.log.end()
        self._version: bytes | None = None
        self._lives: dict[_Slot, bytes] = {}
        self._finals_to: dict[tuple[int, bytes], int] = {}
        self._state = _RUNNING
        self._thread: Thread | None = None
        self._closed = False
        self._shapes = _shapes(store)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def state(self) -> str:
        """What the store did when it was last looked at."""
        return self._state

    def subscribe(  # noqa: PLR0913 - what of the bars, from where on, and how fast
        self,
        timeframes: Iterable[str],
        keys: Iterable[KeyLike] | None = None,
        *,
        after: str | None = None,
        max_rate: float | None = None,
        lives: bool = True,
        most_waiting: int = _MOST_WAITING,
    ) -> Feed:
        """Follow some keys (none: all) of some timeframes.

        Without `after` what there is comes first: each key's latest final, the live bars, and `SnapshotEnd`. With the
        position of an event the finals and closed slots behind it come first, without a hole. LiveBar bars come at most
        `max_rate` times a second, the latest state of each. Whoever lets more than `most_waiting` events wait is
        `Dropped`. Raises `ValueError` for a timeframe or position that there is not, `TypeError` for a key.
        """
        plan = self.store.plan
        levels = tuple(plan.level_of(timeframe) for timeframe in timeframes)
        rows = None if keys is None else [key_row(plan.event, key, {}) for key in keys]
        encoded = None if rows is None else frozenset(encoded_key(self.store.layout.keys, row) for row in rows)
        wanted = Wanted(levels, encoded, lives=lives)
        position = None if after is None else Position.of(after)
        feed = Feed(self, wanted, position, max_rate, most_waiting, SystemClock())
        with self._lock:
            self._feeds.add(feed)
            for place in wanted.places():
                self._wanting[place].add(feed)
            if self._thread is None and not self._closed:
                self._thread = Thread(target=self._run, name="barloom-hub", daemon=True)
                self._thread.start()
        self.store.changes.happened()
        return feed

    def close(self) -> None:
        """Tell nobody any more."""
        with self._lock:
            self._closed = True
            feeds, thread = [*self._feeds], self._thread
        self.store.changes.happened()
        if thread is not None:
            thread.join()
        for feed in feeds:
            feed.close()
        if self._again is not None:
            self.store.close()

    # What feeds ask

    def leave(self, feed: Feed) -> None:
        """Tell a feed no more."""
        with self._lock:
            self._feeds.discard(feed)
            for place in feed.wanted.places():
                self._wanting[place].discard(feed)
                if not self._wanting[place]:
                    del self._wanting[place]

    def join(self, feed: Feed, position: Position) -> None:
        """Let a feed that has read up to a position be told what comes, unless the hub is further already."""
        with self._lock:
            feed.joins(position, self._position)

    def event(self, epoch: str, item: LogItem) -> Event:
        """What is told of an item of the log."""
        position = str(Position(epoch, item.number))
        if isinstance(item, LoggedFinal):
            bar = self._shapes[item.level].make(item.key, item.start, item.record, final=True)
            return FinalBar(position, bar)
        timeframe = str(self.store.plan.levels[item.level].timeframe)
        return Closed(position, timeframe, item.after, item.to, item.slots, item.reopened)

    def live(self, slot: _Slot, record: bytes) -> LiveBar[Bar]:
        """What is told of a live bar."""
        level, key, start = slot
        return LiveBar(self._shapes[level].make(key, start, record, final=False))

    def open_bars(self, wanted: Wanted) -> dict[_Slot, bytes]:
        """The live bars of some levels and keys, but for those whose final was told."""
        found: dict[_Slot, bytes] = {}
        for level in wanted.levels:
            for key in (None,) if wanted.keys is None else sorted(wanted.keys):
                places = self.store.scanner.places(Selection("live", level, key))
                found |= {(level, place.key, place.start): place.record for place in places}
        with self._lock:
            return {slot: record for slot, record in found.items() if not self._is_over(slot)}

    def latest_finals(self, wanted: Wanted) -> Iterator[LoggedFinal]:
        """The latest final of each key, under the number where the log ends."""
        end, scanner = self.store.log.end(), self.store.scanner
        for level in wanted.levels:
            for key in scanner.keys(level) if wanted.keys is None else sorted(wanted.keys):
                found = next(scanner.places(Selection("final", level, key), backwards=True), None)
                if found is not None:
                    yield LoggedFinal(0 if end is None else end.number, level, *found)

    # The thread

    def _run(self) -> None:
        while not self._closed:
            waiter = Waiter(self.store, SystemClock())
            while not (self._closed or self._is_replaced()):
                waiter.look()
                self._turn()
                waiter.wait()
            if not self._closed:
                self._replace()

    def _is_replaced(self) -> bool:
        """Whether another store was put in the place of the one that is read."""
        return self._again is not None and self.store.replaced()

    def _replace(self) -> None:
        if self._again is None:
            return
        old, self.store = self.store, self._again()
        old.close()
        self._shapes = _shapes(self.store)
        self._anew("another store was put in its place, as by a rebuild")

    def _turn(self) -> None:
        """Tell what is new; live bars are looked at first, so that none comes behind its final."""
        if self._enter(self.store.state) != _RUNNING:
            return
        try:
            self.store.backend.refresh()
            version = self.store.version()
            if version == self._version:
                return
            lives = {level: self.open_bars(Wanted((level,), None, lives=True)) for level in self._wanted_lives()}
            self._tell_finals()
            for level, bars in lives.items():
                self._tell_lives(level, bars)
            self._version = version
        except PositionGone as gone:
            self._anew(gone.why, gone.goes_on)
        except StoreError:
            self._enter("ERROR" if self.store.state == _RUNNING else self.store.state)

    def _enter(self, state: str) -> str:
        if state != self._state:
            self._state = state
            self._tell_all(Standing(state))
        return state

    def _tell_all(self, event: Event) -> None:
        with self._lock:
            for feed in self._feeds:
                feed.tell(event)

    def _wanted_lives(self) -> set[int]:
        with self._lock:
            return {level for feed in self._feeds if feed.wanted.lives for level in feed.wanted.levels}

    def _tell_finals(self) -> None:
        """Tell what the log says behind the last look."""
        more = True
        while more:
            part = self.store.log.after(self._position)
            more = part.more
            with self._lock:
                for item in part.items:
                    self._tell(part.position.epoch, item)
                self._position = part.position if part.position.epoch else None

    def _tell(self, epoch: str, item: LogItem) -> None:
        """Tell one item to those who want it; it is made once for all of them."""
        feeds = self._feeds_of(item.level, item.key if isinstance(item, LoggedFinal) else _OF_ALL)
        if isinstance(item, LoggedFinal):
            self._finals_to[item.level, item.key] = item.start
            self._lives.pop(item.slot, None)
        if feeds:
            event = self.event(epoch, item)
            for feed in feeds:
                feed.take_in(item, event)

    def _feeds_of(self, level: int, key: bytes) -> set[Feed]:
        return self._wanting.get((level, None), set()) | self._wanting.get((level, key), set())

    def _tell_lives(self, level: int, bars: dict[_Slot, bytes]) -> None:
        with self._lock:
            changed = [slot for slot, record in bars.items() if self._lives.get(slot) != record]
            self._lives = {slot: record for slot, record in self._lives.items() if slot[0] != level} | bars
            for slot in changed:
                feeds = [feed for feed in self._feeds_of(level, slot[1]) if feed.wanted.lives]
                if feeds and not self._is_over(slot):
                    event = self.live(slot, bars[slot])
                    for feed in feeds:
                        feed.take_in_live(slot, bars[slot], event)

    def _is_over(self, slot: _Slot) -> bool:
        """Whether the final of a slot, or of a later one of its key, was told."""
        return slot[2] <= self._finals_to.get(slot[:2], slot[2] - 1)

    def _anew(self, why: str, goes_on: str | None = None) -> None:
        """Go on in another epoch, behind a position of it or behind all there is."""
        with self._lock:
            self._position = self.store.log.end() if goes_on is None else Position.of(goes_on)
            self._version = None
            self._lives.clear()
            self._finals_to.clear()
            for feed in self._feeds:
                feed.reset(Reset(why, goes_on))
        self.store.changes.happened()


def _shapes(store: Readable) -> dict[int, BarShape[Bar]]:
    """What makes the bars of each timeframe."""
    return {level: BarShape(store, level, Bar) for level in store.plan.published}
