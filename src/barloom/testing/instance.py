"""One instance of a running definition: it owns partitions, and turns each step into one transaction."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Any

from barloom.engine.engine import Engine
from barloom.testing.changelog import POSITION, read_snapshot
from barloom.testing.consumer import InMemoryConsumer
from barloom.testing.group import IllegalGenerationError, TopicPartition, UnknownMemberError
from barloom.testing.producer import InMemoryProducer, ProducerFencedError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.testing.log import InMemoryLog
    from barloom.testing.publication import Publisher
    from barloom.testing.stubs import PartitionWatcherStub
    from barloom.testing.ticks import TickReader

__all__ = ["REFUSED", "Instance", "Point"]

REFUSED = (ProducerFencedError, IllegalGenerationError, UnknownMemberError)
"""What a member is told that no longer owns what it writes."""


class Point(StrEnum):
    """Where a turn can be interrupted: after this has happened, before the next."""

    POLLED = "polled"
    STEPPED = "stepped"
    WRITTEN = "written"
    SENT = "sent"
    COMMITTED = "committed"


class _Owned:
    """What an instance holds for a partition it owns."""

    def __init__(self, engine: Engine, producer: InMemoryProducer) -> None:
        self.engine = engine
        self.producer = producer


class Instance:
    """A consumer, and for each owned partition an engine and a producer with an id that a successor can derive.

    A partition that is assigned is restored from the changelog before it runs. On revoke its state is dropped and its
    heartbeat with it.
    """

    def __init__(
        self, log: InMemoryLog, name: str, publisher: Publisher, reader: TickReader, watcher: PartitionWatcherStub
    ) -> None:
        self.name = name
        self.log = log
        self.publisher = publisher
        self.watcher = watcher
        self._reader = reader
        self._owned: dict[int, _Owned] = {}
        self.consumer = InMemoryConsumer(
            log,
            publisher.plan.name,
            name,
            on_assigned=self._on_assigned,
            on_revoked=self._on_revoked,
            on_lost=self._on_lost,
        )
        self.consumer.join()

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions it runs."""
        return tuple(sorted(self._owned))

    def stream_time_of(self, partition: int, key: tuple[object, ...]) -> int | None:
        """How far a key has come."""
        return self._owned[partition].engine.stream_time_of(key)

    def stream_time(self, partition: int) -> int | None:
        """How far an owned partition has come."""
        return self._owned[partition].engine.stream_time

    def behind(self, partition: int) -> bool:
        """Whether records wait to be polled that it could read."""
        at = self._at(partition)
        return self.consumer.position(at) < self.log.last_stable_offset(*at)

    def turn(self, partition: int, batch_rows: int | None = None) -> Iterator[Point]:
        """Poll, step, write, commit; the caller may stop at each point and drop the rest.

        Raises one of `REFUSED` where another instance has taken over.
        """
        at = self._at(partition)
        owned = self._owned[partition]
        polled = self.consumer.poll(at, batch_rows)
        caught_up = self.consumer.caught_up(at)
        checked_at = self.log.clock.now()
        yield Point.POLLED
        ticks, invalid = self._reader.read(polled)
        told = len(ticks) or ticks.marks is not None or ticks.unread is not None
        steps = [owned.engine.step(ticks)] if told else []
        if caught_up:
            steps.append(owned.engine.advance(checked_at))
        yield Point.STEPPED
        owned.producer.begin()
        keys = owned.engine.keys
        position = self.consumer.position(at)
        for outgoing in (self.publisher.invalid(record, message) for record, message in invalid):
            owned.producer.produce(outgoing.topic, partition, key=outgoing.key, value=outgoing.value)
        for step in steps:
            for outgoing in self.publisher.records(step, keys, polled):
                owned.producer.produce(outgoing.topic, partition, key=outgoing.key, value=outgoing.value)
        owned.producer.produce(self.publisher.topics.changelog, partition, key=POSITION, value=position)
        yield Point.WRITTEN
        owned.producer.send_offsets({at: position}, self.consumer.metadata)
        yield Point.SENT
        owned.producer.commit()
        for step in steps:
            self.publisher.mark_finals(step, keys)
        yield Point.COMMITTED

    def drop(self, partition: int) -> None:
        """Forget a partition that turned out to belong to another."""
        if self._owned.pop(partition, None) is not None:
            self.watcher.lost([partition])

    def _at(self, partition: int) -> TopicPartition:
        return TopicPartition(self.publisher.topics.ticks, partition)

    def _on_assigned(self, gained: frozenset[TopicPartition]) -> None:
        for at in sorted(gained):
            self._owned[at.partition] = self._restored(at)
        self.watcher.assigned(at.partition for at in gained)

    def _restored(self, at: TopicPartition) -> _Owned:
        plan = self.publisher.plan
        producer = InMemoryProducer(self.log, f"{plan.name}-p{at.partition}")
        producer.init_transactions()
        engine = Engine(plan, self.publisher.calendar)
        records: dict[Any, Any] = self.log.compacted(self.publisher.topics.changelog, at.partition)
        position = records.get(POSITION, 0)
        if position != self.consumer.position(at):
            message = f"the changelog ends at {position}, the group at {self.consumer.position(at)}"
            raise RuntimeError(message)
        if records:
            engine.restore(read_snapshot(plan, records))
        return _Owned(engine, producer)

    def _on_revoked(self, given: frozenset[TopicPartition]) -> None:
        for at in given:
            self._owned.pop(at.partition, None)
        self.watcher.revoked(at.partition for at in given)

    def _on_lost(self, lost: frozenset[TopicPartition]) -> None:
        for at in lost:
            self.drop(at.partition)
