"""Bars that stand on this machine: in the store of a run, or in a copy of Kafka topics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, TypeVar

from barloom.errors import StoreError, StoreNotRunning
from barloom.read.bucket import TimeBucket
from barloom.read.frames import frame_of, picked
from barloom.read.standing import ended_by
from barloom.read.status import status
from barloom.serve.stores.epoch import epoch_of
from barloom.serve.stores.key_text import KeyText
from barloom.serve.stores.served import NotKept, Page, gathered
from barloom.store.barstore import BarStore
from barloom.store.keys import decode_start
from barloom.time.instants import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.read.answers import Found, NotFound
    from barloom.read.bar import Bar
    from barloom.read.explain import Explanation
    from barloom.read.frames import Part, Picked
    from barloom.read.gaps import Gap
    from barloom.read.readable import Readable
    from barloom.read.status import Status
    from barloom.serve.stores.holding import Holding
    from barloom.serve.stores.served import Kind, Wanted
    from barloom.store.protocol import SideRecord
    from barloom.store.stream_times import StreamTimes
    from barloom.time.calendar import Calendar

__all__ = ["LocalBars"]

T = TypeVar("T")

_BROKEN: Final = "ERROR"


class _Held:
    """One store, and what is found out about it once."""

    def __init__(self, store: Readable) -> None:
        plan = store.plan
        self.store = store
        self.buckets: dict[str, TimeBucket[Bar]] = {}
        self.timeframes = [str(plan.levels[position].timeframe) for position in plan.published]
        self.texts = KeyText(plan.event)


class LocalBars:
    """The bars of a store, as its `TimeBucket` answers them.

    A failing store is opened anew once, where it can be: beside a writer a file may be gone before it was read.
    """

    quick = True

    def __init__(self, holding: Holding, clock: Clock) -> None:
        self._holding = holding
        self._clock = clock
        self._held = _Held(holding.now())

    @property
    def store(self) -> Readable:
        """The store as of now."""
        return self._now().store

    def _now(self) -> _Held:
        """The store as of now, with what is known of it."""
        store = self._holding.now()
        if store is not self._held.store:
            self._held = _Held(store)
        return self._held

    @property
    def kind(self) -> Kind:
        """A store of a run says more than a copy of topics."""
        return "store" if isinstance(self.store, BarStore) else "topics"

    @property
    def plan(self) -> BarPlan:
        """The definition that the store was made with."""
        return self.store.plan

    @property
    def calendar(self) -> Calendar:
        """The calendar in force."""
        return self.store.calendar

    @property
    def state(self) -> str:
        """What the store says of itself."""
        return self.store.state

    @property
    def as_of(self) -> int | None:
        """Since when a copy of topics is cut off from them."""
        return self.store.as_of

    @property
    def epoch(self) -> str | None:
        """What the store says."""
        return epoch_of(self.store)

    def timeframes(self) -> list[str]:
        """All that are stored."""
        return self._now().timeframes

    @property
    def texts(self) -> KeyText:
        """Of the definition that the store was made with."""
        return self._now().texts

    def bucket(self, timeframe: str) -> TimeBucket[Bar]:
        """The bars of a timeframe; `ValueError` where there is none."""
        held = self._now()
        found = held.buckets.get(timeframe)
        if found is None:
            found = held.buckets[timeframe] = TimeBucket(held.store, timeframe, clock=self._clock)
        return found

    def get(self, timeframe: str, key: tuple[object, ...], start: int) -> Found[Bar] | NotFound:
        """As `TimeBucket.get`."""
        return self._answered(lambda: self.bucket(timeframe).get(key, start))

    def page(self, wanted: Wanted) -> Page:
        """As `TimeBucket.frame`, page by page."""
        return self._answered(lambda: self._page(wanted))

    def _page(self, wanted: Wanted) -> Page:
        bucket = self.bucket(wanted.timeframe)
        bucket.refresh()
        store = bucket.store
        level = store.plan.level_of(wanted.timeframe)

        def pick(part: Part) -> list[Picked]:
            if not store.holds(part.key):
                self._not_running(wanted.timeframe, "NOT_HELD")
            return picked(store, level, part)

        try:
            found, onwards = gathered(wanted, pick, lambda item: decode_start(item[0][0]))
            return Page(frame_of(store, level, found), onwards)
        except StoreNotRunning:
            raise
        except StoreError as error:
            self._not_running(wanted.timeframe, _BROKEN, error)

    def keys(self, timeframe: str, first: bytes) -> Iterator[bytes]:
        """By leaping from key to key."""
        bucket = self._answered(lambda: self._fresh(timeframe))
        return bucket.store.scanner.keys(bucket.store.plan.level_of(timeframe), first)

    def _fresh(self, timeframe: str) -> TimeBucket[Bar]:
        bucket = self.bucket(timeframe)
        bucket.refresh()
        return bucket

    def decided_to(self, timeframe: str, key: bytes) -> int | None:
        """Stream time, less what slots stay open for."""
        store = self.store
        reached = store.times_of(key).stream_time
        level = store.plan.level_of(timeframe)
        return None if reached is None else ended_by(store, reached, store.plan.deciding_delay(level))

    def explain(self, timeframe: str, key: tuple[object, ...], start: int) -> Explanation:
        """As `TimeBucket.explain`."""
        return self._answered(lambda: self.bucket(timeframe).explain(key, start))

    def rejected(self, first: int) -> Iterator[tuple[int, SideRecord]]:
        """Those of a run; over Kafka they are in a topic of their own."""
        return self._run().scanner.side(first)

    def gaps(self, key: tuple[object, ...] | None) -> list[Gap]:
        """As `TimeBucket.gaps`; `NotKept` where the event declares no sequence."""
        if self.plan.event.sequence is None:
            message = f"{self.plan.name!r} declares no sequence, so that nobody knows what is missing"
            raise NotKept(message)
        return self._answered(lambda: self.bucket(self.timeframes()[0]).gaps(key))

    def status(self) -> Status:
        """Of the store of a run."""
        return status(self._run(), clock=self._clock)

    def times(self) -> StreamTimes:
        """As the store says."""
        return self.store.times_of(None)

    def _run(self) -> BarStore:
        store = self.store
        if isinstance(store, BarStore):
            store.backend.refresh()
            return store
        message = "this is a copy of Kafka topics, which holds bars alone"
        raise NotKept(message)

    def _answered(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except StoreNotRunning as error:
            if error.state != _BROKEN or not self._holding.renew():
                raise
        return call()

    def _not_running(self, timeframe: str, state: str, cause: Exception | None = None) -> NoReturn:
        plan = self.plan
        topic = plan.topic("final", plan.levels[plan.level_of(timeframe)].timeframe)
        raise StoreNotRunning(topic, state, to_datetime(self._clock.now())) from cause

    def close(self) -> None:
        """Release what was opened here."""
        self._holding.close()
