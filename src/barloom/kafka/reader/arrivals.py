"""What one poll brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from msgspec.structs import replace

from barloom.errors import SourceError
from barloom.kafka.events.closed import read_closed
from barloom.kafka.reader.closings import Closings, ToldClosed
from barloom.kafka.state.key_progress import key_progress_of, name_of_key
from barloom.store.stream_times import StreamTimes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.kafka.reader.feeds import Lane


__all__ = ["Arrivals", "Column", "stream_times"]


class Column(NamedTuple):
    """The messages of one lane, in order; a value of none is a tombstone."""

    keys: list[bytes]
    values: list[bytes | None]


@dataclass(slots=True)
class Arrivals:
    """Bars by lane, the latest progress of each partition, and the next offset of every lane that moved.

    `closed` is what partitions have closed, `keys` are the latest records about keys that have a time of their own, by
    partition and the name of their entry.
    """

    bars: dict[Lane, Column] = field(default_factory=dict)
    progress: dict[int, bytes] = field(default_factory=dict)
    keys: dict[int, dict[str, bytes]] = field(default_factory=dict)
    closed: dict[int, ToldClosed] = field(default_factory=dict)
    positions: dict[Lane, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.positions)

    def add(self, lane: Lane, key: bytes | None, value: bytes | None) -> None:
        """One message of bars."""
        column = self.bars.get(lane)
        if column is None:
            column = self.bars[lane] = Column([], [])
        column.keys.append(key or b"")
        column.values.append(value)

    def close(self, partition: int, offset: int, value: bytes) -> None:
        """One message of the topic of closed slots."""
        told = ToldClosed((Closings(offset, read_closed(value)),))
        self.closed[partition] = told.after(self.closed.get(partition))

    def tell(self, partition: int, key: bytes | None, value: bytes) -> None:
        """One message of the progress topic."""
        name = name_of_key(key)
        if name is None:
            self.progress[partition] = value
        else:
            self.keys.setdefault(partition, {})[name] = value


def stream_times(progress: bytes, keys: Mapping[str, bytes] | None = None) -> StreamTimes:
    """Where a partition's stream stands, from a message of the progress topic; `SourceError` where it is none.

    `keys` are the messages about keys of the partition, by the name of their entry.
    """
    try:
        times = msgspec.json.decode(progress, type=StreamTimes)
        return replace(times, keys={name: key_progress_of(value) for name, value in keys.items()}) if keys else times
    except msgspec.DecodeError as error:
        message = f"a message of the progress topic cannot be read: {error}: {progress[:60]!r}"
        raise SourceError(message) from None
