"""How a store stays bounded: finals beyond their retention and the oldest refused rows are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.store.backend import Family
from barloom.store.keys import encode_start

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.store.backend import Backend
    from barloom.store.layout import Layout
    from barloom.store.scanning import Scanner
    from barloom.store.stream_times import StreamTimes
    from barloom.time.calendar import Calendar, SlotGrid

__all__ = ["SIDE_LIMIT", "Pruner", "kept_from"]

SIDE_LIMIT: Final = 1_000_000
"""How many refused rows a store keeps; beyond it the oldest go. All of them stay counted."""

_SHARE: Final = 4
_SIDE_SLACK: Final = 10


def kept_from(grid: SlotGrid, time: int) -> int:
    """The start of the first slot that ends after a time."""
    starts, _ = grid.bounds(grid.ended(np.array([time], dtype=np.int64)))
    return int(starts[0])


class Pruner:
    """Removes what is past its time: with the first commit, then of each level after every quarter of its retention."""

    def __init__(
        self,
        layout: Layout,
        backend: Backend,
        scanner: Scanner,
        calendar: Callable[[], Calendar],
        times_of: Callable[[bytes], StreamTimes],
    ) -> None:
        self._layout = layout
        self._backend = backend
        self._scanner = scanner
        self._calendar = calendar
        self._times_of = times_of
        self._retentions = {
            number: level.retention for number, level in enumerate(layout.plan.levels) if level.retention is not None
        }
        self._pruned_at: dict[int, int] = {}
        self._side_from = 0

    def after_commit(self, stream_time: int | None, next_side: int) -> None:
        """Remove what is due."""
        if stream_time is not None:
            for level, retention in self._retentions.items():
                before = self._pruned_at.get(level)
                if before is None or stream_time - before >= retention // _SHARE:
                    self._prune_level(level, stream_time, retention)
                    self._pruned_at[level] = stream_time
        if next_side - self._side_from > SIDE_LIMIT + SIDE_LIMIT // _SIDE_SLACK:
            self._prune_side(next_side)

    def prune(self, stream_time: int | None, next_side: int) -> None:
        """Remove everything that is past its time."""
        if stream_time is not None:
            for level, retention in self._retentions.items():
                self._prune_level(level, stream_time, retention)
        self._prune_side(next_side)

    def _prune_level(self, level: int, stream_time: int, retention: int) -> None:
        """Remove the finals of every key that ended a retention before the stream's time, or before the key's own."""
        plan = self._layout.plan
        grid = self._calendar().grid(plan.levels[level].timeframe)
        before, batch = kept_from(grid, stream_time - retention), self._backend.batch()
        for key in self._scanner.keys_in(Family.FINAL, level):
            if plan.by_key:
                reached = self._times_of(key).stream_time
                before = kept_from(grid, (stream_time if reached is None else reached) - retention)
            prefix = self._layout.prefix(level, key)
            batch.delete_range(Family.FINAL, prefix, prefix + encode_start(before))
        self._backend.write(batch)

    def _prune_side(self, next_side: int) -> None:
        first = max(next_side - SIDE_LIMIT, 0)
        batch = self._backend.batch()
        batch.delete_range(Family.REJECTED, encode_start(0), encode_start(first))
        self._backend.write(batch)
        self._side_from = first
