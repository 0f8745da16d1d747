"""When the made-up market trades: its own time runs in session only, and here becomes the time of the calendar."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.errors import CalendarError
from barloom.time.calendars import resolve
from barloom.time.instants import days_of
from barloom.time.sessions import SessionCalendar
from barloom.time.timeframe import DAY, MICROSECOND, MINUTE

if TYPE_CHECKING:
    from datetime import date

    from barloom.simulate.dice import Dice
    from barloom.time.calendar import Integers
    from barloom.time.table import SessionTable

__all__ = ["Hours"]

_FURTHEST: Final = 30 * MINUTE


class Hours:
    """The trading hours of a calendar, from a time or a trading date on.

    The market's own time is session time: nanoseconds in which it was open, from some origin. Where the calendar never
    closes it is the time itself.
    """

    def __init__(self, calendar: str, start: int | date) -> None:
        found = resolve(calendar)
        self.name = found.name
        self._table = found.table if isinstance(found, SessionCalendar) else None
        if self._table is None:
            self.start = start if isinstance(start, int) else days_of(start) * DAY
            return
        first = start if isinstance(start, int) else self._opening(self._table, start)
        self.start = int(self._table.passed(np.array([first], np.int64))[0])
        pauses = np.append(self._table.opens[1:] > self._table.closes[:-1], np.True_)
        self._closes = self._table.closes[pauses]
        # Behind the last close the calendar tells nothing: there the market stays shut for good.
        self._reopens = np.append(self._table.opens[1:][pauses[:-1]], self._closes[-1] + 2 * _FURTHEST)

    @property
    def closes(self) -> bool:
        """Whether there is any time outside of these hours."""
        return self._table is not None and len(self._closes) > 1

    def moments(self, passed: Integers) -> Integers:
        """The times at which so much of the market's own time has passed."""
        table = self._table
        if table is None:
            return passed
        if len(passed) and int(passed.max()) >= int(table.elapsed[-1]):
            message = (
                f"the ticks run beyond calendar {self.name!r}, which {table.known}; "
                "ask for fewer, for more a second, or start earlier"
            )
            raise CalendarError(message)
        return table.instant(passed + 1) - 1

    def of_days(self, days: int) -> int:
        """How much of its own time the market has on so many trading dates from its start on."""
        table = self._table
        if table is None:
            return days * DAY
        before = table.elapsed[table.first_segment]
        first = int(np.searchsorted(before, self.start, "right")) - 1
        return int(before[min(first + days, len(before) - 1)]) - self.start

    def aside(self, times: Integers, dice: Dice, numbers: Integers) -> Integers:
        """Times outside of the hours, near those asked for: after the next close, or before the market opens again."""
        place = np.searchsorted(self._closes, times, "right")
        close, reopens = self._closes[place], self._reopens[place]
        room = np.minimum(reopens - close, _FURTHEST) // MICROSECOND
        off = dice.between(0, 1 << 31, numbers) * (room - 1) // (1 << 31) * MICROSECOND
        moved: Integers = np.where(numbers % 2 == 0, close + off, reopens - MICROSECOND - off)
        return moved

    def _opening(self, table: SessionTable, day: date) -> int:
        """The first open of a trading date, or of the next one there is."""
        place = int(np.searchsorted(table.dates, days_of(day)))
        if place == len(table.dates) or days_of(day) < table.known_from:
            message = f"calendar {self.name!r} does not tell about {day}: it {table.known}; start within these"
            raise CalendarError(message)
        return int(table.session_opens[place])
