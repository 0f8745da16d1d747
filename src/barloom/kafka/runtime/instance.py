"""One instance: a member of the consumer group that turns what it reads into transactions."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import TYPE_CHECKING, Final, cast

from barloom.errors import BrokerError, Fenced, LoginRefused, RegistryUnavailable, TopicMismatch
from barloom.kafka.cluster.clients import admin_config, client_error, consumer_config, producer_config
from barloom.kafka.runtime.blocked import Blocked
from barloom.kafka.runtime.fetched import Fetched, Log
from barloom.kafka.runtime.marking import MarkReader
from barloom.kafka.runtime.patience import Patience
from barloom.kafka.runtime.polling import decode
from barloom.kafka.runtime.publication import Publication
from barloom.kafka.runtime.transaction import Transactions
from barloom.kafka.runtime.watermarks import HighWatermarks
from barloom.kafka.state.restoring import Restorer, refuse_another
from barloom.kafka.state.standby import Standby
from barloom.telemetry.logs import get_logger
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

    from barloom.kafka.runtime.fetched import Record
    from barloom.kafka.runtime.job import Job
    from barloom.kafka.runtime.partition import Partition
    from barloom.kafka.runtime.polling import Polled

__all__ = ["Instance"]

_log = get_logger(__name__)
_SAY_AGAIN: Final = 1.0
"""Seconds after which a position or stream time that moved without making a bar is published all the same."""
_LOOK: Final = 0.1
"""Seconds between two looks at the ends of the logs."""
_LOOK_WHILE_RESTORING: Final = 0.01
_AT_ONCE: Final = 2_000
"""Messages that are asked of the client at a time."""
_RESTORING_AT_ONCE: Final = 2


class Instance:
    """Reads its partitions, steps over what came and commits; until told to stop, or until it can't.

    After an exception from any method everything it holds must be thrown away: `close`, and make another under another
    `transactional_id`: whoever takes its partitions over aborts what that id has left open.
    """

    def __init__(self, job: Job, transactional_id: str) -> None:
        from confluent_kafka import Consumer  # noqa: PLC0415 - an extra

        settings = job.settings
        self._job = job
        self._clock = job.clock
        self._partitions: dict[int, Partition] = {}
        self._restoring: dict[int, Future[Partition]] = {}
        self._uncommitted = 0
        self._commit_due: float | None = None
        self._commit_began = self._shown_at = self._settled_at = self._clock.monotonic()
        self._key_of: dict[tuple[object, ...], int] = {}
        self._failure: Exception | None = None
        patience = Patience(job.clock, job.stop)
        self._transactions = Transactions(producer_config(settings, transactional_id), job.clock, patience)
        self._transactions.take_over()
        self._publication = Publication(
            job.plan,
            job.topics,
            job.serde,
            self._transactions,
            job.metrics,
            live=settings.live_interval is not None,
            partitions=job.partitions,
        )
        self._standby = (
            Standby(job.plan, settings, job.topics.changelog, job.partitions, job.clock, job.calendar)
            if settings.standby
            else None
        )
        self._restorer = Restorer(
            job.plan,
            settings,
            job.topics.changelog,
            transactional_id,
            job.clock,
            job.metrics,
            job.calendar,
            self._standby,
            job.inputs,
        )
        self._unread: Fetched | None = None
        self._blocked = Blocked(job.plan, settings.block)
        self._marks = MarkReader(job.plan, job.serde)
        self._threads = ThreadPoolExecutor(_RESTORING_AT_ONCE, "barloom-restore")
        self._watermarks = HighWatermarks(admin_config(settings), job.clock, _LOOK, settings.input)
        self._consumer: Consumer = Consumer(consumer_config(settings, client_id=job.owner, error_cb=self._hear))
        self._consumer.subscribe(
            list(settings.input),
            on_assign=lambda _, gained: self._guarded(self._on_assigned, gained),
            on_revoke=lambda _, given: self._guarded(self._on_revoked, given),
            on_lost=lambda _, lost: self._guarded(self._on_lost, lost),
        )

    # The loop

    def turn(self) -> None:
        """Poll, step over what came, and commit when it is time."""
        settings = self._job.settings
        room = max(1, settings.commit_records - self._uncommitted)
        fetched = self._read(room)
        self._fail_if_failed()
        if fetched:
            self._take(fetched)
        self._admit_restored()
        refuse_another(self._job.inputs, self._watermarks.ids)
        self._look_at_clock()
        if self._is_due():
            self.commit()
        self._job.heartbeat(self._states())

    def _read(self, room: int) -> Fetched:
        """What comes until the next commit may be; if that is now, whatever is there, or else the first to come.

        With a long commit interval only for as long as whoever stops us or waits for a partition should have to wait.
        """
        fetched = self._unread or Fetched()
        look = _LOOK_WHILE_RESTORING if self._restoring else _LOOK
        began = self._clock.monotonic()
        patience = min(max(0.0, self._next_commit() - began), look)
        came = self._fill(fetched, room, began + patience)
        if not (came or patience or self._commit_due is not None):
            first = self._consumer.poll(look)
            if first is not None:
                self._receive(fetched, [first])
                self._fill(fetched, room, began)
        return fetched

    def _fill(self, fetched: Fetched, room: int, until: float) -> bool:
        """Whether anything came until then."""
        left = room
        while left > 0:
            asked = min(left, _AT_ONCE)
            messages = self._consumer.consume(asked, max(0.0, until - self._clock.monotonic()))
            self._receive(fetched, messages)
            left -= len(messages)
            if len(messages) < asked:
                break
        return left < room

    def _receive(self, fetched: Fetched, messages: list[Message]) -> None:
        """Without what lies beyond the end of the job, if it has one: of such logs, the end was met."""
        wanted = cast("Sequence[Record]", messages)
        if self._job.span is not None:
            wanted, over = self._job.span.cut(wanted)
            fetched.ends.update(over)
        fetched.add(wanted)

    def _next_commit(self) -> float:
        return self._commit_began + self._job.settings.commit_interval / SECOND

    def _take(self, fetched: Fetched) -> None:
        now = self._clock.now()
        try:
            by_log = decode(fetched, self._job.settings.input, self._job.serde.events, now, self._marks)
        except RegistryUnavailable as unavailable:
            self._wait_for_registry(fetched, unavailable)
            return
        self._read_on()
        for error in fetched.errors:
            self._tell(client_error(error, f"reading {', '.join(self._job.settings.input)}"))
        for log, polled in by_log.items():
            if log.partition in self._partitions:
                self._step(self._partitions[log.partition], log, polled, now)
        for log, end in fetched.ends.items():
            if log.partition in self._partitions:
                self._partitions[log.partition].reached(log.topic, end)

    def _wait_for_registry(self, fetched: Fetched, error: RegistryUnavailable) -> None:
        """Keep what cannot be read yet, and fetch no more meanwhile; the group goes on hearing from us."""
        if self._unread is None:
            _log.warning("waits for the schema registry", reason=str(error))
        self._job.metrics.broker_retry()
        self._unread = fetched
        self._consumer.pause(self._consumer.assignment())

    def _read_on(self) -> None:
        """Fetch again after the registry has answered."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        if self._unread is not None:
            self._unread = None
            for partition in self._partitions.values():
                self._consumer.resume([TopicPartition(topic, partition.number) for topic in self._job.settings.input])

    def _step(self, partition: Partition, log: Log, polled: Polled, now: int) -> None:
        if polled.first_offset < partition.offsets.get(log.topic, 0):
            message = f"{log.topic}[{log.partition}] was delivered from {polled.first_offset} on, which was read before"
            raise BrokerError(message, retriable=True)
        polled = self._blocked.without(polled)
        step = partition.take(log.topic, polled, self._publication, now)
        rows = len(polled.ticks) + len(polled.refused)
        self._uncommitted += rows
        self._job.count(partition.number, step, rows, len(polled.refused))
        self._job.passed_over(polled.tombstones, polled.ticks.marks)
        self._job.report.add_rounded({name: len(each) for name, each in polled.rounded.items()})
        self._job.watch_late(partition.number, polled.ticks, step)
        self._stepped_over()
        self._look_for_strays(partition)

    def _look_at_clock(self) -> None:
        seen = self._watermarks.latest
        if seen is None or not self._job.plan.clock:
            return
        for partition in self._partitions.values():
            step = partition.look_at_clock(seen, self._publication)
            if step is not None:
                self._job.count(partition.number, step, 0, 0)
                self._stepped_over()

    def _stepped_over(self) -> None:
        if self._commit_due is None:
            self._commit_due = self._next_commit()

    def _is_due(self) -> bool:
        if self._commit_due is not None:
            full = self._uncommitted >= self._job.settings.commit_records
            return full or self._clock.monotonic() >= self._commit_due
        unsaid = self._clock.monotonic() - self._settled_at >= _SAY_AGAIN
        return unsaid and any(partition.unsaid for partition in self._partitions.values())

    # Transactions

    def commit(self, given_up: Iterable[int] = ()) -> None:
        """Commit what was stepped over, with the positions of all owned partitions; some of which are given up."""
        if not self._partitions:
            return
        began = self._commit_began = self._clock.monotonic()
        leaving = frozenset(given_up)
        self._show(began, at_once=bool(leaving))
        self._publication.flush()
        for partition in self._partitions.values():
            left = partition.number in leaving
            partition.settle(
                self._publication,
                self._job.owner,
                "" if left else self._transactions.id,
                "PENDING_SHUTDOWN" if left else "RUNNING",
                self._clock.now(),
            )
        offsets = [position for partition in self._partitions.values() for position in partition.positions()]
        self._transactions.commit(offsets, self._membership)
        self._uncommitted, self._commit_due = 0, None
        self._settled_at = self._clock.monotonic()
        self._job.committed(self._settled_at - began, self._partitions.values())

    def _membership(self) -> object:
        """What proves to the cluster that the positions are ours to move.

        One without a member's name would prove nothing and be accepted all the same.
        """
        membership = None
        with suppress(RuntimeError):  # while it is closed, the client knows of no group
            membership = self._consumer.consumer_group_metadata()
        if membership is None or not self._consumer.memberid():
            message = "this instance is no longer a member of its group; it begins anew"
            raise Fenced(message)
        return membership

    def _show(self, now: float, *, at_once: bool) -> None:
        interval = self._job.settings.live_interval
        if interval is not None and (at_once or now - self._shown_at >= interval / SECOND):
            self._shown_at = now
            for partition in self._partitions.values():
                partition.show(self._publication)

    # Partitions come and go

    def _on_assigned(self, gained: list[TopicPartition]) -> None:
        if gained:
            self._job.metrics.rebalance("assigned")
        self._consumer.incremental_assign(gained)
        self._consumer.pause(gained)
        for number in sorted({item.partition for item in gained} - self._partitions.keys() - self._restoring.keys()):
            if number >= self._job.partitions:
                message = (
                    f"the input has a partition {number}, and the topics of {self._job.settings.app!r} were made for "
                    f"{self._job.partitions}: keys may have moved, so their bars can't be continued; start anew under "
                    "another application id (--app)"
                )
                raise TopicMismatch(message)
            self._restoring[number] = self._threads.submit(self._restorer.restore, number)
        if gained:
            _log.info("partitions assigned", partitions=_numbers(gained))

    def _admit_restored(self) -> None:
        """Run the partitions whose state is back."""
        for number in [number for number, future in self._restoring.items() if future.done()]:
            partition = self._restoring[number].result()
            if not self._resume(partition):
                continue
            del self._restoring[number]
            self._partitions[number] = partition
            self._stepped_over()
            self._commit_due = self._clock.monotonic()  # whoever comes after us must know whose transactions to abort
        self._watch()

    def _resume(self, partition: Partition) -> bool:
        """Read on where the state ends; not possible before the client has asked for the group's own positions."""
        from confluent_kafka import OFFSET_BEGINNING, KafkaError, KafkaException, TopicPartition  # noqa: PLC0415

        places = [
            TopicPartition(topic, partition.number, partition.offsets.get(topic, OFFSET_BEGINNING))
            for topic in self._job.settings.input
        ]
        try:
            for place in places:
                self._consumer.seek(place)
        except KafkaException as error:
            if error.args[0].code() == KafkaError._STATE:  # noqa: SLF001 - its public name
                return False
            raise client_error(error, "going on where the state ends") from error
        self._consumer.resume(places)
        return True

    def _on_revoked(self, given: list[TopicPartition]) -> None:
        """Commit what is done, give the partitions up, drop their state."""
        self._job.metrics.rebalance("revoked")
        numbers = {item.partition for item in given}
        if self._partitions.keys() & numbers:
            self.commit(given_up=numbers)
        self._drop(numbers)
        self._consumer.incremental_unassign(given)
        if given:
            _log.info("partitions given up", partitions=_numbers(given))

    def _on_lost(self, lost: list[TopicPartition]) -> None:
        """They belong to another already: nothing of the open transaction may be seen."""
        self._job.metrics.rebalance("lost")
        _log.warning("partitions lost", partitions=_numbers(lost))
        if self._transactions.begun or self._publication.unsent:
            message = f"this instance was away too long and lost partitions {_numbers(lost)}; it begins anew"
            raise BrokerError(message, retriable=True)
        self._drop({item.partition for item in lost})
        self._consumer.incremental_unassign(lost)

    def _drop(self, numbers: Collection[int]) -> None:
        owned = self._partitions.keys() & set(numbers)
        for number in numbers:
            if (restoring := self._restoring.pop(number, None)) is not None:
                restoring.cancel()
            self._partitions.pop(number, None)
        if self._standby is not None:
            self._standby.give_back(numbers)
        if owned:
            self._publication.forget_keys()
        self._key_of = {key: number for key, number in self._key_of.items() if number in self._partitions}
        self._watch()

    def _watch(self) -> None:
        logs = (Log(topic, number) for number in self._partitions for topic in self._job.settings.input)
        self._watermarks.watch(frozenset(logs))

    def _guarded(self, react: Callable[[list[TopicPartition]], None], partitions: list[TopicPartition]) -> None:
        """What goes wrong inside of a callback of the consumer is raised by the loop."""
        try:
            react(partitions)
        except Exception as error:  # noqa: BLE001 - it is raised again
            self._failure = self._failure or error

    def _fail_if_failed(self) -> None:
        if self._failure is not None:
            raise self._failure

    # Looking around

    def _tell(self, error: BrokerError) -> None:
        """The client mends what can be mended by itself; what cannot ends the instance."""
        if not error.retriable:
            raise error
        self._job.metrics.broker_retry()
        _log.warning("the cluster has trouble", error=str(error))

    def _hear(self, error: KafkaError) -> None:
        """What befalls a connection; the client tries again for ever, also where it is not let in."""
        found = client_error(error, "reading")
        if isinstance(found, LoginRefused):
            self._failure = self._failure or found

    def _look_for_strays(self, partition: Partition) -> None:
        """Report a key that two partitions hold: each would publish finals of its own for it."""
        for key in partition.new_keys():
            other = self._key_of.setdefault(key, partition.number)
            if other != partition.number:
                _log.warning(
                    "a key is in two partitions and has bars of its own in each: mend its producers' partitioner",
                    key=key,
                    partitions=[other, partition.number],
                )

    def _states(self) -> Mapping[int, str]:
        return dict.fromkeys(self._partitions, "RUNNING") | dict.fromkeys(self._restoring, "RESTORING")

    # The end

    def stop(self) -> None:
        """Commit, give everything up in an orderly way, and leave the group."""
        self._restorer.give_up()
        self._job.tell_of_delay(self._partitions.values())
        self._consumer.close()
        self._fail_if_failed()

    def close(self) -> None:
        """Release everything, whatever state it is in; what was not committed never happened."""
        self._failure = self._failure or BrokerError("closed", retriable=True)
        self._restorer.close()
        self._watermarks.close()
        self._threads.shutdown(wait=False, cancel_futures=True)
        if self._standby is not None:
            self._standby.close()
        self._partitions.clear()
        try:
            self._transactions.abort()
        except Exception as error:  # noqa: BLE001 - the next producer of this id aborts it
            _log.debug("a transaction could not be aborted", error=str(error))
        self._transactions.close()
        self._consumer.close()


def _numbers(partitions: Sequence[TopicPartition]) -> list[int]:
    return sorted({item.partition for item in partitions})
