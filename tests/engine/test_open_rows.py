"""The table of open slots against a dictionary that does the same one row at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from barloom.engine.blocks import Values
from barloom.engine.groups import Groups
from barloom.engine.open_rows import OpenRows
from barloom.plan.barplan import Fold, NumberType, Partial
from barloom.plan.nodes import Column

if TYPE_CHECKING:
    from barloom.time.calendar import Integers

PARTIALS = (Partial(Fold.SUM, Column("size"), None, NumberType(38, 2)),)
LENGTH = 10


def groups_of(content: dict[tuple[int, int], int]) -> Groups:
    """Groups sorted by key and start, with one value each."""
    pairs = sorted(content)
    key = np.array([pair[0] for pair in pairs], np.int64)
    start = np.array([pair[1] for pair in pairs], np.int64)
    numbers = np.array([content[pair] for pair in pairs], dtype=object)
    small = numbers.astype(np.int64) if all(abs(number) < 2**63 for number in numbers) else numbers
    return Groups(key, start, start + LENGTH, start, start, key, key, [Values(small, None)])


slots = st.tuples(st.integers(0, 5), st.integers(0, 8).map(lambda number: number * LENGTH))
operations = st.lists(
    st.one_of(
        st.dictionaries(slots, st.integers(-(10**20), 10**20), max_size=8),
        st.integers(0, 10 * LENGTH),
        st.lists(slots, max_size=3),
    ),
    max_size=12,
)


@given(operations)
def test_the_table_holds_what_a_dictionary_would(steps: list[object]) -> None:
    """Insert and update by (key, start), close by end or by pair, in any order: the same rows remain."""
    table = OpenRows(PARTIALS)
    model: dict[tuple[int, int], int] = {}
    for step in steps:
        if isinstance(step, dict):
            put(table, groups_of(step))
            model |= step
        elif isinstance(step, int):
            table.remove(table.ended(step))
            model = {pair: value for pair, value in model.items() if pair[1] + LENGTH > step}
        else:
            close(table, set(step) & set(model))
            model = {pair: value for pair, value in model.items() if pair not in step}

        assert model == content(table)
        assert len(model) == len(table)


def put(table: OpenRows, groups: Groups) -> None:
    """Update the rows there are and insert the others."""
    rows = table.find(groups.key, groups.start)
    held = rows >= 0
    table.update(rows[held], groups.take(held))
    table.insert(groups.take(~held))


def close(table: OpenRows, pairs: set[tuple[int, int]]) -> None:
    """Remove some pairs."""
    key = np.array([pair[0] for pair in sorted(pairs)], np.int64)
    start = np.array([pair[1] for pair in sorted(pairs)], np.int64)
    table.remove(table.find(key, start))


def content(table: OpenRows) -> dict[tuple[int, int], int]:
    """Every open row's value, each found by its pair."""
    held = table.gather(table.all())
    again = table.gather(table.find(held.key, held.start))
    assert held.values[0].numbers.tolist() == again.values[0].numbers.tolist()
    pairs = zip(held.key.tolist(), held.start.tolist(), strict=True)
    return dict(zip(pairs, [int(number) for number in held.values[0].numbers.tolist()], strict=True))


def test_an_absent_slot_is_not_found() -> None:
    """A key that was never seen, and a slot of a known key that is not open, are both -1."""
    table = OpenRows(PARTIALS)
    put(table, groups_of({(1, 0): 5, (1, 10): 6}))

    assert [-1, -1, -1] == table.find(np.array([0, 1, 9]), np.array([0, 20, 0])).tolist()


def test_an_older_row_is_found_when_the_newest_has_gone() -> None:
    """Also when a row opens afterwards that is older still."""
    table = OpenRows(PARTIALS)
    put(table, groups_of({(1, 0): 1, (1, 10): 2, (1, 20): 3}))
    close(table, {(1, 20)})
    assert {(1, 0): 1, (1, 10): 2} == content(table)
    close(table, {(1, 0)})
    put(table, groups_of({(1, 0): 4}))

    assert {(1, 0): 4, (1, 10): 2} == content(table)


@given(operations, st.dictionaries(st.integers(0, 5), st.integers(0, 9 * LENGTH)), st.integers(0, 9 * LENGTH))
def test_rows_end_at_a_time_of_their_own_key(steps: list[object], times: dict[int, int], clock: int) -> None:
    """Found from key to key, by a look at the whole table, or by the end that the clock passes: the same rows."""
    table, model = OpenRows(PARTIALS), set[tuple[int, int]]()
    table.due(-1)
    for step in steps:
        if isinstance(step, dict):
            put(table, groups_of(step))
            model |= step.keys()
        elif not isinstance(step, int):
            close(table, set(step) & model)
            model -= set(step)
    key = np.array(sorted(times), np.int64)
    boundary = np.array([times[number] for number in key.tolist()], np.int64)
    wanted = {(number, start) for number, start in model if number in times and start + LENGTH <= times[number]}
    due = {(number, start) for number, start in model if start + LENGTH <= clock}

    assert wanted == pairs(table, table.ended_of(key, boundary))
    assert wanted == pairs(table, table._ended_one_by_one(key, boundary))  # noqa: SLF001 - the way of few keys
    assert due == pairs(table, table.due(clock))


def pairs(table: OpenRows, rows: Integers) -> set[tuple[int, int]]:
    """Key and start of some rows, none of them twice."""
    held = table.gather(rows)
    found = list(zip(held.key.tolist(), held.start.tolist(), strict=True))
    assert len(found) == len(set(found))
    return set(found)
