"""When a slot is decided: its delay after its end, or later where a session closes and its auction is waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.errors import DefinitionError, Problem
from barloom.time.calendar import Located

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Calendar, Integers, SlotGrid

__all__ = ["Deadlines"]


class Deadlines:
    """The rule of the closing auction.

    The last slots of a segment, at every level, are decided at their end + the larger of delay and grace, and ticks
    stamped less than the grace after the close belong to them. The grace is shorter than any pause of the calendar, so
    no slot of the next segment has begun by then.
    """

    def __init__(self, calendar: Calendar, grace: int) -> None:
        self._calendar = calendar
        self._grace = grace
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
        """When slots with these ends are decided."""
        if self._grace <= delay:
            return ends + delay
        closing = self._calendar.last_close(ends) == ends
        return ends + np.where(closing, self._grace, delay)

    def boundary(self, now: int, delay: int) -> int:
        """Slots that end at or before this time are decided at stream time `now`."""
        ended = now - delay
        if self._grace <= delay:
            return ended
        closed = int(self._calendar.last_close(np.array([ended]))[0])
        return closed - 1 if now < closed + self._grace else ended

    def reach(self, until: int, delay: int) -> int:
        """The earliest stream time at which all slots that end at or before `until` are decided: others never are."""
        closed = int(self._calendar.last_close(np.array([until]))[0])
        return max(until + delay, closed + self._grace)

    def after_close(self, grid: SlotGrid, times: Integers, start: Integers, end: Integers, inside: Booleans) -> Located:
        """Put times that are outside of the session, but within the grace, into the slot that closed before."""
        closed = self._calendar.last_close(times)
        auction = ~inside & (times - closed < self._grace) & (closed <= times)
        if not auction.any():
            return Located(start, end, inside)
        start, end = start.copy(), end.copy()
        start[auction], end[auction], _ = grid.round_to_slot(closed[auction] - 1)
        return Located(start, end, inside | auction)
