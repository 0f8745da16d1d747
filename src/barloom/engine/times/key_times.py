"""A stream time for each key: the largest event time of its own rows that count, and never before the clock's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.times.completeness import begin_keys, disregarded_of_keys, ends_of_each
from barloom.engine.times.key_columns import COMPLETE_FROM, EVENT, FIRST, GIVEN, KeyColumns
from barloom.engine.times.least import least_of, least_reached, returning
from barloom.engine.times.marks import ALL_KEYS
from barloom.engine.times.protocol import TIME, Passed
from barloom.engine.times.running import by_key, largest, reached_before
from barloom.engine.times.stream_time import BEGINNING, NEVER, StreamTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from barloom.engine.keys import KeyIndex
    from barloom.engine.market import Market
    from barloom.engine.open_rows import OpenRows
    from barloom.engine.times.marks import KeyMarks
    from barloom.engine.times.protocol import Until
    from barloom.engine.times.running import Runs
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["KeyReach", "KeyTimes"]

_NO_KEYS = np.empty(0, np.int64)


class KeyTimes:
    """The times of the keys of a partition.

    `time` is that of the partition: the largest of all its keys' times, which decides nothing but where the clock is.
    """

    def __init__(self, plan: BarPlan, market: Market) -> None:
        self.time = StreamTime()
        self.moved: Integers = _NO_KEYS
        self.clock_moved = False
        self._least: int | None = None
        self._columns = KeyColumns()
        self._plan = plan
        self._market = market

    def of(self, key: Integers) -> Integers:
        """Stream time of some keys; `BEGINNING` where it has not begun."""
        return np.maximum(self._unaided(key), self.time.common)

    @property
    def least(self) -> int:
        """What every key has come to that is not idle: the largest such time since rows were taken last."""
        if self._least is None:
            times = self._all_times()
            self._least = least_of(times[times > BEGINNING], self.time.by_events - self._plan.idle_after)
        return max(self._least, self.time.clock)

    def _all_times(self) -> Integers:
        """What stream time of all keys would be without the clock; `BEGINNING` where one has not begun."""
        return np.maximum(self._columns.whole(EVENT), self._columns.whole(GIVEN))

    def begin_step(self) -> None:
        """A step begins: nothing has moved yet."""
        self.moved, self.clock_moved = _NO_KEYS, False

    def take(
        self,
        key: Integers,
        event: Integers,
        moves: Booleans,
        arrivals: Integers | None,
        marks: KeyMarks | None = None,
    ) -> Passed:
        """Move each key by its own rows, its own marks and those of all keys."""
        if marks is None:
            return self._take(key, event, moves, arrivals)
        of_all, of_one = marks.of_all, marks.take(marks.key != ALL_KEYS)
        keys, times, is_row = of_one.among(key, np.where(moves, event, BEGINNING))
        ahead = of_all.ahead(len(key))
        runs = by_key(keys)
        own = self._unaided(runs.key)
        begins = np.maximum(own, self.time.clock)
        before = np.maximum(reached_before(runs, begins, times)[is_row], ahead)
        unaided = np.maximum(reached_before(runs, own, times)[is_row], ahead)
        self._take(key, event, moves, arrivals)
        self.mark(marks)
        order = (np.cumsum(is_row) - 1)[runs.order[is_row[runs.order]]]
        return Passed(before, unaided, order)

    def mark(self, marks: KeyMarks) -> None:
        """Move each key by its own marks and those of all keys."""
        of_all, of_one = marks.of_all, marks.take(marks.key != ALL_KEYS)
        key, place = np.unique(of_one.key, return_inverse=True)
        latest = np.full(len(key), BEGINNING)
        np.maximum.at(latest, place, of_one.time)
        moved = latest > self.of(key)
        self._columns.set(GIVEN, key, np.maximum(self._columns.get(GIVEN, key), latest))
        self.moved = np.union1d(self.moved, key[moved])
        before = self.time.common
        self.time.mark(of_all.latest, marks.latest)
        self.clock_moved = self.clock_moved or self.time.common > before

    def _take(self, key: Integers, event: Integers, moves: Booleans, arrivals: Integers | None) -> Passed:
        if not len(key):
            return Passed(key, key, key)
        runs, moving = by_key(key), np.where(moves, event, BEGINNING)
        own = self._unaided(runs.key)
        begins = np.maximum(own, self.time.clock)
        before = reached_before(runs, begins, moving)
        unaided = before if (own == begins).all() else reached_before(runs, own, moving)
        latest = largest(runs, moving)
        self._least = self._reckoned(runs, moving, own, unaided)
        further = latest > self._columns.get(EVENT, runs.key)
        self._columns.set(EVENT, runs.key[further], latest[further])
        self.moved = runs.key[latest > begins]
        self.time.move(event, moves, arrivals)
        return Passed(before, unaided, runs.order)

    def _reckoned(self, runs: Runs, moving: Integers, own: Integers, before: Integers) -> int | None:
        """What every key came to at some row of a batch; none where that is what they have all come to behind it.

        Only a key that is new, or was idle and is back, can take it back: then every row is looked at.
        """
        head = np.maximum.accumulate(np.maximum(moving, self.time.by_events))
        ahead, idle_after = np.append(self.time.by_events, head[:-1]), self._plan.idle_after
        if not returning(moving, before, ahead, idle_after).any():
            return None
        times = self._all_times()
        times[runs.key] = BEGINNING
        return least_reached(runs, moving, before, own, times[times > BEGINNING], head, idle_after)

    def accept(self, key: Integers, time: Integers, start: Integers) -> tuple[str, ...]:
        """Note the first accepted row of each key that had none."""
        fresh = np.flatnonzero(self._columns.get(FIRST, key) == BEGINNING)
        if not len(fresh):
            return ()
        if self.time.first is None:
            self.time.first = int(time[0])
        key, places = np.unique(key[fresh], return_index=True)
        first, slots = time[fresh[places]], start[fresh[places]]
        whole, notes = begin_keys(first, self._plan.source.complete_from, self._market.calendar, slots)
        self._columns.set(FIRST, key, first)
        self._columns.set(COMPLETE_FROM, key, whole)
        return notes

    def extend(self, checked_at: int) -> None:
        """Let the clock of the partition move every key."""
        before = self.time.common
        self.time.extend(checked_at, self._plan.live_within, self._plan.clock_after)
        self.clock_moved = self.time.common > before

    def complete(self, until: int, reach: Callable[[int], int]) -> None:
        """All rows of each key were given, up to `until` or to the end of the span that its own last row is in."""
        key, known_to = self._columns.having(EVENT), self._market.calendar.known_to
        ends, place = np.unique(np.minimum(self._given(key, until), known_to), return_inverse=True)
        reached = [BEGINNING if end == BEGINNING else min(reach(end), known_to) for end in ends.tolist()]
        times = np.array(reached, np.int64)[place.reshape(-1)]
        self.time.come_to(max(reached, default=BEGINNING))
        self._least = None
        self._columns.set(GIVEN, key, np.maximum(self._columns.get(GIVEN, key), times))
        self.moved = key

    def whole_until(self, until: int) -> Until:
        """Until when the rows of each key were given at the end of the input."""
        return lambda key: self._given(key, until)

    def whole_from(self, key: Integers) -> Integers:
        """Slots of each key that begin from this time on are whole."""
        declared = self._columns.get(COMPLETE_FROM, key)
        return np.where(declared > BEGINNING, declared, self._columns.get(FIRST, key))

    def complete_from(self, key: Integers) -> Integers:
        """Since when the source says that it has every row of some keys."""
        declared = self._columns.get(COMPLETE_FROM, key)
        return np.where(declared > BEGINNING, declared, NEVER)

    def reach(self, delay: int, until: Until | None = None) -> KeyReach:
        """Which slots are decided."""
        return KeyReach(self, self._market, delay, until)

    def set_back(self, to: int) -> None:
        """Let the keys that are ahead of a time, and the clock, stand there."""
        self.time.set_back(to)
        self._least = None
        for column in (EVENT, GIVEN):
            key = self._columns.having(column, to)
            self._columns.set(column, key, np.full(len(key), to))
        wrong = self._columns.having(FIRST, to)
        for column in (FIRST, COMPLETE_FROM):
            self._columns.set(column, wrong, np.full(len(wrong), BEGINNING))

    def dump(self, keys: KeyIndex) -> Iterable[tuple[bytes, bytes]]:
        """One entry for the partition, and one for each key that has changed."""
        return ((TIME, self.time.dump()), *self._columns.settle(keys))

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> tuple[str, ...]:
        """From the state."""
        if TIME in entries:
            self.time = StreamTime.load(entries[TIME])
        self._columns.load(entries, keys)
        key = self._columns.having(FIRST)
        first, whole = self._columns.get(FIRST, key), self._columns.get(COMPLETE_FROM, key)
        return disregarded_of_keys(first, whole, self._plan.source.complete_from, self._market.calendar)

    def _unaided(self, key: Integers) -> Integers:
        """What stream time would be without the clock."""
        return np.maximum(np.maximum(self._columns.get(EVENT, key), self._columns.get(GIVEN, key)), self.time.marked)

    def _given(self, key: Integers, until: int) -> Integers:
        """Until when the rows of each key are said to be there: never later than `until`."""
        last = self._columns.get(EVENT, key)
        holds = last - 1 if self._plan.finished else last
        ends = ends_of_each(self._plan.source.complete_until, self._market.calendar, holds)
        return np.minimum(ends, until)


class KeyReach:
    """Which slots of a level are decided: for each key by its own time."""

    def __init__(self, times: KeyTimes, market: Market, delay: int, until: Until | None) -> None:
        self._times = times
        self._deadlines = market.deadlines
        self._delay = delay
        self._until = until
        self.moved = times.moved

    @property
    def clock(self) -> int | None:
        """Where the clock, or a mark of all keys, has moved now: slots that end at or before this are decided."""
        if not self._times.clock_moved:
            return None
        return self._deadlines.boundary(self._times.time.common, self._delay)

    def of(self, key: Integers) -> Integers:
        """Slots of each key that end at or before this time are decided."""
        decided = self._deadlines.boundaries(self._times.of(key), self._delay)
        return decided if self._until is None else np.maximum(decided, self._until(key))

    def ended(self, rows: OpenRows) -> Integers:
        """The open rows whose slot is decided."""
        ended = rows.ended_of(self.moved, self.of(self.moved))
        clock = self.clock
        return ended if clock is None else np.union1d(ended, rows.due(clock))
