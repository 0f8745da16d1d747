"""What all keys have come to, where each has a time of its own: how far the slowest of them is that is not idle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from barloom.engine.times.running import Runs
    from barloom.time.calendar import Booleans, Integers

__all__ = ["least_of", "least_reached", "returning"]


def least_of(times: Integers, idle_before: int) -> int:
    """The least of the times that are not idle; `BEGINNING` where there is none."""
    awake = times[times >= idle_before]
    return int(awake.min()) if len(awake) else BEGINNING


def returning(moving: Integers, before: Integers, ahead: Integers, idle_after: int) -> Booleans:
    """The rows at which a key appears, or is back after it was idle.

    `moving` are the times of rows that move time (`BEGINNING` for others), `before` the time of their key ahead of each
    and `ahead` the largest time of any row ahead of each.
    """
    idle_before = np.maximum(ahead, BEGINNING + idle_after) - idle_after
    away = (before == BEGINNING) | (before < idle_before)
    found: Booleans = (moving > before) & away
    return found


def least_reached(  # noqa: PLR0913, PLR0917 - the columns of a batch
    runs: Runs,
    moving: Integers,
    before: Integers,
    own: Integers,
    others: Integers,
    head: Integers,
    idle_after: int,
) -> int:
    """The largest time that all keys not idle have come to behind some row of a batch; `BEGINNING` where they never do.

    `own` are the times of the batch's keys ahead of it, `others` those of all others, `head` the largest time up to and
    with each row. Behind a row a key stands in the way
    of a time that it has not come to yet, until its next row or until it is idle. A time is reached where no key does.
    """
    after, count = np.maximum(before, moving), len(moving)
    begun, standing = after > BEGINNING, own > BEGINNING
    until = np.minimum(_next_rows(runs, count), np.searchsorted(head, after + idle_after, "right"))
    held = np.concatenate([own[standing], others])
    first_row = np.concatenate([runs.order[runs.begin][standing], np.full(len(others), count)])
    held_until = np.minimum(first_row, np.searchsorted(head, held + idle_after, "right"))
    rows, any_begun = np.arange(count), np.logical_or.accumulate(begun) | (len(held) > 0)

    def reached(time: int) -> bool:
        """Whether there is a row behind which no key stands in the way."""
        blocked = np.where(begun & (after < time), until, 0)
        blocked[0] = max(int(blocked[0]), int(held_until[held < time].max(initial=0)))
        return bool((any_begun & (np.maximum.accumulate(blocked) <= rows)).any())

    times = np.unique(np.concatenate([after[begun], held]))
    low, high = 0, len(times)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if reached(int(times[middle])) else (low, middle)
    return int(times[low - 1]) if low else BEGINNING


def _next_rows(runs: Runs, count: int) -> Integers:
    """For each row the next one of its key; behind the last of them the number of rows."""
    following = np.append(runs.order[1:], count)
    following[np.append(runs.begin[1:], len(runs.order)) - 1] = count
    found = np.empty(count, np.int64)
    found[runs.order] = following
    return found
