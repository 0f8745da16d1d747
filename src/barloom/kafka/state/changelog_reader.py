"""Reading changelogs outside of the group: of one partition to its end, or of several as they grow."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final

from barloom.errors import BrokerError
from barloom.kafka.cluster.clients import client_error, consumer_config
from barloom.kafka.cluster.topics import CHANGELOG_MEMORY
from barloom.kafka.runtime.patience import SLICE
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from confluent_kafka import Consumer, Message, TopicPartition

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.runtime.patience import Patience
    from barloom.kafka.state.replica import Replica

__all__ = ["MEMORY", "ChangelogReader", "ChangelogReaders"]

MEMORY: Final = CHANGELOG_MEMORY / SECOND
"""Seconds within which a changelog must be read from one record to the end: later a deletion may be forgotten."""

_BATCH: Final = 20_000
_TOLD_AFTER: Final = 20
"""Milliseconds until the broker says that there is no more."""
_WAIT: Final = 0.01
_CALL: Final = 10.0
_UNKNOWN: Final = -1001
"""The offset of a position that was never committed."""


class ChangelogReader:
    """Feeds replicas, by partition, with what their changelogs say."""

    def __init__(self, settings: KafkaSettings, topic: str, patience: Patience) -> None:
        from confluent_kafka import Consumer  # noqa: PLC0415 - an extra

        self._topic = topic
        self._patience = patience
        self._consumer: Consumer = Consumer(consumer_config(settings, settings.app, fetch_wait_max_ms=_TOLD_AFTER))
        self._replicas: dict[int, Replica] = {}
        self._next: dict[int, int] = {}

    def follow(self, replicas: Mapping[int, Replica], offsets: Mapping[int, int]) -> None:
        """Read for these from now on; each from its offset, or from the beginning."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        self._replicas = dict(replicas)
        self._next = {number: offsets.get(number, 0) for number in replicas}
        places = [TopicPartition(self._topic, number, offset) for number, offset in self._next.items()]
        self._consumer.assign(places)

    @property
    def offsets(self) -> Mapping[int, int]:
        """Where each partition is to be read next."""
        return self._next

    def rest(self) -> None:
        """Read nothing, and stay connected."""
        self._consumer.unassign()
        self._replicas, self._next = {}, {}

    def forget(self, number: int) -> None:
        """Feed the replica of a partition no more."""
        self._replicas.pop(number, None)
        self._next.pop(number, None)

    def fetch(self, wait: float = _WAIT) -> list[Message]:
        """What comes within some seconds, and the ends that are met."""
        return self._consumer.consume(_BATCH, wait)

    def apply(self, messages: Iterable[Message]) -> set[int]:
        """Feed the replicas; the partitions whose end (the last stable offset) was met."""
        from confluent_kafka import KafkaError  # noqa: PLC0415 - an extra

        ended: set[int] = set()
        found: dict[int, list[Message]] = {}
        for message in messages:
            error, number = message.error(), message.partition()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                raise client_error(error)
            if number is None or number not in self._replicas:
                continue
            if error is None:
                found.setdefault(number, []).append(message)
            else:
                ended.add(number)
        for number, records in found.items():
            keys = [record.key() or b"" for record in records]
            self._replicas[number].apply(keys, [record.value() for record in records])
            self._next[number] = (records[-1].offset() or 0) + 1
        return ended

    def read_to_end(self, number: int, replica: Replica, on_progress: Callable[[int], None]) -> None:
        """Bring one replica to where its changelog ends now; `on_progress` is told how many records are left.

        A broker that is away is waited for. Raises a retriable `BrokerError` once nobody wants to wait any more.
        """
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        self.follow({number: replica}, self._next)  # the end is told once only, unless we ask anew
        where = TopicPartition(self._topic, number)
        while number not in self.apply(self.fetch()):
            if self._patience.lost:
                message = f"reading the changelog {self._topic}[{number}] was given up"
                raise BrokerError(message, retriable=True)
            end = self._consumer.get_watermark_offsets(where, cached=True)[1]
            on_progress(max(0, end - self._next[number]))

    def committed(self, topics: Iterable[str], number: int) -> dict[str, int]:
        """The group's positions by input topic, once no transaction on them is open."""
        from confluent_kafka import TopicPartition  # noqa: PLC0415 - an extra

        found = self._committed([TopicPartition(topic, number) for topic in topics])
        for item in found:
            if item.error is not None:
                raise client_error(item.error)
        return {item.topic: item.offset for item in found if item.offset != _UNKNOWN}

    def _committed(self, places: list[TopicPartition]) -> list[TopicPartition]:
        from confluent_kafka import KafkaError, KafkaException  # noqa: PLC0415 - an extra

        is_over = self._patience.at_most(_CALL)
        while True:
            try:
                return self._consumer.committed(places, SLICE)
            except KafkaException as error:
                if error.args[0].code() != KafkaError._TIMED_OUT or is_over():  # noqa: SLF001 - its public name
                    raise client_error(error.args[0]) from error

    def close(self) -> None:
        """End the connection."""
        self._consumer.close()


class ChangelogReaders:
    """Readers for whoever restores; who is done stays connected, since connecting takes longer than most reads."""

    def __init__(self, make: Callable[[], ChangelogReader]) -> None:
        self._make = make
        self._idle: list[ChangelogReader] = []
        self._lock = Lock()
        self._closed = False

    @contextmanager
    def one(self) -> Iterator[ChangelogReader]:
        """A reader for one thread at a time; one that failed is not used again."""
        with self._lock:
            reader = self._idle.pop() if self._idle else None
        reader = reader or self._make()
        well = False
        try:
            yield reader
            reader.rest()
            well = True
        finally:
            with self._lock:
                kept = well and not self._closed
                if kept:
                    self._idle.append(reader)
            if not kept:
                reader.close()

    def close(self) -> None:
        """End the idle ones now, and the others when they are done."""
        with self._lock:
            self._closed = True
            idle, self._idle = self._idle, []
        for reader in idle:
            reader.close()
