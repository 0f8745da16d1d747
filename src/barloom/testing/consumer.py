"""A consumer of committed records on the in-memory log."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from barloom.testing.group import GroupMetadata, TopicPartition

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.testing.log import InMemoryLog, Record

    OnPartitions: TypeAlias = Callable[[frozenset[TopicPartition]], None]

__all__ = ["InMemoryConsumer"]


def _ignore(_partitions: frozenset[TopicPartition]) -> None:
    pass


class InMemoryConsumer:
    """One member of a consumer group; reads committed records only.

    `on_assigned` and `on_revoked` are called in the rebalance, the latter while the member still owns the partitions.
    A member that was `frozen` learns of what it lost by `on_lost` when it thaws: by then somebody else may own it.
    """

    def __init__(  # noqa: PLR0913 - three callbacks, as every Kafka client has
        self,
        log: InMemoryLog,
        group: str,
        name: str,
        *,
        on_assigned: OnPartitions = _ignore,
        on_revoked: OnPartitions = _ignore,
        on_lost: OnPartitions = _ignore,
    ) -> None:
        self.log = log
        self.group = log.group(group)
        self.name = name
        self.frozen = False
        self._generation = -1
        self._positions: dict[TopicPartition, int] = {}
        self._on_assigned = on_assigned
        self._on_revoked = on_revoked
        self._on_lost = on_lost

    @property
    def responsive(self) -> bool:
        """Whether it takes part in rebalances."""
        return not self.frozen

    @property
    def assignment(self) -> frozenset[TopicPartition]:
        """What it believes to own."""
        return frozenset(self._positions)

    @property
    def metadata(self) -> GroupMetadata:
        """What it knows of its group, for `InMemoryProducer.send_offsets`."""
        return GroupMetadata(self.group.name, self.name, self._generation)

    def join(self) -> None:
        """Become a member."""
        self.group.join(self)

    def close(self) -> None:
        """Give everything back and leave the group."""
        self._revoke(self.assignment)
        self.group.leave(self.name)

    def freeze(self) -> None:
        """Stop answering, as in a long pause of the process: it keeps believing that it owns its partitions."""
        self.frozen = True

    def thaw(self) -> None:
        """Answer again. Who has missed a rebalance has lost everything, and then gets what the group holds for it."""
        self.frozen = False
        if self._generation == self.group.generation:
            return
        lost = self.assignment
        self._positions.clear()
        if lost:
            self._on_lost(lost)
        if self.name in self.group.members:
            self.take(self.group.generation, self.group.owned(self.name), frozenset())

    def take(self, generation: int, gained: frozenset[TopicPartition], given: frozenset[TopicPartition]) -> None:
        """Follow the group into a new generation."""
        self._generation = generation
        self._revoke(given)
        for partition in gained:
            self._positions[partition] = self.group.committed(partition)
        if gained:
            self._on_assigned(gained)

    def poll(self, partition: TopicPartition, limit: int | None = None) -> tuple[Record, ...]:
        """The next committed records of one owned partition."""
        fetched = self.log.read(*partition, self.position(partition), limit=limit)
        self._positions[partition] = fetched.position
        return fetched.records

    def position(self, partition: TopicPartition) -> int:
        """The offset of the next record to be polled; `LookupError` for a partition it does not own."""
        try:
            return self._positions[partition]
        except KeyError:
            message = f"{self.name!r} does not own {partition.topic}[{partition.partition}]"
            raise LookupError(message) from None

    def seek(self, partition: TopicPartition, position: int) -> None:
        """Poll from another offset."""
        self.position(partition)
        self._positions[partition] = position

    def caught_up(self, partition: TopicPartition) -> bool:
        """Whether the position equals the log's high watermark."""
        return self.position(partition) == self.log.high_watermark(*partition)

    def _revoke(self, given: frozenset[TopicPartition]) -> None:
        if not given:
            return
        self._on_revoked(given)
        for partition in given:
            self._positions.pop(partition, None)
