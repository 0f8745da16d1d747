"""Calendars that never close: the session is the whole UTC day, and every time lies in exactly one slot."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cache, cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.errors import CalendarError
from barloom.time.calendar import Located
from barloom.time.instants import check_range
from barloom.time.options import Options
from barloom.time.timeframe import DAY

if TYPE_CHECKING:
    from barloom.time.calendar import Booleans, Integers, SlotGrid
    from barloom.time.timeframe import Timeframe

__all__ = ["AlwaysOpen"]

_FIRST_YEAR: Final = 1678
_LAST_YEAR: Final = 2261
_KNOWN_FROM: Final = int(np.datetime64(f"{_FIRST_YEAR}-01-01", "ns").astype(np.int64))
_KNOWN_UNTIL: Final = int(np.datetime64(f"{_LAST_YEAR + 1}-01-01", "ns").astype(np.int64))
_KNOWN: Final = f"knows the years {_FIRST_YEAR} to {_LAST_YEAR}"
_FIX: Final = "correct the time: is it in nanoseconds, and of the right year?"


class AlwaysOpen:
    """Every instant is in session; a trading date is a UTC day, from midnight to midnight.

    It knows the years that int64 nanoseconds hold entirely: 1678 to 2261. `options` may say on which day a week begins,
    and from when several days or weeks are counted.
    """

    def __init__(self, name: str = "24x7", options: Options | None = None) -> None:
        self._options = options or Options()
        self._name = f"{name}{self._options}"

    def __repr__(self) -> str:
        return f"AlwaysOpen({self._name!r})"

    @property
    def name(self) -> str:
        """How a definition names it."""
        return self._name

    def grid(self, timeframe: Timeframe) -> SlotGrid:
        """The slots of one timeframe, anchored at midnight UTC, the first day of a week, January or the declared date.

        Raises `CalendarError` for several days or weeks where no date is declared, and for regular hours.
        """
        return _grid(self._name, self._options, timeframe)

    def is_open(self, times: Integers) -> Booleans:
        """True for every time."""
        _check(self._name, times)
        return np.ones(len(times), np.bool_)

    def next_open(self, times: Integers) -> Integers:
        """The times themselves."""
        _check(self._name, times)
        return times

    def advance(self, times: Integers, session_nanos: int) -> Integers:
        """The times plus `session_nanos`, no later than the end of the last known year."""
        _check(self._name, times)
        room = _KNOWN_UNTIL - times
        return times + np.minimum(room, min(session_nanos, _KNOWN_UNTIL - _KNOWN_FROM))

    def last_close(self, times: Integers) -> Integers:
        """The smallest int64: it never closes."""
        return np.full(len(times), np.iinfo(np.int64).min)

    @property
    def known_to(self) -> int:
        """The end of the last known year."""
        return _KNOWN_UNTIL - 1

    @property
    def shortest_pause(self) -> int:
        """Zero: it never closes."""
        return 0

    def days_left(self, now: int) -> None:
        """`None`: it does not run out."""


def _check(name: str, times: Integers) -> None:
    check_range(times, _KNOWN_FROM, _KNOWN_UNTIL, calendar=name, known=_KNOWN, fix=_FIX)


@cache
def _grid(name: str, options: Options, timeframe: Timeframe) -> SlotGrid:
    if timeframe.regular:
        message = f"calendar {name!r} has no regular hours to tell from others; write '{str(timeframe).split('-')[0]}'"
        raise CalendarError(message)
    if timeframe.unit == "mo":
        return _MonthGrid(name, timeframe)
    if timeframe.unit in ("w", "d"):
        return _UniformGrid(name, timeframe, *_days(name, options, timeframe))
    if DAY % timeframe.nanos == 0:
        return _UniformGrid(name, timeframe, timeframe.nanos, 0)
    return _CutGrid(name, timeframe)


def _days(name: str, options: Options, timeframe: Timeframe) -> tuple[int, int]:
    """Length and anchor of days and weeks, in nanoseconds; an anchor near to 1970, so that all years fit."""
    anchor = options.counted_from(timeframe, name) if timeframe.counted else 0
    length = timeframe.count
    if timeframe.unit == "w":
        length, anchor = length * 7, options.week_start(options.week_of(anchor))
    near = (anchor + length // 2) % length - length // 2
    return length * DAY, near * DAY


class _Gapless(ABC):
    """What the grids of a calendar that never closes have in common."""

    def __init__(self, name: str, timeframe: Timeframe) -> None:
        self._name = name
        self._timeframe = timeframe

    @property
    def timeframe(self) -> Timeframe:
        return self._timeframe

    @abstractmethod
    def ended(self, times: Integers) -> Integers: ...

    def knows(self, times: Integers) -> Booleans:
        known: Booleans = (times >= _KNOWN_FROM) & (times < _KNOWN_UNTIL)
        return known

    def trading_date(self, starts: Integers) -> Integers:
        return starts // DAY

    @cached_property
    def _known(self) -> tuple[int, int]:
        """The ordinals of the first and last slot that the known years hold."""
        first, last = self.ended(np.array([_KNOWN_FROM, _KNOWN_UNTIL - 1], np.int64)).tolist()
        return first, last

    def _check_ordinals(self, ordinals: Integers) -> None:
        if len(ordinals) == 0:
            return
        lowest, highest = int(ordinals.min()), int(ordinals.max())
        if self._known[0] <= lowest and highest <= self._known[1]:
            return
        outlier = lowest if lowest < self._known[0] else highest
        message = f"calendar {self._name!r} has no {self._timeframe} slot number {outlier}: it {_KNOWN}; {_FIX}"
        raise CalendarError(message)


class _UniformGrid(_Gapless):
    """Slots of equal length, one after the other for ever: parts of a day, days and weeks."""

    def __init__(self, name: str, timeframe: Timeframe, length: int, anchor: int) -> None:
        super().__init__(name, timeframe)
        self._length = length
        self._anchor = anchor

    def round_to_slot(self, times: Integers) -> Located:
        _check(self._name, times)
        # In place: fresh memory costs more here than the arithmetic does.
        start = times - self._anchor if self._anchor else times
        start = start // self._length
        start *= self._length
        if self._anchor:
            start += self._anchor
        return Located(start, start + self._length, np.ones(len(times), np.bool_))

    def ordinal(self, times: Integers) -> Integers:
        _check(self._name, times)
        return -((self._anchor - times) // self._length)

    def ended(self, times: Integers) -> Integers:
        _check(self._name, times)
        return (times - self._anchor) // self._length

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        self._check_ordinals(ordinals)
        start = ordinals * self._length + self._anchor
        return start, start + self._length


class _CutGrid(_Gapless):
    """Slots that do not divide the day: anchored at its midnight, the last one cut at the next midnight."""

    def __init__(self, name: str, timeframe: Timeframe) -> None:
        super().__init__(name, timeframe)
        self._length = timeframe.nanos
        self._per_day = -(-DAY // timeframe.nanos)

    def round_to_slot(self, times: Integers) -> Located:
        _check(self._name, times)
        midnight = times // DAY
        midnight *= DAY
        start = times - midnight
        start //= self._length
        start *= self._length
        start += midnight
        end = start + self._length
        midnight += DAY
        np.minimum(end, midnight, out=end)
        return Located(start, end, np.ones(len(times), np.bool_))

    def ordinal(self, times: Integers) -> Integers:
        _check(self._name, times)
        day = times // DAY
        return day * self._per_day - ((day * DAY - times) // self._length)

    def ended(self, times: Integers) -> Integers:
        _check(self._name, times)
        day = times // DAY
        in_day = times - day * DAY
        in_day //= self._length
        day *= self._per_day
        day += in_day
        return day

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        self._check_ordinals(ordinals)
        day = ordinals // self._per_day
        start = day * DAY + (ordinals - day * self._per_day) * self._length
        return start, np.minimum(start + self._length, (day + 1) * DAY)


class _MonthGrid(_Gapless):
    """Groups of calendar months counted from January; ordinal 0 begins on 1970-01-01."""

    def __init__(self, name: str, timeframe: Timeframe) -> None:
        super().__init__(name, timeframe)
        months = np.arange(f"{_FIRST_YEAR}-01", f"{_LAST_YEAR + 1}-02", timeframe.count, dtype="datetime64[M]")
        days = months.astype("datetime64[D]").astype(np.int64)
        self._edges: Integers = days * DAY
        self._ends = self._edges[1:]
        self._first_day = int(days[0])
        self._of_day = np.repeat(np.arange(len(days) - 1), np.diff(days))
        self._origin = int(self._of_day[-self._first_day])

    def round_to_slot(self, times: Integers) -> Located:
        _check(self._name, times)
        index = self._index(times)
        return Located(self._edges.take(index), self._ends.take(index), np.ones(len(times), np.bool_))

    def ordinal(self, times: Integers) -> Integers:
        _check(self._name, times)
        index = self._index(times)
        return index + (times > self._edges[index]) - self._origin

    def ended(self, times: Integers) -> Integers:
        _check(self._name, times)
        return self._index(times) - self._origin

    def bounds(self, ordinals: Integers) -> tuple[Integers, Integers]:
        self._check_ordinals(ordinals)
        index = ordinals + self._origin
        return self._edges[index], self._edges[index + 1]

    def _index(self, times: Integers) -> Integers:
        """Which group of months holds each time: a table lookup by day, many times faster than a search."""
        days = times // DAY
        days -= self._first_day
        return self._of_day.take(days, mode="clip")
