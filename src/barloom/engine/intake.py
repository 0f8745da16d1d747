"""From a batch to the rows that count: the order of checks, each decided per row and never per batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np
import polars as pl

from barloom.engine.blocks import Reason, Rejected, Values
from barloom.engine.deadlines import auction
from barloom.engine.holes.sequencer import NumberedRows
from barloom.engine.seen import Seen
from barloom.engine.stamps import Stamps, in_their_slots
from barloom.engine.times.late_keys import LateKeys
from barloom.engine.values.evaluate import Columns, condition, number
from barloom.plan.barplan import Fold, InputKind
from barloom.plan.nodes import Column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import TickBatch
    from barloom.engine.floors import Floor
    from barloom.engine.holes.sequencer import Sequencer
    from barloom.engine.keys import KeyIndex
    from barloom.engine.market import Market
    from barloom.engine.seen import Seen
    from barloom.engine.times.marks import KeyMarks
    from barloom.engine.times.protocol import Passed, Times
    from barloom.plan.barplan import BarPlan
    from barloom.plan.nodes import Node
    from barloom.time.calendar import Booleans, Integers, SlotGrid

__all__ = ["Admitted", "Intake", "Judge", "Judged", "beyond_digits", "computed"]

_ACCEPTED = -1
_FILTERED = -2
_BEYOND_DIGITS = 10**38


@dataclass(frozen=True, slots=True)
class Admitted:
    """The accepted rows of a batch, in source order: their position, key, base slot and the time that orders them.

    `missed` (bars as input) holds for a level the rows that came too late for it alone. `order` sorts them by key,
    equals as they stand, where that is known. Of states of bars that still grow only the last of each is here; `states`
    says of how many it is the last. `notes` are what a person should know of the beginning.
    """

    columns: Columns
    row: Integers
    key: Integers
    start: Integers
    end: Integers
    time: Integers
    missed: dict[int, Booleans]
    rejected: Rejected | None
    counts: dict[str, int]
    order: Integers | None = None
    states: Integers | None = None
    notes: tuple[str, ...] = ()


class Judged(NamedTuple):
    """Which states of bars are refused, and as what; `counts` says of how many states one is the last, 0 of others."""

    repeated: Booleans
    conflicting: Booleans
    counts: Integers


class Judge(Protocol):
    """Tells the last states of bars that still grow from others, of rows that are not late."""

    def __call__(self, admitted: Admitted, before: Integers, seen: Seen) -> Judged:
        """`before` is stream time before each row."""
        ...


def computed(plan: BarPlan) -> tuple[Node, ...]:
    """The expressions whose values are made of more than one number of a row, so that they may leave 38 digits."""
    made = {
        partial.expression: None
        for partial in plan.partials
        if partial.expression is not None
        and partial.fold is not Fold.COUNT
        and not isinstance(partial.expression, Column)
    }
    return tuple(made)


def beyond_digits(node: Node, columns: Columns) -> Booleans | None:
    """The rows in which an expression leaves 38 digits; none where no row can. Only numbers beyond 64 bits do."""
    numbers = number(node, columns).values.numbers
    return np.abs(numbers) >= _BEYOND_DIGITS if numbers.dtype == object else None


@dataclass(slots=True)
class _Rows:
    """A batch on its way through the checks; `verdict` is a `Reason`, or accepted, or filtered out.

    A row outside the session has a slot of no length; of one `beyond` the calendar no slot is known. `before` is stream
    time before each row, `unaided` what it would be without the clock. Rows `ahead` are of the future, whatever else.
    """

    key: Integers
    time: Integers
    event: Integers
    start: Integers
    end: Integers
    beyond: Booleans
    before: Integers
    unaided: Integers
    verdict: np.ndarray[tuple[int, ...], np.dtype[np.int8]]
    by: Integers
    ahead: Booleans

    def refuse(self, where: Booleans, reason: int) -> None:
        """Give a verdict to rows that have none yet."""
        self.verdict[where & (self.verdict == _ACCEPTED)] = reason

    @property
    def accepted(self) -> Booleans:
        """The rows that no check has refused."""
        return np.equal(self.verdict, _ACCEPTED)


class Intake:
    """Invalid → where → future → outside the session, beyond the calendar → stream time moves → duplicate → late."""

    def __init__(
        self, plan: BarPlan, market: Market, keys: KeyIndex, floors: Sequence[Floor], seen: Seen | None
    ) -> None:
        self._plan = plan
        self._market = market
        self._stamps = Stamps(plan, market)
        self._keys = keys
        self._floors = floors
        self._bars = plan.input is InputKind.BARS
        self._direct = (
            [0] if plan.makes_base else [place for place, level in enumerate(plan.levels) if level.child == 0]
        )
        self._computed = computed(plan)
        self.seen = seen
        self.late_keys = None if plan.by_key else LateKeys()
        self.judge: Judge | None = None
        self.sequencer: Sequencer | None = None

    def admit(self, batch: TickBatch, times: Times, marks: KeyMarks | None = None) -> Admitted:
        """Check a batch and move stream time by it, and by the marks between its rows."""
        columns = Columns(batch.frame, self._plan.event)
        rows = self._locate(batch, columns)
        self._check_digits(rows, columns)
        if self._plan.where is not None:
            rows.refuse(~condition(self._plan.where, columns), _FILTERED)
        self._check_future(rows, batch)
        rows.refuse(rows.beyond, Reason.BEYOND_CALENDAR)
        rows.refuse(rows.end == rows.start, Reason.OUT_OF_SESSION)
        counting = rows.accepted
        arrivals = batch.arrivals if self.judge is None else in_their_slots(rows.start, rows.end, batch.arrivals)
        passed = times.take(rows.key, rows.event, counting, arrivals, marks)
        rows.before, rows.unaided, order = passed
        if self.sequencer is not None:
            order = self._check_numbers(self.sequencer, rows, batch, passed, marks)
        missed = self._check_late(rows, batch)
        anew = None if self.sequencer is None else self.sequencer.decide(rows.verdict, _ACCEPTED)
        row = np.flatnonzero(rows.accepted)
        notes = times.accept(rows.key[row], rows.time[row], rows.start[row])
        if self.late_keys is not None:
            self.late_keys.count(rows.key[row], rows.key[rows.verdict == Reason.LATE])
        states = None
        if self.judge is not None and self.seen is not None:
            counts = self._judge_states(self.judge, self.seen, rows, columns)
            row, states = np.flatnonzero(counts), counts[counts > 0]
        return Admitted(
            columns,
            row,
            rows.key[row],
            rows.start[row],
            rows.end[row],
            rows.time[row],
            {level: where[row] for level, where in missed.items() if where[row].any()},
            self._rejected(rows, batch, missed, anew),
            _count(rows.verdict),
            order if len(row) == len(rows.key) and states is None else None,
            states,
            notes,
        )

    def _judge_states(self, judge: Judge, seen: Seen, rows: _Rows, columns: Columns) -> Integers:
        """Refuse states of bars after which a newer one had begun; of how many states each row is the last."""
        asked, counts = np.flatnonzero(rows.accepted), np.zeros(len(rows.key), np.int64)
        if not len(asked):
            return counts
        bounds = (rows.key[asked], rows.start[asked], rows.end[asked], rows.time[asked])
        judged = judge(Admitted(columns, asked, *bounds, {}, None, {}), rows.before[asked], seen)
        rows.verdict[asked[judged.repeated]] = Reason.DUPLICATE
        rows.verdict[asked[judged.conflicting]] = Reason.CONFLICT
        counts[asked] = judged.counts
        return counts

    def _locate(self, batch: TickBatch, columns: Columns) -> _Rows:
        time = batch.frame[self._plan.event.timestamp].to_numpy()
        verdict = np.full(len(time), _ACCEPTED, np.int8)
        placed = self._stamps.place(time, auction(self._plan, columns))
        start, end, inside, beyond = placed
        if not inside.all():
            start, end = np.where(inside, start, time), np.where(inside, end, time)
        event = time
        if self._bars:
            verdict[self._stamps.off(time, placed)] = Reason.INVALID
            event = end if self._plan.finished else start
            time = start
        key = self._keys.ids(batch.frame)
        nothing = np.zeros(len(time), np.int64)
        return _Rows(key, time, event, start, end, beyond, nothing, nothing, verdict, nothing, nothing > 0)

    def _check_digits(self, rows: _Rows, columns: Columns) -> None:
        """Refuse rows whose own products or sums leave 38 digits; only numbers beyond 64 bits can."""
        for node in self._computed:
            beyond = beyond_digits(node, columns)
            if beyond is not None:
                rows.refuse(beyond, Reason.INVALID)

    def _check_numbers(
        self, sequencer: Sequencer, rows: _Rows, batch: TickBatch, passed: Passed, marks: KeyMarks | None
    ) -> Integers:
        """Refuse rows whose numbers were taken in before, or given up; gives what sorts the rows by key."""
        read = ~(rows.beyond | rows.ahead)
        numbered = NumberedRows(rows.key, rows.time, rows.start, rows.end > rows.start, read, rows.accepted)
        judged, order = sequencer.judge(batch, numbered, passed, marks)
        reasons = (Reason.DUPLICATE, Reason.CONFLICT, Reason.GAP)
        for where, reason in () if judged is None else zip(judged, reasons, strict=True):
            rows.refuse(where, reason)
        return order

    def _check_future(self, rows: _Rows, batch: TickBatch) -> None:
        if batch.arrivals is not None:
            ahead = rows.event - batch.arrivals
        elif batch.limits is not None:
            stamps = rows.event if self._plan.forming else batch.frame[self._plan.event.timestamp].to_numpy()
            ahead = stamps - batch.limits
        else:
            return
        future: Booleans = ahead > self._plan.max_ahead
        if future.any():
            rows.ahead = future
            rows.refuse(future, Reason.FUTURE)
            rows.by = np.where(rows.verdict == Reason.FUTURE, ahead, rows.by)

    def _check_late(self, rows: _Rows, batch: TickBatch) -> dict[int, Booleans]:
        """Refuse duplicates, then what is late; gives for each level the accepted rows that came too late for it."""
        missed: dict[int, Booleans] = {}
        if self._bars:
            deadlines = {level: self._deadline(level, rows) for level in self._direct}
            passed = {level: self._passed_by(deadline, rows) for level, deadline in deadlines.items()}
            late = np.logical_and.reduce(list(passed.values()))
            missed = {level: self._concerned(level, rows.start, where) for level, where in passed.items()}
            deadline = np.maximum.reduce(list(deadlines.values()))
        else:
            deadline = self._market.deadlines.of(rows.end, self._plan.base.delay)
            late = self._passed_by(deadline, rows)
            if any(self._floors):
                late |= self._floors[0].hides(rows.key, rows.start)
                missed = self._below_floors(rows)
        if self.seen is not None and self.judge is None:
            self._check_seen(self.seen, rows, batch.frame, deadline, late)
        if late.any():
            rows.refuse(late, Reason.LATE)
            by = rows.before - deadline
            if self._floors[0]:
                by = np.maximum(by, self._floors[0].passed(rows.key, rows.end))
            rows.by = np.where(rows.verdict == Reason.LATE, by, rows.by)
        return missed

    def _passed_by(self, deadline: Integers, rows: _Rows) -> Booleans:
        """Whether the slots with these deadlines were decided before each row."""
        decided: Booleans = self._market.deadlines.reached(deadline) <= rows.before
        return decided

    def _below_floors(self, rows: _Rows) -> dict[int, Booleans]:
        """For each level the rows whose slot there was published before stream time was set back, or a child's was."""
        missed: dict[int, Booleans] = {}
        for place, level in enumerate(self._plan.levels):
            if level.child is None:
                continue
            hidden = self._floors[place].hides(rows.key, _starts(self._market.grids[place], rows.start))
            missed[place] = self._concerned(place, rows.start, hidden)
            if level.child in missed:
                missed[place] |= missed[level.child]
        return missed

    def _concerned(self, level: int, starts: Integers, where: Booleans) -> Booleans:
        """Of some rows those that lie in the hours of a level."""
        within = self._market.within(level, starts)
        return where if within is None else where & within

    def _deadline(self, level: int, rows: _Rows) -> Integers:
        return self._market.deadlines.of(self._ends(level, rows), self._plan.levels[level].delay)

    def _ends(self, level: int, rows: _Rows) -> Integers:
        """Where the rows' slots end at a level; where they have none there, their own end."""
        ends = rows.end.copy()
        known = self._concerned(level, rows.start, self._market.grids[level].knows(rows.start))
        ends[known] = self._market.grids[level].round_to_slot(rows.start[known]).end
        return ends

    def _check_seen(self, seen: Seen, rows: _Rows, frame: pl.DataFrame, deadline: Integers, late: Booleans) -> None:
        if self._bars:
            asked = np.flatnonzero(rows.accepted)
            text = frame.select(pl.concat_str(pl.all().cast(pl.String), separator="\x00", ignore_nulls=True))
            contents = text.to_series()[asked].to_list()
            tokens = rows.start[asked].tolist()
        else:
            ids = frame[self._plan.event.event_id or ""]
            asked = np.flatnonzero(rows.accepted & ids.is_not_null().to_numpy())
            contents = [""] * len(asked)
            tokens = ids[asked].to_list()
        pairs = list(zip(rows.key[asked].tolist(), tokens, strict=True))
        expires = self._market.deadlines.reached(deadline[asked])
        repeated, conflicting = seen.judge(pairs, expires, rows.before[asked], late[asked], contents)
        rows.verdict[asked[repeated]] = Reason.DUPLICATE
        rows.verdict[asked[conflicting]] = Reason.CONFLICT

    def _rejected(
        self, rows: _Rows, batch: TickBatch, missed: dict[int, Booleans], anew: Booleans | None
    ) -> Rejected | None:
        """The side output; also of input bars too late for some of their parents, and of numbers that began `anew`."""
        behind = rows.accepted & np.logical_or.reduce([*missed.values(), np.zeros(len(rows.key), np.bool_)])
        told = behind if anew is None else behind | anew
        row = np.flatnonzero((rows.verdict >= 0) | told)
        if not len(row):
            return None
        reason = np.where(behind[row], np.int8(Reason.LATE), rows.verdict[row])
        reason[reason == _ACCEPTED] = Reason.RESTARTED
        late = reason == Reason.LATE
        starts = [_starts(grid, rows.start[row]) for grid in self._market.grids]
        masks = self._masks(
            late | (reason == Reason.GAP), behind[row], {level: where[row] for level, where in missed.items()}
        )
        masks = [self._concerned(level, rows.start[row], mask) for level, mask in enumerate(masks)]
        by = np.where(behind[row] & (rows.by[row] == 0), self._behind(rows, row, missed), rows.by[row])
        slots = tuple(Values(start, mask) for start, mask in zip(starts, masks, strict=True))
        # Ticks are `behind` by what was published before stream time was set back, which is not the clock's doing.
        by_time = late if self._bars else late & ~behind[row]
        by_clock = by_time & self._closed_by_clock(rows, row, by)
        stamped = batch.frame[self._plan.event.timestamp].to_numpy()[row]
        boundary = self._stamps.nearest(stamped, rows.start[row], rows.end[row]) if self._bars else None
        numbers: tuple[Values, ...] = ()
        if self.sequencer is not None:
            first, last, valid = self.sequencer.numbers(row)
            numbers = (Values(first, valid), Values(last, valid))
        return Rejected(row, batch.offsets[row], reason.astype(np.int8), by, slots, by_clock, boundary, *numbers)

    def _closed_by_clock(self, rows: _Rows, row: Integers, by: Integers) -> Booleans:
        """Where events alone had not come as far as the deadline that a row is behind by so much."""
        before, unaided = rows.before[row], rows.unaided[row]
        deadline = before - by
        undecided = deadline >= unaided if self._plan.finished else deadline > unaided
        by_clock: Booleans = (before > unaided) & undecided
        if self._floors[0]:
            by_clock &= ~self._floors[0].hides(rows.key[row], rows.start[row])
        return by_clock

    def _masks(self, late: Booleans, behind: Booleans, missed: dict[int, Booleans]) -> list[Booleans]:
        """For each level the late rows that are missing in its bars; those `behind` are in the bars of some levels."""
        if self._plan.makes_base:
            return [late & (~behind | missed.get(place, late & False)) for place in range(len(self._plan.levels))]
        masks = [np.zeros(len(late), np.bool_)]
        for place, level in enumerate(self._plan.levels[1:], 1):
            masks.append(late & (missed[place] if level.child == 0 else masks[level.child or 0]))
        return masks

    def _behind(self, rows: _Rows, row: Integers, missed: dict[int, Booleans]) -> Integers:
        worst = np.zeros(len(row), np.int64)
        for level, where in missed.items():
            by = rows.before[row] - self._deadline(level, rows)[row] if self._bars else self._passed(level, rows)[row]
            worst = np.where(where[row], np.maximum(worst, by), worst)
        return worst

    def _passed(self, level: int, rows: _Rows) -> Integers:
        """How far the floor of a level lies beyond the end of each row's slot there."""
        return self._floors[level].passed(rows.key, self._ends(level, rows))


def _starts(grid: SlotGrid, times: Integers) -> Integers:
    """The slots' starts; the time itself where the calendar does not tell the slot."""
    starts = times.copy()
    known = grid.knows(times)
    starts[known] = grid.round_to_slot(times[known]).start
    return starts


def _count(verdict: np.ndarray[tuple[int, ...], np.dtype[np.int8]]) -> dict[str, int]:
    """Rows by what became of them: accepted, filtered, or a reason's name in lower case."""
    numbers = np.bincount(verdict.astype(np.int64) - _FILTERED, minlength=2 + len(Reason))
    names = ["filtered", "accepted", *(reason.name.lower() for reason in Reason)]
    return {name: int(number) for name, number in zip(names, numbers, strict=True) if number}
