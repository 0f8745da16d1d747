"""What one poll brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from barloom.errors import SourceError
from barloom.store.barstore import StreamTimes

if TYPE_CHECKING:
    from barloom.kafka.reader.feeds import Lane

__all__ = ["Arrivals", "Column", "stream_times"]


class Column(NamedTuple):
    """The messages of one lane, in order; a value of none is a tombstone."""

    keys: list[bytes]
    values: list[bytes | None]


@dataclass(slots=True)
class Arrivals:
    """Bars by lane, the latest progress of each partition, and the next offset of every lane that moved."""

    bars: dict[Lane, Column] = field(default_factory=dict)
    progress: dict[int, bytes] = field(default_factory=dict)
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


def stream_times(progress: bytes) -> StreamTimes:
    """Where a partition's stream stands, from a message of the progress topic; `SourceError` where it is none."""
    try:
        return msgspec.json.decode(progress, type=StreamTimes)
    except msgspec.DecodeError as error:
        message = f"a message of the progress topic cannot be read: {error}: {progress[:60]!r}"
        raise SourceError(message) from None
