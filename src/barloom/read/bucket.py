"""`TimeBucket`: the bars of one timeframe, for whoever asks, without waiting."""

from __future__ import annotations

from dataclasses import replace
from heapq import merge
from itertools import islice
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, overload

from barloom.clock import Clock, SystemClock
from barloom.errors import StoreError, StoreNotRunning
from barloom.read.answers import OF_THE_KEY, Found, NotFound, Why
from barloom.read.arguments import Deadline, KeyLike, Moment, encoded_key, key_row, moment, number, within
from barloom.read.bar import Bar
from barloom.read.explain import Explanation, explain
from barloom.read.following import Subscription, Watch, wait, wait_async
from barloom.read.frames import Part, frame_of, picked
from barloom.read.representable import slot_start
from barloom.read.shape import BarShape
from barloom.read.standing import why_missing
from barloom.store.backend import Family
from barloom.store.failures import StoreClosed
from barloom.store.keys import encode_start
from barloom.store.opening import open_for_reading
from barloom.store.scanning import Selection
from barloom.time.instants import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    import polars as pl

    from barloom.read.readable import Readable
    from barloom.store.scanning import Place
    from barloom.telemetry.metrics import Metrics

__all__ = ["Found", "NotFound", "TimeBucket", "Why"]

B = TypeVar("B", bound=Bar)
C = TypeVar("C", bound=Bar)  # of `open` alone: a class method knows nothing of its class's own

_RUNNING: Final = "RUNNING"
_FRESH_FOR: Final = 0.05
_KEYS_HELD: Final = 100_000


class TimeBucket(Generic[B]):
    """The bars of one timeframe of a store: live ones and finals.

    Open it beside a running writer or on a store at rest (`TimeBucket.open`), make it from the store of a writer in
    the same process, or get it from a `Reader` of Kafka topics. Every call answers at once from what is stored; beside
    a writer in another process that is at most 50 ms old, but for finals, which never change. Use it as a context
    manager, or call `close`.

    Calls raise `StoreNotRunning` when the store is closed (``PENDING_SHUTDOWN``) or cannot be read (``ERROR``), and
    nothing else but `TypeError` and `ValueError` for arguments that make no sense. Over Kafka there are more states in
    which a store does not answer: see `barloom.kafka.reader.reader.Reader`.
    """

    @overload
    def __init__(
        self: TimeBucket[Bar],
        store: Readable,
        timeframe: str,
        *,
        clock: Clock | None = ...,
        metrics: Metrics | None = ...,
    ) -> None: ...
    @overload
    def __init__(
        self,
        store: Readable,
        timeframe: str,
        *,
        bar: type[B],
        clock: Clock | None = ...,
        metrics: Metrics | None = ...,
    ) -> None: ...
    def __init__(
        self,
        store: Readable,
        timeframe: str,
        *,
        bar: type[Any] = Bar,
        clock: Clock | None = None,
        metrics: Metrics | None = None,
    ) -> None:
        plan = store.plan
        self._level = _published_level(store, timeframe)
        self._store = store
        self._clock = SystemClock() if clock is None else clock
        self._metrics = metrics
        self._owns_store = False
        self._timeframe = plan.levels[self._level].timeframe
        self._topic = plan.topic("final", self._timeframe)
        self._shape: BarShape[B] = BarShape(store, self._level, bar)
        self._tag = store.layout.prefix(self._level)
        self._final = store.backend.getter(Family.FINAL)
        self._live = store.backend.getter(Family.OPEN)
        self._encoded: dict[object, bytes] = {}
        self._state = _RUNNING
        self._fresh_until = 0.0

    @overload
    @classmethod
    def open(cls, path: str | Path, timeframe: str, *, clock: Clock | None = ...) -> TimeBucket[Bar]: ...
    @overload
    @classmethod
    def open(cls, path: str | Path, timeframe: str, *, bar: type[C], clock: Clock | None = ...) -> TimeBucket[C]: ...
    @classmethod
    def open(
        cls, path: str | Path, timeframe: str, *, bar: type[Any] = Bar, clock: Clock | None = None
    ) -> TimeBucket[Any]:
        """The bars of a timeframe in the store at `path`, which may be written meanwhile.

        `bar` is the class of the bars; what it declares is checked here (`DefinitionError`). Raises `StoreFormat` where
        there is no store, `ValueError` for a timeframe that the definition does not have.
        """
        store = open_for_reading(path)
        try:
            bucket = TimeBucket(store, timeframe, bar=bar, clock=clock)
        except BaseException:
            store.close()
            raise
        bucket._owns_store = True
        return bucket

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<TimeBucket {self.timeframe} of {self._store.plan.name!r}, {self.state}>"

    @property
    def timeframe(self) -> str:
        """The timeframe of these bars."""
        return str(self._timeframe)

    @property
    def state(self) -> str:
        """``RUNNING``, ``PENDING_SHUTDOWN`` once closed, or ``ERROR``; over Kafka also what its reader does instead."""
        return self._state if self._state != _RUNNING else self._store.state

    @property
    def store(self) -> Readable:
        """What it reads."""
        return self._store

    @property
    def clock(self) -> Clock:
        """Its clock."""
        return self._clock

    def close(self) -> None:
        """Stop reading; subscriptions end."""
        self._state = "PENDING_SHUTDOWN"
        if self._owns_store:
            self._store.close()

    def get(self, key: KeyLike | None = None, start: Moment | None = None, **fields: object) -> Found[B] | NotFound:
        """The bar of a key in the slot that begins at `start`, final or live, or why there is none.

        The key is a tuple in the order of the key fields, the value of a single one, a mapping, or keywords. Raises
        `ValueError` for a start that no slot has.

        Example::

            match bucket.get("XBTUSDT", "2025-11-10T12:34:00Z"):
                case Found(bar):
                    print(bar.close, bar.final)
                case NotFound() as answer:
                    print(answer)
        """
        self._check_running()
        encoded = self._encoded.get(key) if isinstance(key, str) and not fields else None
        if encoded is None:
            encoded = self._encode(key, fields)
        time = slot_start(start if type(start) is int else self._moment(start))
        answer = self._look(encoded, time) or self._missing(encoded, time)
        if isinstance(answer, NotFound) and answer.decided:  # by a commit after the look, which brought it?
            answer = self._look(encoded, time) or answer
        if self._metrics is not None:
            self._metrics.read(bool(answer))
        return answer

    def _moment(self, start: Moment | None) -> int:
        if start is None:
            message = "say which slot: get(key, start)"
            raise TypeError(message)
        return moment(start)

    def _encode(self, key: KeyLike | None, fields: dict[str, object]) -> bytes:
        encoded = encoded_key(self._store.layout.keys, key_row(self._store.plan.event, key, fields))
        if isinstance(key, str) and not fields:
            if len(self._encoded) >= _KEYS_HELD:
                self._encoded.clear()
            self._encoded[key] = encoded
        return encoded

    def _look(self, key: bytes, start: int) -> Found[B] | None:
        """Finals first: they never change, so that no fresh look is due for them."""
        try:
            place = self._tag + key + encode_start(start)
            record = self._final(place)
            if record is None and self._is_stale():
                self._refresh()
                record = self._final(place)
            if record is not None:
                return Found(self._shape.make(key, start, record, final=True), self._store.as_of)
            live = self._live(place)
            if live is not None:
                return Found(self._shape.make(key, start, live, final=False), self._store.as_of)
            record = self._final(place)  # it may have become final between the two looks
            if record is None:
                return None
            return Found(self._shape.make(key, start, record, final=True), self._store.as_of)
        except Exception as error:  # noqa: BLE001 - whatever the store raises means that it does not answer
            self._failed(error)

    def _is_stale(self) -> bool:
        return self._clock.monotonic() >= self._fresh_until

    def _refresh(self) -> None:
        self._store.backend.refresh()
        self._fresh_until = self._clock.monotonic() + _FRESH_FOR

    def refresh(self) -> None:
        """See what another process has written up to now."""
        self._check_running()
        try:
            self._refresh()
        except Exception as error:  # noqa: BLE001
            self._failed(error)

    def _failed(self, error: Exception) -> NoReturn:
        known = self._store.backend.failure(error)
        self._state = "PENDING_SHUTDOWN" if isinstance(known, StoreClosed) else "ERROR"
        self._not_running(self._state, error)

    def _check_running(self) -> None:
        if self._state != _RUNNING or self._store.state != _RUNNING:
            self._not_running(self.state)

    def _check_held(self, key: bytes) -> None:
        """No bar of a key that may be elsewhere means nothing."""
        if not self._store.holds(key):
            self._not_running("NOT_HELD")

    def _not_running(self, state: str, cause: Exception | None = None) -> NoReturn:
        if self._metrics is not None:
            self._metrics.error(state)
        raise StoreNotRunning(self._topic, state, to_datetime(self._clock.now())) from cause

    def _missing(self, key: bytes, start: int) -> NotFound:
        """Why a slot has no bar."""
        self._check_held(key)
        try:
            answer = why_missing(self._store, self._level, key, start)
            asked = answer.why in OF_THE_KEY and answer.stream_time is not None  # before that no key is known
            return replace(answer, key_known=False) if asked and not self._knows(key) else answer
        except StoreError as error:
            self._failed(error)

    def _knows(self, key: bytes) -> bool:
        """Whether any bar of the timeframe has the key."""
        place, first = self._tag + key, self._store.backend.first
        return any((first(family, place) or b"").startswith(place) for family in (Family.FINAL, Family.OPEN))

    def range(
        self,
        key: KeyLike | None = None,
        from_: Moment | None = None,
        to: Moment | None = None,
        **fields: object,
    ) -> Iterator[B]:
        """The bars of a key, finals and then live ones, whose slots begin from `from_` up to, not including, `to`."""
        self._check_running()
        encoded = self._encode(key, fields)
        first = None if from_ is None else within(moment(from_))
        last = None if to is None else within(moment(to))
        self._check_held(encoded)
        return self._bars(encoded, first, last)

    def _bars(self, key: bytes, first: int | None, last: int | None) -> Iterator[B]:
        """Live bars are read first, so that a bar that becomes final meanwhile is seen at least once."""
        scan = self._store.scanner.places
        try:
            self._refresh()
            live = list(scan(Selection("live", self._level, key, first, last)))
            found = _merged(scan(Selection("final", self._level, key, first, last)), live)
        except Exception as error:  # noqa: BLE001
            self._failed(error)
        while (item := self._next(found)) is not None:
            place, is_final = item
            yield self._shape.make(place.key, place.start, place.record, final=is_final)

    def _next(self, found: Iterator[tuple[Place, bool]]) -> tuple[Place, bool] | None:
        """The next one; what the caller of a generator throws into it is not the store's failure."""
        try:
            return next(found, None)
        except Exception as error:  # noqa: BLE001
            self._failed(error)

    def latest(self, key: KeyLike | None = None, n: int = 1, **fields: object) -> list[B]:
        """The last `n` bars of a key in slot order, the newest (usually live) one at the end."""
        self._check_running()
        count = number(n)
        encoded = self._encode(key, fields)
        self._check_held(encoded)
        scan = self._store.scanner.places
        try:
            self._refresh()
            live = list(scan(Selection("live", self._level, encoded)))
            final = list(islice(scan(Selection("final", self._level, encoded), backwards=True), count))
        except Exception as error:  # noqa: BLE001
            self._failed(error)
        found = list(_merged(reversed(final), live))[-count:]
        return [self._shape.make(item.key, item.start, item.record, final=is_final) for item, is_final in found]

    def frame(
        self, keys: Iterable[KeyLike] | None = None, from_: Moment | None = None, to: Moment | None = None
    ) -> pl.DataFrame:
        """The bars of some keys, or of all, whose slots begin from `from_` up to, not including, `to`, as a frame.

        Its columns are those of an export, with decimals and times as they are. Sorted by the order of the keys, then
        by start.

        Example::

            bucket.frame(["XBTUSDT", "ETHUSDT"], "2025-11-10").select("symbol", "start", "close")
        """
        self._check_running()
        first = None if from_ is None else within(moment(from_))
        last = None if to is None else within(moment(to))
        asked = None if keys is None else [self._encode(key, {}) for key in ([keys] if isinstance(keys, str) else keys)]
        for key in asked or ():
            self._check_held(key)
        try:
            self._refresh()
            chosen = self._store.scanner.keys(self._level) if asked is None else iter(asked)
            found = [bar for key in chosen for bar in picked(self._store, self._level, Part(key, first, last))]
            return frame_of(self._store, self._level, found)
        except Exception as error:  # noqa: BLE001
            self._failed(error)

    def keys(self) -> list[tuple[object, ...]]:
        """The keys that have bars of this timeframe, as tuples of their fields, in order."""
        self._check_running()
        try:
            self._refresh()
            return [self._store.layout.keys.decode(key) for key in self._store.scanner.keys(self._level)]
        except Exception as error:  # noqa: BLE001
            self._failed(error)

    def timeframes(self) -> list[str]:
        """The timeframes that the store has bars of, from fine to coarse."""
        plan = self._store.plan
        return [str(plan.levels[position].timeframe) for position in plan.published]

    def explain(self, key: KeyLike | None = None, start: Moment | None = None, **fields: object) -> Explanation:
        """Why the bar of a key in the slot that begins at `start` is not final, or since when it is."""
        self._check_running()
        row = key_row(self._store.plan.event, key, fields)
        encoded = encoded_key(self._store.layout.keys, row)
        time = self._moment(start)
        self._check_held(encoded)
        self.refresh()
        try:
            return explain(self._store, row, self.timeframe, time, clock=self._clock)
        except StoreError as error:
            self._failed(error)

    def subscribe(
        self,
        key: KeyLike | None = None,
        *,
        since: Moment | None = None,
        deadline: Deadline | None = None,
        **fields: object,
    ) -> Subscription[B]:
        """Follow the bars of a key, or of all: first those there are, then every change.

        First come the live bars and each key's latest final (with `since`: all finals of slots that begin from then);
        then a live bar again whenever it changed, and every final once, per key in slot order. Use it in a ``for`` or
        an ``async for`` loop; it ends when the bucket is closed or at the deadline.
        """
        self._check_running()
        encoded = None if key is None and not fields else self._encode(key, fields)
        first = None if since is None else within(moment(since))
        watch = Watch(self._store, self._level, self._shape, encoded, first)
        return Subscription(self, watch, self._clock, deadline)

    def wait_final(self, key: KeyLike | None, start: Moment, deadline: Deadline, **fields: object) -> B:
        """The final bar of a slot, as soon as there is one.

        Raises `WaitTimeout`, which explains why, at the deadline, or at once where the slot is decided and empty.
        """
        return wait(self, self._clock, key, start, deadline, fields)

    async def wait_final_async(self, key: KeyLike | None, start: Moment, deadline: Deadline, **fields: object) -> B:
        """`wait_final` for asynchronous code."""
        return await wait_async(self, self._clock, key, start, deadline, fields)


def _published_level(store: Readable, timeframe: str) -> int:
    level = store.plan.level_of(timeframe)
    if level not in store.plan.published:
        message = f"{timeframe} bars are the input of {store.plan.name!r}; only those made from them are stored"
        raise ValueError(message)
    return level


def _merged(final: Iterator[Place], live: list[Place]) -> Iterator[tuple[Place, bool]]:
    """By start; where a slot has both, the final one."""
    before: int | None = None
    tagged = merge(((item.start, 0, item) for item in final), ((item.start, 1, item) for item in live))
    for start, kind, item in tagged:
        if start != before:
            yield item, kind == 0
        before = start
