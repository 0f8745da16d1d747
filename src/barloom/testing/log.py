"""A log of topics and partitions in memory, with transactions as readers see them.

A record written inside a transaction counts from the moment its transaction commits. Readers of committed records see
up to the *last stable offset*, the first record of the oldest open transaction; the *high watermark* is the end of the
log, open transactions included.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from barloom.testing.clock import FakeClock
from barloom.testing.group import InMemoryGroup

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Fetched", "InMemoryLog", "Record", "Transaction", "TransactionState"]


class TransactionState(Enum):
    """What has become of a transaction."""

    OPEN = "open"
    COMMITTED = "committed"
    ABORTED = "aborted"


@dataclass(slots=True, eq=False)
class Transaction:
    """The fate that all records written in it share."""

    state: TransactionState = TransactionState.OPEN


class Record(NamedTuple):
    """One record; a `value` of none is a tombstone. `timestamp` is the wall time of the append, in nanoseconds."""

    topic: str
    partition: int
    offset: int
    key: object
    value: object
    timestamp: int


class Fetched(NamedTuple):
    """What a read gave, and the offset to read from next (it may pass over aborted records)."""

    records: tuple[Record, ...]
    position: int


@dataclass(frozen=True, slots=True)
class _Entry:
    record: Record
    transaction: Transaction | None

    @property
    def open(self) -> bool:
        return self.transaction is not None and self.transaction.state is TransactionState.OPEN

    @property
    def visible(self) -> bool:
        return self.transaction is None or self.transaction.state is TransactionState.COMMITTED


class InMemoryLog:
    """Topics with partitions, consumer groups, and the epochs of transactional producers.

    >>> log = InMemoryLog()
    >>> log.create("ticks", partitions=2)
    >>> log.append("ticks", 0, key="EURUSD", value={"bid": "1.1"})
    0
    """

    def __init__(self, clock: FakeClock | None = None) -> None:
        self.clock = clock or FakeClock()
        self._topics: dict[str, list[list[_Entry]]] = {}
        self._groups: dict[str, InMemoryGroup] = {}
        self._epochs: dict[str, int] = {}
        self._running: dict[str, Transaction] = {}

    def create(self, topic: str, partitions: int = 1) -> None:
        """Create a topic; `ValueError` where it stands with another number of partitions."""
        if partitions < 1:
            message = f"topic {topic!r} needs at least one partition, not {partitions}"
            raise ValueError(message)
        standing = self._topics.setdefault(topic, [[] for _ in range(partitions)])
        if len(standing) != partitions:
            message = f"topic {topic!r} has {len(standing)} partitions, not {partitions}"
            raise ValueError(message)

    @property
    def topics(self) -> tuple[str, ...]:
        """The names of all topics, in order of creation."""
        return tuple(self._topics)

    def partitions(self, topic: str) -> int:
        """How many partitions a topic has."""
        return len(self._topic(topic))

    def append(
        self, topic: str, partition: int, *, key: object, value: object, transaction: Transaction | None = None
    ) -> int:
        """Write one record at the end of a partition and return its offset."""
        entries = self._entries(topic, partition)
        record = Record(topic, partition, len(entries), key, value, self.clock.now())
        entries.append(_Entry(record, transaction))
        return record.offset

    def high_watermark(self, topic: str, partition: int) -> int:
        """The offset after the last record, whatever its transaction."""
        return len(self._entries(topic, partition))

    def last_stable_offset(self, topic: str, partition: int) -> int:
        """The offset up to which every transaction has ended."""
        entries = self._entries(topic, partition)
        return next((entry.record.offset for entry in entries if entry.open), len(entries))

    def read(
        self, topic: str, partition: int, position: int = 0, *, limit: int | None = None, committed: bool = True
    ) -> Fetched:
        """At most `limit` records from `position` on; `committed`: none aborted, none past the last stable offset."""
        entries = self._entries(topic, partition)
        end = self.last_stable_offset(topic, partition) if committed else len(entries)
        records: list[Record] = []
        while position < end and (limit is None or len(records) < limit):
            entry = entries[position]
            if entry.visible or not committed:
                records.append(entry.record)
            position += 1
        return Fetched(tuple(records), position)

    def records(self, topic: str, *, committed: bool = True) -> Iterator[Record]:
        """All records of a topic, partition by partition."""
        for partition in range(self.partitions(topic)):
            yield from self.read(topic, partition, committed=committed).records

    def compacted(self, topic: str, partition: int) -> dict[object, object]:
        """The latest committed value of each key; tombstones delete."""
        latest: dict[object, object] = {}
        for record in self.read(topic, partition).records:
            latest.pop(record.key, None)
            if record.value is not None:
                latest[record.key] = record.value
        return latest

    def group(self, name: str) -> InMemoryGroup:
        """The consumer group of that name."""
        return self._groups.setdefault(name, InMemoryGroup(name))

    def epoch(self, transactional_id: str) -> int:
        """The epoch of the producer that owns a transactional id now; -1 before the first."""
        return self._epochs.get(transactional_id, -1)

    def claim(self, transactional_id: str) -> int:
        """Give the id to a new producer and return its epoch; what the fenced predecessor left open is aborted."""
        left = self._running.pop(transactional_id, None)
        if left is not None:
            left.state = TransactionState.ABORTED
        self._epochs[transactional_id] = self.epoch(transactional_id) + 1
        return self._epochs[transactional_id]

    def begin(self, transactional_id: str) -> Transaction:
        """Open a transaction for the owner of an id."""
        transaction = Transaction()
        self._running[transactional_id] = transaction
        return transaction

    def end(self, transactional_id: str, state: TransactionState) -> None:
        """Commit or abort the open transaction of an id."""
        self._running.pop(transactional_id).state = state

    def _topic(self, topic: str) -> list[list[_Entry]]:
        try:
            return self._topics[topic]
        except KeyError:
            message = f"no topic {topic!r}; there are {', '.join(self._topics) or 'none'}"
            raise KeyError(message) from None

    def _entries(self, topic: str, partition: int) -> list[_Entry]:
        partitions = self._topic(topic)
        if not 0 <= partition < len(partitions):
            message = f"topic {topic!r} has partitions 0 to {len(partitions) - 1}, not {partition}"
            raise IndexError(message)
        return partitions[partition]
