"""How a store stays bounded: finals beyond their retention and the oldest refused rows are removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.store.backend import Family
from barloom.store.keys import encode_start
from barloom.store.log.reading import finals_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.engine.blocks import BarBlock, Keys
    from barloom.store.backend import Backend, Batch
    from barloom.store.layout import Layout
    from barloom.store.log.declared import Readers
    from barloom.store.log.entries import FinalsEntry
    from barloom.store.log.writing import LogWriter
    from barloom.store.protocol import Commit
    from barloom.store.scanning import Scanner
    from barloom.store.stream_times import StreamTimes
    from barloom.time.calendar import Calendar, Integers, SlotGrid

__all__ = ["SIDE_LIMIT", "Pruner", "kept_from"]

SIDE_LIMIT: Final = 1_000_000
"""How many refused rows a store keeps; beyond it the oldest go. All of them stay counted."""

_SHARE: Final = 4
_SIDE_SLACK: Final = 10


def kept_from(grid: SlotGrid, time: int) -> int:
    """The start of the first slot that ends after a time."""
    return int(_kept_from(grid, np.array([time], dtype=np.int64))[0])


def _kept_from(grid: SlotGrid, times: Integers) -> Integers:
    return grid.bounds(grid.ended(times))[0]


class Pruner:
    """Removes what is past its time: with the first commit, then of each level after every quarter of its retention."""

    def __init__(  # noqa: PLR0913 - all that says what is past its time, and who waits for it
        self,
        layout: Layout,
        backend: Backend,
        scanner: Scanner,
        *,
        calendar: Callable[[], Calendar],
        times_of: Callable[[bytes], StreamTimes],
        log: LogWriter,
        readers: Readers,
    ) -> None:
        self._layout = layout
        self._backend = backend
        self._scanner = scanner
        self._calendar = calendar
        self._times_of = times_of
        self._log = log
        self._readers = readers
        self._retentions = {
            number: level.retention for number, level in enumerate(layout.plan.levels) if level.retention is not None
        }
        self._pruned_at: dict[int, int] = {}
        self._keys: Keys | None = None
        self._pruned_of: dict[tuple[int, int], int] = {}
        self._side_from = 0

    def after_commit(self, commit: Commit, next_side: int) -> None:
        """Remove what is due: by the stream's time, or where every key has its own by how far its finals have come.

        What a reader that has declared its position has not read yet stays.
        """
        stream_time = commit.step.stream_time
        if self._layout.plan.by_key:
            self._prune_moved(commit)
        elif stream_time is not None:
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

    def _prune_moved(self, commit: Commit) -> None:
        """The finals of keys that have come on by a part of the retention since their own were looked at last."""
        if commit.keys is not self._keys:
            self._keys, self._pruned_of = commit.keys, {}
        batch = self._backend.batch()
        for block in commit.step.finals:
            retention = self._retentions.get(block.level)
            if retention is not None and len(block):
                self._prune_keys(batch, block, retention, commit.keys)
        self._backend.write(batch)

    def _prune_keys(self, batch: Batch, block: BarBlock, retention: int, names: Keys) -> None:
        known, level = self._pruned_of, block.level
        keys, ends = _latest(block.key, block.end)
        due = np.array(
            [
                end - known.get((level, key), end - retention) >= retention // _SHARE
                for key, end in zip(keys.tolist(), ends.tolist(), strict=True)
            ]
        )
        if not due.any():
            return
        keys, ends = keys[due], ends[due]
        known.update({(level, key): end for key, end in zip(keys.tolist(), ends.tolist(), strict=True)})
        grid = self._calendar().grid(self._layout.plan.levels[level].timeframe)
        before, unread = _kept_from(grid, ends - retention), self._log.unread(self._readers, level)
        if unread is not None:
            before = np.minimum(before, unread)
        for row, start in zip(names.rows(keys), before.tolist(), strict=True):
            prefix = self._layout.prefix(level, self._layout.keys.encode(row))
            batch.delete_range(Family.FINAL, prefix, prefix + encode_start(start))
        self._log.trim(batch, level, self._is_gone)

    def _prune_level(self, level: int, stream_time: int, retention: int) -> None:
        """Remove the finals of every key that ended a retention before the stream's time, or before the key's own."""
        plan = self._layout.plan
        grid = self._calendar().grid(plan.levels[level].timeframe)
        before, batch = kept_from(grid, stream_time - retention), self._backend.batch()
        unread = self._log.unread(self._readers, level)
        for key in self._scanner.keys_in(Family.FINAL, level):
            if plan.by_key:
                reached = self._times_of(key).stream_time
                before = kept_from(grid, (stream_time if reached is None else reached) - retention)
            prefix = self._layout.prefix(level, key)
            until = before if unread is None else min(before, unread)
            batch.delete_range(Family.FINAL, prefix, prefix + encode_start(until))
        self._log.trim(batch, level, self._is_gone)
        self._backend.write(batch)

    def _is_gone(self, entry: FinalsEntry, level: int) -> bool:
        """Whether all the bars of an entry of the log are removed: those of now will be so when it is next asked."""
        is_there, place = self._backend.getter(Family.FINAL), self._layout.bar_key
        return all(is_there(place(level, key, start)) is None for _, key, start in finals_of(entry))

    def _prune_side(self, next_side: int) -> None:
        first = max(next_side - SIDE_LIMIT, 0)
        batch = self._backend.batch()
        batch.delete_range(Family.REJECTED, encode_start(0), encode_start(first))
        self._backend.write(batch)
        self._side_from = first


def _latest(keys: Integers, ends: Integers) -> tuple[Integers, Integers]:
    """Each key once, and its latest end."""
    order = np.lexsort((ends, keys))
    last = np.append(keys[order][1:] != keys[order][:-1], True)
    return keys[order][last], ends[order][last]
