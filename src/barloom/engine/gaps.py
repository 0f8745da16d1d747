"""What stands in decided slots without ticks: bars at the previous close, or bars of nulls."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import Numbers, Values
from barloom.engine.groups import Groups, with_mask
from barloom.engine.times.stream_time import BEGINNING
from barloom.plan.barplan import Fold, Gap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.level import Level
    from barloom.engine.market import Market
    from barloom.engine.times.protocol import Reach
    from barloom.plan.barplan import Partial
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Anchors", "Gaps", "empty_values", "taken"]

_NOTHING = np.empty(0, np.int64)
_ANY_KEY = np.zeros(1, np.int64)


@dataclass(slots=True)
class Anchors:
    """Real finals that empty slots may follow: their slot's ordinal, last tick and values."""

    key: Integers
    ordinal: Integers
    time: Integers
    values: list[Values]


class Gaps:
    """Fills the empty slots of one level, for each key from its first final on.

    A slot is filled while no more than `carry_limit` of session time lies between the key's last tick and the
    slot's start: decided by the slot alone, so live and backfill agree. Keys past that are not looked at again until
    they trade.
    """

    def __init__(self, level: Level, market: Market) -> None:
        self._level = level
        self._market = market
        self._anchors = Anchors(_NOTHING, _NOTHING, _NOTHING, [])
        self._filled_to: int | None = None

    def fill(self, finals: Groups | None, reach: Reach, *, ending: bool = False) -> Groups | None:
        """The synthetic groups of decided slots (`ending`: only those between finals)."""
        anchors, fresh = self._line_up(self._held_for(finals, reach), finals)
        decided = self._level.decided_to(anchors.key, reach)
        if not len(anchors.key):
            self._fill_to(anchors.key, decided, reach)
            return None
        limit = self._limits(anchors.time)
        first = np.where(fresh, anchors.ordinal + 1, np.maximum(anchors.ordinal + 1, self._filled(anchors.key)))
        if self._level.floor:
            first = np.maximum(first, self._published_to(anchors.key))
        last_of_key = np.append(anchors.key[1:] != anchors.key[:-1], True)
        following = np.append(anchors.ordinal[1:], 0)
        stop = np.where(last_of_key, 0 if ending else decided, following)
        counts = np.clip(np.minimum(stop, limit) - first, 0, None)
        self._keep(anchors, last_of_key & (limit > decided))
        self._fill_to(anchors.key[last_of_key], decided[last_of_key], reach)
        return self._synthetic(anchors, first, counts)

    def restore(self, latest: Groups | None, reach: Reach) -> None:
        """Continue after the latest real final of each key."""
        if latest is not None:
            self._anchors = self._anchors_of(latest)
        self._fill_to(self._anchors.key, self._level.decided_to(self._anchors.key, reach), reach)

    def _held_for(self, finals: Groups | None, reach: Reach) -> Anchors:  # noqa: ARG002 - time moves for all
        """The held anchors behind which slots may have been decided."""
        return self._anchors

    def _filled(self, key: Integers) -> Integers:
        """The first slot of each key that was not looked at."""
        return np.full(len(key), BEGINNING if self._filled_to is None else self._filled_to)

    def _fill_to(self, key: Integers, decided: Integers, reach: Reach) -> None:  # noqa: ARG002 - one for all
        """All slots before the decided ones of these keys were looked at."""
        self._filled_to = int(self._level.decided_to(_ANY_KEY, reach)[0])

    def _anchors_of(self, finals: Groups) -> Anchors:
        return Anchors(finals.key, self._level.grid.ordinal(finals.start), finals.close_time, finals.values)

    def _line_up(self, held: Anchors, finals: Groups | None) -> tuple[Anchors, Booleans]:
        """Held and new anchors by key and slot, and which are new."""
        if finals is None:
            return held, np.zeros(len(held.key), np.bool_)
        new = self._anchors_of(finals)
        if not len(held.key):
            return new, np.ones(len(new.key), np.bool_)
        key = np.concatenate([held.key, new.key])
        ordinal = np.concatenate([held.ordinal, new.ordinal])
        order = np.lexsort((ordinal, key))
        values = [_joined(pair, order) for pair in zip(held.values, new.values, strict=True)]
        time = np.concatenate([held.time, new.time])[order]
        return Anchors(key[order], ordinal[order], time, values), order >= len(held.key)

    def _published_to(self, key: Integers) -> Integers:
        """The ordinal of the first slot above each key's floor."""
        floor = self._level.floor.of(key)
        ordinals = np.full(len(key), BEGINNING)
        has = floor > BEGINNING
        ordinals[has] = self._level.grid.ordinal(floor[has])
        return ordinals

    def _limits(self, time: Integers) -> Integers:
        """The ordinal of the first slot that is too far from each last tick."""
        return self._level.grid.ordinal(self._market.calendar.advance(time, self._level.plan.carry_limit + 1))

    def _keep(self, anchors: Anchors, alive: Booleans) -> None:
        values = [taken(value, alive) for value in anchors.values]
        self._anchors = Anchors(anchors.key[alive], anchors.ordinal[alive], anchors.time[alive], values)

    def _synthetic(self, anchors: Anchors, first: Integers, counts: Integers) -> Groups | None:
        total = int(counts.sum())
        if not total:
            return None
        source = np.repeat(np.arange(len(counts)), counts)
        begins = np.cumsum(counts) - counts
        ordinals = first[source] + (np.arange(total) - begins[source])
        start, end = self._level.grid.bounds(ordinals)
        nothing = np.zeros(total, np.int64)
        time = anchors.time[source]
        carried = [taken(value, source) for value in anchors.values]
        values = empty_values(self._level.partials, carried, total, carry=self._level.plan.gap is Gap.CARRY)
        return Groups(anchors.key[source], start, end, time, time, nothing, nothing, values)


def empty_values(partials: Sequence[Partial], latest: Sequence[Values], rows: int, *, carry: bool) -> list[Values]:
    """The partials of bars without ticks, given those of the bars before them."""
    values: list[Values] = []
    for partial in partials:
        if carry and partial.carried is not None:
            values.append(latest[partial.carried])
        elif partial.fold in (Fold.SUM, Fold.COUNT):
            values.append(Values(np.zeros(rows, np.int64), None))
        else:
            values.append(Values(np.zeros(rows, np.int64), np.zeros(rows, np.bool_)))
    return values


def _joined(pair: tuple[Values, Values], order: Integers) -> Values:
    held, new = pair
    numbers: Numbers = np.concatenate([held.numbers, new.numbers])[order]
    if held.valid is None and new.valid is None:
        return Values(numbers, None)
    return Values(numbers, np.concatenate([with_mask(part).valid for part in pair])[order])


def taken(value: Values, rows: Integers | Booleans) -> Values:
    """Some rows of a column, by position or mask."""
    return Values(value.numbers[rows], None if value.valid is None else value.valid[rows])
