"""Which stream times may be told: only those whose bars have all been read.

Progress and bars are committed together, but a reader gets them from different topics in any order, and the brokers
open a committed transaction to readers topic by topic. A stream time read from the progress topic counts once all bar
topics have been read up to where they ended after it was read: their high watermarks, which hold the transaction whole.
"""

from __future__ import annotations

from collections import defaultdict, deque
from typing import TYPE_CHECKING, Generic, NamedTuple, Protocol, Self, TypeVar

from barloom.kafka.reader.feeds import Lane

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["Reached"]


class _Told(Protocol):
    """What is read of a partition in parts."""

    def after(self, earlier: Self | None, /) -> Self: ...


T = TypeVar("T", bound=_Told)


class _Due(NamedTuple, Generic[T]):
    times: T
    ends: dict[Lane, int]


class Reached(Generic[T]):
    """Stream times, or what is closed, on their way from the topic that tells it to those who ask."""

    def __init__(self, topics: Iterable[str]) -> None:
        self._topics = tuple(topics)
        self._read: dict[int, T] = {}
        self._asked: dict[int, T] = {}
        self._due: defaultdict[int, deque[_Due[T]]] = defaultdict(deque)

    @property
    def waiting(self) -> bool:
        """Whether some stream time was read that does not count yet."""
        return bool(self._read or self._asked or any(self._due.values()))

    @property
    def unasked(self) -> bool:
        """Whether the ends have to be asked for."""
        return bool(self._read) and not self._asked

    def read(self, times: Mapping[int, T]) -> None:
        """These came from the progress topic."""
        self._read.update(_newer(self._read, times))

    def ask(self) -> None:
        """The ends are being asked for now."""
        self._asked, self._read = self._read, {}

    def unanswered(self) -> None:
        """They were not told: they have to be asked for again."""
        self._read = self._asked | _newer(self._asked, self._read)
        self._asked = {}

    def answered(self, ends: Mapping[Lane, int]) -> None:
        """They are these."""
        for partition, times in self._asked.items():
            own = {Lane(topic, partition): ends.get(Lane(topic, partition), 0) for topic in self._topics}
            self._due[partition].append(_Due(times, own))
        self._asked = {}

    def take(self, positions: Mapping[Lane, int]) -> dict[int, T]:
        """Those that count from now on, with all lanes read up to `positions`."""
        found: dict[int, T] = {}
        for partition, waiting in self._due.items():
            while waiting and all(positions.get(lane, 0) >= end for lane, end in waiting[0].ends.items()):
                found[partition] = waiting.popleft().times.after(found.get(partition))
        return found

    def forget(self) -> None:
        """All is read anew."""
        self._read, self._asked = {}, {}
        self._due.clear()


def _newer(earlier: Mapping[int, T], times: Mapping[int, T]) -> dict[int, T]:
    """The times, with what was told earlier of keys that they say nothing of."""
    return {partition: told.after(earlier.get(partition)) for partition, told in times.items()}
