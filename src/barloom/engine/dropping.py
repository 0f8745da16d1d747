"""Open slots that begin after the time to which stream time is set back: they are forgotten."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import BarId

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.engine.groups import Groups
    from barloom.engine.level import Level

__all__ = ["drop_after"]


def drop_after(levels: Sequence[Level], time: int) -> Iterator[BarId]:
    """Forget the open slots that begin after `time`, finest level first; what they were.

    A parent that stays has one child with ticks less for each. What their ticks have put into it remains: folds cannot
    be undone.
    """
    for level in levels:
        rows = level.rows.all()
        gone = level.rows.gather(rows)
        wrong = gone.start > time
        if wrong.any():
            gone = gone.take(wrong)
            level.rows.remove(rows[wrong])
            for parent in levels:
                if parent.plan.child == level.position:
                    _count_less(parent, gone)
            yield BarId(level.position, gone.key, gone.start)


def _count_less(parent: Level, children: Groups) -> None:
    known = parent.grid.knows(children.start)
    within = parent.within(children.start)
    known &= True if within is None else within
    rows = parent.rows.find(children.key[known], parent.grid.round_to_slot(children.start[known]).start)
    held, number = np.unique(rows[rows >= 0], return_counts=True)
    if len(held):
        groups = parent.rows.gather(held)
        groups.children -= number
        parent.rows.update(held, groups)
