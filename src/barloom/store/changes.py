"""Waking those who wait for a commit: by the writer in the same process, by a watch on the store's files elsewhere."""

from __future__ import annotations

import asyncio
from contextlib import contextmanager, suppress
from threading import Condition, Event, Lock, Thread
from typing import TYPE_CHECKING, Final
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["Changes", "StoreFiles", "changes_of", "place_of"]

_LOOK: Final = 0.05
"""Seconds between two looks at the files of a store: two calls of the system each."""
_LINGERS: Final = 40
"""How many looks after the last one has waited the files are still watched."""


class Changes:
    """Counts what has changed, or may have, and wakes whoever waits for that.

    With `files` another process may write: they are watched while somebody waits, by one thread for all who do.
    """

    def __init__(self, files: StoreFiles | None = None) -> None:
        self._files = files
        self._condition = Condition()
        self._count = 0
        self._listeners: list[Callable[[], object]] = []
        self._waiting = 0
        self._watched = False

    @property
    def count(self) -> int:
        """How many there were."""
        return self._count

    def happened(self) -> None:
        """Wake all."""
        with self._condition:
            self._count += 1
            self._condition.notify_all()
            listeners = [*self._listeners]
        for listener in listeners:
            listener()

    def wait(self, seen: int, seconds: float | None = None) -> bool:
        """Wait until there are more than `seen`, at most for some seconds; whether there are."""
        with self._interest(), self._condition:
            return self._condition.wait_for(lambda: self._count > seen, seconds)

    async def wait_async(self, seen: int, seconds: float | None = None) -> bool:
        """The same without blocking the event loop."""
        loop, woken = asyncio.get_running_loop(), asyncio.Event()
        with self.listening(lambda: loop.call_soon_threadsafe(woken.set)), suppress(TimeoutError):
            if self._count <= seen:
                await asyncio.wait_for(woken.wait(), seconds)
        return self._count > seen

    @contextmanager
    def listening(self, listener: Callable[[], object]) -> Iterator[None]:
        """Call a function at every change, from whatever thread makes it; it must return at once and not raise."""
        with self._interest():
            with self._condition:
                self._listeners.append(listener)
            try:
                yield
            finally:
                with self._condition:
                    self._listeners.remove(listener)

    @contextmanager
    def _interest(self) -> Iterator[None]:
        with self._condition:
            self._waiting += 1
            if self._files is not None and not self._watched:
                self._watched = True
                Thread(target=self._watch, args=(self._files,), name="barloom-watch", daemon=True).start()
        try:
            yield
        finally:
            with self._condition:
                self._waiting -= 1

    def _watch(self, files: StoreFiles) -> None:
        """Look at the files until nobody has waited for a while.

        What was written between a waiter's last look and the first one here is not known: it has to look once more.
        """
        files.changed()
        self.happened()
        pause, idle = Event(), 0
        while idle < _LINGERS:
            pause.wait(_LOOK)
            if files.changed():
                self.happened()
            with self._condition:
                idle = 0 if self._waiting else idle + 1
                self._watched = idle < _LINGERS


class StoreFiles:
    """The files of a store as far as they tell of commits: which directory it is, its names, the length of its log."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._seen: tuple[int, ...] = ()
        self._names_at: tuple[int, int] | None = None
        self._newest: Path | None = None

    def changed(self) -> bool:
        """Whether anything was written since the last look."""
        try:
            found = self._look()
        except OSError:  # another store is just being put in its place, or a file went while we looked
            found = ()
        changed, self._seen = found != self._seen, found
        return changed

    def _look(self) -> tuple[int, ...]:
        place = self._directory.stat()
        names_at = place.st_ino, place.st_mtime_ns
        if names_at != self._names_at:
            self._newest = max(self._directory.glob("*.log"), default=None)
            self._names_at = names_at
        return (*names_at, 0 if self._newest is None else self._newest.stat().st_size)


_KNOWN: WeakValueDictionary[Path, Changes] = WeakValueDictionary()
_LOCK: Final = Lock()


def changes_of(directory: Path | None) -> Changes:
    """The changes of the store in a directory, the same for all of this process; or of one in memory, a new one."""
    if directory is None:
        return Changes()
    place = directory.resolve()
    with _LOCK:
        changes = _KNOWN.get(place)
        if changes is None:
            changes = _KNOWN[place] = Changes(StoreFiles(place))
        return changes


def place_of(directory: Path | None) -> int | None:
    """Which directory stands there, so that another one is told apart; none where there is none just now."""
    try:
        return None if directory is None else directory.stat().st_ino
    except OSError:
        return None
