"""Bars of many keys that end at one time are all in time, without any delay and in any order."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from barloom.time.always import AlwaysOpen
from properties.quick import quick
from properties.running import Run
from properties.splitting import split
from properties.test_bars_as_input import START, declared
from reference import MINUTE, Row

if TYPE_CHECKING:
    import random

QUICK = quick(40)


def _minutes(keys: int, minutes: int, chance: random.Random) -> list[Row]:
    """Every minute of every key, the keys of a minute in any order."""
    wanted = []
    for minute in range(minutes):
        row = [(minute, f"K{key}") for key in range(keys)]
        chance.shuffle(row)
        wanted += row
    return [
        Row((key,), START + minute * MINUTE, offset, {"price": Decimal(minute), "volume": Decimal(1)})
        for offset, (minute, key) in enumerate(wanted)
    ]


@QUICK
@given(
    st.integers(1, 9), st.integers(3, 18), st.randoms(use_true_random=False), st.lists(st.integers(0, 160), max_size=8)
)
def test_no_child_is_late_and_no_parent_lacks_one(
    keys: int, minutes: int, chance: random.Random, cuts: list[int]
) -> None:
    """Every 3-minute bar that is over is final with its three minutes, in any batches; the same rows again add nothing.

    The first bar of the next minute would close them by stream time alone: by then they are complete.
    """
    bars, _ = declared(0)
    run = Run(bars.plan, AlwaysOpen())
    rows = _minutes(keys, minutes, chance)
    for batch in split(rows, cuts):
        run.feed(batch)
    assert [] == run.refused
    whole = minutes // 3 * keys
    assert [(3, Decimal(3))] * whole == [(bar.slots, bar.values["volume"]) for bar in run.finals["3m"]]

    again = [row for row in rows if row.time == rows[-1].time]
    run.feed([Row(row.key, row.time, len(rows) + number, row.values) for number, row in enumerate(again)])
    assert ["duplicate"] * keys == [refused.reason for refused in run.refused]
    assert whole == len(run.finals["3m"])
