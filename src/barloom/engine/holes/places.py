"""Which slots rows and absent numbers lie in, or may lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.engine.market import Market
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers, SlotGrid

__all__ = ["LevelSlot", "Places", "slots_meeting"]

_MOST_SLOTS = 1 << 16


class LevelSlot(NamedTuple):
    """One slot of a level."""

    level: int
    start: int
    end: int


def slots_meeting(grid: SlotGrid, start: int, end: int) -> tuple[int, int]:
    """The ordinals (first, and behind the last) of the slots that meet a span of time, both of whose ends count.

    Empty where the calendar does not tell.
    """
    edges = np.array([start, end + 1])
    if not grid.knows(edges).all():
        return 0, 0
    return int(grid.ended(edges[:1])[0]), int(grid.ordinal(edges[1:])[0])


class Places:
    """The slots of all published levels."""

    def __init__(self, plan: BarPlan, market: Market) -> None:
        self._plan = plan
        self._market = market
        self._grace = plan.close_grace
        self._delay = plan.base.delay

    def reach(self, ends: Integers) -> Integers:
        """Up to when slots with these ends take ticks: beyond the close where an auction is waited for."""
        return self._market.deadlines.of(ends, 0) if self._grace else ends

    def deadlines(self, ends: Integers) -> Integers:
        """The stream times from which on slots with these ends are decided."""
        deadlines = self._market.deadlines
        return deadlines.reached(deadlines.of(ends, self._delay))

    def decided(self, now: int) -> int:
        """Slots that end at or before this are decided at a stream time."""
        return BEGINNING if now == BEGINNING else self._market.deadlines.boundary(now, self._delay)

    def may_be_decided(self, time: int, now: int) -> bool:
        """Whether a slot that a hole which begins at `time` meets may be decided; asked before it is looked at."""
        return time < now - self._delay

    def first_decided(self, start: int, end: int, now: int) -> bool:
        """Whether a slot is decided that meets a span of time."""
        grid = self._market.grids[0]
        first, stop = slots_meeting(grid, start - self._grace, end)
        if first >= stop:
            return False
        return int(grid.bounds(np.array([first]))[1][0]) <= self.decided(now)

    def of_base(self, starts: Integers) -> list[list[LevelSlot]]:
        """The slots of all levels that base slots with these starts are part of."""
        found: list[list[LevelSlot]] = [[] for _ in range(len(starts))]
        for level, grid in enumerate(self._market.grids):
            known = grid.knows(starts)
            within = self._market.within(level, starts)
            if within is not None:
                known &= within
            rows = np.flatnonzero(known)
            begin, end, _ = grid.round_to_slot(starts[rows])
            for row, one, other in zip(rows.tolist(), begin.tolist(), end.tolist(), strict=True):
                found[row].append(LevelSlot(level, one, other))
        return found

    def of_times(self, times: Integers) -> list[list[LevelSlot]]:
        """The slots of all levels that times lie in; none where no session is open."""
        placed = self._market.place(times)
        where = np.flatnonzero(placed.inside)
        found: list[list[LevelSlot]] = [[] for _ in range(len(times))]
        for row, slots in zip(where.tolist(), self.of_base(placed.start[where]), strict=True):
            found[row] = slots
        return found

    def touched(self, start: int, end: int, now: int) -> Iterator[LevelSlot]:
        """The slots of all levels that meet a span of time and are not decided at a stream time."""
        decided = self.decided(now)
        for level, grid in enumerate(self._market.grids):
            first, stop = slots_meeting(grid, max(start - self._grace, decided), end)
            stop = min(stop, first + _MOST_SLOTS)
            if first >= stop:
                continue
            begins, ends = grid.bounds(np.arange(first, stop))
            meets = (ends > decided) & (self.reach(ends) > start)
            for begin, close in zip(begins[meets].tolist(), ends[meets].tolist(), strict=True):
                yield LevelSlot(level, begin, close)

    def first_touched(self, start: int, end: int) -> dict[int, int]:
        """For each level the start of the first slot that meets a span of time."""
        found: dict[int, int] = {}
        for level in self._plan.published:
            grid = self._market.grids[level]
            first, stop = slots_meeting(grid, start - self._grace, end)
            begins, ends = grid.bounds(np.arange(first, min(stop, first + 2)))
            meets = begins[self.reach(ends) > start]
            if len(meets):
                found[level] = int(meets[0])
        return found
