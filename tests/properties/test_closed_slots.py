"""What is told of slots that no key can get a bar in any more, against plain loops over rows and bars."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
import reference
from properties.quick import quick
from properties.running import Run
from properties.splitting import split
from properties.test_time_by_key import mixed, worlds_by_key
from properties.world import World, ticks, worlds
from reference import DAY, HOUR, MINUTE, Row

if TYPE_CHECKING:
    from barloom.engine.blocks import Step

QUICK = quick(25)
CUTS = st.lists(st.integers(0, 40), max_size=8)
MOVE_NOTHING = {"invalid", "future", "out_of_session", "beyond_calendar"}


@dataclass
class Told:
    """What was told of a level: up to where, from where on, and the bars of each slot, in closed ones and in all."""

    to: int | None = None
    begins: int | None = None
    closed: Counter[int] = field(default_factory=Counter)
    every: Counter[int] = field(default_factory=Counter)


class Watched(Run):
    """A run that hears what its steps tell, and checks that each range goes on where the one before ended."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.told = {name: Told() for name in self.finals}
        self.quiet_from: dict[str, int | None] = {}

    def _commit(self, step: Step) -> None:
        super()._commit(step)
        for item in step.closed:
            name = self.names[item.level]
            told, counts = self.told[name], Counter(dict(zip(item.starts.tolist(), item.keys.tolist(), strict=True)))
            assert sorted(counts) == item.starts.tolist()
            told.every += counts
            if item.reopened:
                assert told.to in (None, item.to)
                if told.to is None:  # of slots before the first row's
                    told.to = told.begins = item.to
                continue
            assert told.to is None or item.after == told.to or item.after == self.quiet_from[name]
            assert told.to is None or item.to > told.to
            assert all(bar.end <= item.to or bar.start not in counts for bar in self.finals[name])
            told.begins = item.after if told.begins is None else told.begins
            told.to, self.quiet_from[name] = item.to, None if counts else item.after
            told.closed += counts


def watched(world: World, rows: list[Row], cuts: list[int], crashes: set[int] = frozenset()) -> Watched:  # type: ignore[assignment]
    """The engine over batches, restored from the last commit before some of them."""
    made = Watched(world.bars.plan, world.calendar)
    for number, part in enumerate(split(rows, cuts)):
        if number in crashes:
            made.crash(part)
        made.feed(part)
    return made


def ended_by(world: World, timeframe: str, reached: int | None) -> int | None:
    """The end of the last slot that is decided when time has come that far."""
    if reached is None:
        return None
    delay = world.definition.delay
    return max((slot.end for slot in world.definition.slots(timeframe) if slot.end <= reached - delay), default=None)


def moving(world: World, rows: list[Row]) -> list[Row]:
    """The rows that move time."""
    expected = reference.bars(world.definition, rows)
    still = {refused.offset for refused in expected.refused if refused.reason in MOVE_NOTHING}
    return [row for row in rows if row.offset not in still and world.definition.where(row)]


def check(world: World, run: Watched, began: int | None, reached: int | None) -> None:
    """All that was told is what the finals say, from where time began up to where it has come."""
    for name, told in run.told.items():
        begins, to = ended_by(world, name, began), ended_by(world, name, reached)
        assert told.to == to or (told.to is None and begins == to)
        assert told.begins == begins or None in (told.begins, begins)  # the reference knows of no slot before its days
        assert told.every == Counter(
            bar.start for bar in run.finals[name] if told.to is not None and bar.end <= told.to
        )


@QUICK
@given(worlds(), ticks(most=40), CUTS, st.sets(st.integers(0, 8)))
def test_ranges_reach_as_far_as_time_and_counts_are_those_of_the_finals(
    world: World, rows: list[Row], cuts: list[int], crashes: set[int]
) -> None:
    """With one time for all keys nothing is reopened, and batches and crashes change neither union nor counts."""
    counted = moving(world, rows)
    run = watched(world, rows, cuts, crashes)

    check(world, run, counted[0].time if counted else None, run.engine.stream_time)
    assert all(told.closed == told.every for told in run.told.values())


@QUICK
@given(worlds_by_key(), mixed(), CUTS, st.sets(st.integers(0, 8)), st.sampled_from([10 * MINUTE, HOUR, 90 * DAY]))
def test_with_a_time_for_each_key_slots_close_with_the_slowest_that_is_awake(
    world: World, rows: list[Row], cuts: list[int], crashes: set[int], idle_after: int
) -> None:
    """A slot is closed when at some row every key seen by then had passed it, but for those too far behind the latest.

    Whatever the batches and crashes; the bars that come for it later are told as reopened, so that all are counted.
    """
    world.bars = bl.Bars(replace(world.bars.plan, idle_after=idle_after))
    counted = moving(world, rows)
    run = watched(world, rows, cuts, crashes)

    check(world, run, counted[0].time if counted else None, slowest(counted, idle_after))


def slowest(rows: list[Row], idle_after: int) -> int | None:
    """The largest time that all keys not idle had come to behind some row."""
    reached: dict[object, int] = {}
    found = []
    for row in rows:
        reached[row.key] = max(row.time, reached.get(row.key, row.time))
        latest = max(reached.values())
        found.append(min(time for time in reached.values() if time >= latest - idle_after))
    return max(found, default=None)


@QUICK
@given(worlds(), ticks(most=40), CUTS)
def test_the_end_of_the_input_closes_every_slot_that_has_a_bar(world: World, rows: list[Row], cuts: list[int]) -> None:
    """When nothing comes any more, every final is counted, and no slot with one lies beyond what was told."""
    run = watched(world, rows, cuts)
    run.close()

    for name, told in run.told.items():
        assert told.closed == Counter(bar.start for bar in run.finals[name])
