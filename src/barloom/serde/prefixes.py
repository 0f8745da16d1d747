"""The encoded key fields of bars: written once for each key, not once for each bar."""

from __future__ import annotations

from itertools import compress
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.engine.blocks import Keys
    from barloom.time.calendar import Integers

__all__ = ["KeyPrefixes"]


class KeyPrefixes:
    """What `encode` makes of the fields of each key of one index."""

    def __init__(self, encode: Callable[[tuple[object, ...]], bytes]) -> None:
        self._encode = encode
        self._known: list[bytes | None] = []

    def of(self, ids: Integers, keys: Keys) -> list[bytes]:
        """The bytes for each of `ids`, which are numbers of `keys`."""
        self._known += [None] * (len(keys) - len(self._known))
        numbers = ids.tolist()
        found = [self._known[number] for number in numbers]
        if None in found:
            self._learn(list(compress(numbers, (each is None for each in found))), keys)
        return [self._known[number] for number in numbers] if None in found else found

    def _learn(self, numbers: list[int], keys: Keys) -> None:
        fresh = np.unique(np.array(numbers, np.int64))
        for number, row in zip(fresh.tolist(), keys.rows(fresh), strict=True):
            self._known[number] = self._encode(row)
