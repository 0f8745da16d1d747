"""One membership of a publisher: standby until the positions are its own, then the one that writes."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Final

from barloom.errors import BrokerError, LoginRefused
from barloom.kafka.cluster.clients import client_error, consumer_config, producer_config
from barloom.kafka.events.marks import header_of
from barloom.kafka.publish.chunks import Chunk
from barloom.kafka.publish.job import LEADING, STANDBY, TAKING_OVER
from barloom.kafka.publish.outbox import MarkMessage, Outbox, Outgoing
from barloom.kafka.publish.positions import place_key, positions_topic, read_positions, record_of
from barloom.kafka.runtime.patience import Patience
from barloom.kafka.runtime.transaction import Transactions
from barloom.source.feeds.pump import Pump
from barloom.telemetry.logs import get_logger
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Consumer, KafkaError, TopicPartition

    from barloom.kafka.publish.chunks import Item
    from barloom.kafka.publish.job import PublishJob

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
        self._job.tell(LEADING if self._leading else TAKING_OVER if self._owns else STANDBY)
        if self._owns and self._leading is None:
            self._leading = _Leading(self._job)
        if self._leading is None:
            return False
        return self._leading.turn()

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
        self._pump: Pump[Item] | None = None
        try:
            self._transactions.take_over()
            found = read_positions(job.settings, job.topic)
            self._outbox = Outbox(job.plan, job.wire, found)
            capacity = 2 * job.settings.commit_records
            self._pump = Pump(job.open_feed(found), job.clock, capacity=capacity, weight=_weight)
        except BaseException:
            self.close()
            raise
        job.report.positions |= found
        job.leads()
        self._pump.start()

    def turn(self) -> bool:
        """Send what has come, and commit when it is time; whether the feed has come to its end."""
        pump, due = self._pump, self._due()
        assert pump is not None  # noqa: S101 - started before
        pump.wait(1, _LOOK if due is None else max(0.0, min(due, _LOOK)))
        taken = pump.take(self._job.settings.commit_records)
        if taken:
            self._send(self._outbox.take(taken))
        ended = not taken and pump.drained
        due = self._due()
        if ended or (due is not None and due <= 0) or self._sent.rows >= self._job.settings.commit_records:
            self.commit()
        return ended

    def commit(self) -> None:
        """What was sent is there for readers, and the positions with it."""
        sent, self._sent = self._sent, Outgoing()
        if not self._transactions.begun:
            self._job.committed(sent, None)
            return
        began = self._clock.monotonic()
        for place, position in sent.positions.items():
            self._transactions.send_one(self._positions, 0, place_key(place), record_of(position, self._job.id))
        self._transactions.commit()
        self._committed_at = self._clock.monotonic()
        self._job.committed(sent, self._committed_at - began)

    def close(self) -> None:
        """Take no more, and give up what was not committed."""
        if self._pump is not None:
            self._pump.stop()
        try:
            self._transactions.abort()
        except BrokerError as error:
            _log.debug("a transaction could not be aborted", error=str(error))  # the next of this id aborts it
        self._transactions.close()

    def _due(self) -> float | None:
        """Seconds until a commit is due; none where there is nothing to commit."""
        if not self._transactions.begun:
            return None
        return self._committed_at + self._job.settings.commit_interval / SECOND - self._clock.monotonic()

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
        _add(self._sent, out)


def _add(sent: Outgoing, out: Outgoing) -> None:
    """Count what was sent, without keeping it."""
    sent.positions.update(out.positions)
    sent.rows += out.rows
    sent.marks += out.marks
    sent.before += out.before
    sent.refused += Counter(out.refused)
    sent.notes += out.notes


def _weight(item: Item) -> int:
    return max(item.count, 1) if isinstance(item, Chunk) else 1
