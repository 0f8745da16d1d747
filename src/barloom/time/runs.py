"""Intraday slots that follow the local clock, or go on through pauses: breaks and unscheduled closures."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.time.calendar import Located
from barloom.time.timeframe import DAY
from barloom.time.zones import zone

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers, SlotGrid
    from barloom.time.options import Options
    from barloom.time.table import SessionTable
    from barloom.time.timeframe import Timeframe
    from barloom.time.zones import Zone

__all__ = ["run_grid"]


def run_grid(table: SessionTable, timeframe: Timeframe, options: Options) -> SlotGrid:
    """The slots of an intraday timeframe that lie in runs: through breaks, by the clock, or around closures."""
    return _RunGrid(table, timeframe, options)


class _Runs(NamedTuple):
    """What slots are counted through: a segment as planned, or those of a session and phase with the breaks between.

    `of_segment` has the run of each segment, the other columns a row for each run: its first open and last close, and
    the open that was planned, which a closure may have delayed.
    """

    of_segment: Integers
    opens: Integers
    closes: Integers
    planned: Integers

    @classmethod
    def of(cls, table: SessionTable, planned: SessionTable, options: Options) -> _Runs:
        """The runs of a table whose segments are those of the `planned` one, or parts of them."""
        joined = np.zeros(len(planned.opens), np.bool_)
        if options.pause == "span":
            joined[1:] = (np.diff(planned.session_of) == 0) & (np.diff(planned.phase_of) == 0)
        run = (np.cumsum(~joined) - 1)[planned.segment(table.opens)]
        first = np.flatnonzero(np.diff(run, prepend=-1))
        last = np.append(first[1:], len(run)) - 1
        of_segment = np.cumsum(np.diff(run, prepend=-1) != 0) - 1
        return cls(of_segment, table.opens[first], table.closes[last], planned.opens[~joined][run[first]])


class _Stretches(NamedTuple):
    """Parts of runs within which no clock is changed, in order: a run is one, or several.

    The slots of a run are numbered. Number n lies from ``anchor + n * length`` to ``anchor + (n + 1) * length``, but
    the first of a stretch, `low`, begins at `head` and the last, `high` - 1, ends at `tail`: the run is cut there, or
    the slot reaches into the stretch before or after.
    """

    begins: Integers
    anchor: Integers
    low: Integers
    high: Integers
    head: Integers
    tail: Integers

    @classmethod
    def from_opens(cls, runs: _Runs, length: int) -> _Stretches:
        """Slots are counted from each run's open as planned."""
        low, high = _numbers(runs.opens, runs.closes, runs.planned, length)
        return cls(runs.opens, runs.planned, low, high, runs.opens, runs.closes)

    @classmethod
    def by_clock(cls, runs: _Runs, length: int, local: Zone) -> _Stretches:
        """Slots are counted by the local clock, from the midnight before each run's open as planned.

        Where clocks are changed, the slot that is open then goes on for as long as they show its time: it is shorter by
        what they skip, and longer by what they repeat. Slots that fit into the repeated time are there twice.
        """
        begins, run = _parted(runs, local.changes)
        within = np.diff(run, prepend=-1) == 0
        ends = np.where(np.append(within[1:], False), np.append(begins[1:], 0), runs.closes[run])
        opened, offset = local.to_local(runs.planned), local.offset(begins)
        anchor = (opened - opened % DAY)[run] - offset
        low, high = _numbers(begins, ends, anchor, length)
        made = cls(begins, anchor, low, high, begins.copy(), ends.copy())
        places = np.flatnonzero(within).tolist()
        for place in places:
            made._count_on(place, length, back=int(offset[place - 1] - offset[place]))
        for place in reversed(places):
            made._reach_back(place, length)
        return made

    def _count_on(self, place: int, length: int, *, back: int) -> None:
        """Number a stretch's slots behind those of the one before; between them clocks go `back` (below 0: forward)."""
        before = place - 1
        begin, end, last = self.begins[place], self.tail[place], self.high[before] - 1
        anchor = self.anchor[before] + back
        first = (begin - anchor) // length
        if 0 < back < length:
            first, goes_on = last, True
        else:
            goes_on = bool((begin - anchor) % length) if back > 0 else first == last
        more = last + 1 - first - goes_on
        self.anchor[place] = anchor = anchor - more * length
        self.low[place] = first + more
        self.high[place] = max(-((anchor - end) // length), first + more + 1)
        if goes_on:
            self.head[place] = self.head[before] if last == self.low[before] else self.anchor[before] + last * length

    def _reach_back(self, place: int, length: int) -> None:
        """Where the last slot of the stretch before goes on in this one, it ends here."""
        low = self.low[place]
        if low == self.high[place - 1] - 1:
            alone = low == self.high[place] - 1
            self.tail[place - 1] = self.tail[place] if alone else self.anchor[place] + (low + 1) * length


def _parted(runs: _Runs, changes: Integers) -> tuple[Integers, Integers]:
    """Where stretches begin, at runs' opens and at changes within runs, and which run each lies in."""
    at = np.maximum(np.searchsorted(runs.opens, changes, "right") - 1, 0)
    within = changes[(changes > runs.opens[at]) & (changes < runs.closes[at])]
    begins = np.sort(np.concatenate((runs.opens, within)))
    return begins, np.searchsorted(runs.opens, begins, "right") - 1


def _numbers(begins: Integers, ends: Integers, anchor: Integers, length: int) -> tuple[Integers, Integers]:
    """The number of the first slot of each stretch, and the one behind its last, counted from its anchor."""
    return (begins - anchor) // length, -((anchor - ends) // length)


class _RunGrid:
    """Slots of runs: cut at their ends, and going on through what lies between their segments.

    A slot without session time does not exist. Any other belongs to the segment of its first session time, also where
    it begins or ends in a pause; `_own` is the number of each segment's first slot, and `_slots` how many it has.
    Segments are parted where clocks are changed.
    """

    def __init__(self, table: SessionTable, timeframe: Timeframe, options: Options) -> None:
        self._timeframe = timeframe
        self._length = timeframe.nanos
        local = zone(table.zone) if options.anchor == "clock" else None
        self._table = table if local is None else table.cut(local.changes)
        runs = _Runs.of(self._table, table.planned or table, options)
        if local is None:
            stretches = _Stretches.from_opens(runs, self._length)
        else:
            stretches = _Stretches.by_clock(runs, self._length, local)
        self._spread(stretches)
        self._count(runs.of_segment)

    def _spread(self, stretches: _Stretches) -> None:
        """What holds in a stretch, for each of its segments."""
        at = np.searchsorted(stretches.begins, self._table.opens, "right") - 1
        self._anchor, self._head, self._tail = stretches.anchor[at], stretches.head[at], stretches.tail[at]
        self._low, self._last = stretches.low[at], stretches.high[at] - 1

    def _count(self, run: Integers) -> None:
        """Give every slot to one segment."""
        table = self._table
        first, behind = _numbers(table.opens, table.closes, self._anchor, self._length)
        first, behind = np.maximum(first, self._low), np.maximum(behind, self._low + 1)
        goes_on = np.zeros(len(run), np.bool_)
        goes_on[1:] = (np.diff(run) == 0) & (first[1:] == behind[:-1] - 1)
        self._own = first + goes_on
        self._slots = behind - self._own
        self._first = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._slots)))
        self._begins, _ = self._edges(np.arange(len(run)), self._own)

    def _edges(self, position: Integers | np.int64, number: Integers) -> tuple[Integers, Integers]:
        """Start and end of a segment's slots, by their numbers in the run."""
        nominal = self._anchor[position] + number * self._length
        start = np.where(number == self._low[position], self._head[position], nominal)
        nominal += self._length
        return start, np.where(number == self._last[position], self._tail[position], nominal)

    @property
    def timeframe(self) -> Timeframe:
        return self._timeframe

    def round_to_slot(self, times: Integers) -> Located:
        position = self._table.known_place(times, self._timeframe)
        number = times - self._anchor[position]
        number //= self._length
        np.maximum(number, self._low[position], out=number)
        return Located(*self._edges(position, number), times < self._table.closes[position])

    def ordinal(self, times: Integers) -> Integers:
        table = self._table
        table.check_times(times, self._timeframe, closed_end=True)
        position = table.segment(times)
        begun = -((self._anchor[position] - times) // self._length) - self._own[position]
        begun = np.minimum(np.maximum(begun, 1), self._slots[position])
        begun[times <= self._begins[position]] = 0
        following = np.minimum(position + 1, len(table.opens) - 1)
        in_pause = (following > position) & (self._slots[following] > 0) & (self._begins[following] < times)
        count: Integers = self._first[position] + begun + in_pause
        return count

    def ended(self, times: Integers) -> Integers:
        table = self._table
        table.check_not_after(times, self._timeframe)
        position = table.segment(times)
        number = (times - self._anchor[position]) // self._length
        number = np.minimum(np.maximum(number, self._low[position]), self._last[position])
        number += times >= self._tail[position]
        count = np.minimum(number - self._own[position], self._slots[position])
        return np.where(position < 0, 0, self._first[position] + count)

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        self._table.check_ordinals(ordinals, 0, int(self._first[-1]), self._timeframe)
        position = np.searchsorted(self._first, ordinals, "right").astype(np.int64) - 1
        return self._edges(position, ordinals - self._first[position] + self._own[position])

    def knows(self, times: Integers) -> Booleans:
        return self._table.tells(times)

    def trading_date(self, starts: Integers) -> Integers:
        return self._table.trading_date(starts)
