"""Bars that are sent again as they grow, without a mark when they are finished: the last state of each counts.

It is settled when a newer bar of its key begins, or at its deadline. What comes of it afterwards is refused: as a
duplicate where it says the same, as a conflict where it does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.gather import gather_each
from barloom.engine.intake import Judged
from barloom.engine.times.stream_time import BEGINNING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import Values
    from barloom.engine.groups import Groups
    from barloom.engine.intake import Admitted
    from barloom.engine.market import Market
    from barloom.engine.open_rows import OpenRows
    from barloom.engine.seen import Pair, Seen
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["States"]


class States:
    """Tells last states from others, given the open slots of the base, which hold those of earlier steps."""

    def __init__(self, plan: BarPlan, market: Market, rows: OpenRows) -> None:
        self._plan = plan
        self._market = market
        self._rows = rows

    def judge(self, admitted: Admitted, before: Integers, seen: Seen) -> Judged:
        """Of states in source order, none of them late; `before` is stream time before each."""
        each = gather_each(self._plan, admitted)
        newest = self._newest(each.key)
        behind = each.start < _begun_before(each.key, each.start, newest)
        last, counts = _last_of_each(each.key, each.start, ~behind)
        self._mark(self._settled(each.take(last), newest[last]), seen)
        repeated, conflicting = np.zeros(len(each), np.bool_), np.zeros(len(each), np.bool_)
        place = np.flatnonzero(behind)
        states, nothing = each.take(place), np.zeros(len(place), np.bool_)
        repeated[place], conflicting[place] = seen.judge(
            _pairs(states), self._expires(states), before[place], nothing, _contents(states)
        )
        counts[behind & ~repeated] = 1
        return Judged(repeated, conflicting, counts)

    def _newest(self, key: Integers) -> Integers:
        """Where the newest bar of each key began in earlier steps."""
        rows = self._rows.newest(key)
        return np.where(rows < 0, BEGINNING, self._rows.starts(rows))

    def _settled(self, last: Groups, newest: Integers) -> list[Groups]:
        """The bars after which a newer one has begun with these, sorted by key and start, and `newest` before them."""
        if not len(last):
            return []
        same = np.append(last.key[1:] == last.key[:-1], False)
        first = np.insert(~same[:-1], 0, True)[: len(last)]
        displaced = last.key[first & (newest != BEGINNING) & (newest < last.start)]
        return [last.take(same), self._rows.gather(self._rows.newest(displaced))]

    def _mark(self, settled: Sequence[Groups], seen: Seen) -> None:
        for groups in settled:
            seen.mark(_pairs(groups), self._expires(groups), _contents(groups))

    def _expires(self, groups: Groups) -> Integers:
        deadlines = self._market.deadlines
        return deadlines.reached(deadlines.of(groups.end, self._plan.base.delay))


def _begun_before(key: Integers, start: Integers, newest: Integers) -> Integers:
    """Where the newest bar of its key had begun before each row."""
    order = np.argsort(key, kind="stable")
    starts, place = np.unique(start, return_inverse=True)
    of_key = np.cumsum(np.diff(key[order], prepend=-1) != 0) * (len(starts) + 1)
    reached = np.maximum.accumulate(of_key + place[order] + 1)
    earlier = np.append(0, reached[:-1]) - of_key  # up to 0 where the row is the first of its key
    begun = np.full(len(key), BEGINNING)
    begun[order] = np.where(earlier > 0, starts[np.maximum(earlier, 1) - 1], BEGINNING)
    np.maximum(begun, newest, out=begun)
    return begun


def _last_of_each(key: Integers, start: Integers, among: Booleans) -> tuple[Integers, Integers]:
    """The last row of each (key, slot) among some, sorted by them, and of how many rows it is the last."""
    rows = np.flatnonzero(among)
    order = rows[np.lexsort((start[rows], key[rows]))]
    changes = (np.diff(key[order]) != 0) | (np.diff(start[order]) != 0)
    ends = np.flatnonzero(np.append(changes, True)) if len(order) else order
    counts = np.zeros(len(key), np.int64)
    counts[order[ends]] = np.diff(ends, prepend=-1)
    return order[ends], counts


def _pairs(groups: Groups) -> list[Pair]:
    return list(zip(groups.key.tolist(), groups.start.tolist(), strict=True))


def _contents(groups: Groups) -> list[str]:
    """What each bar says, as text."""
    return ["\x00".join(map(str, row)) for row in zip(*map(_numbers, groups.values), strict=True)]


def _numbers(value: Values) -> list[int | None]:
    numbers: list[int | None] = value.numbers.tolist()
    if value.valid is None:
        return numbers
    return [number if there else None for number, there in zip(numbers, value.valid.tolist(), strict=True)]
