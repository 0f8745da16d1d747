"""Gaps where every key has a time of its own: only keys whose time has moved are looked at."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.gaps import Anchors, Gaps, taken
from barloom.engine.groups import Groups
from barloom.engine.open_rows import OpenRows
from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from barloom.engine.level import Level
    from barloom.engine.market import Market
    from barloom.engine.times.protocol import Reach
    from barloom.time.calendar import Booleans, Integers

__all__ = ["GapsByKey"]

_ENDLESS = np.iinfo(np.int64).max - 1
_ORDINAL, _FILLED = 0, 1


class GapsByKey(Gaps):
    """Holds the latest final of each key in a table, and its slot and how far its gaps were looked at in columns."""

    def __init__(self, level: Level, market: Market) -> None:
        super().__init__(level, market)
        self._table = OpenRows(level.partials)
        self._columns: Integers = np.full((2, 0), BEGINNING)
        self._clock_at = BEGINNING

    def restore(self, latest: Groups | None, reach: Reach) -> None:
        """Continue after the latest real final of each key."""
        if latest is not None and len(latest):
            self._keep(self._anchors_of(latest), np.ones(len(latest), np.bool_))
            self._fill_to(latest.key, self._level.decided_to(latest.key, reach), reach)

    def _held_for(self, finals: Groups | None, reach: Reach) -> Anchors:
        """The anchors of keys that have moved; of all where the clock has passed the end of a slot."""
        if self._passed_by_clock(reach):
            rows = self._table.all()
        else:
            keys = reach.moved if finals is None else np.union1d(reach.moved, finals.key)
            rows = self._table.find(keys, np.zeros(len(keys), np.int64))
            rows = rows[rows >= 0]
        held = self._table.gather(rows)
        return Anchors(held.key, self._columns[_ORDINAL, held.key], held.close_time, held.values)

    def _passed_by_clock(self, reach: Reach) -> bool:
        if reach.clock is None:
            return False
        before, self._clock_at = self._clock_at, int(self._level.grid.ended(np.array([reach.clock]))[0])
        return self._clock_at > before

    def _filled(self, key: Integers) -> Integers:
        self._know(key)
        filled: Integers = self._columns[_FILLED, key]
        return filled

    def _fill_to(self, key: Integers, decided: Integers, reach: Reach) -> None:  # noqa: ARG002 - of each key
        self._columns[_FILLED, key] = decided

    def _keep(self, anchors: Anchors, alive: Booleans) -> None:
        """Hold the latest anchor of each key; one that gaps can no longer follow is forgotten."""
        self._know(anchors.key)
        last = np.append(anchors.key[1:] != anchors.key[:-1], True)[: len(anchors.key)]
        kept, gone = np.flatnonzero(last & alive), np.flatnonzero(last & ~alive)
        nothing, values = np.zeros(len(kept), np.int64), [taken(value, kept) for value in anchors.values]
        time = anchors.time[kept]
        ends = np.full(len(kept), _ENDLESS)
        groups = Groups(anchors.key[kept], nothing, ends, time, time, nothing, nothing, values)
        rows = self._table.find(groups.key, groups.start)
        self._table.update(rows[rows >= 0], groups.take(rows >= 0))
        self._table.insert(groups.take(rows < 0))
        self._columns[_ORDINAL, groups.key] = anchors.ordinal[kept]
        dead = self._table.find(anchors.key[gone], np.zeros(len(gone), np.int64))
        self._table.remove(dead[dead >= 0])

    def _know(self, key: Integers) -> None:
        needed, held = int(key.max(initial=-1)) + 1, self._columns.shape[1]
        if needed > held:
            grown = np.full((2, max(needed, held * 3 // 2)), BEGINNING)
            grown[:, :held] = self._columns
            self._columns = grown
