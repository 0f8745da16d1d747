"""One membership of a publisher: standby until the positions are its own, then the one that writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import BrokerError, LoginRefused
from barloom.kafka.cluster.clients import client_error, consumer_config
from barloom.kafka.publish.job import LEADING, STANDBY, TAKING_OVER
from barloom.kafka.publish.leading import Leading
from barloom.kafka.publish.positions import positions_topic

if TYPE_CHECKING:
    from collections.abc import Callable

    from confluent_kafka import Consumer, KafkaError, TopicPartition

    from barloom.kafka.publish.job import PublishJob

__all__ = ["Publisher"]

_LOOK: Final = 0.1
"""Seconds between two looks at the group while nothing comes."""


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
        self._leading: Leading | None = None
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
            self._leading = Leading(self._job)
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
