"""The way of new rows through the levels, finest first: from ticks, or from final bars of the base timeframe."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol, TypeAlias

import msgspec
import numpy as np

from barloom.engine.gather import gather
from barloom.engine.level import parents_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.engine.groups import Groups
    from barloom.engine.intake import Admitted
    from barloom.engine.keys import KeyIndex
    from barloom.engine.level import Closed, Level
    from barloom.engine.market import Market
    from barloom.engine.times.protocol import Reach, Times
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["BarLadder", "Ladder", "LevelChange", "TickLadder"]

_NO_ROWS = np.empty(0, np.int64)
_EARLY = b"early"

Fed: TypeAlias = tuple["Groups", "Booleans"]
"""The new groups of a level and which of them opened their slot."""


class LevelChange(NamedTuple):
    """What a step did to a level: the slots that closed, and the rows that changed and are still open."""

    level: Level
    closed: Closed | None
    touched: Integers


class Ladder(Protocol):
    """How rows climb and when slots close."""

    def climb(self, admitted: Admitted | None, times: Times) -> Iterator[LevelChange]:
        """Fold in accepted rows and close what is decided where the stream stands, finest level first."""
        ...

    def delay(self, level: Level) -> int:
        """How long after its end a slot of the level is decided."""
        ...

    def reach(self, until: int) -> int:
        """The stream time at which slots that end at or before `until` are decided, and no later one is."""
        ...

    def end(self) -> Iterator[tuple[Level, Closed | None]]:
        """Close every open slot, finest level first."""
        ...

    def restore(self, level: Level, rows: Integers, slots: Integers) -> None:
        """Know again how many children restored rows have taken in."""
        ...

    def dump(self, keys: KeyIndex) -> dict[bytes, bytes | None]:
        """The entries of the state that have changed since the last time."""
        ...

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> None:
        """From the state."""
        ...


class TickLadder:
    """Every accepted tick counts in all levels at once; a parent closes when the last of its children is decided.

    Folding a child's new partials into the parent right away gives the fold of its final children, since folds are
    associative and a tick that misses its base slot counts nowhere.
    """

    def __init__(self, plan: BarPlan, levels: Sequence[Level], market: Market) -> None:
        self._plan = plan
        self._levels = levels
        self._market = market

    def delay(self, level: Level) -> int:  # noqa: ARG002 - every level waits for its last base slot
        """The same for all levels: the base's delay decides."""
        return self._plan.base.delay

    def reach(self, until: int) -> int:
        """By the base's delay."""
        return self._market.deadlines.reach(until, self._plan.base.delay)

    def end(self) -> Iterator[tuple[Level, Closed | None]]:
        """All that is open."""
        for level in self._levels:
            yield level, level.close(level.rows.all())

    def restore(self, level: Level, rows: Integers, slots: Integers) -> None:
        """Nothing to know: children of ticks are decided by time."""

    def dump(self, keys: KeyIndex) -> dict[bytes, bytes | None]:  # noqa: ARG002 - the bars' ladder has some
        """Nothing beside the rows."""
        return {}

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> None:
        """Nothing beside the rows."""

    def climb(self, admitted: Admitted | None, times: Times) -> Iterator[LevelChange]:
        """Fold in accepted rows and close what is decided."""
        fed: dict[int, Fed] = {}
        reach = times.reach(self._plan.base.delay)
        for level in self._levels:
            groups = self._groups(level, admitted, fed)
            if groups is not None and level.floor:
                groups = level.floor.above(groups)
            touched, opening, passing = _NO_ROWS, None, None
            if groups is not None:
                fresh, touched, opening, passing = level.absorb(groups, reach.of(groups.key))
                fed[level.position] = (groups, fresh)
            ended = reach.ended(level.rows)
            if len(ended):
                touched = touched[level.rows.end[touched] > reach.of(level.rows.key[touched])]
            closed, opened = level.close(ended, passing), level.open(opening)
            yield LevelChange(level, closed, np.concatenate([touched, opened]))

    def _groups(self, level: Level, admitted: Admitted | None, fed: dict[int, Fed]) -> Groups | None:
        if admitted is None or not len(admitted.row):
            return None
        if level.plan.child is None:
            return gather(self._plan, admitted)
        if level.plan.child not in fed:
            return None
        return parents_of(level, *fed[level.plan.child])


class BarLadder:
    """Input bars are the children of the finest parents.

    A parent closes when all its expected children have arrived, and at its own deadline at the latest. Finals of a key
    come in slot order, so a complete slot waits while an earlier one may still come.

    Where the base is made, its slots are closed like those of a parent with one child, and all levels by the base's
    delay. Of bars that still grow it holds the last states: one is complete when a newer bar of its key has begun, and
    counts for its parents when it closes.
    """

    def __init__(self, plan: BarPlan, levels: Sequence[Level], market: Market) -> None:
        self._plan = plan
        self._levels = levels
        self._market = market
        self._made = [levels[position] for position in plan.published]
        self._waiting = {level.position: _NO_ROWS for level in levels}
        self._closed_to: dict[int, dict[int, int]] = {level.position: {} for level in levels}
        self._changed = False

    def delay(self, level: Level) -> int:
        """Each level has its own deadline, or that of the base where it is made."""
        return self._plan.deciding_delay(level.position)

    def reach(self, until: int) -> int:
        """By the shortest delay; levels with a longer one wait."""
        delay = min((self._plan.deciding_delay(level.position) for level in self._made), default=0)
        return self._market.deadlines.reach(until, delay)

    def restore(self, level: Level, rows: Integers, slots: Integers) -> None:
        """Know again how many children restored rows have taken in."""
        level.rows.arrived[rows] = slots if level.position else 1
        self._waiting[level.position] = np.concatenate([self._waiting[level.position], rows])

    def dump(self, keys: KeyIndex) -> dict[bytes, bytes | None]:
        """Which slots closed ahead of their deadline, where that has changed."""
        if not self._changed:
            return {}
        self._changed = False
        early = [(level, key, slot) for level, closed in self._closed_to.items() for key, slot in closed.items()]
        names = keys.rows(np.array([key for _, key, _ in early], np.int64))
        return {
            _EARLY: msgspec.json.encode(
                [(level, name, slot) for (level, _, slot), name in zip(early, names, strict=True)]
            )
        }

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> None:
        """From the state."""
        if _EARLY not in entries:
            return
        early = msgspec.json.decode(entries[_EARLY], type=list[tuple[int, list[str | int], int]])
        if early:
            ids = keys.ids_of([tuple(name) for _, name, _ in early]).tolist()
            for (level, _, slot), key in zip(early, ids, strict=True):
                self._closed_to[level][key] = slot

    def climb(self, admitted: Admitted | None, times: Times) -> Iterator[LevelChange]:
        """Fold in accepted bars and close what is complete or due."""
        fed: dict[int, Fed] = {}
        closings: dict[int, Closed | None] = {}
        for level in self._made:
            changed = self._feed(level, admitted, fed)
            if level.plan.child in closings:
                changed = np.union1d(changed, self._count_finals(level, closings[level.plan.child]))
            reach = times.reach(self.delay(level))
            complete = self._complete(level, np.union1d(changed, self._waiting[level.position]), reach)
            leaving = np.union1d(reach.ended(level.rows), complete)
            self._waiting[level.position] = np.setdiff1d(self._waiting[level.position], leaving)
            closings[level.position] = self._close(level, leaving, fed)
            yield LevelChange(level, closings[level.position], np.setdiff1d(changed, leaving))

    def end(self) -> Iterator[tuple[Level, Closed | None]]:
        """All that is open; bars that still grow count as they are."""
        fed: dict[int, Fed] = {}
        for level in self._made:
            self._feed(level, None, fed)
            yield level, self._close(level, level.rows.all(), fed)

    def _close(self, level: Level, rows: Integers, fed: dict[int, Fed]) -> Closed | None:
        """Close rows; last states count for parents from here on."""
        closed = level.close(rows)
        if level.plan.child is None and self._plan.forming:
            fed.pop(level.position, None)
            if closed is not None:
                fed[level.position] = (closed.groups, np.ones(len(closed.groups), np.bool_))
        return closed

    def _feed(self, level: Level, admitted: Admitted | None, fed: dict[int, Fed]) -> Integers:
        """Fold the new bars into the level; gives the rows that changed."""
        if level.plan.child is None:
            return self._feed_base(level, admitted, fed)
        if level.plan.child or self._plan.makes_base:
            groups = parents_of(level, *fed[level.plan.child]) if level.plan.child in fed else None
        else:
            bars = self._bars(admitted, level)
            groups = None if bars is None else parents_of(level, bars, np.ones(len(bars), np.bool_))
        if groups is None:
            return _NO_ROWS
        absorbed = level.absorb(groups, None)
        level.open(absorbed.opening)
        fed[level.position] = (groups, absorbed.fresh)
        rows = level.rows.find(groups.key, groups.start)
        if not level.plan.child and not self._plan.makes_base:
            level.rows.arrived[rows] += groups.children
        return rows

    def _feed_base(self, level: Level, admitted: Admitted | None, fed: dict[int, Fed]) -> Integers:
        """Bars of the base itself; gives the rows that changed, and those of the bars that were the newest before."""
        bars = self._bars(admitted, level)
        if bars is None:
            return _NO_ROWS
        before = level.rows.newest(bars.key) if self._plan.forming else _NO_ROWS
        absorbed = level.replace(bars) if self._plan.forming else level.absorb(bars, None)
        level.open(absorbed.opening)
        fed[level.position] = (bars, absorbed.fresh)
        rows = level.rows.find(bars.key, bars.start)
        level.rows.arrived[rows] = 1
        return np.union1d(rows, before[before >= 0])

    def _bars(self, admitted: Admitted | None, level: Level) -> Groups | None:
        """Those that are in time for a level."""
        in_time = None if admitted is None else _in_time(admitted, level.position)
        if in_time is None or not len(in_time.row):
            return None
        bars = gather(self._plan, in_time)
        if in_time.states is not None:
            bars.revision = in_time.states[np.lexsort((in_time.start, in_time.key))]
        return bars

    def _count_finals(self, level: Level, closed: Closed | None) -> Integers:
        """Let the finals of the child level arrive; gives the rows they arrived at."""
        if closed is None:
            return _NO_ROWS
        within = level.within(closed.groups.start)
        finals = closed.groups if within is None else closed.groups.take(within)
        rows = level.rows.find(finals.key, level.grid.round_to_slot(finals.start).start)
        np.add.at(level.rows.arrived, rows, 1)
        return rows

    def _complete(self, level: Level, rows: Integers, reach: Reach) -> Integers:
        """Of some rows those that have all their children and no earlier slot to wait for; the rest waits."""
        held = level.rows.gather(rows)
        full = level.rows.arrived[rows] == level.expected(held.start, held.end)
        if level.plan.child is None and self._plan.forming:
            full = held.start < level.rows.starts(level.rows.newest(held.key))
        rows, key, start = rows[full], held.key[full], held.start[full]
        self._waiting[level.position] = np.union1d(self._waiting[level.position], rows)
        closed_to = self._past_forgotten(level, reach)
        leaving: list[int] = []
        order = np.lexsort((start, key))
        rows, key, ordinals = rows[order], key[order], level.grid.ordinal(start)[order]
        passed = level.decided_to(key, reach)
        for row, of, ordinal, decided in zip(*map(np.ndarray.tolist, (rows, key, ordinals, passed)), strict=True):
            if ordinal <= max(decided, closed_to.get(of, decided)):
                closed_to[of] = ordinal + 1
                self._changed = True
                leaving.append(row)
        return np.array(leaving, np.int64)

    def _past_forgotten(self, level: Level, reach: Reach) -> dict[int, int]:
        """The next slot of each key after those that closed early; where time has caught up, it is forgotten."""
        held = self._closed_to[level.position]
        passed = level.decided_to(np.fromiter(held, np.int64, len(held)), reach).tolist()
        ahead = {key: slot for (key, slot), decided in zip(held.items(), passed, strict=True) if slot > decided}
        self._changed = self._changed or len(ahead) < len(held)
        self._closed_to[level.position] = ahead
        return ahead


def _in_time(admitted: Admitted, level: int) -> Admitted:
    """Without the bars that came too late for one level."""
    if level not in admitted.missed:
        return admitted
    kept = ~admitted.missed[level]
    return replace(
        admitted,
        row=admitted.row[kept],
        key=admitted.key[kept],
        start=admitted.start[kept],
        end=admitted.end[kept],
        time=admitted.time[kept],
        order=None,
        states=None if admitted.states is None else admitted.states[kept],
    )
