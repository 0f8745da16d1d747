"""Messages as an application gets them, and commits that never run ahead of a message that is not done."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from barloom.errors import BadRow, BrokerError, Problem
from barloom.kafka.cluster.failures import client_error

if TYPE_CHECKING:
    from collections.abc import Iterable

    from confluent_kafka import Consumer, Message

__all__ = ["Commits", "Place", "Received", "came"]

V = TypeVar("V")

Place = tuple[str, int]
"""A topic and one of its partitions."""

_MILLISECOND = 1_000_000
_GONE = ("UNKNOWN_MEMBER_ID", "ILLEGAL_GENERATION", "REBALANCE_IN_PROGRESS", "_ASSIGNMENT_LOST", "STALE_MEMBER_EPOCH")


@dataclass(frozen=True, slots=True, kw_only=True)
class Received(Generic[V]):
    """One message: what it says (or the `Problem` with it), and where and how it came.

    `key` is as it was sent, `timestamp` the log's in nanoseconds UTC (none: it has none).
    """

    value: V | Problem
    key: bytes | None
    headers: tuple[tuple[str, bytes | None], ...]
    topic: str
    partition: int
    offset: int
    timestamp: int | None
    commits: Commits

    def commit(self) -> None:
        """Say that it is done with.

        The group goes on behind it after a restart, once all earlier messages of its partition are done with as well.
        Where the partition went to another member meanwhile nothing happens: that one gets it again. Raises
        `BrokerError` where the broker cannot be told, and where there is no group to tell.
        """
        self.commits.done((self.topic, self.partition), self.offset)

    def sound(self) -> V:
        """What it says; raises `BadRow` where that cannot be read."""
        if isinstance(self.value, Problem):
            raise BadRow(str(self.value))
        return self.value


class Commits:
    """Which messages of a consumer are given and not done yet, in the order of each partition."""

    def __init__(self, consumer: Consumer, group: str | None) -> None:
        self._consumer = consumer
        self._group = group
        self._given: dict[Place, dict[int, bool]] = {}
        self._lock = Lock()

    def given(self, place: Place, offset: int) -> None:
        """The application has got it."""
        with self._lock:
            self._given.setdefault(place, {})[offset] = False

    def done(self, place: Place, offset: int) -> None:
        """It is done with it."""
        if self._group is None:
            message = "these messages are read without a group, so there is no position to commit; give group="
            raise BrokerError(message)
        with self._lock:
            position = self._advance(place, offset)
        if position is not None:
            self._tell(place, position)

    def _advance(self, place: Place, offset: int) -> int | None:
        """Where the group may go on now; none where that has not changed."""
        given = self._given.get(place, {})
        if offset not in given:
            return None
        given[offset] = True
        position = None
        for earlier in list(given):
            if not given[earlier]:
                break
            del given[earlier]
            position = earlier + 1
        return position

    def _tell(self, place: Place, position: int) -> None:
        from confluent_kafka import KafkaException, TopicPartition  # noqa: PLC0415 - an extra

        try:
            told = self._consumer.commit(offsets=[TopicPartition(*place, position)], asynchronous=False)
            failed = next((item.error for item in told or () if item.error is not None), None)
        except KafkaException as error:
            failed = error.args[0]
        if failed is not None and failed.name() not in _GONE:
            raise client_error(failed, f"committing the position in {place[0]}")

    def drop(self, places: Iterable[Place]) -> None:
        """These partitions went to somebody else."""
        with self._lock:
            for place in places:
                self._given.pop(place, None)


def came(message: Message) -> dict[str, Any]:
    """Where and how a message came: these fields of `Received`."""
    return {
        "key": message.key(),
        "headers": _headers_of(message),
        "topic": message.topic() or "",
        "partition": message.partition() or 0,
        "offset": message.offset() or 0,
        "timestamp": _timestamp_of(message),
    }


def _headers_of(message: Message) -> tuple[tuple[str, bytes | None], ...]:
    """The headers of a message, in order."""
    found: list[tuple[str, bytes | None]] = message.headers() or []  # type: ignore[assignment]  # as they come in
    return tuple(found)


def _timestamp_of(message: Message) -> int | None:
    """When the log says that a message was sent or came: nanoseconds UTC."""
    kind, at = message.timestamp()
    return at * _MILLISECOND if kind else None
