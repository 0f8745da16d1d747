"""What stands behind a served store: the directory of one, opened anew when another takes its place, or one in hand."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Final, Protocol

from barloom.errors import StoreError
from barloom.store.opening import open_for_reading
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from barloom.clock import Clock
    from barloom.read.readable import Readable

__all__ = ["Directory", "Given", "Holding"]

_log = get_logger(__name__)

_LOOK_EVERY: Final = 0.25
_RENEW_EVERY: Final = 1.0
_RETIRED_AFTER: Final = 60.0
"""Seconds after which nobody reads from a store any more that another has replaced."""


class Holding(Protocol):
    """A store that may become another one."""

    def now(self) -> Readable:
        """The store as of now."""
        ...

    def renew(self) -> bool:
        """Open it anew after a failure; false where that cannot be done, or does not help."""
        ...

    def close(self) -> None:
        """Release what was opened here."""
        ...


class Given:
    """A store that somebody else has opened, and will close."""

    def __init__(self, store: Readable) -> None:
        self._store = store

    def now(self) -> Readable:
        """The store."""
        return self._store

    def renew(self) -> bool:
        """It is not ours to open."""
        return False

    def close(self) -> None:
        """It is not ours to close."""


class Directory:
    """The store in a directory, at rest or written by another process.

    `rebuild` puts a new store in the place of an old one: that is seen within a quarter of a second, and requests that
    read from the old one may end. Raises `StoreFormat` where there is no store.
    """

    def __init__(self, path: str | Path, clock: Clock) -> None:
        self._path = Path(path)
        self._clock = clock
        self._lock = RLock()
        self._identity = self._look()
        self._store: Readable = open_for_reading(self._path)
        self._next_look = clock.monotonic() + _LOOK_EVERY
        self._next_renewal = clock.monotonic()
        self._retired: list[tuple[float, Readable]] = []

    def now(self) -> Readable:
        """The store that stands there now; while it is being replaced, the one before."""
        if self._clock.monotonic() >= self._next_look:
            with self._lock:
                self._next_look = self._clock.monotonic() + _LOOK_EVERY
                self._release_old()
                if self._look() not in (self._identity, None):
                    self._open()
        return self._store

    def renew(self) -> bool:
        """Open it anew, unless that was done just now."""
        with self._lock:
            now = self._clock.monotonic()
            if now < self._next_renewal:
                return False
            self._next_renewal = now + _RENEW_EVERY
            return self._open()

    def _look(self) -> tuple[int, int] | None:
        """Which directory it is; none where there is none now."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _open(self) -> bool:
        """Whether a store could be opened there; it then replaces the one before."""
        identity = self._look()
        try:
            store = open_for_reading(self._path)
        except StoreError as error:
            _log.warning("a store cannot be opened anew", store=self._path.name, why=str(error))
            return False
        self._retired.append((self._clock.monotonic() + _RETIRED_AFTER, self._store))
        self._identity, self._store = identity, store
        return True

    def _release_old(self) -> None:
        now = self._clock.monotonic()
        for until, store in self._retired:
            if until <= now:
                store.close()
        self._retired = [held for held in self._retired if held[0] > now]

    def close(self) -> None:
        """Release it, and those that it replaced."""
        with self._lock:
            for store in (self._store, *(store for _, store in self._retired)):
                with suppress(StoreError):
                    store.close()
