"""A transactional producer on the in-memory log."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.testing.log import Transaction, TransactionState

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.testing.group import GroupMetadata, TopicPartition
    from barloom.testing.log import InMemoryLog

__all__ = ["InMemoryProducer", "ProducerFencedError"]


class ProducerFencedError(RuntimeError):
    """Another producer has taken over the transactional id."""


class InMemoryProducer:
    """Writes records and positions, all or nothing.

    Making a second producer with the same transactional id fences the first one and aborts what it left open, once
    `init_transactions` is called. A transaction may carry input positions with the group's metadata: it is refused
    where these are of an old generation.
    """

    def __init__(self, log: InMemoryLog, transactional_id: str) -> None:
        self.log = log
        self.transactional_id = transactional_id
        self._epoch: int | None = None
        self._transaction: Transaction | None = None
        self._positions: list[tuple[GroupMetadata, Mapping[TopicPartition, int]]] = []

    def init_transactions(self) -> None:
        """Own the transactional id."""
        self._epoch = self.log.claim(self.transactional_id)
        self._transaction = None
        self._positions = []

    def begin(self) -> None:
        """Open a transaction."""
        self._check_epoch()
        if self._transaction is not None:
            raise RuntimeError("a transaction is open already")
        self._transaction = self.log.begin(self.transactional_id)
        self._positions = []

    def produce(self, topic: str, partition: int, *, key: object, value: object) -> int:
        """Write a record into the open transaction and return its offset."""
        self._check_epoch()
        return self.log.append(topic, partition, key=key, value=value, transaction=self._opened())

    def send_offsets(self, positions: Mapping[TopicPartition, int], metadata: GroupMetadata) -> None:
        """Commit input positions with the transaction; refused for a member that is unknown or of an old generation."""
        self._check_epoch()
        self._opened()
        self.log.group(metadata.group).check(metadata)
        self._positions.append((metadata, dict(positions)))

    def commit(self) -> None:
        """Make everything visible at once."""
        self._check_epoch()
        self._opened()
        for metadata, positions in self._positions:
            self.log.group(metadata.group).commit(metadata, positions)
        self._end(TransactionState.COMMITTED)

    def abort(self) -> None:
        """Drop everything since `begin`."""
        self._check_epoch()
        self._opened()
        self._end(TransactionState.ABORTED)

    def _end(self, state: TransactionState) -> None:
        self.log.end(self.transactional_id, state)
        self._transaction = None
        self._positions = []

    def _opened(self) -> Transaction:
        if self._transaction is None:
            raise RuntimeError("no transaction is open; call begin first")
        return self._transaction

    def _check_epoch(self) -> None:
        if self._epoch is None:
            raise RuntimeError("call init_transactions first")
        if self._epoch != self.log.epoch(self.transactional_id):
            message = f"{self.transactional_id!r} belongs to a newer producer"
            raise ProducerFencedError(message)
