"""A commit as one batch: bars, state, positions, refused rows and the counts of all that was ever written."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.store.backend import Family
from barloom.store.keys import encode_start
from barloom.store.places import Places
from barloom.store.side import encode_side
from barloom.store.totals import TOTALS, Totals

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock, BarId, Keys
    from barloom.store.backend import Backend, Batch
    from barloom.store.layout import Layout
    from barloom.store.log.writing import LogWriter
    from barloom.store.protocol import Commit
    from barloom.time.calendar import Booleans, Integers

__all__ = ["CommitWriter"]

_NEVER: Final = np.iinfo(np.int64).min
_FIRST_KEYS: Final = 256


class CommitWriter:
    """Turns commits into batches.

    It remembers, for each level and key, the last slot that was written as open, so that a bar that opens and closes
    between two commits costs no deletion.
    """

    def __init__(self, layout: Layout, backend: Backend, log: LogWriter, totals: Totals, next_side: int) -> None:
        self._layout = layout
        self._backend = backend
        self._log = log
        self._totals = totals
        self._next_side = next_side
        self._tags = [layout.prefix(level) for level in range(len(layout.plan.levels))]
        self._keys: Keys | None = None
        self._places = Places()
        self._open_until = np.empty((len(self._tags), 0), dtype=np.int64)
        self._stood_until: Integers | None = None
        self._positions: dict[str, bytes] = {}

    @property
    def next_side(self) -> int:
        """The number of the next refused row."""
        return self._next_side

    def write(self, commit: Commit) -> None:
        """Write everything or nothing."""
        self._learn(commit.keys)
        batch = self._backend.batch()
        if commit.begins is not None:
            self._log.begin_epoch(commit.begins)
        for block in commit.step.finals:
            self._put_finals(batch, block)
        for closed in commit.step.closed:
            self._log.closed(batch, closed)
        self._log.settle(batch)
        for gone in commit.step.retracted:
            self._delete_open(batch, gone)
        for block in commit.step.lives:
            self._put_lives(batch, block)
        self._put_entries(batch, commit)
        batch.put_all(Family.REJECTED, *self._side(commit))
        positions = [(name, value) for name, value in commit.positions.items() if self._positions.get(name) != value]
        batch.put_all(Family.POSITIONS, [name.encode() for name, _ in positions], [value for _, value in positions])
        totals = self._totals.after(commit)
        if totals != self._totals:
            batch.put(Family.META, TOTALS, msgspec.json.encode(totals))
        self._backend.write(batch)
        self._totals = totals
        self._next_side += len(commit.side)
        self._positions.update(positions)

    def _learn(self, keys: Keys) -> None:
        """Encode the keys that are new; another index of keys (after a restart of the engine) begins anew."""
        if keys is not self._keys:
            self._stood_until = self._last_open()
            self._keys, self._places = keys, Places()
            self._open_until = np.empty((len(self._tags), 0), dtype=np.int64)
        known = len(self._places)
        if known < len(keys):
            encode = self._layout.keys.encode
            self._places.add([encode(row) for row in keys.rows(np.arange(known, len(keys)))])
            self._grow(len(keys))

    def _last_open(self) -> Integers:
        """The start of the last bar of each level that may stand open under a number we do not know."""
        if self._stood_until is not None:
            seen: Integers = np.max(self._open_until, axis=1, initial=_NEVER)
            return np.maximum(self._stood_until, seen)
        last = np.full(len(self._tags), _NEVER)
        for place, _ in self._backend.scan(Family.OPEN, b"", None):
            last[place[0]] = max(last[place[0]], self._layout.start_of(place))
        return last

    def _grow(self, count: int) -> None:
        held = self._open_until.shape[1]
        if count <= held or self._stood_until is None:
            return
        wider = np.repeat(self._stood_until[:, np.newaxis], max(count, 2 * held, _FIRST_KEYS), axis=1)
        wider[:, :held] = self._open_until
        self._open_until = wider

    def _put_finals(self, batch: Batch, block: BarBlock) -> None:
        """The finals in the order of their keys (which RocksDB takes twice as fast), and their open bars away."""
        order = np.argsort(block.key, kind="stable")
        key, start = block.key[order], block.start[order]
        places = self._places.of_bars(self._tags[block.level], key, start)
        records = self._layout.records.encode(block, order, self._keys)
        batch.put_all(Family.FINAL, places, records)
        if len(key):
            begins = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
            runs = np.diff(np.append(begins, len(key)))
            self._log.finals(batch, block.level, self._places.of_keys(b"", key[begins]), runs, start)
        was_open = self._open_until[block.level, key] >= start
        if was_open.any():
            batch.delete_all(Family.OPEN, _where(places, was_open))
        if block.level in self._layout.plan.keeps_latest:
            real = ~block.synthetic[order]
            self._put_latest(batch, block.level, key[real], _where(records, real), start[real])

    def _put_latest(self, batch: Batch, level: int, key: Integers, records: list[bytes], start: Integers) -> None:
        last_of_key = np.append(key[1:] != key[:-1], True)[: len(key)]
        places = self._places.of_keys(self._tags[level], key[last_of_key])
        starts = [encode_start(time) for time in start[last_of_key].tolist()]
        records = _where(records, last_of_key)
        batch.put_all(Family.LATEST, places, [time + rest for time, rest in zip(starts, records, strict=True)])

    def _put_lives(self, batch: Batch, block: BarBlock) -> None:
        order = np.argsort(block.key, kind="stable")
        key, start = block.key[order], block.start[order]
        records = self._layout.records.encode(block, order, self._keys)
        batch.put_all(Family.OPEN, self._places.of_bars(self._tags[block.level], key, start), records)
        np.maximum.at(self._open_until[block.level], key, start)

    def _delete_open(self, batch: Batch, gone: BarId) -> None:
        batch.delete_all(Family.OPEN, self._places.of_bars(self._tags[gone.level], gone.key, gone.start))

    def _put_entries(self, batch: Batch, commit: Commit) -> None:
        for name, value in commit.step.entries.items():
            if value is None:
                batch.delete_all(Family.ENTRIES, [name])
            else:
                batch.put(Family.ENTRIES, name, value)

    def _side(self, commit: Commit) -> tuple[list[bytes], list[bytes]]:
        """Refused rows under the number of the last one of each block: so the last key tells the next number."""
        encode_key = lru_cache(maxsize=_FIRST_KEYS)(self._layout.keys.encode)
        stored = list(encode_side(commit.side, encode_key))
        return [encode_start(self._next_side + each.last) for each in stored], [each.data for each in stored]


def _where(items: Sequence[bytes], mask: Booleans) -> list[bytes]:
    return [items[place] for place in np.flatnonzero(mask).tolist()]
