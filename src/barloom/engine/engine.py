"""The step: a batch in; finals, live bars, side output and changed state out. It reads no clock and writes nothing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from barloom.engine.blocks import BarBlock, BarId, Step
from barloom.engine.closing import Closing
from barloom.engine.dropping import drop_after
from barloom.engine.floors import Floors
from barloom.engine.groups import Groups, groups_of
from barloom.engine.growth import Growth
from barloom.engine.heartbeat import LastTicks
from barloom.engine.holes.sequencer import Sequencer
from barloom.engine.intake import Intake
from barloom.engine.keys import KeyIndex
from barloom.engine.ladder import BarLadder, LevelChange, TickLadder
from barloom.engine.level import Level, all_finals
from barloom.engine.market import Market
from barloom.engine.states import States
from barloom.engine.times.completeness import ends_at
from barloom.engine.times.marks import KeyMarks
from barloom.engine.times.parts import timed
from barloom.engine.times.stream_time import BEGINNING, StreamTime
from barloom.plan.barplan import Gap, InputKind
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.engine.blocks import Snapshot, TickBatch
    from barloom.engine.floors import Published
    from barloom.engine.holes.events import HoleEvent
    from barloom.engine.holes.listing import OpenHole
    from barloom.engine.intake import Admitted
    from barloom.engine.ladder import Ladder
    from barloom.engine.level import Closed
    from barloom.engine.times.late_keys import LateKey
    from barloom.engine.times.protocol import Until
    from barloom.engine.times.stream_time import StreamTime
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Calendar, Integers

__all__ = ["Engine"]

_CLOSED = b"closed"
LEFT_OUT = b"left_out"
"""The entry of the state that holds, by level, since when slots are left out that reach beyond the calendar."""
_END_OF_TIME = int(np.iinfo(np.int64).max) - 1


@dataclass(slots=True)
class _Outcome:
    """What the levels have to say in one step."""

    finals: list[BarBlock] = field(default_factory=list)
    lives: list[BarBlock] = field(default_factory=list)
    retracted: list[BarId] = field(default_factory=list)


class Engine:
    """Bars of one partition.

    Its state changes with every step; when a step's outcome cannot be committed, throw the engine away and restore
    another from the store.
    """

    def __init__(self, plan: BarPlan, calendar: Calendar | None = None, *, live: bool = True) -> None:
        """`calendar` replaces the one the plan names (for tests); `live` false leaves live bars out of the steps."""
        self.plan = plan
        self._market = Market(plan, resolve(plan.calendar) if calendar is None else calendar)
        self.keys = KeyIndex(plan.event)
        self.closed = False
        self._disregarded: tuple[str, ...] = ()
        self._live = live
        self._timed = timed(plan, self._market)
        self._times = self._timed.times
        self._floors = Floors(len(plan.levels))
        self._seen = self._timed.seen() if plan.input is InputKind.BARS or plan.event.event_id is not None else None
        self._intake = Intake(plan, self._market, self.keys, self._floors.levels, self._seen)
        self._levels = [Level(place, plan, self._market, floor) for place, floor in enumerate(self._floors.levels)]
        declared = plan.event.sequence
        self._sequencer = None if declared is None else Sequencer(plan, self._market, self.keys, self._times, declared)
        self._intake.sequencer = self._sequencer
        if plan.forming:
            self._intake.judge = States(plan, self._market, self._levels[0].rows).judge
        self._published = [self._levels[position] for position in plan.published]
        ladder = BarLadder if plan.input is InputKind.BARS else TickLadder
        self._ladder: Ladder = ladder(plan, self._levels, self._market)
        self._gaps = {
            level.position: self._timed.gaps(level) for level in self._published if level.plan.gap is not Gap.OMIT
        }
        self._closing = Closing(plan, self._market, self._levels)
        self._delays = {level.position: self._ladder.delay(level) for level in self._published}
        beating = [level for level in self._published if level.plan.heartbeat]
        self._last = LastTicks(plan.partials)
        self._growth = Growth(plan, self._levels) if plan.grows else None
        self._beats = {level.position: self._timed.beats(level, self._last) for level in beating}

    @property
    def calendar(self) -> Calendar:
        """The calendar in force."""
        return self._market.calendar

    @property
    def stream_time(self) -> int | None:
        """Where the stream stands; none before the first row."""
        return None if self.time.now == BEGINNING else self.time.now

    def stream_time_of(self, key: tuple[object, ...]) -> int | None:
        """Where a key stands, given by its fields; none before its first row."""
        now = int(self._times.of(self.keys.ids_of([key]))[0])
        return None if now == BEGINNING else now

    @property
    def time(self) -> StreamTime:
        """Where the stream stands, and by which rows it came there; not to be changed."""
        return self._times.time

    @property
    def complete_until(self) -> int | None:
        """Until when the input is declared to be complete, as far as it was read; none where nobody says."""
        last = self.time.max_event
        if last is None:
            return None
        holds = last - 1 if self.plan.finished else last
        return ends_at(self.plan.source.complete_until, self.calendar, holds)

    @property
    def late_keys(self) -> list[LateKey]:
        """Keys of which nearly all rows were late since the engine began; never where each has a time of its own."""
        counted = self._intake.late_keys
        return [] if counted is None else list(counted.found(self.keys))

    @property
    def open_slots(self) -> int:
        """How many slots with ticks are open, over all published levels."""
        return sum(len(level.rows) for level in self._published)

    def step(self, batch: TickBatch) -> Step:
        """Take in a batch."""
        if self.closed:
            message = "the input was closed: its last slots are final, so nothing can be added"
            raise ValueError(message)
        marks = KeyMarks.of(batch.marks, self.keys, self.calendar.known_to)
        if not len(batch):
            known = marks is not None or (self._sequencer is not None and batch.unread is not None)
            return self._mark(batch, marks) if known else Step(stream_time=self.stream_time)
        self._times.begin_step()
        admitted = self._intake.admit(batch, self._times, marks)
        step = self._step(self._settle(admitted), admitted)
        return replace(step, notes=(*admitted.notes, *step.notes))

    def _mark(self, batch: TickBatch, marks: KeyMarks | None) -> Step:
        """Marks without rows, or with such as could not be read."""
        self._times.begin_step()
        if marks is not None:
            self._times.mark(marks)
        if self._sequencer is not None:
            self._sequencer.without_rows(batch, marks)
        return self._step(self._settle(None), None)

    def advance(self, checked_at: int) -> Step:
        """Let the clock close quiet slots: at `checked_at` the input was seen to hold nothing more.

        Where there is no row yet, that is all it says of them: the step tells up to where they are closed.
        """
        self._times.begin_step()
        alone, until = None, min(checked_at, self.calendar.known_to)
        if self.plan.clock and len(self.keys):
            self._times.extend(until)
        if self.plan.clock and self.stream_time is None and not self.time.by_marks:
            alone = until - self.plan.clock_after
        return self._step(self._settle(None), None, alone=alone)

    def override(self, text: str, source: str = "overrides") -> Step:
        """Apply the content of an override file to the calendar, from the present stream time on.

        The step says in its notes which slots change, and carries the content into the state; nothing happens where
        it is in force already. Raises `DefinitionError` or `CalendarError` as `Market.override` does, and then nothing
        changes.
        """
        notes = self._market.override(text, source, self.stream_time)
        if notes is None:
            return Step(stream_time=self.stream_time)
        outcome = self._recut()
        step = self._step(outcome, None)
        return replace(step, entries={**step.entries, **self._market.dump()}, notes=(*notes, *step.notes))

    @property
    def floors(self) -> Mapping[int, tuple[int, int]]:
        """For each level with floors: of how many keys, and the latest."""
        listed = {place: floor.listed() for place, floor in enumerate(self._floors.levels) if floor}
        return {place: (len(key), int(ends.max())) for place, (key, ends) in listed.items()}

    def set_back(self, to: int, published: Sequence[Published]) -> Step:
        """Let stream time, which a wrong stamp has pushed ahead, stand at `to` again.

        `published` are the last finals of each level and key, as far as they may end after that: their slots, and
        those before them, stay as they were published. Open slots that begin after `to` are dropped. With ticks as
        input only. Afterwards throw the engine away and restore another.
        """
        outcome = _Outcome(retracted=list(drop_after(self._levels, to)))
        for beats in self._beats.values():
            outcome.retracted += beats.drop_after(to)
        for last in published:
            key = self.keys.ids_of(last.keys)
            end = self._levels[last.level].grid.round_to_slot(np.array(last.starts, np.int64)).end
            self._floors.put(last.level, key[end > to], end[end > to])
        for level in self._levels:
            if level.left_out is not None and level.left_out > to:
                level.left_out = level.stopped = None
        self._times.set_back(to)
        if self._sequencer is not None:
            self._sequencer.set_back(to, outcome.retracted)
        outcome.lives += self.open_bars()
        step = self._step(outcome, None)
        return replace(step, entries={LEFT_OUT: None, **step.entries})

    def _recut(self) -> _Outcome:
        """Open slots whose end a changed calendar has moved, as live bars."""
        outcome = _Outcome()
        for level in self._levels:
            moved = level.recut()
            if len(moved) and level.position in self.plan.published:
                groups, order = Groups.sorted([level.rows.gather(moved)])
                outcome.lives.append(self._live_block(level, groups, level.rows.arrived[moved][order]))
        return outcome

    def complete(self, until: int) -> Step:
        """Decide the slots that end at or before `until`, up to which every row was given."""
        self._times.begin_step()
        if self.stream_time is not None and not self.closed:
            self._times.complete(until, self._ladder.reach)
        return self._step(self._settle(None), None, self._times.whole_until(until))

    def close(self, until: int | None = None) -> Step:
        """End the input: every open slot becomes a final, marked partial where it ends after `until`.

        `until` is up to when every row was given; none: nobody says.
        """
        outcome = _Outcome()
        self._times.begin_step()
        end = self._times.whole_until(BEGINNING if until is None else min(until, self.calendar.known_to))
        for level, closed in self._ladder.end() if self.stream_time is not None else ():
            change = self._grown(LevelChange(level, closed, np.zeros(0, np.int64)))
            self._publish(level, change.closed, outcome, end)
        self.closed = True
        step = self._step(outcome, None, end, ended=True)
        return replace(step, entries={**step.entries, _CLOSED: b"1"})

    def open_bars(self) -> tuple[BarBlock, ...]:
        """The live bars of all open slots with ticks."""
        blocks: list[BarBlock] = []
        for level in self._published:
            rows = level.rows.all()
            if len(rows):
                groups, order = Groups.sorted([level.rows.gather(rows)])
                blocks.append(self._live_block(level, groups, level.rows.arrived[rows][order]))
        return self._judged(blocks)

    def live_bars(self, level: int, key: Integers, start: Integers) -> BarBlock | None:
        """The present state of those of the given slots (each may be named often) that are open and have ticks."""
        held = self._levels[level]
        rows = np.unique(held.rows.find(key, start))
        rows = rows[rows >= 0]
        if not len(rows):
            return None
        groups, order = Groups.sorted([held.rows.gather(rows)])
        return self._judged([self._live_block(held, groups, held.rows.arrived[rows][order])])[0]

    def _judged(self, lives: list[BarBlock]) -> tuple[BarBlock, ...]:
        """Live bars with what is known of the numbers in them."""
        return tuple(lives if self._sequencer is None else self._sequencer.tell(lives))

    def holes(self, key: tuple[object, ...] | None = None) -> list[OpenHole]:
        """The holes in the numbers of all keys, or of one, that may still be filled; by key and number."""
        return [] if self._sequencer is None else self._sequencer.holes(key)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from what a store kept."""
        ids = self.keys.ids_of(snapshot.keys)
        for block in snapshot.open:
            self.hold(replace(block, key=ids[block.key]))
        self.resume(snapshot.entries, [replace(block, key=ids[block.key]) for block in snapshot.latest])

    def hold(self, block: BarBlock) -> None:
        """Take over open bars that another engine of the plan has published, new ones or a later state of known ones.

        Key numbers are this engine's. Before the first step comes `resume`.
        """
        groups, level = groups_of(self.plan, block), self._levels[block.level]
        real = ~block.synthetic
        if not real.all() and level.position in self._beats:
            self._beats[level.position].restore(groups.take(~real))
        held, order = Groups.sorted([groups.take(real)])
        slots = block.slots[real][order]
        rows = level.rows.find(held.key, held.start)
        known = rows >= 0
        level.rows.update(rows[known], held.take(known))
        rows[~known] = level.rows.insert(held.take(~known))
        level.rows.arrived[rows] = slots

    def let_go(self, gone: BarId) -> None:
        """Forget open bars that another engine has closed; those that are not held do not matter."""
        rows = self._levels[gone.level].rows.find(gone.key, gone.start)
        self._levels[gone.level].rows.remove(rows[rows >= 0])
        if gone.level in self._beats:
            self._beats[gone.level].forget(gone.key, gone.start)

    def resume(self, entries: Mapping[bytes, bytes], latest: Sequence[BarBlock]) -> None:
        """Go on where the open bars and `entries` stand; `latest` are the latest finals with ticks."""
        self._market.load(entries)
        self._disregarded = self._times.load(entries, self.keys)
        longer = int(self.time.inclusive and self.plan.input is InputKind.BARS)
        if longer:
            self.time.decide_at_deadlines()
        self.closed = _CLOSED in entries
        left_out = msgspec.json.decode(entries.get(LEFT_OUT, b"{}"), type=dict[int, int])
        for level in self._levels:
            level.left_out = left_out.get(level.position)
            rows = level.rows.all()
            self._ladder.restore(level, rows, level.rows.arrived[rows])
        self._ladder.load(entries, self.keys)
        self._floors.load(entries, self.keys)
        self._closing.load(entries, self._times, self._delays)
        for level in self._levels:
            level.recut()
        finals = {block.level: Groups.sorted([groups_of(self.plan, block)])[0] for block in latest}
        if self._growth is not None:
            self._growth.restore(finals.get(0))
        for position, gaps in self._gaps.items() if self.stream_time is not None else ():
            gaps.restore(finals.get(position), self._times.reach(self._ladder.delay(self._levels[position])))
        if self._beats:
            self._remember_last(finals.get(0))
        if self._sequencer is not None:
            self._sequencer.load(entries)
        if self._seen is not None:
            self._seen.load(entries, lambda rows: self.keys.ids_of(rows).tolist(), longer)

    def _remember_last(self, finals: Groups | None) -> None:
        """Know again each key's last tick, from its latest final and its open bar."""
        base = self._levels[0].rows
        for groups in (finals, Groups.sorted([base.gather(base.all())])[0]):
            if groups is not None and len(groups):
                self._last.observe(groups)

    def _settle(self, admitted: Admitted | None) -> _Outcome:
        """Fold new rows into every level, finest first, and close what is decided."""
        outcome = _Outcome()
        if self.stream_time is None:
            return outcome
        for change in map(self._grown, self._ladder.climb(admitted, self._times)):
            if self._beats and change.level.position == 0:
                self._remember(change)
            self._publish(change.level, change.closed, outcome)
            self._show(change, outcome)
        return outcome

    def _grown(self, change: LevelChange) -> LevelChange:
        """The change with what running totals have grown."""
        return change if self._growth is None else self._growth.take(change)

    def _remember(self, change: LevelChange) -> None:
        """Keep the last tick of each key in sight, for the beats."""
        rows = change.level.rows.gather(change.touched)
        parts = [rows] if change.closed is None else [rows, change.closed.groups]
        groups, _ = Groups.sorted(parts)
        if len(groups):
            self._last.observe(groups)

    def _publish(
        self, level: Level, closed: Closed | None, outcome: _Outcome, whole_until: Until | None = None
    ) -> None:
        """The finals of a level: closed slots, gap bars between and after them, and the beats that got none.

        At the end of the input `whole_until` says up to when all its rows were given.
        """
        ending = whole_until is not None
        reach = self._times.reach(self._ladder.delay(level), whole_until)
        groups = None if closed is None else closed.groups
        filled = None
        if level.position in self._gaps:
            unsaid = ending and self.plan.source.complete_until is None
            filled = self._gaps[level.position].fill(groups, reach, ending=unsaid)
        if closed is not None or filled is not None:
            outcome.finals.append(self._final_block(level, closed, filled, whole_until))
        if level.position in self._beats:
            finals = outcome.finals[-1] if closed is not None or filled is not None else None
            outcome.retracted += self._beats[level.position].settle(finals, reach, ending=ending)

    def _show(self, change: LevelChange, outcome: _Outcome) -> None:
        """The live bars of a level: rows that changed, and the beats that are due."""
        level = change.level
        if self._live and len(change.touched):
            groups = level.rows.gather(change.touched)
            outcome.lives.append(self._live_block(level, groups, level.rows.arrived[change.touched]))
        if level.position in self._beats:
            beats = self._beats[level.position].beat(self.time)
            if beats is not None:
                nothing = np.zeros(len(beats), np.int64)
                outcome.lives.append(self._live_block(level, beats, nothing, synthetic=True))

    def _final_block(
        self, level: Level, closed: Closed | None, filled: Groups | None, whole_until: Until | None
    ) -> BarBlock:
        """Real and synthetic finals of a level, by key and slot."""
        groups, arrived, synthetic = all_finals(closed, filled)
        slots = self._slots(level, groups, arrived, decided=whole_until is None)
        return self._block(level, groups, slots, synthetic, final=True, whole_until=whole_until)

    def _live_block(self, level: Level, groups: Groups, arrived: Integers, *, synthetic: bool = False) -> BarBlock:
        slots = self._slots(level, groups, arrived, decided=False)
        return self._block(level, groups, slots, np.full(len(groups), synthetic), final=False)

    def _slots(self, level: Level, groups: Groups, arrived: Integers, *, decided: bool) -> Integers:
        """How many children are decided; with bars as input, how many have arrived."""
        of_base = level.child_grid is None
        if self.plan.input is InputKind.BARS and not of_base and not (decided and self.plan.makes_base):
            return arrived
        if decided:
            return level.expected(groups.start, groups.end)
        return level.decided(groups, self._times.reach(self._ladder.delay(level)))

    def _block(  # noqa: PLR0913 - what a bar says beside its groups
        self,
        level: Level,
        groups: Groups,
        slots: Integers,
        synthetic: Booleans,
        *,
        final: bool,
        whole_until: Until | None = None,
    ) -> BarBlock:
        whole_from = self._times.whole_from(groups.key)
        partial = groups.start < (_END_OF_TIME if whole_from is None else whole_from)
        filled = groups.children if level.child_grid is not None else (~synthetic).astype(np.int64)
        if whole_until is not None:  # the end of the input has decided the children that had ticks
            slots = np.maximum(slots, filled)
            partial |= groups.end > whole_until(groups.key)
        return BarBlock(
            level.position,
            final,
            groups.key,
            groups.start,
            groups.end,
            groups.open_time,
            groups.close_time,
            groups.revision,
            filled,
            slots,
            level.expected(groups.start, groups.end),
            synthetic,
            partial,
            tuple(groups.values if self._growth is None else self._growth.shown(level, groups, final=final)),
        )

    def _step(
        self,
        outcome: _Outcome,
        admitted: Admitted | None,
        until: Until | None = None,
        *,
        alone: int | None = None,
        ended: bool = False,
    ) -> Step:
        """All that a step says; `alone` is where the clock is of a stream without rows, `ended` that nothing comes."""
        closed = self._closing.settle(outcome.finals, self._times, self._delays, alone=alone, ended=ended)
        holes: tuple[HoleEvent, ...] = ()
        entries: dict[bytes, bytes | None] = dict(self._times.dump(self.keys))
        if self._sequencer is not None:
            outcome.finals, outcome.lives = self._sequencer.settle(outcome.finals, outcome.lives, until)
            holes = self._sequencer.events()
            entries |= self._sequencer.dump()
        entries |= self._ladder.dump(self.keys)
        left_out = {level.position: level.left_out for level in self._levels if level.left_out is not None}
        if left_out:
            entries[LEFT_OUT] = msgspec.json.encode(left_out)
        if self._seen is not None:
            entries |= self._seen.settle(self.keys.rows)
        if self._floors:
            reach = self._times.reach(self._ladder.delay(self._levels[0]))
            entries |= self._floors.settle(reach, self.keys)
        entries |= self._closing.entries()
        return Step(
            tuple(outcome.finals),
            tuple(outcome.lives),
            tuple(outcome.retracted),
            None if admitted is None else admitted.rejected,
            entries,
            {} if admitted is None else admitted.counts,
            self.stream_time,
            (*self._disregarded, *(level.stopped for level in self._levels if level.stopped is not None)),
            holes,
            closed,
        )
