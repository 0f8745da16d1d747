"""How often Python looks for garbage while records stream through.

Each poll makes tens of thousands of objects that live until its transaction is committed, and none of them in cycles.
Looking through them over and over cost a sixth of a run's CPU time.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from threading import Lock
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["seldom_collected"]

_NEW_OBJECTS: Final = 50_000
"""Objects that are made between two looks; Python's own number is 700."""
_lock: Final = Lock()
_before: Final[list[tuple[int, int, int]]] = []
"""What to go back to: an entry for each run of this process that has begun and not ended."""


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Look for garbage seldom, and not among what is there already, until the last of such blocks has ended."""
    with _lock:
        _before.append(_before[0] if _before else gc.get_threshold())
        gc.freeze()
        gc.set_threshold(_NEW_OBJECTS, *_before[0][1:])
    try:
        yield
    finally:
        with _lock:
            normal = _before.pop()
            if not _before:
                gc.set_threshold(*normal)
                gc.unfreeze()
