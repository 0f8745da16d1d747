"""One timeframe of the ladder: its open slots, and which of them close."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.engine.groups import Groups, fold_runs, merge, run_starts
from barloom.engine.open_rows import OpenRows
from barloom.errors import CalendarError

if TYPE_CHECKING:
    from barloom.engine.floors import Floor
    from barloom.engine.market import Market
    from barloom.engine.times.protocol import Reach
    from barloom.plan.barplan import BarPlan, LevelPlan
    from barloom.time.calendar import Booleans, Integers, SlotGrid

__all__ = ["Absorbed", "Closed", "Level", "all_finals", "parents_of"]

_NO_ROWS = np.empty(0, np.int64)


class Absorbed(NamedTuple):
    """What taking in groups did.

    Which groups open their slot, the open rows that changed, the groups that need a row, and those that need none since
    their slot closes at once.
    """

    fresh: Booleans
    touched: Integers
    opening: Groups | None
    passing: Groups | None


class Closed(NamedTuple):
    """Groups whose slot closes, and how many children each took in (bars as input)."""

    groups: Groups
    arrived: Integers


class Level:
    """The open slots of one timeframe."""

    def __init__(self, position: int, plan: BarPlan, market: Market, floor: Floor) -> None:
        self.position = position
        self.plan: LevelPlan = plan.levels[position]
        self._market = market
        self.floor = floor
        self.partials = plan.partials
        self.rows = OpenRows(plan.partials)
        self.stopped: str | None = None
        self.left_out: int | None = None

    @property
    def grid(self) -> SlotGrid:
        """Its slots."""
        return self._market.grids[self.position]

    @property
    def child_grid(self) -> SlotGrid | None:
        """The slots it is made of; none for the base."""
        return self._market.children[self.position]

    def within(self, starts: Integers) -> Booleans | None:
        """Of which of the children that begin then it is made; none: of all."""
        return self._market.within(self.position, starts)

    def lacks(self, times: Integers, known: Booleans) -> Booleans:
        """Which of the times with a `known` slot lie in the one whose first children were left out."""
        lacking = np.zeros(len(times), np.bool_)
        since = np.array([0 if self.left_out is None else self.left_out])
        if self.left_out is not None and self.grid.knows(since)[0]:
            incomplete = self.grid.round_to_slot(since).start[0]
            lacking[known] = self.grid.round_to_slot(times[known]).start == incomplete
        return lacking

    def recut(self) -> Integers:
        """Give open slots the ends that a changed calendar has for them; the rows where it moved."""
        rows = self.rows.all()
        held = self.rows.gather(rows)
        known = self.grid.knows(held.start)
        rows, held = rows[known], held.take(known)
        end = self.grid.round_to_slot(held.start).end
        moved = end != held.end
        self.rows.recut(rows[moved], end[moved])
        changed: Integers = rows[moved]
        return changed

    def absorb(self, groups: Groups, boundary: Integers | int | None) -> Absorbed:
        """Fold groups (sorted by key and start) into the open slots; new ones are opened by `open`.

        New slots that end at or before their `boundary` pass through without a row; none: every slot gets a row.
        """
        rows = self.rows.find(groups.key, groups.start)
        held = rows >= 0
        touched = _NO_ROWS
        if held.any():
            touched = rows[held]
            self.rows.update(touched, merge(self.partials, self.rows.gather(touched), groups.take(held)))
        fresh = ~held
        if boundary is None:
            return Absorbed(fresh, touched, _some(groups, fresh), None)
        ended = groups.end <= boundary
        return Absorbed(fresh, touched, _some(groups, fresh & ~ended), _some(groups, fresh & ended))

    def open(self, opening: Groups | None) -> Integers:
        """Open new slots; after `close`, so that the rows of the slots that close are free for them."""
        return _NO_ROWS if opening is None else self.rows.insert(opening)

    def replace(self, groups: Groups) -> Absorbed:
        """Put groups in the place of what their slots held, of which only the number of rows is kept."""
        rows = self.rows.find(groups.key, groups.start)
        held = rows >= 0
        later = groups.take(held)
        later.revision += self.rows.gather(rows[held]).revision
        self.rows.update(rows[held], later)
        return Absorbed(~held, rows[held], _some(groups, ~held), None)

    def close(self, rows: Integers, passing: Groups | None = None) -> Closed | None:
        """Take rows out of the table, together with groups that pass through; sorted by key and start."""
        if not len(rows):
            return None if passing is None else Closed(passing, np.zeros(len(passing), np.int64))
        arrived = self.rows.arrived[rows]
        leaving = self.rows.gather(rows)
        self.rows.remove(rows)
        parts = [leaving] if passing is None else [leaving, passing]
        groups, order = Groups.sorted(parts)
        if passing is not None:
            arrived = np.concatenate([arrived, np.zeros(len(passing), np.int64)])
        return Closed(groups, arrived[order])

    def expected(self, start: Integers, end: Integers) -> Integers:
        """How many children the calendar asks for; 1 for the base."""
        if self.child_grid is None:
            return np.ones(len(start), np.int64)
        return self.child_grid.ordinal(end) - self.child_grid.ordinal(start)

    def decided_to(self, key: Integers, reach: Reach) -> Integers:
        """The ordinal of the first slot of each key that is not decided."""
        return _ended(self.grid, reach.of(key), len(key))

    def decided(self, groups: Groups, reach: Reach) -> Integers:
        """How many children of the slots are decided; for the base, whether it is itself."""
        start, end, boundary = groups.start, groups.end, reach.of(groups.key)
        if self.child_grid is None:
            return (end <= boundary).astype(np.int64)
        passed = _ended(self.child_grid, boundary, len(start)) - self.child_grid.ordinal(start)
        limited: Integers = np.clip(passed, 0, self.expected(start, end))
        return limited


def _some(groups: Groups, which: Booleans) -> Groups | None:
    if not which.any():
        return None
    return groups if which.all() else groups.take(which)


def _ended(grid: SlotGrid, boundary: Integers | int, rows: int) -> Integers:
    """The ordinal of the first slot that ends after a boundary, of one for all rows or of one for each."""
    if isinstance(boundary, int):
        return np.full(rows, grid.ended(np.array([boundary]))[0])
    return grid.ended(boundary)


def all_finals(closed: Closed | None, filled: Groups | None) -> tuple[Groups, Integers, Booleans]:
    """Slots that close and those that were `filled`, by key and start: how many children arrived, which have no ticks.

    One of the two is given.
    """
    if filled is None and closed is not None:
        return closed.groups, closed.arrived, np.zeros(len(closed.groups), np.bool_)
    groups, order = Groups.sorted([part for part in (closed and closed.groups, filled) if part is not None])
    synthetic = order >= (0 if closed is None else len(closed.groups))
    arrived = np.zeros(len(groups), np.int64)
    if closed is not None:
        arrived[~synthetic] = closed.arrived[order[~synthetic]]
    return groups, arrived, synthetic


def parents_of(level: Level, children: Groups, fresh: Booleans) -> Groups | None:
    """Child groups folded into the slots of a parent level; a child counts where it opened its own slot.

    Children outside of the hours that the level is made of are left out. So are those whose parent slot reaches beyond
    the calendar, and the level remembers why and since when: a calendar that knows more later does not make a bar of
    the rest of such a slot.
    """
    within = level.within(children.start)
    if within is not None:
        if not within.any():
            return None
        children, fresh = children.take(within), fresh[within]
    known = level.grid.knows(children.start) if level.left_out is not None else None
    try:
        start, end, _ = level.grid.round_to_slot(children.start)
    except CalendarError as error:
        level.stopped = f"{level.plan.timeframe} stops: {error}"
        known = level.grid.knows(children.start)
        earliest = int(children.start[~known].min())
        level.left_out = earliest if level.left_out is None else min(level.left_out, earliest)
    if known is not None:
        known &= ~level.lacks(children.start, known)
        if not known.any():
            return None
        children, fresh = children.take(known), fresh[known]
        start, end, _ = level.grid.round_to_slot(children.start)
    runs = run_starts(children.key, start)
    last = np.append(runs[1:], len(children)) - 1
    return Groups(
        children.key[runs],
        start[runs],
        end[runs],
        children.open_time[runs],
        children.close_time[last],
        np.add.reduceat(children.revision, runs),
        np.add.reduceat(fresh.astype(np.int64), runs),
        fold_runs(level.partials, children.values, runs, len(children)),
    )
