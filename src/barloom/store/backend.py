"""What lies under a store: families of sorted bytes, changed by atomic batches."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

__all__ = ["Backend", "Batch", "Family"]


class Family(Enum):
    """The rooms of a store. All but `FINAL`, `LOG` and `REJECTED` stay as small as the open state."""

    META = "meta"
    POSITIONS = "positions"
    ENTRIES = "entries"
    OPEN = "open"
    LATEST = "latest"
    FINAL = "final"
    LOG = "log"
    REJECTED = "rejected"


class Batch(Protocol):
    """Changes that take effect together, in the order they were noted."""

    def put(self, family: Family, key: bytes, value: bytes) -> None:
        """Set one value."""
        ...

    def put_all(self, family: Family, keys: Sequence[bytes], values: Sequence[bytes]) -> None:
        """Set many values."""
        ...

    def delete_all(self, family: Family, keys: Sequence[bytes]) -> None:
        """Remove many values; keys that are not there do not matter."""
        ...

    def delete_range(self, family: Family, lower: bytes, upper: bytes) -> None:
        """Remove everything from `lower` up to, not including, `upper`."""
        ...


class Backend(Protocol):
    """Sorted bytes that somebody keeps. Every call raises an error of `barloom.errors` when it cannot answer."""

    @property
    def name(self) -> str:
        """How messages call it: the path, or ``memory``."""
        ...

    @property
    def directory(self) -> Path | None:
        """Where it stands; none in memory."""
        ...

    def getter(self, family: Family) -> Callable[[bytes], bytes | None]:
        """A fast way to the single values of a family. It raises whatever the backend raises; see `failure`."""
        ...

    def failure(self, error: Exception) -> Exception:
        """The error of `barloom.errors` that stands for one raised by a getter."""
        ...

    def scan(
        self, family: Family, lower: bytes, upper: bytes | None, *, backwards: bool = False
    ) -> Iterator[tuple[bytes, bytes]]:
        """Keys and values from `lower` up to, not including, `upper` (none: to the end), in order or backwards."""
        ...

    def first(self, family: Family, lower: bytes) -> bytes | None:
        """The first key from `lower` on."""
        ...

    def batch(self) -> Batch:
        """An empty batch."""
        ...

    def write(self, batch: Batch) -> None:
        """Make a batch's changes, all or none."""
        ...

    def refresh(self) -> None:
        """See what another process has written meanwhile."""
        ...

    def compact(self, family: Family) -> None:
        """Give back the space of what was removed."""
        ...

    def size(self) -> int:
        """Bytes on disk (in memory: of keys and values)."""
        ...

    def backup(self, path: str | Path) -> None:
        """Copy what is stored now, all of one moment, into a new directory; writing goes on meanwhile."""
        ...

    def close(self) -> None:
        """Release it; closing twice does no harm."""
        ...
