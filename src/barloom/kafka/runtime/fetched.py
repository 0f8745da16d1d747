"""Messages as they come from the client, taken apart while the processor still has them at hand."""

from __future__ import annotations

from itertools import repeat
from operator import is_not
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np

from barloom.serde.poll import Values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.time.calendar import Integers

__all__ = ["Fetched", "Log", "Record"]


class Record(Protocol):
    """A consumed message, as confluent_kafka gives it; one without error has a place."""

    def error(self) -> Any:  # noqa: ANN401 - confluent_kafka's error
        """What the client has to say instead of a record; none for a record."""
        ...

    def topic(self) -> str:
        """Its topic."""
        ...

    def partition(self) -> int:
        """Its partition."""
        ...

    def offset(self) -> int:
        """Its place in the partition."""
        ...

    def timestamp(self) -> tuple[int, int]:
        """The kind of its time stamp (0: none) and milliseconds since the epoch."""
        ...

    def key(self) -> bytes | None:
        """Its key, not decoded."""
        ...

    def value(self) -> bytes | None:
        """Its value, not decoded."""
        ...

    def headers(self) -> list[tuple[str, bytes | None]] | None:
        """Its headers, in order."""
        ...


class Log(NamedTuple):
    """One partition of an input topic."""

    topic: str
    partition: int


class Fetched:
    """The records of one poll in the order in which they came, the logs whose end was met (where), and errors.

    Filled a few thousand at a time: many more would have left the processor's caches before they are looked at.
    """

    def __init__(self) -> None:
        self.records: list[Record] = []
        self.values = Values()
        self._partitions: list[Integers] = []
        self.ends: dict[Log, int] = {}
        self.errors: list[Any] = []

    def __bool__(self) -> bool:
        return bool(self.records or self.ends or self.errors)

    @property
    def partitions(self) -> Integers:
        """The partition of each record."""
        return np.concatenate(self._partitions) if self._partitions else np.zeros(0, np.int64)

    def add(self, messages: Sequence[Record]) -> None:
        """Take in what the client gave."""
        records = self._without_errors(messages)
        if not records:
            return
        kind = type(records[0])
        self.records += records
        self.values.add(list(map(kind.value, records)))
        self._partitions.append(np.fromiter(map(kind.partition, records), np.int64, len(records)))

    def _without_errors(self, messages: Sequence[Record]) -> Sequence[Record]:
        """What is a record; mostly that is all, and looking costs for every one."""
        if not messages or not any(map(is_not, map(type(messages[0]).error, messages), repeat(None))):
            return messages
        from confluent_kafka import KafkaError  # noqa: PLC0415 - an extra

        records = []
        for message in messages:
            error = message.error()
            if error is None:
                records.append(message)
            elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 - its public name
                self.ends[Log(message.topic(), message.partition())] = message.offset()
            else:
                self.errors.append(error)
        return records
