"""What the engine knows of the numbers of its keys, and so whether bars are complete."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from heapq import heapify, heappop, heappush
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.engine.blocks import BarBlock, Reason
from barloom.engine.holes.asking import ask, blank, decided, in_doubt, rows_by_key, told
from barloom.engine.holes.course import Course, Unread
from barloom.engine.holes.decisions import Decisions, Segments
from barloom.engine.holes.events import FOUND, GIVEN_UP, HoleEvent
from barloom.engine.holes.judging import Asked, Verdicts, judge_simple, judge_slots
from barloom.engine.holes.lacks import Lacks
from barloom.engine.holes.ledger import Judging, Ledger
from barloom.engine.holes.listing import HOLES, OpenHole, entry_of, entry_text, key_of, read_entry
from barloom.engine.holes.numbers import Judged
from barloom.engine.holes.places import LevelSlot, Places
from barloom.engine.holes.rows import walk
from barloom.engine.holes.table import BEGIN, END, LAST, NumberTable
from barloom.engine.order import stable_order
from barloom.engine.times.marks import ALL_KEYS
from barloom.engine.times.protocol import Passed
from barloom.engine.times.stream_time import BEGINNING, NEVER

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from barloom.engine.blocks import BarId, TickBatch
    from barloom.engine.holes.numbers import Hole, KeyNumbers
    from barloom.engine.keys import KeyIndex
    from barloom.engine.market import Market
    from barloom.engine.times.marks import KeyMarks
    from barloom.engine.times.protocol import Times, Until
    from barloom.plan.barplan import BarPlan
    from barloom.plan.barplan import Sequence as Declared
    from barloom.time.calendar import Booleans, Integers

__all__ = ["JudgedRows", "NumberedRows", "Sequencer"]

_REFUSED: Final = np.array([Reason.INVALID, Reason.CONFLICT, Reason.LATE, Reason.GAP], np.int8)
_NOTHING: Final = np.zeros(0, np.int64)


class NumberedRows(NamedTuple):
    """What is known of the rows of a batch before they are found to be late or not.

    `start` and `inside` tell their base slot, `read` is false of those whose time is not to be believed, `moves` true
    of those that move stream time.
    """

    key: Integers
    time: Integers
    start: Integers
    inside: Booleans
    read: Booleans
    moves: Booleans


class JudgedRows(NamedTuple):
    """Which rows were taken in before, which in part, and which lie where numbers were given up."""

    seen: Booleans
    part: Booleans
    gap: Booleans


class Sequencer:
    """Keeps the numbers of keys, most of them in a table, and judges bars by them."""

    def __init__(self, plan: BarPlan, market: Market, keys: KeyIndex, times: Times, declared: Declared) -> None:
        self._plan = plan
        self._declared = declared
        self._keys = keys
        self._times = times
        self._places = Places(plan, market)
        self._market = market
        self._table = NumberTable()
        self._held: dict[int, tuple[KeyNumbers, Lacks]] = {}
        self._due: list[tuple[int, int]] = []
        self._marked = BEGINNING
        self._course: Course | None = None
        self._touched: set[int] = set()
        self._gone: set[int] = set()
        self._events: list[HoleEvent] = []

    # A batch, before and behind the check for late rows

    def judge(
        self, batch: TickBatch, rows: NumberedRows, passed: Passed, marks: KeyMarks | None
    ) -> tuple[JudgedRows | None, Integers]:
        """What the numbers of a batch's rows are (none: all are fresh), and what sorts these by key."""
        count = len(rows.key)
        order = stable_order(rows.key) if passed.order is None else passed.order
        segments = Segments(rows.key, order)
        reached = np.maximum(passed.before, np.where(rows.moves, rows.time, BEGINNING))
        first, last, numbered = self._numbers(batch)
        self._course = course = Course(
            rows.key,
            rows.time,
            rows.start,
            rows.inside,
            first,
            last,
            rows.read,
            numbered,
            passed.before,
            segments,
            Decisions(segments, reached, marks, by_key=self._plan.by_key),
            marks,
            self._unread(batch, rows.key, reached),
        )
        odd = self._odd_keys(course)
        if not odd:
            return None, order
        judged = np.full(count, int(Judged.FRESH), np.int8)
        for key in odd:
            numbers = self._numbers_of(key)[0].copy()
            judging = Judging(numbers)
            course.odd[key] = positions, key_rows = course.rows_of(key)
            walk(numbers, key_rows, judging)
            for row, what in judging.found:
                if positions[row] < count:
                    judged[positions[row]] = what
            course.begun[key] = [[int(positions[row]) for row in rows_after] for rows_after in judging.begun]
        seen, part, gap = (judged == np.int8(what) for what in (Judged.SEEN, Judged.PART, Judged.GAP))
        return JudgedRows(seen, part, gap), order

    def decide(self, verdict: np.ndarray[tuple[int, ...], np.dtype[np.int8]], accepted: int) -> Booleans:
        """What became of the rows; gives those that tell that the venue has begun anew."""
        course = self._course
        told = np.zeros(len(verdict), np.bool_)
        if course is None:
            return told
        course.accepted, course.refused = verdict == np.int8(accepted), np.zeros(len(verdict), np.bool_)
        if (verdict >= 0).any():
            course.refused = np.isin(verdict, _REFUSED)
        for key, begun in course.begun.items():
            for after in begun:
                row = next((row for row in after if row < len(verdict) and course.accepted[row]), None)
                course.pending[key] = row is None
                if row is not None:
                    told[row] = True
        return told

    def without_rows(self, batch: TickBatch, marks: KeyMarks | None) -> None:
        """Take in a batch of marks, and of rows that could not be read."""
        none = np.zeros(0, np.bool_)
        nothing = NumberedRows(_NOTHING, _NOTHING, _NOTHING, none, none, none)
        self.judge(batch, nothing, Passed(_NOTHING, _NOTHING), marks)
        self.decide(np.zeros(0, np.int8), 0)

    def numbers(self, rows: Integers) -> tuple[Integers, Integers, Booleans]:
        """First and last number of some rows of the batch, and which have some."""
        assert self._course is not None  # noqa: S101 - asked of a batch
        return self._course.first[rows], self._course.last[rows], self._course.numbered[rows]

    # Behind a step

    def settle(
        self, finals: Sequence[BarBlock], lives: Sequence[BarBlock], until: Until | None = None
    ) -> tuple[list[BarBlock], list[BarBlock]]:
        """Take in the batch, and judge the bars of the step; `until` says up to when the input ended completely."""
        course = self._course
        asked = ask(finals, self._places, self._table, self._times, self._marked, until)
        found = blank(asked)
        if course is not None:
            self._count_on(course, asked, found)
            self._walk_odd(course, asked, found)
        else:
            self._judge_simple(asked, None, None, found)
        self._judge_rest(asked, course, found)
        self._take_marks(course)
        self._pass_on()
        self._course = None
        return told(finals, found), self.tell(lives)

    def tell(self, lives: Sequence[BarBlock]) -> list[BarBlock]:
        """Open bars, judged as of now."""
        asked = ask(lives, self._places, self._table, self._times, self._marked)
        found = blank(asked)
        self._judge_simple(asked, None, None, found)
        for key, rows in self._held_in(asked.key):
            verdicts = judge_slots(asked.take(rows), *self._held[key], None, None)
            found.missing[rows], found.complete[rows] = verdicts.missing, verdicts.complete
        return told(lives, found)

    def events(self) -> tuple[HoleEvent, ...]:
        """What has become known of absent numbers since this was last asked."""
        events, self._events = tuple(self._events), []
        return events

    def holes(self, key: tuple[object, ...] | None = None) -> list[OpenHole]:
        """The open holes of all keys, or of one."""
        fields = dict(zip(self._held, self._keys.rows(np.array([*self._held], np.int64)), strict=True))
        return [
            OpenHole(fields[number], hole.first, hole.last, hole.start, hole.end)
            for number, (numbers, _) in sorted(self._held.items(), key=lambda item: str(fields[item[0]]))
            if key in (None, fields[number])
            for hole in numbers.holes()
        ]

    def set_back(self, to: int, dropped: Iterable[BarId]) -> None:
        """No time lies beyond; open slots that are `dropped` lack the rows that they had."""
        self._table.set_back(to)
        for key, (numbers, _) in self._held.items():
            numbers.set_back(to)
            self._touched.add(key)
        self._marked = min(self._marked, to)
        for gone in dropped:
            ends = self._market.grids[gone.level].round_to_slot(gone.start).end
            for key, start, end in zip(gone.key.tolist(), gone.start.tolist(), ends.tolist(), strict=True):
                self._hold(key)[1].add([LevelSlot(gone.level, start, end)], refused=True)

    def dump(self) -> dict[bytes, bytes | None]:
        """The entries of the state that have changed."""
        entries: dict[bytes, bytes | None] = dict(self._table.settle(self._keys))
        touched = sorted(self._touched | self._gone)
        for key, fields in zip(touched, self._keys.rows(np.array(touched, np.int64)), strict=True):
            held = self._held.get(key)
            entries[entry_of(fields)] = None if held is None else entry_text(*held)
        self._touched, self._gone = set(), set()
        return entries

    def load(self, entries: Mapping[bytes, bytes]) -> None:
        """From the state."""
        self._table.load(entries, self._keys)
        names = [name for name in entries if name.startswith(HOLES)]
        if names:
            ids = self._keys.ids_of([key_of(name) for name in names]).tolist()
            for key, name in zip(ids, names, strict=True):
                self._held[key] = numbers, _ = read_entry(entries[name], self._declared)
                self._due.append((min(numbers.expiry, NEVER), key))
        heapify(self._due)
        self._marked = self._times.time.marked

    # Rows

    def _numbers(self, batch: TickBatch) -> tuple[Integers, Integers, Booleans]:
        """First and last number of each row, and which rows have them in order."""
        columns = [batch.frame[name] for name in self._declared.fields]
        numbered = np.ones(len(batch), np.bool_)
        for column in columns:
            if column.null_count():
                numbered &= column.is_not_null().to_numpy()
        values = [column.fill_null(0).to_numpy() if column.null_count() else column.to_numpy() for column in columns]
        first, last = values[0], values[-1]
        if first is not last:
            numbered &= first <= last
        return first, last, numbered

    def _unread(self, batch: TickBatch, key: Integers, reached: Integers) -> Unread:
        given = batch.unread
        if given is None or not given.frame.height:
            none = np.zeros(0, np.bool_)
            return Unread(_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING, none)
        frame = given.frame
        own = self._keys.ids(frame)
        time = frame[self._plan.event.timestamp].to_numpy()
        first, last = (frame[name].to_numpy() for name in (self._declared.first, self._declared.last))
        read = (first <= last) & ~self._market.place(time).beyond
        if batch.arrivals is not None and len(batch):
            came = batch.arrivals[np.minimum(given.after, len(batch) - 1)]
            read &= time - came <= self._plan.max_ahead
        ahead = [self._stands(int(after), one, key, reached) for after, one in zip(given.after, own, strict=True)]
        return Unread(given.after, own, time, first, last, np.array(ahead, np.int64), read)

    def _stands(self, after: int, own: int, key: Integers, reached: Integers) -> int:
        """Stream time of a key behind so many rows of the batch, or earlier where these do not tell."""
        ahead = np.flatnonzero(key[:after] == own) if self._plan.by_key else np.arange(after)[-1:]
        return int(reached[ahead[-1]]) if len(ahead) else BEGINNING

    def _odd_keys(self, course: Course) -> list[int]:
        """The keys that do not just count on from what is known of them."""
        segments = course.segments
        keys = segments.keys
        odd = set(course.unread.key.tolist())
        if len(keys):
            first = course.first[segments.order]
            last = first if course.last is course.first else course.last[segments.order]
            broken = np.zeros(len(course), np.bool_)
            np.not_equal(first[1:], last[:-1] + 1, out=broken[1:])
            begin = first[segments.begin]
            broken[segments.begin] = self._table.known(keys) & (begin != self._table.get(LAST, keys) + 1)
            good = course.read & course.numbered
            if not good.all():
                broken |= ~good[segments.order]
            if broken.any():
                odd.update(keys[np.logical_or.reduceat(broken, segments.begin)].tolist())
            if self._held:
                odd.update(self._held.keys() & set(keys.tolist()))
        return sorted(odd)

    # Keys that just count on

    def _count_on(self, course: Course, asked: Asked, found: Verdicts) -> None:
        """Take in the rows of keys that do, and judge their bars."""
        segments = course.segments
        if course.refused.any():
            for key in set(course.key[course.refused].tolist()) - course.odd.keys():
                course.odd[key] = course.rows_of(key)
        keys, begin, end = segments.keys, segments.begin, segments.end
        if course.odd:
            plain = ~np.isin(keys, [*course.odd])
            keys, begin, end = keys[plain], begin[plain], end[plain]
        heads, tails = segments.order[begin], segments.order[end - 1]
        fresh = ~self._table.known(keys)
        self._table.begin(keys[fresh], course.first[heads[fresh]], course.time[heads[fresh]])
        simple = np.flatnonzero(~np.isin(asked.key, [*course.odd])) if course.odd else None
        self._judge_simple(asked, simple, course, found)
        if len(keys):
            largest = course.time[tails]
            if not course.in_order:
                largest = np.maximum.reduceat(course.time[segments.order], segments.begin)
                largest = largest[plain] if course.odd else largest
            self._table.extend(keys, course.last[tails], course.time[tails], largest)

    def _judge_simple(self, asked: Asked, rows: Integers | None, course: Course | None, found: Verdicts) -> None:
        """Judge bars of keys with one run, some of them or all."""
        own = asked if rows is None else asked.take(rows)
        if not len(own):
            return
        if course is None:
            end = self._table.get(END, own.key)
        else:
            end = np.full(len(own), NEVER)
            exact = in_doubt(own, course)
            own, end[exact] = self._passed_when_decided(own, exact, course)
        original = own.complete_from <= own.start
        if original.any():
            original &= self._table.original(own.key)
        verdicts = judge_simple(own, self._table.get(BEGIN, own.key), end, original)
        where = slice(None) if rows is None else rows
        found.missing[where], found.complete[where] = verdicts.missing, verdicts.complete

    def _passed_when_decided(self, own: Asked, exact: Integers, course: Course) -> tuple[Asked, Integers]:
        """How far the runs of some bars' keys had come when these were decided; and the bars as known by then."""
        key = own.key[exact]
        place = course.decisions.places(key, own.deadline[exact])
        end = self._table.get(END, key)
        if len(course):
            last = course.decisions.last_rows(key, place)
            end = np.where(last >= 0, course.time[np.maximum(last, 0)], end)
        if course.marks is None:
            return own, end
        complete_to = own.complete_to.copy()
        complete_to[exact] = np.maximum(complete_to[exact], course.decisions.complete_to(key, place))
        return replace(own, complete_to=complete_to), end

    # Keys with holes and refused rows

    def _walk_odd(self, course: Course, asked: Asked, found: Verdicts) -> None:
        """Take in the rows of all other keys, and judge their bars where they were decided."""
        if not course.odd:
            return
        special = course.refused | (course.accepted & ~course.numbered)
        slots = self._special_slots(course, special)
        by_key = {key: rows for key, rows in rows_by_key(asked.key) if key in course.odd}
        accepted = np.append(course.accepted, np.zeros(len(course.unread), np.bool_))
        refused = np.append(course.refused, np.ones(len(course.unread), np.bool_))
        for key in course.odd:
            positions, rows = course.rows_of(key, ~special)
            numbers, lacks = self._hold(key)
            own = by_key.get(key, _NOTHING)
            bars = decided(asked.take(own), course)
            ordered = np.argsort(bars.place, kind="stable")
            own, bars = own[ordered], bars.take(ordered)
            here = {row: slots[place] for row, place in enumerate(positions.tolist()) if place in slots}
            numbers.given_up = partial(self._give_up, key, numbers, lacks)
            ledger = Ledger(
                numbers,
                lacks,
                rows,
                accepted[positions],
                refused[positions],
                here,
                bars,
                partial(self._note, key, FOUND),
            )
            walk(numbers, rows, ledger)
            ledger.close()
            found.missing[own], found.complete[own] = ledger.missing, ledger.complete
            if key in course.pending:
                numbers.anew = course.pending[key]

    def _special_slots(self, course: Course, special: Booleans) -> dict[int, list[LevelSlot]]:
        """The slots of rows that are lacking in them."""
        rows = np.flatnonzero(special & course.inside)
        found: dict[int, list[LevelSlot]] = {}
        found.update(zip(rows.tolist(), self._places.of_base(course.start[rows]), strict=True))
        unread = range(len(course), len(course) + len(course.unread))
        found.update(zip(unread, self._places.of_times(course.unread.time), strict=True))
        return found

    def _judge_rest(self, asked: Asked, course: Course | None, found: Verdicts) -> None:
        """Judge the bars of keys with holes that have no row in the batch."""
        odd = {} if course is None else course.odd
        for key, rows in self._held_in(asked.key):
            if key not in odd:
                bars = asked.take(rows)
                bars = bars if course is None else decided(bars, course)
                verdicts = judge_slots(bars, *self._held[key], None, partial(self._note, key, FOUND))
                found.missing[rows], found.complete[rows] = verdicts.missing, verdicts.complete
                self._touched.add(key)

    def _held_in(self, keys: Integers) -> Iterator[tuple[int, Integers]]:
        if self._held and len(keys):
            yield from ((key, rows) for key, rows in rows_by_key(keys) if key in self._held)

    def _numbers_of(self, key: int) -> tuple[KeyNumbers, Lacks]:
        """What is known of a key."""
        held = self._held.get(key)
        return (self._table.lift(key, self._declared), Lacks()) if held is None else held

    def _hold(self, key: int) -> tuple[KeyNumbers, Lacks]:
        """The same, taken out of the table."""
        self._touched.add(key)
        if key not in self._held:
            self._held[key] = self._numbers_of(key)
            self._table.drop(key)
            self._table.touch(np.array([key]))
            self._gone.discard(key)
        return self._held[key]

    # Time

    def _take_marks(self, course: Course | None) -> None:
        self._marked = self._times.time.marked
        if course is not None and course.marks is not None:
            own = course.marks.key != ALL_KEYS
            self._table.mark(course.marks.key[own], course.marks.time[own])

    def _pass_on(self) -> None:
        """Give up what was waited for long enough, tell of holes in what is decided, and forget what is."""
        common = self._times.time.common if self._plan.by_key else self._times.time.now
        while self._due and self._due[0][0] <= common:
            self._touched.add(heappop(self._due)[1])
        touched = sorted(self._touched & self._held.keys())
        for key, now in zip(touched, self._times.of(np.array(touched, np.int64)).tolist(), strict=True):
            numbers, lacks = self._held[key]
            if now > BEGINNING:
                numbers.given_up = partial(self._give_up, key, numbers, lacks)
                numbers.expire(now)
                self._tell_decided(key, numbers, now)
                lacks.forget(self._places.decided(now))
            if numbers.plain and not lacks:
                self._table.lower(key, numbers)
                self._table.touch(np.array([key]))
                del self._held[key]
                self._gone.add(key)
            else:
                heappush(self._due, (min(numbers.expiry, NEVER), key))

    def _tell_decided(self, key: int, numbers: KeyNumbers, now: int) -> None:
        for hole in numbers.holes():
            if hole.above.told or not self._places.may_be_decided(hole.start, now):
                continue
            if self._places.first_decided(hole.start, hole.end, now):
                self._note(key, FOUND, hole)

    def _note(self, key: int, kind: str, hole: Hole) -> None:
        hole.above.told = True
        missed = self._places.first_touched(hole.start, hole.end)
        fields = self._keys.rows(np.array([key]))[0]
        self._events.append(HoleEvent(fields, hole.first, hole.last, hole.start, hole.end, kind, missed))

    def _give_up(self, key: int, numbers: KeyNumbers, lacks: Lacks, hole: Hole, counts: bool) -> None:  # noqa: FBT001 - as it is called
        """The numbers of a hole are lacking in the slots that are open yet."""
        if counts:
            lacks.add(self._places.touched(hole.start, hole.end, numbers.passed), missing=hole.size)
        self._note(key, GIVEN_UP, hole)

    # What is asked
