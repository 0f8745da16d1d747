"""Where every key has a time of its own, its bars are those of its rows alone, whatever other keys do."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
import reference
from barloom.time.always import AlwaysOpen
from properties.quick import quick
from properties.running import Run, differences, run, same_refusals
from properties.splitting import split
from properties.test_bars_as_input import candles, declared
from properties.world import World, ticks, worlds
from reference import SECOND, Bar, Row

if TYPE_CHECKING:
    from collections.abc import Sequence

QUICK = quick(25)
CUTS = st.lists(st.integers(0, 40), max_size=8)


@st.composite
def worlds_by_key(draw: st.DrawFn) -> World:
    """A definition whose time is each key's own."""
    world = draw(worlds())
    plan = replace(world.bars.plan, time="key")
    return World(bl.Bars(plan), world.calendar, replace(world.definition, by_key=True))


@st.composite
def mixed(draw: st.DrawFn) -> list[Row]:
    """Rows of several keys: as they come, one key after the other, or one key long after the others."""
    rows = draw(ticks(most=40))
    match draw(st.sampled_from(["as they come", "one after the other", "one lags"])):
        case "one after the other":
            rows = sorted(rows, key=lambda row: row.key)
        case "one lags":
            rows = sorted(rows, key=lambda row: (row.key == rows[0].key, row.offset))
    return [replace(row, offset=offset) for offset, row in enumerate(rows)]


@QUICK
@given(worlds_by_key(), mixed())
def test_finals_open_bars_and_refusals_are_those_of_each_key_alone(world: World, rows: list[Row]) -> None:
    """Every final, open bar and refused row, with all columns, is what plain loops say of the rows of one key."""
    expected = reference.bars(world.definition, rows)
    actual = run(world, [rows])

    assert [] == differences(expected.finals, actual.finals)
    assert [] == differences(expected.open, actual.open())
    assert same_refusals(expected, actual), (expected.refused, actual.refused)
    assert expected.stream_time == actual.engine.stream_time


@QUICK
@given(worlds_by_key(), mixed())
def test_the_end_of_the_input_closes_what_is_open(world: World, rows: list[Row]) -> None:
    """Closed bars are partial where their key had not come so far, and nothing is carried beyond its last tick."""
    expected = reference.bars(world.definition, rows, close=True)

    assert [] == differences(expected.finals, run(world, [rows], close=True).finals)


@QUICK
@given(worlds_by_key(), mixed(), CUTS, st.sets(st.integers(0, 8)), st.sampled_from(["between", "within"]))
def test_neither_batches_nor_crashes_change_a_bar(
    world: World, rows: list[Row], cuts: list[int], crashes: set[int], where: str
) -> None:
    """In any batches, restored from the last commit at any point: the same finals, in slot order, and refusals."""
    expected = reference.bars(world.definition, rows)
    actual = Run(world.bars.plan, world.calendar)
    for number, rows_of_batch in enumerate(split(rows, cuts)):
        if number in crashes:
            actual.crash(rows_of_batch if where == "within" else ())
        actual.feed(rows_of_batch)

    assert [] == differences(expected.finals, actual.finals)
    assert same_refusals(expected, actual), (expected.refused, actual.refused)
    for bars in actual.finals.values():
        for key in {bar.key for bar in bars}:
            starts = [bar.start for bar in bars if bar.key == key]
            assert sorted(starts) == starts


@QUICK
@given(worlds_by_key(), mixed(), CUTS, st.integers(1, 4), st.randoms(use_true_random=False))
def test_neither_partitions_nor_the_order_of_keys_change_a_bar(
    world: World, rows: list[Row], cuts: list[int], partitions: int, random: object
) -> None:
    """Keys spread over partitions, their rows shuffled against each other but not within a key: the same finals."""
    expected = reference.bars(world.definition, rows, close=True)
    keys = sorted({row.key for row in rows})
    shares = [[row for row in rows if keys.index(row.key) % partitions == number] for number in range(partitions)]
    found: dict[str, list[Bar]] = {name: [] for name in expected.finals}
    for share in shares:
        for name, bars in run(world, split(interleaved(share, random), cuts), close=True).finals.items():
            found[name] += bars

    assert [] == differences(expected.finals, found)


def interleaved(rows: Sequence[Row], random: object) -> list[Row]:
    """The rows in another order, in which those of a key stand as they stood."""
    shuffled = [row.key for row in rows]
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    waiting = {key: iter([row for row in rows if row.key == key]) for key in set(shuffled)}
    return [replace(next(waiting[key]), offset=offset) for offset, key in enumerate(shuffled)]


@QUICK
@given(worlds_by_key(), mixed(), st.integers(0, 4000), CUTS)
def test_the_clock_brings_every_key_as_far(world: World, rows: list[Row], later: int, cuts: list[int]) -> None:
    """A caught-up look at the clock some time after the last row: quiet keys stand then where that clock stands."""
    rows = [replace(row, arrival=row.time) for row in rows]  # the clock works for rows that come when they happen
    newest = max(row.time for row in rows)
    looked_at = newest + later * SECOND
    counts = reference.bars(world.definition, rows).stream_time == newest
    expected = reference.bars(world.definition, rows, clock=looked_at if counts else None)
    actual = run(world, split(rows, cuts))
    if counts:
        actual.advance(looked_at)
        actual.crash()
        actual.advance(looked_at)

    assert [] == differences(expected.finals, actual.finals)


@QUICK
@given(
    candles(), st.sampled_from([0, 1, 61, 200]), CUTS, st.sets(st.integers(0, 6)), st.sampled_from(["mixed", "sorted"])
)
def test_children_of_a_key_decide_its_parents_only(
    rows: list[Row], delay: int, cuts: list[int], crashes: set[int], order: str
) -> None:
    """Bars as input: finals and refusals of each key as if it were alone, one key after the other or not."""
    bars, definition = declared(delay)
    ordered = sorted(rows, key=lambda row: row.key) if order == "sorted" else rows
    rows = [replace(row, offset=offset) for offset, row in enumerate(ordered)]
    expected = reference.bars_of_bars(replace(definition, by_key=True), rows)
    actual = Run(replace(bars.plan, time="key"), AlwaysOpen())
    for number, batch in enumerate(split(rows, cuts)):
        if number in crashes:
            actual.crash(batch)
        actual.feed(batch)

    assert [] == differences(expected.finals, actual.finals)
    assert same_refusals(expected, actual), (expected.refused, actual.refused)
