"""How much a running total has grown in each bar: from the last tick of the bar before, whenever that was.

A base slot knows the first and last total of its own ticks; how far it has grown is known when it closes, from the
last total of the key's final before it. A parent adds up what its closed base slots have grown. So the order of rows
within their delay, batches and restarts change nothing: finals of a key come in slot order, and its latest one is in
the state.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.engine.blocks import Numbers, Values
from barloom.engine.values import exact
from barloom.plan.barplan import Fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.groups import Groups
    from barloom.engine.ladder import LevelChange
    from barloom.engine.level import Level
    from barloom.plan.barplan import BarPlan, Partial
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Growth"]


class _Total(NamedTuple):
    """The positions of a total's partials, and whether it begins anew with each session."""

    first: int
    last: int
    settled: int
    shown: int
    by_session: bool


@dataclass(slots=True)
class _Slots:
    """Base slots by key and start, and how much each total has grown in them."""

    key: Integers
    start: Integers
    grown: list[Numbers]


class Growth:
    """The totals of a plan, and where each key's stood in its latest final."""

    def __init__(self, plan: BarPlan, levels: Sequence[Level]) -> None:
        self._base = levels[0]
        self._totals = _totals(plan.partials)
        self._known: Booleans = np.zeros(0, np.bool_)
        self._day: Integers = np.zeros(0, np.int64)
        self._last: list[Numbers] = [np.zeros(0, np.int64) for _ in self._totals]
        self._closed: _Slots | None = None

    def restore(self, finals: Groups | None) -> None:
        """Know again each key's latest final."""
        if finals is not None and len(finals):
            self._remember(finals)

    def take(self, change: LevelChange) -> LevelChange:
        """Settle what has closed at the base, or let a parent have it; rows of a parent that it changes are touched."""
        change = _own(change)
        if change.level is self._base:
            self._closed = None if change.closed is None else self._settle(change.closed.groups)
            return change
        return change if self._closed is None else self._feed(change, self._closed)

    def shown(self, level: Level, groups: Groups, *, final: bool) -> list[Values]:
        """The partials of bars: of live ones with what the open base slots in them have grown so far."""
        values = list(groups.values)
        for total in self._totals:
            values[total.shown] = values[total.settled]
        if final or not len(groups):
            return values
        opened = self._open(groups.key)
        place = _within(level, groups, opened)
        for total, grown in zip(self._totals, opened.grown, strict=True):
            values[total.shown] = _added(values[total.settled], place, grown)
        return values

    def _settle(self, groups: Groups) -> _Slots:
        """Say what closed base slots, sorted by key and start, have grown, and remember where they end."""
        slots = self._grown(groups)
        for total, grown in zip(self._totals, slots.grown, strict=True):
            groups.values[total.settled] = Values(grown, None)
        self._remember(groups)
        return slots

    def _open(self, keys: Integers) -> _Slots:
        rows = self._base.rows.all()
        held = self._base.rows.gather(rows[np.isin(self._base.rows.key[rows], keys)])
        return self._grown(held.take(np.lexsort((held.start, held.key))))

    def _grown(self, groups: Groups) -> _Slots:
        self._know(groups.key)
        day = self._base.grid.trading_date(groups.start)
        follows = np.zeros(len(groups), np.bool_)
        np.equal(groups.key[1:], groups.key[:-1], out=follows[1:])
        known = follows | self._known[groups.key]
        same_day = day == np.where(follows, np.roll(day, 1), self._day[groups.key])
        grown = []
        for total, latest in zip(self._totals, self._last, strict=True):
            first, last = groups.values[total.first].numbers, groups.values[total.last].numbers
            before = np.where(follows, np.roll(last, 1), latest[groups.key])
            goes_on = np.asarray(last >= before, np.bool_) & (same_day | (not total.by_session))
            begin = np.where(known, np.where(goes_on, before, 0), first)
            grown.append(exact.subtract(last, begin))
        return _Slots(groups.key, groups.start, grown)

    def _remember(self, groups: Groups) -> None:
        self._know(groups.key)
        final = np.append(groups.key[1:] != groups.key[:-1], True)
        key = groups.key[final]
        self._known[key] = True
        self._day[key] = self._base.grid.trading_date(groups.start[final])
        for place, total in enumerate(self._totals):
            numbers = groups.values[total.last].numbers[final]
            if numbers.dtype == object:
                self._last[place] = exact.widen(self._last[place])
            self._last[place][key] = numbers

    def _know(self, key: Integers) -> None:
        missing = int(key.max(initial=-1)) + 1 - len(self._known)
        if missing > 0:
            more = np.zeros(max(missing, len(self._known)), np.int64)
            self._known = np.append(self._known, more.astype(np.bool_))
            self._day = np.append(self._day, more)
            self._last = [np.append(numbers, more) for numbers in self._last]

    def _feed(self, change: LevelChange, slots: _Slots) -> LevelChange:
        level, closed = change.level, change.closed
        if closed is not None:
            self._add(closed.groups, _within(level, closed.groups, slots), slots)
        opened = _parents(level, slots)
        rows = level.rows.find(slots.key, opened)
        rows = np.unique(rows[rows >= 0])
        if not len(rows):
            return change
        held = level.rows.gather(rows)
        self._add(held, _within(level, held, slots), slots)
        level.rows.update(rows, held)
        return change._replace(touched=np.union1d(change.touched, rows))

    def _add(self, groups: Groups, place: Integers, slots: _Slots) -> None:
        for total, grown in zip(self._totals, slots.grown, strict=True):
            groups.values[total.settled] = _added(groups.values[total.settled], place, grown)


def _own(change: LevelChange) -> LevelChange:
    """With values that may be changed: those of slots that pass through are folded into parents as well."""
    if change.closed is None:
        return change
    groups = replace(change.closed.groups, values=list(change.closed.groups.values))
    return change._replace(closed=change.closed._replace(groups=groups))


def _totals(partials: Sequence[Partial]) -> list[_Total]:
    found = []
    for settled, partial in enumerate(partials):
        if partial.grown is None or partial.shown:
            continue
        whole = [each.expression == partial.expression and each.when is None for each in partials]
        first, last = (
            next(place for place, part in enumerate(partials) if whole[place] and part.fold is fold)
            for fold in (Fold.FIRST, Fold.LAST)
        )
        shown = next(place for place, part in enumerate(partials) if part.shown and _same(part, partial))
        found.append(_Total(first, last, settled, shown, partial.grown == "session"))
    return found


def _same(one: Partial, other: Partial) -> bool:
    return one.expression == other.expression and one.grown == other.grown


def _parents(level: Level, slots: _Slots) -> Integers:
    """Where the level's slots begin that base slots are part of; -1 where of none, or where the calendar ends."""
    starts = np.full(len(slots.start), -1, np.int64)
    known, within = level.grid.knows(slots.start), level.within(slots.start)
    if within is not None:
        known &= within
    starts[known] = level.grid.round_to_slot(slots.start[known]).start
    return starts


def _within(level: Level, groups: Groups, slots: _Slots) -> Integers:
    """In which of the groups each base slot lies; -1 for none."""
    pairs = np.concatenate([[groups.key, groups.start], [slots.key, _parents(level, slots)]], axis=1)
    distinct, number = np.unique(pairs, axis=1, return_inverse=True)
    place = np.full(distinct.shape[1], -1, np.int64)
    number = number.reshape(-1)
    place[number[: len(groups)]] = np.arange(len(groups))
    return place[number[len(groups) :]]


def _added(value: Values, place: Integers, grown: Numbers) -> Values:
    """The numbers with what lies in each of them."""
    inside = place >= 0
    order = np.argsort(place[inside], kind="stable")
    sorted_places = place[inside][order]
    begins = np.flatnonzero(np.diff(sorted_places, prepend=-1))
    more: Numbers = np.zeros(len(value.numbers), np.int64)
    sums = exact.sum_runs(grown[inside][order], begins)
    if sums.dtype == object:
        more = exact.widen(more)
    more[sorted_places[begins]] = sums
    return Values(exact.add(value.numbers, more), value.valid)
