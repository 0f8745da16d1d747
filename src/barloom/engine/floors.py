"""Stream time set back by hand, and what keeps published finals from being made again.

A wrong stamp pushes stream time ahead: slots close before their ticks come, and every true tick is late. Set back, the
stream goes on; but a final that was published stays. So each key has a floor at each level, the end of its last final
that ends after the new stream time: no slot that begins before it takes anything in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.engine.groups import Groups
    from barloom.engine.keys import KeyIndex
    from barloom.engine.times.protocol import Reach
    from barloom.time.calendar import Booleans, Integers

__all__ = ["FLOORS", "Floor", "Floors", "Published"]

FLOORS: Final = b"floors"
"""The entry of the state that holds the floors: by level and key."""


@dataclass(frozen=True, slots=True)
class Published:
    """The last final of some keys of one level: the key fields, and where its slot starts."""

    level: int
    keys: Sequence[tuple[object, ...]]
    starts: Sequence[int]


class Floor:
    """The floors of one level. While there are none it is false, and nobody needs to ask it."""

    def __init__(self) -> None:
        self._ends: Integers = np.empty(0, np.int64)
        self._highest: Integers = np.empty(0, np.int64)

    def __bool__(self) -> bool:
        return len(self._highest) > 0

    def of(self, key: Integers) -> Integers:
        """The floor of each key; `BEGINNING` for one without."""
        known = key < len(self._ends)
        found = np.full(len(key), BEGINNING)
        found[known] = self._ends[key[known]]
        return found

    def hides(self, key: Integers, start: Integers) -> Booleans:
        """Which slots begin before the floor of their key."""
        hidden: Booleans = start < self.of(key)
        return hidden

    def above(self, groups: Groups) -> Groups | None:
        """Those of the groups that do not; none where there is none."""
        kept = ~self.hides(groups.key, groups.start)
        if kept.all():
            return groups
        return groups.take(kept) if kept.any() else None

    def passed(self, key: Integers, end: Integers) -> Integers:
        """How far the floor of each key lies beyond the end of a slot, at least 0."""
        beyond: Integers = np.maximum(self.of(key), end) - end
        return beyond

    def put(self, key: Integers, end: Integers) -> None:
        """Set floors."""
        if len(key):
            grown = np.full(max(len(self._ends), int(key.max()) + 1), BEGINNING)
            grown[: len(self._ends)] = self._ends
            np.maximum.at(grown, key, end)
            self._ends, self._highest = grown, np.array([int(grown.argmax())])

    def forget(self, reach: Reach) -> bool:
        """Forget them all once each has been reached; whether that was so."""
        if not self or self._ends[self._highest] > reach.of(self._highest):
            return False
        key, ends = self.listed()
        if np.any(ends > reach.of(key)):
            return False
        self._ends, self._highest = np.empty(0, np.int64), np.empty(0, np.int64)
        return True

    def listed(self) -> tuple[Integers, Integers]:
        """The keys that have a floor, and these."""
        key = np.flatnonzero(self._ends > BEGINNING)
        return key, self._ends[key]


class Floors:
    """The floors of all levels, and their entry in the state."""

    def __init__(self, levels: int) -> None:
        self.levels = [Floor() for _ in range(levels)]
        self._changed = False

    def __bool__(self) -> bool:
        return any(self.levels)

    def put(self, level: int, key: Integers, end: Integers) -> None:
        """Set floors of a level."""
        self.levels[level].put(key, end)
        self._changed = True

    def settle(self, reach: Reach, keys: KeyIndex) -> dict[bytes, bytes | None]:
        """Forget the floors that lie behind what is decided; the entry of the state if it changes."""
        for floor in self.levels:
            self._changed |= floor.forget(reach)
        if not self._changed:
            return {}
        self._changed = False
        return {FLOORS: self._dump(keys) if self else None}

    def _dump(self, keys: KeyIndex) -> bytes:
        rows: list[tuple[int, tuple[object, ...], int]] = []
        for level, floor in enumerate(self.levels):
            key, ends = floor.listed()
            rows += [(level, name, end) for name, end in zip(keys.rows(key), ends.tolist(), strict=True)]
        return msgspec.json.encode(rows)

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> None:
        """From the state."""
        rows = msgspec.json.decode(entries.get(FLOORS, b"[]"), type=list[tuple[int, list[str | int], int]])
        if rows:
            ids = keys.ids_of([tuple(name) for _, name, _ in rows])
            level, end = np.array([row[0] for row in rows]), np.array([row[2] for row in rows])
            for number, floor in enumerate(self.levels):
                floor.put(ids[level == number], end[level == number])
