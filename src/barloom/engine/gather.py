"""From accepted rows to the partials of base slots."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from barloom.engine.blocks import Numbers, Values
from barloom.engine.groups import Groups, fold_runs, run_starts, with_mask
from barloom.engine.order import stable_order
from barloom.engine.values import exact
from barloom.engine.values.evaluate import condition, number
from barloom.plan.barplan import Fold
from barloom.plan.nodes import Column, IsNull

if TYPE_CHECKING:
    from barloom.engine.intake import Admitted
    from barloom.engine.values.evaluate import Columns
    from barloom.plan.barplan import BarPlan, Partial
    from barloom.plan.nodes import Node
    from barloom.time.calendar import Booleans, Integers

__all__ = ["gather", "gather_each"]

Request: TypeAlias = tuple["Node | None", "Node | None", bool]


def gather(plan: BarPlan, admitted: Admitted) -> Groups:
    """One row for each (key, base slot), sorted by them."""
    order = _by_key_and_time(admitted.key, admitted.time, admitted.order, _ties(plan, admitted))
    if plan.close_grace_when is not None:  # of two ticks the later one may lie in the slot that closed before
        order = order[np.lexsort((admitted.start[order], admitted.key[order]))]
    key, start, time = admitted.key[order], admitted.start[order], admitted.time[order]
    runs = run_starts(key, start)
    ends = np.append(runs[1:], len(key))
    values = _values(plan, admitted, order, time)
    return Groups(
        key[runs],
        start[runs],
        admitted.end[order[runs]],
        time[runs],
        time[ends - 1],
        ends - runs,
        np.zeros(len(runs), np.int64),
        fold_runs(plan.partials, values, runs, len(key)),
    )


def gather_each(plan: BarPlan, admitted: Admitted) -> Groups:
    """One row for each admitted row, in their order."""
    each = np.arange(len(admitted.row))
    values = _values(plan, admitted, each, admitted.time)
    ones, nothing = np.ones(len(each), np.int64), np.zeros(len(each), np.int64)
    folded = fold_runs(plan.partials, values, each, len(each))
    return Groups(admitted.key, admitted.start, admitted.end, admitted.time, admitted.time, ones, nothing, folded)


def _ties(plan: BarPlan, admitted: Admitted) -> Numbers | None:
    """What orders rows of equal event time before their place in the source does; none where nothing is declared."""
    if plan.event.tiebreak is None:
        return None
    return number(Column(plan.event.tiebreak), admitted.columns).values.numbers[admitted.row]


def _by_key_and_time(key: Integers, time: Integers, by_key: Integers | None, ties: Numbers | None) -> Integers:
    """Sorted by key, event time, tiebreak, then source order.

    `by_key` sorts by key and source order, where that is known.
    """
    if ties is not None:
        by_tie = np.argsort(ties, kind="stable")
        by_time = by_tie[np.argsort(time[by_tie], kind="stable")]
        return by_time[stable_order(key[by_time])]
    if (time[1:] >= time[:-1]).all():
        return stable_order(key) if by_key is None else by_key
    by_time = np.argsort(time, kind="stable")
    return by_time[stable_order(key[by_time])]


def _values(plan: BarPlan, admitted: Admitted, order: Integers, time: Integers) -> list[Values]:
    """What each sorted row gives to each partial; equal requests are answered once."""
    rows = admitted.row[order]
    known: dict[Request, Values] = {}
    values: list[Values] = []
    for position, partial in enumerate(plan.partials):
        if partial.stamp_of is not None and partial.expression is None:
            values.append(Values(time, None))
            continue
        if partial.grown is not None:  # settled when slots close
            values.append(Values(np.zeros(len(rows), np.int64), None))
            continue
        if partial.stamp_of is not None:  # whatever the row has in which the partial found its value
            partial = replace(partial, when=None)  # noqa: PLW2901 - the condition is the partial's
        request = (partial.expression, partial.when, partial.fold is Fold.COUNT)
        if request not in known:
            known[request] = _answer(partial, admitted.columns, rows)
        contribution = _contribution(partial.fold, known[request])
        values.append(with_mask(contribution) if position in plan.optional else contribution)
    return values


def _answer(partial: Partial, columns: Columns, rows: Integers) -> Values:
    """The expression's value in each row, and where it counts."""
    numbers: Numbers = np.ones(len(rows), np.int64)
    valid: Booleans | None = None
    if partial.fold is Fold.COUNT:
        if partial.expression is not None:
            valid = ~condition(IsNull(partial.expression), columns)[rows]
    elif partial.expression is not None:
        (everywhere, where), scale = number(partial.expression, columns)
        numbers = exact.rescale(everywhere[rows], partial.number.scale - scale)
        valid = None if where is None else where[rows]
    if partial.when is not None:
        fulfilled = condition(partial.when, columns)[rows]
        valid = fulfilled if valid is None else valid & fulfilled
    return Values(numbers, valid)


def _contribution(fold: Fold, value: Values) -> Values:
    numbers, valid = value
    if fold is Fold.COUNT:
        return Values(np.ones(len(numbers), np.int64) if valid is None else valid.astype(np.int64), None)
    if fold is Fold.SUM and valid is not None:
        return Values(np.where(valid, numbers, 0), None)
    return value
