"""Readers that have declared how far they are: what they have not read yet is kept for them, for some time."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

import msgspec

from barloom.clock import Clock, SystemClock
from barloom.store.log.position import Position
from barloom.time.instants import to_datetime

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

__all__ = ["DeclaredReader", "Readers", "readers_of"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", re.ASCII)
_FOLDER: Final = "readers"
_SUFFIX: Final = ".json"


class DeclaredReader(msgspec.Struct, frozen=True):
    """A reader, how far it has read, and until when what it has not read is kept (nanoseconds UTC)."""

    name: str
    epoch: str
    number: int
    until: int

    @property
    def position(self) -> Position:
        """How far it has read."""
        return Position(self.epoch, self.number)

    @property
    def expires(self) -> datetime:
        """When nothing is kept for it any more."""
        return to_datetime(self.until)


class _Shelf(Protocol):
    def put(self, name: str, data: bytes) -> None: ...
    def remove(self, name: str) -> None: ...
    def all(self) -> Iterator[bytes]: ...


class _Files:
    """A file for each reader beside the files of the store: readers in other processes cannot write into that."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, name: str, data: bytes) -> None:
        self._folder.mkdir(exist_ok=True)
        unfinished = self._folder / f".{name}"
        unfinished.write_bytes(data)
        unfinished.replace(self._folder / f"{name}{_SUFFIX}")

    def remove(self, name: str) -> None:
        (self._folder / f"{name}{_SUFFIX}").unlink(missing_ok=True)

    def all(self) -> Iterator[bytes]:
        for file in sorted(self._folder.glob(f"[!.]*{_SUFFIX}")):
            with suppress(FileNotFoundError):  # removed while we look
                yield file.read_bytes()


class _Held:
    """The same in memory."""

    def __init__(self) -> None:
        self._held: dict[str, bytes] = {}

    def put(self, name: str, data: bytes) -> None:
        self._held[name] = data

    def remove(self, name: str) -> None:
        self._held.pop(name, None)

    def all(self) -> Iterator[bytes]:
        return iter([*self._held.values()])


class Readers:
    """The readers of a store that have declared a position. A declaration holds until it is renewed or has expired."""

    def __init__(self, shelf: _Shelf, clock: Clock) -> None:
        self._shelf = shelf
        self._clock = clock

    def declare(self, name: str, position: Position, keep_for: int) -> DeclaredReader:
        """Say how far a reader is, and for how many nanoseconds from now on the rest is kept for it."""
        if not _NAME.fullmatch(name):
            message = f"{name!r} cannot name a reader; use letters, digits, '.', '_' and '-', at most 100"
            raise ValueError(message)
        declared = DeclaredReader(name, *position, until=self._clock.now() + keep_for)
        self._shelf.put(name, msgspec.json.encode(declared))
        return declared

    def forget(self, name: str) -> None:
        """Keep nothing for a reader any more."""
        self._shelf.remove(name)

    def all(self) -> list[DeclaredReader]:
        """Those that have not expired."""
        now = self._clock.now()
        found = (_read(data) for data in self._shelf.all())
        return [reader for reader in found if reader is not None and reader.until > now]

    def least(self, epoch: str) -> int | None:
        """How far the slowest is that reads in an epoch; none where no reader has declared itself."""
        return min((reader.number for reader in self.all() if reader.epoch == epoch), default=None)


def readers_of(folder: Path | None, clock: Clock | None = None) -> Readers:
    """The readers of the store in a directory, or of one in memory."""
    clock = SystemClock() if clock is None else clock
    return Readers(_Held() if folder is None else _Files(Path(folder) / _FOLDER), clock)


def _read(data: bytes) -> DeclaredReader | None:
    """A declaration; one that cannot be read is of another version, and keeps nothing."""
    try:
        return msgspec.json.decode(data, type=DeclaredReader)
    except msgspec.DecodeError:
        return None
