"""Which slots absent numbers may lie in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from barloom.time.calendar import SlotGrid

__all__ = ["slots_meeting"]


def slots_meeting(grid: SlotGrid, start: int, end: int) -> tuple[int, int]:
    """The ordinals (first, and behind the last) of the slots that meet a span of time, both of whose ends count.

    Empty where the calendar does not tell.
    """
    edges = np.array([start, end + 1])
    if not grid.knows(edges).all():
        return 0, 0
    return int(grid.ended(edges[:1])[0]), int(grid.ordinal(edges[1:])[0])
