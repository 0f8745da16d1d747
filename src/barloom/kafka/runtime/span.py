"""A part of the input: what a rebuild reads of each log, and how far it has come."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.kafka.runtime.fetched import Log

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from threading import Event

    from barloom.kafka.runtime.fetched import Record
    from barloom.kafka.runtime.partition import Partition

__all__ = ["Span"]


class Span:
    """From the offsets `first` up to, not including, the offsets `end`; `stop` is set when all that is committed.

    Both name every log of the input.
    """

    def __init__(self, first: Mapping[Log, int], end: Mapping[Log, int], stop: Event) -> None:
        self.total = sum(max(0, end[log] - first[log]) for log in end)
        self.done = 0
        self._first = first
        self._end = end
        self._stop = stop

    @property
    def finished(self) -> bool:
        """Whether all of it was read and committed."""
        return self._stop.is_set() and self.done >= self.total

    def cut(self, messages: Sequence[Record]) -> tuple[list[Record], dict[Log, int]]:
        """What a poll brought that belongs to the span, and the logs of which nothing more does, with their ends."""
        wanted, over = [], dict[Log, int]()
        for message in messages:
            log = Log(message.topic(), message.partition())
            end = self._end.get(log)
            if end is None or message.offset() < end:
                wanted.append(message)
            else:
                over[log] = end
        return wanted, over

    def committed(self, partitions: Iterable[Partition]) -> None:
        """These are committed up to their present offsets."""
        at = {Log(topic, held.number): offset for held in partitions for topic, offset in held.offsets.items()}
        self.done = sum(
            max(0, min(at.get(log, self._first[log]), end) - self._first[log]) for log, end in self._end.items()
        )
        if self.done >= self.total:
            self._stop.set()
