"""An engine that follows a changelog goes on as the one that wrote it would have."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

import reference
from barloom.kafka.state.changelog import NOTHING_OPEN, ChangelogWriter, Position, meta_record
from barloom.kafka.state.replica import Replica
from barloom.store.layout import Layout
from barloom.time.always import AlwaysOpen
from properties.quick import quick
from properties.running import Run, batch, differences, same_refusals
from properties.splitting import split
from properties.test_bars_as_input import candles, declared
from properties.world import World, ticks, worlds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import Step
    from reference import Row

QUICK = quick(40)


@dataclass
class OnChangelog(Run):
    """A run whose state is in a changelog alone; a ``warm`` replica follows it all the time."""

    kind: str = "cold"
    pieces: int = 3
    log: list[tuple[bytes, bytes | None]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__post_init__()
        self.writer = ChangelogWriter(Layout(self.plan), [NOTHING_OPEN] * len(self.plan.levels))
        self.log = [meta_record(self.plan)]
        self.replica = Replica(self.plan, self.calendar)

    def _commit(self, step: Step) -> None:
        super()._commit(step)
        keys, values = self.writer.changes(step, self.engine.keys)
        written = [*zip(keys, values, strict=True), Position({"ticks": len(self.log)}).change()]
        self.log += written
        if self.kind == "warm":
            self.replica.apply([key for key, _ in written], [value for _, value in written])

    def crash(self, rows: Sequence[Row] = ()) -> None:
        """Lose the engine, possibly in the middle of a step, and continue from the changelog."""
        if rows:
            self.engine.step(batch(self.plan, rows))
        if self.kind != "warm":
            self.replica = self._cold()
        self.engine, self.writer = self.replica.take_over()
        self.replica = self._cold()

    def _cold(self) -> Replica:
        replica = Replica(self.plan, self.calendar)
        log = list(dict(self.log).items()) if self.kind == "compacted" else self.log
        for first in range(0, len(log), self.pieces):
            piece = log[first : first + self.pieces]
            replica.apply([key for key, _ in piece], [value for _, value in piece])
        replica.check("test")
        return replica


@QUICK
@given(
    worlds(),
    ticks(),
    st.lists(st.integers(0, 30), max_size=8),
    st.sets(st.integers(0, 8)),
    st.tuples(st.sampled_from(["cold", "compacted", "warm"]), st.integers(1, 50)),
)
def test_taking_over_does_not_matter(
    world: World, rows: list[Row], cuts: list[int], crashes: set[int], how: tuple[str, int]
) -> None:
    """Finals and open bars are the reference's, wherever another engine went on, from whatever pieces of the log."""
    expected = reference.bars(world.definition, rows)
    kind, pieces = how
    actual = OnChangelog(world.bars.plan, world.calendar, kind=kind, pieces=pieces)
    for number, part in enumerate(split(rows, cuts)):
        if number in crashes:
            actual.crash(part)
        actual.feed(part)
    actual.crash()

    assert [] == differences(expected.finals, actual.finals)
    assert [] == differences(expected.open, actual.open_now())
    assert expected.stream_time == actual.engine.stream_time


@QUICK
@given(
    candles(),
    st.sampled_from([0, 61, 200]),
    st.lists(st.integers(0, 50), max_size=6),
    st.sets(st.integers(0, 6)),
    st.sampled_from(["cold", "warm"]),
)
def test_bars_as_input_are_taken_over_too(
    rows: list[Row], delay: int, cuts: list[int], crashes: set[int], kind: str
) -> None:
    """Parents know again how many children arrived and which closed early."""
    bars, definition = declared(delay)
    expected = reference.bars_of_bars(definition, rows)
    actual = OnChangelog(bars.plan, AlwaysOpen(), kind=kind)
    for number, part in enumerate(split(rows, cuts)):
        if number in crashes:
            actual.crash(part)
        actual.feed(part)

    assert [] == differences(expected.finals, actual.finals)
    assert same_refusals(expected, actual), (expected.refused, actual.refused)
