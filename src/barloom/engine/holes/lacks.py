"""What open slots of a key lack for good, whatever comes: numbers given up, rows refused, ticks without a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.engine.holes.places import LevelSlot
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Lack", "Lacks"]


@dataclass(slots=True)
class Lack:
    """Of one slot: how many numbers are absent, whether a row of it was refused, or a tick had no number."""

    end: int
    missing: int = 0
    refused: bool = False
    unknown: bool = False


class Lacks:
    """By level and start of the slot."""

    def __init__(self) -> None:
        self.slots: dict[tuple[int, int], Lack] = {}

    def __bool__(self) -> bool:
        return bool(self.slots)

    def add(
        self, slots: Iterable[LevelSlot], *, missing: int = 0, refused: bool = False, unknown: bool = False
    ) -> None:
        """Some slots lack something more."""
        for level, start, end in slots:
            lack = self.slots.get((level, start))
            if lack is None:
                lack = self.slots[level, start] = Lack(end)
            lack.missing += missing
            lack.refused |= refused
            lack.unknown |= unknown

    def forget(self, decided: int) -> bool:
        """Forget the slots that end at or before a time; whether there were some."""
        gone = [place for place, lack in self.slots.items() if lack.end <= decided]
        for place in gone:
            del self.slots[place]
        return bool(gone)

    def of(self, level: Integers, start: Integers) -> tuple[Integers, Booleans, Booleans]:
        """What slots lack: numbers, refused rows, numbers of ticks."""
        missing = np.zeros(len(start), np.int64)
        refused, unknown = np.zeros(len(start), np.bool_), np.zeros(len(start), np.bool_)
        if self.slots:
            for row, place in enumerate(zip(level.tolist(), start.tolist(), strict=True)):
                lack = self.slots.get(place)
                if lack is not None:
                    missing[row], refused[row], unknown[row] = lack.missing, lack.refused, lack.unknown
        return missing, refused, unknown
