"""The engine publishes what plain loops over all rows say, however the rows come in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import reference
from properties.quick import quick
from properties.running import Run, differences, run, same_refusals
from properties.splitting import split
from properties.world import World, ticks, worlds

if TYPE_CHECKING:
    from reference import Row

QUICK = quick(40)


@QUICK
@given(worlds(), ticks())
def test_finals_open_bars_and_refusals_are_the_references(world: World, rows: list[Row]) -> None:
    """Every final, every open bar and every refused row, with all its columns."""
    expected = reference.bars(world.definition, rows)
    actual = run(world, [rows])

    assert [] == differences(expected.finals, actual.finals)
    assert [] == differences(expected.open, actual.open())
    assert same_refusals(expected, actual), (expected.refused, actual.refused)
    assert expected.stream_time == actual.engine.stream_time


@QUICK
@given(worlds(), ticks())
def test_the_end_of_the_input_closes_what_is_open(world: World, rows: list[Row]) -> None:
    """Closed bars are partial, gaps between a key's ticks are filled, and nothing is carried beyond its last one."""
    expected = reference.bars(world.definition, rows, close=True)
    actual = run(world, [rows], close=True)

    assert [] == differences(expected.finals, actual.finals)


@QUICK
@given(worlds(), ticks(), st.lists(st.integers(0, 30), max_size=8))
def test_batches_do_not_matter(world: World, rows: list[Row], cuts: list[int]) -> None:
    """The same finals, in the same order for each key, for any split of the input."""
    whole = run(world, [rows])
    parts = run(world, split(rows, cuts))

    assert [] == differences(whole.finals, parts.finals)
    assert [] == differences(whole.open(timeless=True), parts.open(timeless=True))
    assert sorted(whole.refused, key=lambda row: row.offset) == sorted(parts.refused, key=lambda row: row.offset)
    for bars in parts.finals.values():
        for key in {bar.key for bar in bars}:
            starts = [bar.start for bar in bars if bar.key == key]
            assert sorted(starts) == starts


@QUICK
@given(
    worlds(),
    ticks(),
    st.lists(st.integers(0, 30), max_size=8),
    st.sets(st.integers(0, 8)),
    st.sampled_from(["between", "within"]),
)
def test_crashes_do_not_matter(world: World, rows: list[Row], cuts: list[int], crashes: set[int], where: str) -> None:
    """Restored from the last commit at any point, also in the middle of a step, the finals stay the same."""
    expected = run(world, [rows], close=True)
    actual = Run(world.bars.plan, world.calendar)
    for number, rows_of_batch in enumerate(split(rows, cuts)):
        if number in crashes:
            actual.crash(rows_of_batch if where == "within" else ())
        actual.feed(rows_of_batch)
    actual.crash()
    actual.close()

    assert [] == differences(expected.finals, actual.finals)


@QUICK
@given(worlds(), ticks(), st.randoms(use_true_random=False))
def test_order_within_the_delay_does_not_matter(world: World, rows: list[Row], random: object) -> None:
    """Rows that come at most the delay out of order give the finals of the sorted rows."""
    draw = random.random  # type: ignore[attr-defined]
    # One nanosecond apart, so that the order of equal times is no question; the earliest row comes first.
    ordered = [
        reference.Row(row.key, row.time + number, 0, row.values)
        for number, row in enumerate(sorted(rows, key=lambda row: row.time))
    ]
    latest = {id(row): row.time + int(draw() * world.definition.delay) for row in ordered[1:]}
    shuffled = [ordered[0], *sorted(ordered[1:], key=lambda row: latest[id(row)])]

    def numbered(of: list[Row]) -> list[Row]:
        return [reference.Row(row.key, row.time, offset, row.values) for offset, row in enumerate(of)]

    expected = run(world, [numbered(ordered)], close=True)
    actual = run(world, split(numbered(shuffled), [7, 13]), close=True)
    assert [] == [refused for refused in actual.refused if refused.reason == "late"]
    assert [] == differences(expected.finals, actual.finals)
