"""Partials merge to the same whichever neighbours are merged first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
from barloom.engine.engine import Engine
from barloom.engine.groups import merge
from properties.quick import quick
from properties.running import batch
from properties.world import COLUMNS, PRICES, SIZES, START, Trade
from reference import SECOND, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.groups import Groups

QUICK = quick(100)
PLAN = bl.from_(Trade).tumbling("1m").select(**COLUMNS).named("merged").plan


@st.composite
def parts(draw: st.DrawFn) -> list[list[Row]]:
    """Three runs of rows of one slot, one read after the other; times go back and forth and repeat."""
    rows = [
        Row(
            ("EURUSD",),
            START + draw(st.integers(0, 5)) * SECOND,
            offset,
            {
                "price": draw(PRICES),
                "size": draw(SIZES),
                "odd": draw(st.booleans()),
                "side": draw(st.sampled_from([None, "buy"])),
            },
        )
        for offset in range(draw(st.integers(3, 9)))
    ]
    first, second = sorted(draw(st.sets(st.integers(1, len(rows) - 1), min_size=2, max_size=2)))
    return [rows[:first], rows[first:second], rows[second:]]


def partials(rows: Sequence[Row]) -> Groups:
    """What one batch leaves in its open slot."""
    engine = Engine(PLAN)
    engine.step(batch(PLAN, rows))
    table = engine._levels[0].rows  # noqa: SLF001 - partials never leave the engine without a merge
    return table.gather(table.all())


def content(groups: Groups) -> list[object]:
    """The columns as plain values; where there is none, what stands there does not matter."""
    columns: list[object] = [column.tolist() for column in groups.columns]
    for numbers, valid in groups.values:
        known = [True] * len(numbers) if valid is None else valid.tolist()
        columns.append([number if has else None for number, has in zip(numbers.tolist(), known, strict=True)])
    return columns


@QUICK
@given(parts())
def test_merge_is_associative(rows: list[list[Row]]) -> None:
    """(a b) c = a (b c) = all at once."""
    one, two, three = (partials(part) for part in rows)
    whole = partials([row for part in rows for row in part])

    left = merge(PLAN.partials, merge(PLAN.partials, one, two), three)
    right = merge(PLAN.partials, one, merge(PLAN.partials, two, three))
    assert content(whole) == content(left) == content(right)
