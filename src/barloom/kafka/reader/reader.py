"""`Reader`: keeps a copy of a definition's topics on this machine, for look-ups that never wait for a broker."""

from __future__ import annotations

import threading
from contextlib import closing
from typing import TYPE_CHECKING, Any, Final, Self, TypeVar, overload

from barloom.errors import RegistryUnavailable, SourceError, StoreNotRunning, WaitTimeout
from barloom.kafka.reader.arrivals import stream_times
from barloom.kafka.reader.checkpoint import reconcile
from barloom.kafka.reader.status import HeldPartition, ReaderStatus
from barloom.kafka.reader.tail import LogLost
from barloom.read.arguments import Deadline, seconds_until
from barloom.read.bar import Bar
from barloom.read.bucket import TimeBucket
from barloom.read.shape import check_shape
from barloom.store.log.head import begin_epoch
from barloom.store.opening import open_backend
from barloom.telemetry.logs import get_logger
from barloom.time.instants import to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from barloom.clock import Clock
    from barloom.kafka.reader.arrivals import Arrivals
    from barloom.kafka.reader.checkpoint import Origin
    from barloom.kafka.reader.closings import ToldClosed
    from barloom.kafka.reader.contact import Contact
    from barloom.kafka.reader.copy import TopicCopy
    from barloom.kafka.reader.ends import Ends
    from barloom.kafka.reader.feeds import Feeds, Lane
    from barloom.kafka.reader.reached import Reached
    from barloom.kafka.reader.tail import Tail
    from barloom.read.readable import Readable
    from barloom.store.stream_times import StreamTimes
    from barloom.telemetry.metrics import Metrics

__all__ = ["Reader"]

B = TypeVar("B", bound=Bar)

_LOG: Final = get_logger("barloom.kafka.reader")
_POLL: Final = 0.1
_RETRY: Final = 0.5
_PROGRESS_PATIENCE: Final = 2.0


class Reader:
    """The live and final bars of a definition, followed on Kafka and kept on disk. Made by `barloom.open_reader`.

    `bucket` gives the bars of a timeframe; its calls answer at once from what is here. They raise `StoreNotRunning`
    unless the reader's `state` is ``RUNNING``:

    * ``CREATED``: it was made and does not read yet;
    * ``RESTORING``: it reads what the topics held when it began (`status` tells how much is left);
    * ``REBALANCING``: it turns to other partitions;
    * ``PENDING_SHUTDOWN``: it was closed;
    * ``ERROR``: it cannot go on; `status` says why, and it has to be opened again.

    A reader of some partitions only also raises it, with ``NOT_HELD``, for a key that it has never seen: the key's bars
    may be in another partition. While the brokers are silent it goes on answering what it knows, and the answers'
    `as_of` says since when.

    Follows in a thread of its own, which `close` ends. Without one (`open_reader(follow=False)`) call `poll`.
    """

    def __init__(  # noqa: PLR0913 - the parts that `open_reader` puts together
        self,
        *,
        copy: TopicCopy,
        feeds: Feeds,
        tail: Tail,
        ends: Ends,
        contact: Contact,
        reached: Reached[StreamTimes],
        closed: Reached[ToldClosed],
        origin: Origin,
        path: Path,
        clock: Clock,
        metrics: Metrics | None,
        on_close: Callable[[], None],
    ) -> None:
        self._copy = copy
        self._feeds = feeds
        self._tail = tail
        self._ends = ends
        self._contact = contact
        self._reached = reached
        self._closed = closed
        self._origin = origin
        self._path = path
        self._clock = clock
        self._metrics = metrics
        self._on_close = on_close
        self._positions: dict[Lane, int] = {}
        self._targets: dict[Lane, int] = {}
        self._total = 0
        self._keys_told: dict[int, dict[str, bytes]] = {}
        self._patient_until: float | None = None
        self._since = clock.now()
        self._fresh = ""
        self._error: BaseException | None = None
        self._stop = threading.Event()
        self._settled = threading.Event()
        self._thread: threading.Thread | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def state(self) -> str:
        """What it does; see the class."""
        return self._copy.state

    @property
    def cut_off_since(self) -> int | None:
        """When the brokers were heard last (nanoseconds UTC), where they are silent; none while they answer."""
        return self._copy.as_of

    @property
    def store(self) -> Readable:
        """What its buckets read."""
        return self._copy

    @overload
    def bucket(self, timeframe: str) -> TimeBucket[Bar]: ...
    @overload
    def bucket(self, timeframe: str, *, bar: type[B]) -> TimeBucket[B]: ...
    def bucket(self, timeframe: str, *, bar: type[Any] = Bar) -> TimeBucket[Any]:
        """The bars of a timeframe, as objects of `bar`.

        Raises `ValueError` for a timeframe that the definition does not have, `DefinitionError` for a class of bars
        that asks for what it does not have.
        """
        check_shape(self._copy.plan, bar, self._copy.decoder.lacks)
        return TimeBucket(self._copy, timeframe, bar=bar, clock=self._clock, metrics=self._metrics)

    def start(self) -> None:
        """Find out where to go on, and begin to restore."""
        self._begin()

    def follow(self) -> None:
        """Go on in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="barloom-reader", daemon=True)
        self._thread.start()

    def wait_running(self, deadline: Deadline) -> Self:
        """Wait until it has read what the topics held when it began.

        Raises `WaitTimeout` at the deadline, and `StoreNotRunning` where it was closed or has failed.
        """
        seconds = seconds_until(deadline, self._clock.now())
        end = self._clock.monotonic() + seconds
        while not self._settled.is_set():
            left = end - self._clock.monotonic()
            if left <= 0:
                raise WaitTimeout(self._restoring())
            if self._thread is None:
                self.poll(min(_POLL, left))
            else:
                self._settled.wait(min(_POLL, left))
        if self.state != "RUNNING":
            raise StoreNotRunning(self._copy.plan.name, self.state, to_datetime(self._clock.now())) from self._error
        return self

    def _restoring(self) -> str:
        found = self.status()
        return f"the reader is {found.state}: {found.remaining} of {found.total} messages are still to be read"

    def poll(self, timeout: float = _POLL) -> bool:
        """Take in what has come, waiting at most `timeout` seconds for the first of it; whether there was anything."""
        try:
            return self._step(timeout)
        except LogLost as lost:
            _LOG.warning("reading everything anew", why=str(lost))
            self._enter("RESTORING")
            self._begin()
            return False
        except Exception as error:
            self._fail(error)
            raise

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.poll(_POLL)
            except Exception as error:  # noqa: BLE001 - told by `status` and by whoever asks for bars
                _LOG.error("the reader has stopped", error=str(error), kind=type(error).__name__)
                return

    def _step(self, timeout: float) -> bool:
        arrivals = self._tail.poll(timeout)
        self._positions |= arrivals.positions
        self._reached.read(self._times(arrivals))
        self._closed.read(arrivals.closed)
        self._listen()
        times, closed = self._reached.take(self._positions), self._closed.take(self._positions)
        if arrivals or times or closed:
            self._apply(arrivals, times, closed)
        if self.state == "RESTORING" and self._is_restored():
            self._enter("RUNNING")
        return bool(arrivals.bars)

    def _times(self, arrivals: Arrivals) -> dict[int, StreamTimes]:
        """What was told of partitions; of keys it counts with the word on their partition, which comes after them."""
        for partition, told in arrivals.keys.items():
            self._keys_told.setdefault(partition, {}).update(told)
        found = {}
        for partition, value in arrivals.progress.items():
            try:
                found[partition] = stream_times(value, self._keys_told.pop(partition, {}))
            except SourceError as error:
                _LOG.warning("message passed over", topic=self._feeds.progress, partition=partition, error=str(error))
        return found

    def _listen(self) -> None:
        """Ask for the ends, and hear what they are."""
        answer = self._contact.hear()
        both: tuple[Reached[StreamTimes] | Reached[ToldClosed], ...] = (self._reached, self._closed)
        for reached in both if answer is True else ():
            reached.answered(self._contact.watermarks)
        for reached in both if answer is False else ():
            reached.unanswered()
        if self._contact.ask(soon=any(reached.unasked for reached in both)):
            for reached in both:
                reached.ask()
        self._copy.as_of = self._contact.lost_since

    def _apply(self, arrivals: Arrivals, times: dict[int, StreamTimes], closed: dict[int, ToldClosed]) -> None:
        """Write it; as long as the registry does not say what the messages mean, try again."""
        while not self._stop.is_set():
            try:
                self._copy.apply(self._feeds, arrivals, times, self._clock.now(), closed)
            except RegistryUnavailable as error:
                _LOG.warning("waiting for the schema registry", error=str(error))
                self._clock.sleep(_RETRY)
                self._copy.as_of = self._contact.lost_since
            else:
                return

    def _begin(self) -> None:
        """Go on from what is here where that can be, and take as the goal what the topics hold now."""
        lanes = self._feeds.lanes(self._copy.held)
        begins, stable = self._ends.first(lanes), self._ends.stable(lanes)
        now = self._clock.now()
        self._positions, self._fresh = reconcile(
            self._copy, self._origin, self._feeds, begins=begins, ends=stable, now=now
        )
        if self._fresh:
            _LOG.info("reading the topics from their beginning", why=self._fresh, path=str(self._path))
        self._copy.warm()
        self._targets = {lane: end for lane, end in stable.items() if end > self._positions[lane]}
        self._total = self._remaining()
        self._reached.forget()
        self._closed.forget()
        self._copy.begin()
        self._keys_told.clear()
        self._patient_until = None
        self._enter("RESTORING")
        self._tail.start(self._positions)

    def _remaining(self) -> int:
        return sum(max(end - self._positions[lane], 0) for lane, end in self._targets.items())

    def _is_restored(self) -> bool:
        """All bars are read; what the progress topic said of them is awaited, but not for long."""
        if self._remaining():
            return False
        now = self._clock.monotonic()
        if self._patient_until is None:
            self._patient_until = now + _PROGRESS_PATIENCE
        waiting = self._reached.waiting or self._closed.waiting
        return not waiting or now > self._patient_until

    def _enter(self, state: str) -> None:
        self._copy.state = state
        self._copy.changes.happened()
        self._since = self._clock.now()
        if state in ("RUNNING", "ERROR", "PENDING_SHUTDOWN"):
            self._settled.set()
        else:
            self._settled.clear()

    def _fail(self, error: Exception) -> None:
        self._error = error
        if self.state != "PENDING_SHUTDOWN":
            self._enter("ERROR")

    def status(self) -> ReaderStatus:
        """What it does, and how far it is."""
        copy, watermarks = self._copy, self._contact.watermarks
        behind = dict.fromkeys(copy.held, 0)
        for lane, end in watermarks.items():
            behind[lane.partition] += max(end - self._positions.get(lane, end), 0)
        partitions = [HeldPartition(number, copy.times()[number].stream_time, behind[number]) for number in copy.held]
        return ReaderStatus(
            state=self.state,
            since=self._since,
            path=self._path,
            definition=copy.plan.name,
            partitions=tuple(partitions),
            remaining=self._remaining(),
            total=self._total,
            cut_off_since=self.cut_off_since,
            unreadable=copy.unreadable,
            keys=len(copy.homes),
            size=copy.backend.size(),
            fresh=self._fresh,
            error=None if self._error is None else str(self._error),
        )

    def backup(self, path: str | Path) -> None:
        """Copy what is here, as of now, into a new directory, from which another reader can go on.

        There the log is counted in an epoch of its own: the two readers may take in the same finals in another order.
        """
        self._copy.backend.backup(path)
        with closing(open_backend(path)) as copied:
            begin_epoch(copied, "copy")

    def close(self) -> None:
        """Stop following and release the copy; buckets answer no more."""
        if self.state == "PENDING_SHUTDOWN":
            return
        self._enter("PENDING_SHUTDOWN")
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
        self._tail.close()
        self._copy.close()
        self._on_close()
