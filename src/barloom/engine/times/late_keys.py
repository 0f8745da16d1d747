"""Keys of which all, or nearly all, rows came too late: another key's rows had moved the time of the partition."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.engine.keys import KeyIndex
    from barloom.time.calendar import Integers

__all__ = ["LateKey", "LateKeys"]

_ENOUGH_TO_TELL: Final = 3
_NEARLY_ALL: Final = 0.9


class LateKey(NamedTuple):
    """A key, by its fields, how many of its rows were late and how many were accepted."""

    key: tuple[object, ...]
    late: int
    accepted: int


class LateKeys:
    """Counts the rows of each key since the engine began."""

    def __init__(self) -> None:
        self._late: Integers = np.zeros(0, np.int64)
        self._accepted: Integers = np.zeros(0, np.int64)

    def count(self, accepted: Integers, late: Integers) -> None:
        """Note the keys of accepted rows and those of late ones."""
        self._accepted = _added(self._accepted, accepted)
        self._late = _added(self._late, late)

    def found(self, keys: KeyIndex) -> Iterator[LateKey]:
        """The keys that have nearly only late rows, those with most of them first."""
        accepted = np.zeros(len(self._late), np.int64)
        accepted[: len(self._accepted)] = self._accepted[: len(self._late)]
        late = (self._late >= _ENOUGH_TO_TELL) & (self._late >= _NEARLY_ALL * (self._late + accepted))
        number = np.flatnonzero(late)
        number = number[np.argsort(-self._late[number], kind="stable")]
        counts = zip(self._late[number].tolist(), accepted[number].tolist(), strict=True)
        return (LateKey(key, *count) for key, count in zip(keys.rows(number), counts, strict=True))


def _added(counts: Integers, keys: Integers) -> Integers:
    needed = int(keys.max(initial=-1)) + 1
    if needed > len(counts):
        counts = np.append(counts, np.zeros(max(needed - len(counts), len(counts) // 4), np.int64))
    np.add.at(counts, keys, 1)
    return counts
