"""The slots of calendars that are made of sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.time.calendar import Located
from barloom.time.runs import run_grid

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers, SlotGrid
    from barloom.time.options import Options
    from barloom.time.table import SessionTable
    from barloom.time.timeframe import Timeframe

__all__ = ["grid_of"]


def grid_of(table: SessionTable, timeframe: Timeframe, options: Options) -> SlotGrid:
    """The slots of one timeframe on a table of sessions."""
    if timeframe.regular and timeframe.intraday:
        table = table.regular()
    if not timeframe.intraday:
        return _PeriodGrid(table, timeframe, options)
    if options.anchor == "open" and options.pause == "split" and table.planned is None:
        return _SegmentGrid(table, timeframe)
    return run_grid(table, timeframe, options)


class _SegmentGrid:
    """Intraday slots: anchored at each segment's open, the last one cut at its close."""

    def __init__(self, table: SessionTable, timeframe: Timeframe) -> None:
        self._table = table
        self._timeframe = timeframe
        self._length = timeframe.nanos
        self._slots = -((table.opens - table.closes) // self._length)
        self._first = np.concatenate((np.zeros(1, np.int64), np.cumsum(self._slots)))

    @property
    def timeframe(self) -> Timeframe:
        return self._timeframe

    def round_to_slot(self, times: Integers) -> Located:
        table = self._table
        position = table.known_place(times, self._timeframe)
        opened, closed = table.opens[position], table.closes[position]
        # In place: fresh memory costs more here than the arithmetic does.
        start = times - opened
        start //= self._length
        start *= self._length
        start += opened
        end = start + self._length
        np.minimum(end, closed, out=end)
        return Located(start, end, times < closed)

    def ordinal(self, times: Integers) -> Integers:
        position = self._table.known_place(times, self._timeframe, closed_end=True)
        count: Integers = self._table.opens[position] - times
        count //= self._length
        np.negative(count, out=count)
        np.minimum(count, self._slots[position], out=count)
        count += self._first[position]
        return count

    def ended(self, times: Integers) -> Integers:
        table = self._table
        table.check_not_after(times, self._timeframe)
        position = table.segment(times)
        over = times >= table.closes[position]
        count = np.where(over, self._slots[position], (times - table.opens[position]) // self._length)
        return np.where(position < 0, 0, self._first[position] + count)

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        table = self._table
        table.check_ordinals(ordinals, 0, int(self._first[-1]), self._timeframe)
        position = np.searchsorted(self._first, ordinals, "right").astype(np.int64) - 1
        start = table.opens[position] + (ordinals - self._first[position]) * self._length
        return start, np.minimum(start + self._length, table.closes[position])

    def knows(self, times: Integers) -> Booleans:
        return self._table.tells(times)

    def trading_date(self, starts: Integers) -> Integers:
        return self._table.trading_date(starts)


class _PeriodGrid:
    """Days, weeks and months: slots made of whole sessions.

    The first and the last week or month of the table may reach beyond the dates it knows. Such a slot has an ordinal,
    so that the others are numbered, but nothing about it is told. Those of regular hours lie on the same table, so that
    all levels know the same times; what lies outside of regular hours is outside of them.
    """

    def __init__(self, table: SessionTable, timeframe: Timeframe, options: Options) -> None:
        self._table = table
        self._timeframe = timeframe
        self._held = held = table.regular() if timeframe.regular else table
        number, first_date, last_date = _periods(timeframe, held.dates, options, table.name)
        begins = np.flatnonzero(np.diff(number, prepend=number[0] - 1))
        ends = np.append(begins[1:], len(number)) - 1
        self._starts = held.session_opens[begins]
        self._ends = held.session_closes[ends]
        self._low = int(first_date[0] < table.known_from)
        self._high = len(begins) - int(last_date[-1] > table.known_until)

    @property
    def timeframe(self) -> Timeframe:
        return self._timeframe

    def round_to_slot(self, times: Integers) -> Located:
        self._table.check_times(times, self._timeframe)
        inside = self._held.in_session(times)
        index = np.searchsorted(self._starts, times, "right").astype(np.int64) - 1
        self._check(index[inside])
        return Located(self._starts[index], self._ends[index], inside)

    def ordinal(self, times: Integers) -> Integers:
        self._table.check_times(times, self._timeframe, closed_end=True)
        return np.searchsorted(self._starts, times, "left").astype(np.int64)

    def ended(self, times: Integers) -> Integers:
        self._table.check_not_after(times, self._timeframe)
        count = np.searchsorted(self._ends, times, "right").astype(np.int64)
        return np.minimum(count, self._high)  # a slot whose end is not known has not ended

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        self._check(ordinals)
        return self._starts[ordinals], self._ends[ordinals]

    def knows(self, times: Integers) -> Booleans:
        index = np.searchsorted(self._starts, times, "right") - 1
        known: Booleans = self._table.tells(times) & (index < self._high)
        known &= (index >= self._low) | (index < 0)  # before the first slot there is none, which is known
        return known

    def trading_date(self, starts: Integers) -> Integers:
        return self._table.trading_date(starts)

    def _check(self, ordinals: Integers) -> None:
        self._table.check_ordinals(ordinals, self._low, self._high, self._timeframe)


def _periods(timeframe: Timeframe, dates: Integers, options: Options, name: str) -> tuple[Integers, Integers, Integers]:
    """For each date the number of its period, and the period's first and last calendar date."""
    if timeframe.unit == "mo":
        return _months(timeframe.count, dates)
    length = timeframe.count if timeframe.unit == "d" else timeframe.count * 7
    begin = options.counted_from(timeframe, f"{name}{options}") if timeframe.counted else 0
    if timeframe.unit == "w":
        begin = options.week_start(options.week_of(begin))
    number = (dates - begin) // length
    first = number * length + begin
    return number, first, first + length - 1


def _months(count: int, dates: Integers) -> tuple[Integers, Integers, Integers]:
    """The same for months, counted from January."""
    number = dates.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) // count
    edges = [
        (month * count).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64)
        for month in (number, number + 1)
    ]
    return number, edges[0], edges[1] - 1
