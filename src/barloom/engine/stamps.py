"""The slots of rows by their times: ticks lie in theirs; bars are stamped with a side, a date, or by a clock."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.market import Placed
from barloom.plan.barplan import InputKind
from barloom.plan.stamps import Side, Stamp
from barloom.time.dates import dates_of, moments_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.engine.market import Market
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Stamps", "in_their_slots"]


class Stamps:
    """Places rows in the base slots of a market, by what their definition says of their times."""

    def __init__(self, plan: BarPlan, market: Market) -> None:
        self._market = market
        self._base = plan.base.timeframe
        self._zone = plan.source.zone or "UTC"
        stamp = Stamp.parse(plan.stamped) if plan.input is InputKind.BARS else Stamp(Side.START)
        self._side, self._before = stamp.side, stamp.before

    def place(self, times: Integers, takes: Callable[[], Booleans] | None = None) -> Placed:
        """The base slots of times; `takes` is `Market.place`'s."""
        match self._side:
            case Side.START:
                return self._market.place(times, takes)
            case Side.END:
                return self._market.place(times + (self._before - 1))
            case Side.DATE:
                return self._of_dates(times)
            case Side.CLOCK:
                return self._by_clock(times)

    def off(self, times: Integers, placed: Placed) -> Booleans:
        """Which rows lie in a slot, but not where it is stamped."""
        off: Booleans = placed.inside & (self._stamped(times, placed.start, placed.end) != times)
        return off

    def nearest(self, times: Integers, start: Integers, end: Integers) -> Integers:
        """The time nearest to each row's own at which some slot is stamped; outside every slot its own time."""
        nearest = self._stamped(times, start, end)
        if self._side in (Side.START, Side.END):
            beside = self._beside(start, end)
            nearest = np.where(np.abs(beside - times) < np.abs(nearest - times), beside, nearest)
        return np.where(start == end, times, nearest)

    def _stamped(self, times: Integers, start: Integers, end: Integers) -> Integers:
        """When the slots with these bounds are stamped: of several times the row's own, if it is one of them."""
        match self._side:
            case Side.START:
                return start
            case Side.END:
                return end - self._before
            case Side.DATE:
                return dates_of(times, self._zone).midnight
            case Side.CLOCK:
                struck = end - self._base.nanos
                return np.where((struck == times) & (struck < start), struck, start)

    def _beside(self, start: Integers, end: Integers) -> Integers:
        """When the neighbouring slot is stamped of which the row may be; where there is none, its own slot."""
        grid, ends = self._market.grids[0], self._side is Side.END
        edge = start if ends else end
        within = start - 1 if ends else end
        touching = grid.knows(within) & (start != end)
        first, last, inside = grid.round_to_slot(within[touching])
        touching[touching] = inside & ((last if ends else first) == edge[touching])
        return np.where(touching, edge - self._before, self._stamped(start, start, end))

    def _of_dates(self, times: Integers) -> Placed:
        date = dates_of(times, self._zone).date
        moment, there = moments_of(self._market.calendar, self._base, date)
        placed = self._market.place(moment)
        return placed._replace(inside=placed.inside & there)

    def _by_clock(self, times: Integers) -> Placed:
        """Where no session is open yet when the clock strikes, the slot that is open when it strikes next."""
        start, end, inside, beyond = self._market.place(times)
        closed = np.flatnonzero(~inside & ~beyond)
        struck, length = times[closed], self._base.nanos
        later = self._market.place(struck + length - 1)
        meant = later.inside & (later.end - length == struck) & (later.start > struck)
        found = closed[meant]
        start, end, inside = start.copy(), end.copy(), inside.copy()
        start[found], end[found], inside[found] = later.start[meant], later.end[meant], True
        return Placed(start, end, inside, beyond)


def in_their_slots(start: Integers, end: Integers, arrivals: Integers | None) -> Integers | None:
    """Arrivals as if each state had happened when its slot began, and come as long after that as it came after its bar.

    A state is as old as its arrival while its slot lasts: then it has come at once.
    """
    return None if arrivals is None else start + arrivals - np.clip(arrivals, start, end - 1)
