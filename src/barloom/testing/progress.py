"""The mark that makes a final one of a kind."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["InMemoryWindowProgressStore", "Window"]


class Window(NamedTuple):
    """One slot of one key at one timeframe."""

    key: tuple[object, ...]
    timeframe: str
    start: int


class InMemoryWindowProgressStore:
    """How far each slot has come, changed only by compare-and-set, and which slots have had their final.

    >>> progress = InMemoryWindowProgressStore()
    >>> progress.try_mark_finalized(("EURUSD",), "1m", 0), progress.try_mark_finalized(("EURUSD",), "1m", 0)
    (True, False)
    """

    def __init__(self) -> None:
        self._progress: dict[Window, object] = {}
        self._finalized: set[Window] = set()

    def get(self, key: tuple[object, ...], timeframe: str, slot: int) -> object | None:
        """The progress of a slot; none where there is none (any more)."""
        return self._progress.get(Window(key, timeframe, slot))

    def compare_and_set(
        self, key: tuple[object, ...], timeframe: str, slot: int, *, expected: object | None, value: object | None
    ) -> bool:
        """Replace `expected` by `value` (none: delete); false where something else stands or the slot is finalized."""
        window = Window(key, timeframe, slot)
        if window in self._finalized or self._progress.get(window) != expected:
            return False
        self._progress.pop(window, None)
        if value is not None:
            self._progress[window] = value
        return True

    def try_mark_finalized(self, key: tuple[object, ...], timeframe: str, slot: int) -> bool:
        """True exactly once for each slot; its progress is deleted with it."""
        window = Window(key, timeframe, slot)
        if window in self._finalized:
            return False
        self._finalized.add(window)
        self._progress.pop(window, None)
        return True

    def is_finalized(self, key: tuple[object, ...], timeframe: str, slot: int) -> bool:
        """Whether the slot has had its final."""
        return Window(key, timeframe, slot) in self._finalized

    def __len__(self) -> int:
        return len(self._finalized)
