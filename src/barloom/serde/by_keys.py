"""What is remembered of the keys of several engines at once: each numbers its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.engine.blocks import Keys

__all__ = ["ByKeys"]

_Memory = TypeVar("_Memory")


class ByKeys(Generic[_Memory]):
    """One memory for each index of keys, for as long as that is in use; it must not hold the index itself."""

    def __init__(self, make: Callable[[], _Memory]) -> None:
        self._make = make
        self._of: WeakKeyDictionary[Keys, _Memory] = WeakKeyDictionary()

    def of(self, keys: Keys) -> _Memory:
        """What is remembered of these keys; nothing yet at first."""
        memory = self._of.get(keys)
        if memory is None:
            memory = self._of[keys] = self._make()
        return memory
