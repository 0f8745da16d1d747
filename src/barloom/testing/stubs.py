"""Stand-ins for what an application knows about its partitions and keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

__all__ = ["KeyCatalogStub", "PartitionWatcherStub"]


class PartitionWatcherStub:
    """Remembers, in order, what was assigned, revoked and lost, and tells it on.

    Pass its methods as a consumer's callbacks; `events` reads like ``[("assigned", 0), ("revoked", 0)]``.
    """

    def __init__(self) -> None:
        self.events: list[tuple[str, int]] = []
        self.owned: set[int] = set()
        self._listeners: list[Callable[[str, int], None]] = []

    def listen(self, listener: Callable[[str, int], None]) -> None:
        """Be called with each event and partition from now on."""
        self._listeners.append(listener)

    def assigned(self, partitions: Iterable[int]) -> None:
        """These partitions are owned from now on."""
        for partition in sorted(partitions):
            self.owned.add(partition)
            self._tell("assigned", partition)

    def revoked(self, partitions: Iterable[int]) -> None:
        """These partitions are given back in good order."""
        self._drop("revoked", partitions)

    def lost(self, partitions: Iterable[int]) -> None:
        """These partitions were taken away; somebody else may own them already."""
        self._drop("lost", partitions)

    def _drop(self, event: str, partitions: Iterable[int]) -> None:
        for partition in sorted(partitions):
            self.owned.discard(partition)
            self._tell(event, partition)

    def _tell(self, event: str, partition: int) -> None:
        self.events.append((event, partition))
        for listener in self._listeners:
            listener(event, partition)


class KeyCatalogStub:
    """Which keys live in which partition: keys are opaque, so a key is where it was first seen.

    A key seen in a second partition is kept in `conflicts`: two partitions would each publish its finals.
    """

    def __init__(self) -> None:
        self.conflicts: list[tuple[tuple[object, ...], int, int]] = []
        self._partition: dict[tuple[object, ...], int] = {}

    def add(self, key: tuple[object, ...], partition: int) -> None:
        """A key was seen in a partition."""
        home = self._partition.setdefault(key, partition)
        if home != partition:
            self.conflicts.append((key, home, partition))

    def partition(self, key: tuple[object, ...]) -> int | None:
        """Where a key lives; none for one not seen yet."""
        return self._partition.get(key)

    def keys(self, partition: int) -> frozenset[tuple[object, ...]]:
        """The keys of a partition."""
        return frozenset(key for key, home in self._partition.items() if home == partition)
