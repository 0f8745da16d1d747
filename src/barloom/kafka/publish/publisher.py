"""One membership of a publisher: standby until the positions are its own, then the one that writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import BrokerError, LoginRefused, TopicMismatch
from barloom.kafka.cluster.clients import client_error, consumer_config, producer_config
from barloom.kafka.events.marks import header_of
from barloom.kafka.publish.job import LEADING, STANDBY, TAKING_OVER
from barloom.kafka.publish.outbox import MarkMessage, Outbox, Outgoing
from barloom.kafka.publish.positions import positions_topic, read_positions, records_of
from barloom.kafka.runtime.patience import Patience
from barloom.kafka.runtime.transaction import Transactions
from barloom.telemetry.logs import get_logger
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Consumer, KafkaError, TopicPartition

    from barloom.kafka.publish.job import PublishJob
    from barloom.kafka.publish.positions import Positions
    from barloom.kafka.publish.reading import FeedReading

__all__ = ["Publisher"]

_log = get_logger(__name__)
_LOOK: Final = 0.1
"""Seconds between two looks at the group while nothing comes."""

_ANY: Final = -1
"""The partition that a message's key chooses."""


class Publisher:
    """A member of the publisher's group: whoever is given the one partition of the positions publishes.

    It takes the transactional id over first, which aborts what its predecessor left open and lets that one write no
    more; then it reads the positions, and opens the feed behind them. After an exception from any method everything it
    holds must be thrown away: `close`, and make another.
    """

    def __init__(self, job: PublishJob) -> None:
        from confluent_kafka import Consumer  # noqa: PLC0415 - an extra

        self._job = job
        self._clock = job.clock
        self._owns = False
        self._failure: BrokerError | None = None
        self._leading: _Leading | None = None
        config = consumer_config(job.settings, job.id, error_cb=self._hear)
        self._consumer: Consumer = Consumer(config)
        self._consumer.subscribe(
            [positions_topic(job.topic)],
            on_assign=self._on_assigned,
            on_revoke=self._on_revoked,
            on_lost=self._on_lost,
        )

    def turn(self) -> bool:
        """Look at the group, and publish what has come if that is ours to do; whether the feed has come to its end."""
        self._look(0.0 if self._leading else _LOOK)
        if self._leading is not None:
            self._job.tell(LEADING, self._leading.waits_for)
            return self._leading.turn()
        self._job.tell(TAKING_OVER if self._owns else STANDBY)
        if self._owns:
            self._leading = _Leading(self._job)
        return False

    def stop(self) -> None:
        """Commit what was sent, and leave the group."""
        self._step_down()
        self._consumer.close()
        self._fail_if_failed()

    def close(self) -> None:
        """Release everything, whatever state it is in; what was not committed never happened."""
        if self._leading is not None:
            self._leading.close()
            self._leading = None
        self._consumer.close()

    def _look(self, seconds: float) -> None:
        message = self._consumer.poll(seconds)
        self._fail_if_failed()
        error = None if message is None else message.error()
        if error is not None and error.name() != "_PARTITION_EOF":
            failure = client_error(error, "looking at the publishers", f"READ of group {self._job.id!r}")
            if not failure.retriable:
                raise failure
            self._job.metrics.broker_retry()

    def _on_assigned(self, _consumer: Consumer, gained: list[TopicPartition]) -> None:
        self._consumer.incremental_assign(gained)
        self._consumer.pause(gained)
        self._owns = self._owns or bool(gained)

    def _on_revoked(self, _consumer: Consumer, given: list[TopicPartition]) -> None:
        """Another is to publish: commit what was sent, and write no more."""
        if given:
            self._guarded(self._step_down)
            self._owns = False
        self._consumer.incremental_unassign(given)

    def _on_lost(self, _consumer: Consumer, lost: list[TopicPartition]) -> None:
        """Another publishes already."""
        if self._leading is not None:
            message = f"this publisher was away too long, and another one of {self._job.id!r} took over; it begins anew"
            self._failure = self._failure or BrokerError(message, retriable=True)
        self._owns = False
        self._consumer.incremental_unassign(lost)

    def _step_down(self) -> None:
        leading, self._leading = self._leading, None
        if leading is not None:
            try:
                leading.commit()
            finally:
                leading.close()

    def _guarded(self, react: Callable[[], None]) -> None:
        """What goes wrong inside of a callback of the consumer is raised by the loop."""
        try:
            react()
        except BrokerError as error:
            self._failure = self._failure or error

    def _hear(self, error: KafkaError) -> None:
        found = client_error(error, "looking at the publishers")
        if isinstance(found, LoginRefused):
            self._failure = self._failure or found

    def _fail_if_failed(self) -> None:
        if self._failure is not None:
            raise self._failure


class _Leading:
    """The feed, from the positions on, and the transactions that it goes into."""

    def __init__(self, job: PublishJob) -> None:
        self._job = job
        self._clock = job.clock
        self._positions = positions_topic(job.topic)
        self._sent = Outgoing()
        self._committed_at = self._clock.monotonic()
        config = producer_config(job.settings, job.id, partitioner="murmur2_random")
        self._transactions = Transactions(config, job.clock, Patience(job.clock, job.stop))
        self._feed: FeedReading | None = None
        try:
            self._transactions.take_over()
            found = self._found()
            self._feed = job.open_feed(found)
            self._outbox = Outbox(
                job.plan, job.wire, found, replayable=self._feed.replayable, marked=self._feed.gives_marks
            )
            self._feed.begin(job.settings.commit_records, min(_LOOK, job.settings.commit_interval / SECOND))
        except BaseException:
            self.close()
            raise
        job.report.positions.update(found)
        job.leads()

    def _found(self) -> Positions:
        """The positions; a broker that has only just started may not know their topic yet."""
        try:
            return read_positions(self._job.settings, self._job.topic, self._job.plan.event.key)
        except TopicMismatch as error:
            raise BrokerError(str(error), retriable=True) from error

    @property
    def waits_for(self) -> str | None:
        """What the feed waits for."""
        return None if self._feed is None else self._feed.waits_for

    def turn(self) -> bool:
        """Send what has come, and commit when it is time; whether the feed has come to its end."""
        assert self._feed is not None  # noqa: S101 - opened before
        try:
            batch = self._feed.take()
        except StopIteration:
            self.commit()
            return True
        except Exception:
            self.commit()  # what came before it
            raise
        if batch is not None:
            self._send(self._outbox.take(batch, self._clock.now()))
        full = self._sent.rows >= self._job.settings.commit_records
        if self._begun and (full or self._clock.monotonic() >= self._due):
            self.commit()
        return False

    def commit(self) -> None:
        """What was sent is there for readers, and the positions with it."""
        sent, self._sent = self._sent, Outgoing()
        if not (self._transactions.begun or sent.positions):
            self._job.committed(sent, None)
            return
        began = self._clock.monotonic()
        for key, value in records_of(sent.positions, self._job.plan.event.key, self._job.id):
            self._transactions.send_one(self._positions, 0, key, value)
        self._transactions.commit()
        self._committed_at = self._clock.monotonic()
        self._job.committed(sent, self._committed_at - began)

    def close(self) -> None:
        """Take no more, and give up what was not committed."""
        if self._feed is not None:
            self._job.report.feed = self._feed.standing
            self._feed.close()
        try:
            self._transactions.abort()
        except BrokerError as error:
            _log.debug("a transaction could not be aborted", error=str(error))  # the next of this id aborts it
        self._transactions.close()

    @property
    def _begun(self) -> bool:
        """Whether there is anything to commit."""
        return self._transactions.begun or bool(self._sent.positions)

    @property
    def _due(self) -> float:
        return self._committed_at + self._job.settings.commit_interval / SECOND

    def _send(self, out: Outgoing) -> None:
        topic = self._job.topic
        for message in out.messages:
            if not isinstance(message, MarkMessage):
                self._transactions.send(topic, _ANY, message.keys, message.values)
            elif message.key is not None:
                self._transactions.send_one(topic, _ANY, message.key, None, header_of(message.time))
            else:
                for partition in range(self._job.partitions):
                    self._transactions.send_one(topic, partition, None, None, header_of(message.time))
        self._sent.count(out)
