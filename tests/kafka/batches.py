"""A partition's log as it lies on the broker's disk: who wrote what, committed or not, which no consumer is told."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_HEADER = struct.Struct(">qiibIhiqqqhii")
"""Record batches of format 2, as Kafka's documentation has them under "Message Format"."""
_FRAME = 12
_CONTROL = 1 << 5


class Batch(NamedTuple):
    """Records of one producer; a marker is what the coordinator wrote to end a transaction of it."""

    offset: int
    producer: int
    marker: bool
    records: int


def batches(data: Path, topic: str, partition: int = 0) -> list[Batch]:
    """All batches, in the order of their offsets."""
    segments = sorted((data / f"{topic}-{partition}").glob("*.log"))
    return [batch for segment in segments for batch in _parsed(segment.read_bytes())]


def _parsed(log: bytes) -> Iterator[Batch]:
    place = 0
    while place + _HEADER.size <= len(log):
        offset, length, _, _, _, attributes, _, _, _, producer, _, _, count = _HEADER.unpack_from(log, place)
        if not length:  # the file may be longer than the log
            return
        yield Batch(offset, producer, bool(attributes & _CONTROL), count)
        place += _FRAME + length
