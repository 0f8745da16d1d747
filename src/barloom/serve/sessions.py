"""The sessions of a calendar, also of one that never closes: its sessions are the days in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.time.calendars import table_of
from barloom.time.declared.hours import Phase
from barloom.time.instants import date_of
from barloom.time.sessions import SessionCalendar

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from barloom.time.calendar import Calendar
    from barloom.time.table import SessionTable

__all__ = ["Opening", "Stretch", "openings", "table_for"]

_UTC_DAYS = "24x7@UTC"


class Stretch(NamedTuple):
    """A stretch of open time, in nanoseconds."""

    opens: int
    closes: int
    phase: Phase


class Opening(NamedTuple):
    """The session of a trading date."""

    date: date
    early_close: bool
    stretches: tuple[Stretch, ...]


def table_for(calendar: Calendar) -> SessionTable:
    """The table of a calendar's sessions."""
    return calendar.table if isinstance(calendar, SessionCalendar) else table_of(_UTC_DAYS)


def openings(table: SessionTable, first: int, last: int) -> Iterator[Opening]:
    """The sessions that are open at some time from `first` up to, not including, `last`.

    Raises `CalendarError` for times that the table does not know.
    """
    table.check_times(np.array([first, max(first, last - 1)], np.int64))
    low = int(np.searchsorted(table.session_closes, first, "right"))
    high = int(np.searchsorted(table.session_opens, last, "left"))
    return (_opening(table, number) for number in range(low, high))


def _opening(table: SessionTable, number: int) -> Opening:
    at = slice(int(table.first_segment[number]), int(table.first_segment[number + 1]))
    columns = (table.opens[at].tolist(), table.closes[at].tolist(), table.phase_of[at].tolist())
    stretches = tuple(Stretch(opens, closes, Phase(phase)) for opens, closes, phase in zip(*columns, strict=True))
    return Opening(date_of(int(table.dates[number])), bool(table.early_closes[number]), stretches)
