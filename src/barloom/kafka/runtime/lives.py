"""Live bars between two moments at which they are shown: of each open slot only its latest state counts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from barloom.engine.blocks import BarBlock, BarId
    from barloom.engine.engine import Engine

__all__ = ["PendingLives"]


class PendingLives:
    """The open slots of one engine that changed since they were last shown."""

    def __init__(self) -> None:
        self._touched: dict[int, list[BarBlock]] = {}
        self._outdated: set[int] = set()
        self._beats: dict[int, BarBlock] = {}

    def __bool__(self) -> bool:
        return bool(self._touched or self._beats)

    def add(self, lives: Sequence[BarBlock]) -> None:
        """Take note of the live bars of a step."""
        for block in lives:
            if len(block) and bool(block.synthetic[0]):
                self._beats[block.level] = block
            else:
                self._touched.setdefault(block.level, []).append(block)

    def settle(self, closed: Iterable[BarBlock | BarId]) -> None:
        """Forget the slots that closed, with a final or without: the last word on these was said."""
        for item in closed:
            if item.level in self._touched:
                self._outdated.add(item.level)
            beats = self._beats.get(item.level)
            if beats is not None and len(item.key):
                slot = beats.start[0]  # all beats of a level are of one slot
                standing = ~np.isin(beats.key, item.key[item.start >= slot])
                self._beats[item.level] = beats.take(standing)
                if not standing.any():
                    del self._beats[item.level]

    def drain(self, engine: Engine) -> Iterator[BarBlock]:
        """What is to be shown now; slots that closed meanwhile are left out."""
        touched, self._touched = self._touched, {}
        beats, self._beats = self._beats, {}
        yield from beats.values()
        outdated, self._outdated = self._outdated, set()
        for level, blocks in touched.items():
            if len(blocks) == 1 and level not in outdated:
                yield blocks[0]
                continue
            key = np.concatenate([block.key for block in blocks])
            start = np.concatenate([block.start for block in blocks])
            block = engine.live_bars(level, key, start)
            if block is not None:
                yield block
