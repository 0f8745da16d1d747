"""When a slot is decided: its delay after its end, or later where a session closes and its auction is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.times.stream_time import BEGINNING
from barloom.engine.values.evaluate import condition
from barloom.errors import DefinitionError, Problem
from barloom.time.calendar import Located

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.engine.values.evaluate import Columns
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Calendar, Integers, SlotGrid

__all__ = ["Deadlines", "auction"]


def auction(plan: BarPlan, columns: Columns) -> Callable[[], Booleans] | None:
    """Which rows of a batch count behind a close; none: all of them."""
    when = plan.close_grace_when
    return None if when is None else lambda: condition(when, columns)


class Deadlines:
    """The rule of the closing auction.

    The last slots of regular hours, at every level, are decided at their end + the larger of delay and grace, and ticks
    stamped less than the grace after the close belong to them. The grace is shorter than any pause of regular hours, so
    no regular slot has begun by then. Slots of the hours after them wait, too, so that bars stay in order.

    A slot of ticks is decided when stream time reaches its deadline. With bars as input (`beyond`) it has to go beyond:
    the bars of many keys end at one time, and the first of them would close the parents of all others before their last
    child.
    """

    def __init__(self, calendar: Calendar, grace: int, *, beyond: bool = False) -> None:
        self._calendar = calendar
        self._grace = grace
        self._margin = int(beyond)
        if grace and grace >= calendar.shortest_pause:
            pause = calendar.shortest_pause // 1_000_000_000
            what = f"a grace of {grace // 1_000_000_000} s after the close does not fit"
            fix = (
                f"make it shorter than the shortest pause of {calendar.name!r}, {pause} s"
                if pause
                else (f"leave it out: {calendar.name!r} never closes")
            )
            raise DefinitionError([Problem(what, "close_grace", fix)])

    def of(self, ends: Integers, delay: int) -> Integers:
        """The deadlines of slots with these ends."""
        if self._grace <= delay:
            return ends + delay
        closed = self._calendar.last_close(ends)
        waits = ends - np.maximum(closed, ends - self._grace) < self._grace
        return np.where(waits, np.maximum(ends + delay, closed + self._grace), ends + delay)

    def reached(self, deadlines: Integers) -> Integers:
        """The stream times from which on slots with these deadlines are decided."""
        return deadlines + self._margin

    def boundary(self, now: int, delay: int) -> int:
        """Slots that end at or before this time are decided at stream time `now`."""
        now -= self._margin
        ended = now - delay
        if self._grace <= delay:
            return ended
        closed = int(self._calendar.last_close(np.array([ended]))[0])
        return closed - 1 if now < closed + self._grace else ended

    def boundaries(self, now: Integers, delay: int) -> Integers:
        """The same of many stream times; where one has not begun nothing is decided."""
        began = now > BEGINNING
        ended = np.where(began, now, 0) - self._margin - delay
        if self._grace > delay:
            closed = self._calendar.last_close(ended)
            ended = np.where(ended + delay < closed + self._grace, closed - 1, ended)
        return np.where(began, ended, BEGINNING)

    def reach(self, until: int, delay: int) -> int:
        """The earliest stream time at which all slots that end at or before `until` are decided: others never are."""
        closed = int(self._calendar.last_close(np.array([until]))[0])
        return max(until + delay, closed + self._grace) + self._margin

    def after_close(
        self, grid: SlotGrid, times: Integers, located: Located, takes: Callable[[], Booleans] | None = None
    ) -> Located:
        """Put times within the grace into the slot that closed before, of all rows or those that it `takes`."""
        if not len(times) or not self._reaches(int(times.min()), int(times.max())):
            return located
        closed = self._calendar.last_close(times)
        auction = times - np.maximum(closed, times - self._grace) < self._grace
        if takes is not None and auction.any():
            auction &= takes()
        start, end, inside = located.start.copy(), located.end.copy(), located.inside
        start[auction], end[auction], _ = grid.round_to_slot(closed[auction] - 1)
        return Located(start, end, inside | auction)

    def _reaches(self, first: int, last: int) -> bool:
        """Whether some time between two may lie within the grace; mostly a batch lies between two closes."""
        closed = self._calendar.last_close(np.array([first, last], np.int64)).tolist()
        return bool(closed[0] != closed[1]) or first - closed[0] < self._grace
