"""A store in memory, with the semantics of the one on disk: for notebooks and tests."""

from __future__ import annotations

from bisect import bisect_left
from typing import TYPE_CHECKING

from barloom.errors import StoreError
from barloom.store.backend import Batch, Family
from barloom.store.failures import StoreClosed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["MemoryBackend"]


class _Shelf:
    """One family: a dictionary whose keys are sorted when somebody asks for their order."""

    def __init__(self) -> None:
        self.values: dict[bytes, bytes] = {}
        self._sorted: list[bytes] | None = None

    def set(self, key: bytes, value: bytes) -> None:
        if key not in self.values:
            self._sorted = None
        self.values[key] = value

    def remove(self, key: bytes) -> None:
        if self.values.pop(key, None) is not None:
            self._sorted = None

    def between(self, lower: bytes, upper: bytes | None) -> list[bytes]:
        if self._sorted is None:
            self._sorted = sorted(self.values)
        keys = self._sorted
        end = len(keys) if upper is None else bisect_left(keys, upper)
        return keys[bisect_left(keys, lower) : end]

    def first(self, lower: bytes) -> bytes | None:
        if self._sorted is None:
            self._sorted = sorted(self.values)
        place = bisect_left(self._sorted, lower)
        return self._sorted[place] if place < len(self._sorted) else None


class _MemoryBatch:
    """Changes noted as calls to be made."""

    def __init__(self) -> None:
        self.changes: list[Callable[[dict[Family, _Shelf]], None]] = []

    def put(self, family: Family, key: bytes, value: bytes) -> None:
        self.put_all(family, [key], [value])

    def put_all(self, family: Family, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        def change(shelves: dict[Family, _Shelf]) -> None:
            for key, value in zip(keys, values, strict=True):
                shelves[family].set(key, value)

        self.changes.append(change)

    def delete_all(self, family: Family, keys: Sequence[bytes]) -> None:
        def change(shelves: dict[Family, _Shelf]) -> None:
            for key in keys:
                shelves[family].remove(key)

        self.changes.append(change)

    def delete_range(self, family: Family, lower: bytes, upper: bytes) -> None:
        def change(shelves: dict[Family, _Shelf]) -> None:
            for key in shelves[family].between(lower, upper):
                shelves[family].remove(key)

        self.changes.append(change)


class MemoryBackend:
    """Dictionaries; what a closed one held is gone."""

    def __init__(self) -> None:
        self._shelves = {family: _Shelf() for family in Family}
        self._open = True

    @property
    def name(self) -> str:
        """``memory``."""
        return "memory"

    @property
    def directory(self) -> None:
        """Nowhere."""
        return

    def getter(self, family: Family) -> Callable[[bytes], bytes | None]:
        """A fast way to the single values of a family."""
        values = self._shelves[family].values

        def get(key: bytes) -> bytes | None:
            self._check()
            return values.get(key)

        return get

    def failure(self, error: Exception) -> Exception:
        """The error itself."""
        return error

    def scan(
        self, family: Family, lower: bytes, upper: bytes | None, *, backwards: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values in order or backwards, as they are when the scan begins."""
        self._check()
        shelf = self._shelves[family]
        keys = shelf.between(lower, upper)
        return iter([(key, shelf.values[key]) for key in (reversed(keys) if backwards else keys)])

    def first(self, family: Family, lower: bytes) -> bytes | None:
        """The first key from `lower` on."""
        self._check()
        return self._shelves[family].first(lower)

    def batch(self) -> Batch:
        """An empty batch."""
        return _MemoryBatch()

    def write(self, batch: Batch) -> None:
        """Make a batch's changes."""
        self._check()
        if not isinstance(batch, _MemoryBatch):
            message = "a batch belongs to the backend that made it"
            raise TypeError(message)
        for change in batch.changes:
            change(self._shelves)

    def refresh(self) -> None:
        """Nothing to see: there is no other process."""

    def compact(self, family: Family) -> None:
        """Nothing to give back."""

    def size(self) -> int:
        """Bytes of keys and values."""
        shelves = self._shelves.values()
        return sum(len(key) + len(value) for shelf in shelves for key, value in shelf.values.items())

    def backup(self, path: str | Path) -> None:  # noqa: ARG002 - as the one on disk
        """Refused: there is nothing to go back to."""
        message = "a store in memory has no backup; write into one on disk"
        raise StoreError(message)

    def close(self) -> None:
        """Answer nothing from now on."""
        self._open = False

    def _check(self) -> None:
        if not self._open:
            message = "the store in memory is closed"
            raise StoreClosed(message)
