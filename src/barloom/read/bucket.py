"""`TimeBucket`: the bars of one timeframe, for whoever asks, without waiting."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Generic, NoReturn, Self, TypeVar, overload

from barloom.clock import Clock, SystemClock
from barloom.errors import StoreError, StoreNotRunning
from barloom.read.answers import OF_THE_KEY, Found, NotFound, Why
from barloom.read.arguments import Deadline, KeyLike, Moment, bounds, encoded_key, key_part, key_row, moment, number
from barloom.read.bar import Bar
from barloom.read.explain import Explanation, explain
from barloom.read.follow import Closings, Following
from barloom.read.following import Subscription, Waiter, Watch, wait, wait_async
from barloom.read.frames import Part, frame_between, picked
from barloom.read.gap_look import gaps_in
from barloom.read.ranges import BarRange, placed, published_level
from barloom.read.representable import slot_start
from barloom.read.shape import BarShape
from barloom.read.standing import why_missing
from barloom.store.backend import Family
from barloom.store.failures import StoreClosed
from barloom.store.keys import decode_start, encode_start
from barloom.store.log.position import Position
from barloom.store.opening import open_for_reading
from barloom.time.instants import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import datetime
    from pathlib import Path
    from typing import Unpack

    import polars as pl

    from barloom.read.events import Closed
    from barloom.read.gaps import Gap
    from barloom.read.readable import Readable
    from barloom.read.verify.verification import How, Verification
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
        self._level = published_level(store, timeframe)
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
        self._store.changes.happened()

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
        first, last = bounds(from_, to)
        self._check_held(encoded)
        return self._bars(encoded, first, last)

    def _bars(self, key: bytes, first: int | None, last: int | None) -> Iterator[B]:
        try:
            self._refresh()
            found = placed(self._store, self._level, key, first, last)
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
        try:
            self._refresh()
            found = picked(self._store, self._level, Part(encoded, most=count, backwards=True))
        except Exception as error:  # noqa: BLE001
            self._failed(error)
        make = self._shape.make
        return [make(encoded, decode_start(place), bar, final=is_final) for (place, bar), is_final in reversed(found)]

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
        first, last = bounds(from_, to)
        asked = None if keys is None else [self._encode(key, {}) for key in ([keys] if isinstance(keys, str) else keys)]
        for key in asked or ():
            self._check_held(key)
        try:
            self._refresh()
            return frame_between(self._store, self._level, asked, first, last)
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

    def verify(
        self,
        reference: str | Path,
        *,
        key: KeyLike | None = None,
        from_: Moment | None = None,
        to: Moment | None = None,
        **how: Unpack[How],
    ) -> Verification:
        """Compare final bars with published ones, number by number, and say of each that is not the same why.

        `reference` is a file or a directory, also of candles as venues publish them; see `How` for the rest. `key` may
        be a mapping of some of the key's fields, and bars begin from `from_` up to, not including, `to`. Where bars
        differ the side output is looked through once; over Kafka that is the topic of refused rows, which takes a
        moment. Raises `ValueError` for columns that are not there, and `SourceError` for files that cannot be read.
        """
        from pathlib import Path  # noqa: PLC0415 - who looks up bars compares none

        from barloom.read.verify.verification import verify  # noqa: PLC0415

        self.refresh()
        asked = BarRange.of(self._store, self.timeframe, key, from_, to)
        return verify(self._store, asked, Path(reference), **how)

    def gaps(self, key: KeyLike | None = None, **fields: object) -> list[Gap]:
        """What is missing in the numbers of a key, or of all: see `Gap`.

        `key` may be a mapping of some of the key's fields. Empty where the event declares no sequence. Over Kafka the
        topic of refused rows is read for it, which takes a moment.
        """
        self._check_running()
        asked = key_part(self._store.plan.event, fields if key is None and fields else key)
        try:
            self._refresh()
            return gaps_in(self._store, asked)
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
        first, _ = bounds(since, None)
        watch = Watch(self._store, self._level, self._shape, encoded, first)
        return Subscription(self, self._store, watch, self._clock, deadline)

    def follow(self, after: str | None = None, *, deadline: Deadline | None = None) -> Following[B]:
        """The finals of all keys, and the slots that were closed, in the one order in which they came to be so.

        `after` is the position of the last event that was taken, so that whoever goes on misses and repeats none; none:
        from the first on that the log has (a store of version 0.1 or 0.2 has none of the bars that it held before). Use
        it in a ``for`` or an ``async for`` loop; raises `PositionGone` where it cannot go on without a hole.

        Example::

            for event in bucket.follow(position):
                match event:
                    case bl.FinalBar(position, bar):
                        keep(bar, position)
                    case bl.Closed():
                        print("no bar that ends by", event.to, "will come any more")
        """
        self._check_running()
        position = None if after is None else Position.of(after)
        waiter = Waiter(self._store, self._clock, deadline)
        return Following(self, self._store, self._level, self._shape, position, waiter)

    @property
    def decided_to(self) -> datetime | None:
        """Up to where all slots of all keys were told to be closed, in all partitions; none where nothing was told.

        It never goes back. Bars that come for closed slots all the same are told as reopened.
        """
        self._check_running()
        try:
            self._refresh()
            found = self._store.decided_to(self._level)
        except Exception as error:  # noqa: BLE001
            self._failed(error)
        return None if found is None else to_datetime(found)

    def on_closed(self, call: Callable[[Closed], object], *, after: str | None = None) -> Closings:
        """Call a function, in a thread of its own, with each range of slots that is closed for all keys from now on.

        With `after` also with those behind that position. Every final of the slots can be read by then.
        """
        self._check_running()
        if after is None:
            self.refresh()
            end = self._store.log.end()
            after = None if end is None else str(end)
        return Closings(self.follow(after), call)

    def wait_final(self, key: KeyLike | None, start: Moment, deadline: Deadline, **fields: object) -> B:
        """The final bar of a slot, as soon as there is one.

        Raises `WaitTimeout`, which explains why, at the deadline, or at once where the slot is decided and empty.
        """
        return wait(self, self._store, self._clock, key, start, deadline, fields)

    async def wait_final_async(self, key: KeyLike | None, start: Moment, deadline: Deadline, **fields: object) -> B:
        """`wait_final` for asynchronous code."""
        return await wait_async(self, self._store, self._clock, key, start, deadline, fields)
