"""Rows gathered by (key, slot).

How ticks become partials, partials of children become partials of parents, and two partials of one slot merge.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import Numbers, Values
from barloom.engine.values import exact
from barloom.plan.barplan import Fold

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock
    from barloom.plan.barplan import BarPlan, Partial
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Groups", "fold_runs", "groups_of", "merge", "run_starts", "with_mask"]

_BEYOND_DECIMALS = 10**39
_LARGEST = np.iinfo(np.int64).max


@dataclass(slots=True)
class Groups:
    """The gathered rows of some (key, slot) pairs, each pair once; `children` counts child slots with ticks.

    `values` stand in the order of `BarPlan.partials`; of groups with ticks those in `BarPlan.optional` have a mask and
    the others none.
    """

    key: Integers
    start: Integers
    end: Integers
    open_time: Integers
    close_time: Integers
    revision: Integers
    children: Integers
    values: list[Values]

    def __len__(self) -> int:
        return len(self.key)

    @staticmethod
    def of(columns: Sequence[Integers], values: list[Values]) -> Groups:
        """Groups of the columns that `columns` gives, in that order."""
        key, start, end, open_time, close_time, revision, children = columns
        return Groups(key, start, end, open_time, close_time, revision, children, values)

    @property
    def columns(self) -> tuple[Integers, ...]:
        """The columns beside the partials."""
        return (self.key, self.start, self.end, self.open_time, self.close_time, self.revision, self.children)

    def take(self, rows: Integers | Booleans) -> Groups:
        """Some of the rows, by position or mask."""
        values = [Values(v.numbers[rows], None if v.valid is None else v.valid[rows]) for v in self.values]
        return Groups.of([column[rows] for column in self.columns], values)

    @staticmethod
    def concat(parts: Sequence[Groups]) -> Groups:
        """All rows of several groups."""
        if len(parts) == 1:
            return parts[0]
        columns = [np.concatenate(arrays) for arrays in zip(*(part.columns for part in parts), strict=True)]
        values = [_concat_values(values) for values in zip(*(part.values for part in parts), strict=True)]
        return Groups.of(columns, values)

    @staticmethod
    def sorted(parts: Sequence[Groups]) -> tuple[Groups, Integers]:
        """All rows of several groups, sorted by key and by start within a key; and where each row stood."""
        together = Groups.concat(parts)
        order = np.lexsort((together.start, together.key))
        return together.take(order), order


def _concat_values(parts: Sequence[Values]) -> Values:
    numbers: Numbers = np.concatenate([part.numbers for part in parts])
    if all(part.valid is None for part in parts):
        return Values(numbers, None)
    return Values(numbers, np.concatenate([_mask(with_mask(part).valid) for part in parts]))


def with_mask(value: Values) -> Values:
    """The column with a mask, also where every row has a value."""
    return value if value.valid is not None else Values(value.numbers, np.ones(len(value.numbers), np.bool_))


def run_starts(key: Integers, start: Integers) -> Integers:
    """Where a new (key, slot) begins in columns sorted by them."""
    changes = np.empty(len(key), dtype=np.bool_)
    changes[:1] = True
    np.not_equal(key[1:], key[:-1], out=changes[1:])
    changes[1:] |= start[1:] != start[:-1]
    return np.flatnonzero(changes)


def fold_runs(partials: Sequence[Partial], values: Sequence[Values], runs: Integers, rows: int) -> list[Values]:
    """Fold each run of sorted rows into one; a count's column holds what each row adds to it."""
    ends = np.append(runs[1:], rows)
    picked: dict[int, tuple[Integers, Booleans | None]] = {}
    folded: list[Values] = []
    for position, (partial, value) in enumerate(zip(partials, values, strict=True)):
        if partial.stamp_of is not None:
            rows_found, found = picked[partial.stamp_of]
            folded.append(Values(value.numbers[rows_found], found))
        elif partial.fold in (Fold.FIRST, Fold.LAST):
            rows_found, any_found = _pick(partial.fold, value.valid, runs, ends)
            picked[position] = (rows_found, any_found)
            folded.append(Values(value.numbers[rows_found], any_found))
        else:
            folded.append(_reduce(partial.fold, value, runs))
    return folded


def _pick(fold: Fold, valid: Booleans | None, runs: Integers, ends: Integers) -> tuple[Integers, Booleans | None]:
    """The row of the first or last value of each run, and whether there is one."""
    if valid is None:
        return (runs if fold is Fold.FIRST else ends - 1), None
    positions = np.arange(len(valid))
    if fold is Fold.FIRST:
        rows = np.minimum.reduceat(np.where(valid, positions, len(valid)), runs)
    else:
        rows = np.maximum.reduceat(np.where(valid, positions, -1), runs)
    found = (rows >= runs) & (rows < ends)
    return np.where(found, rows, runs), found


def _reduce(fold: Fold, value: Values, runs: Integers) -> Values:
    numbers, valid = value
    if fold in (Fold.SUM, Fold.COUNT):
        return Values(exact.sum_runs(numbers, runs), None)
    smallest = fold is Fold.MIN
    reduce = np.minimum.reduceat if smallest else np.maximum.reduceat
    if valid is None:
        return Values(reduce(numbers, runs), None)
    found = np.logical_or.reduceat(valid, runs)
    neutral = _neutral(numbers, smallest=smallest)
    extreme = reduce(np.where(valid, numbers, neutral), runs)
    return Values(np.where(found, extreme, 0), found)


def _neutral(numbers: Numbers, *, smallest: bool) -> int:
    largest = _BEYOND_DECIMALS if numbers.dtype == object else int(_LARGEST)
    return largest if smallest else -largest


def merge(partials: Sequence[Partial], held: Groups, more: Groups) -> Groups:
    """One row for each (key, slot) of two parallel groups; rows of `more` were read after those of `held`."""
    whole = {Fold.FIRST: _earlier(partials, held, more), Fold.LAST: _later(partials, held, more)}
    values: list[Values] = []
    taken: dict[int, Booleans] = {}
    for position, partial in enumerate(partials):
        pair = (held.values[position], more.values[position])
        if partial.stamp_of is not None:
            values.append(_choose(taken[partial.stamp_of], *pair))
        elif partial.fold in (Fold.FIRST, Fold.LAST):
            take = whole[partial.fold] if pair[0].valid is None else _take_by_stamp(partials, position, held, more)
            taken[position] = take
            values.append(_choose(take, *pair))
        else:
            values.append(_combine(partial.fold, *pair))
    return Groups(
        held.key,
        held.start,
        held.end,
        np.minimum(held.open_time, more.open_time),
        np.maximum(held.close_time, more.close_time),
        held.revision + more.revision,
        held.children + more.children,
        values,
    )


def _earlier(partials: Sequence[Partial], held: Groups, more: Groups) -> Booleans:
    """Where the first row of a slot is one of `more`."""
    before = more.open_time < held.open_time
    tie = _tie(partials, held, Fold.FIRST)
    if tie is None:
        return before
    smaller = np.asarray(more.values[tie].numbers < held.values[tie].numbers, np.bool_)
    earlier: Booleans = before | ((more.open_time == held.open_time) & smaller)
    return earlier


def _later(partials: Sequence[Partial], held: Groups, more: Groups) -> Booleans:
    """Where the last row of a slot is one of `more`."""
    tie = _tie(partials, held, Fold.LAST)
    if tie is None:
        return more.close_time >= held.close_time
    larger = np.asarray(more.values[tie].numbers >= held.values[tie].numbers, np.bool_)
    later: Booleans = (more.close_time > held.close_time) | ((more.close_time == held.close_time) & larger)
    return later


def _tie(partials: Sequence[Partial], held: Groups, fold: Fold) -> int | None:
    """The column with the tiebreak of a slot's first or last row, where one is declared."""
    for position, partial in enumerate(partials):
        stamped = partial.stamp_of
        is_tie = stamped is not None and partial.expression is not None and partial.fold is fold
        if is_tie and held.values[stamped or 0].valid is None:
            return position
    return None


def _take_by_stamp(partials: Sequence[Partial], position: int, held: Groups, more: Groups) -> Booleans:
    """Where a first or last that skips rows comes from `more`: by the time of its own value, not of the bar."""
    stamp, *tie = [number for number, partial in enumerate(partials) if partial.stamp_of == position]
    ours, theirs = held.values[stamp], more.values[stamp]
    first = partials[position].fold is Fold.FIRST
    wins = _beats(ours, theirs, first=first, strictly=first or bool(tie))
    if tie:
        wins |= (theirs.numbers == ours.numbers) & _beats(
            held.values[tie[0]], more.values[tie[0]], first=first, strictly=first
        )
    return _mask(theirs.valid) & (~_mask(ours.valid) | wins)


def _beats(ours: Values, theirs: Values, *, first: bool, strictly: bool) -> Booleans:
    """Where their number is smaller (`first`) or larger; without `strictly` also where it is the same."""
    beats = theirs.numbers < ours.numbers if first else theirs.numbers > ours.numbers
    return np.asarray(beats if strictly else beats | (theirs.numbers == ours.numbers), np.bool_)


def _mask(valid: Booleans | None) -> Booleans:
    if valid is None:
        message = "a column that skips rows always says where it has a value"
        raise AssertionError(message)
    return valid


def _choose(take: Booleans, held: Values, more: Values) -> Values:
    numbers: Numbers = np.where(take, more.numbers, held.numbers)
    if held.valid is None or more.valid is None:
        return Values(numbers, None)
    return Values(numbers, np.where(take, more.valid, held.valid))


def _combine(fold: Fold, held: Values, more: Values) -> Values:
    if fold in (Fold.SUM, Fold.COUNT):
        return Values(exact.add(held.numbers, more.numbers), None)
    extreme = exact.minimum if fold is Fold.MIN else exact.maximum
    numbers = extreme(held.numbers, more.numbers)
    if held.valid is None or more.valid is None:
        return Values(numbers, None)
    numbers = np.where(held.valid, np.where(more.valid, numbers, held.numbers), more.numbers)
    return Values(numbers, held.valid | more.valid)


def groups_of(plan: BarPlan, block: BarBlock) -> Groups:
    """The engine's side of a stored block with ticks."""
    values = [
        with_mask(value) if position in plan.optional else Values(value.numbers, None)
        for position, value in enumerate(block.partials)
    ]
    return Groups(
        block.key,
        block.start,
        block.end,
        block.open_time,
        block.close_time,
        block.revision,
        block.filled,
        values,
    )
