"""The sessions that a slot lies in, and why the market is closed at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.errors import CalendarError
from barloom.time.instants import date_of
from barloom.time.local import clock, local_date, span
from barloom.time.sessions import SessionCalendar
from barloom.time.zones import zone

if TYPE_CHECKING:
    from datetime import date

    from barloom.time.calendar import Calendar
    from barloom.time.table import SessionTable

__all__ = ["SlotSessions", "sessions_of", "why_closed"]

_FOUR_WEEKS: Final = 28


@dataclass(frozen=True, slots=True)
class SlotSessions:
    """The sessions of a slot: first and last trading date, how many there are, and how many close early.

    `opens` is the first one's open and `closes` the last one's close, in nanoseconds; `local` is the whole in words.
    """

    first: date
    last: date
    count: int
    early_closes: int
    zone: str
    opens: int
    closes: int
    local: str


def sessions_of(calendar: Calendar, start: int, end: int) -> SlotSessions | None:
    """The sessions that the slot ``[start, end)`` lies in; none for a calendar that never closes."""
    if not isinstance(calendar, SessionCalendar):
        return None
    table = calendar.table
    low, high = table.session_of[table.segment(np.array([start, end - 1], np.int64))].tolist()
    return SlotSessions(
        first=date_of(int(table.dates[low])),
        last=date_of(int(table.dates[high])),
        count=high - low + 1,
        early_closes=int(table.early_closes[low : high + 1].sum()),
        zone=table.zone,
        opens=int(table.session_opens[low]),
        closes=int(table.session_closes[high]),
        local=_one(table, low) if low == high else _several(table, low, high),
    )


def _one(table: SessionTable, session: int) -> str:
    day = int(table.dates[session])
    segments = range(int(table.first_segment[session]), int(table.first_segment[session + 1]))
    hours = ", ".join(span(table.zone, int(table.opens[at]), int(table.closes[at]), day) for at in segments)
    early = ", an early close" if table.early_closes[session] else ""
    return f"{_weekday(day)}, {hours} {table.zone}{early}"


def _several(table: SessionTable, low: int, high: int) -> str:
    early = int(table.early_closes[low : high + 1].sum())
    dates = f"{date_of(int(table.dates[low]))} to {date_of(int(table.dates[high]))}, {high - low + 1} trading dates"
    return f"{dates}, {early} with an early close" if early else dates


def why_closed(calendar: Calendar, time: int) -> str:
    """Why no session is open at a time, and when the next one opens; empty where one is.

    Raises `CalendarError` for a time that the calendar does not know.
    """
    if bool(calendar.is_open(np.array([time], np.int64))[0]) or not isinstance(calendar, SessionCalendar):
        return ""
    table = calendar.table
    before = int(table.segment(np.array([time], np.int64))[0])
    after = before + 1
    if after < len(table.opens) and table.session_of[before] == table.session_of[after]:
        day = int(table.dates[table.session_of[before]])
        pause = span(table.zone, int(table.closes[before]), int(table.opens[after]), day)
        return f"in the break {pause} {table.zone} of {date_of(day)}"
    return _by_date(calendar, time)


def _by_date(calendar: SessionCalendar, time: int) -> str:
    """What the local date says: no trading date, or not open yet, or closed already."""
    table = calendar.table
    day = local_date(table.zone, time)
    place = int(np.searchsorted(table.dates, day))
    if place == len(table.dates) or table.dates[place] != day:
        near = table.dates[(table.dates >= day - _FOUR_WEEKS) & (table.dates <= day + _FOUR_WEEKS)]
        holiday = bool(((near - day) % 7 == 0).any())
        return f"{_weekday(day)} is {'a holiday' if holiday else 'no trading date'}{_next(calendar, time)}"
    if time < table.session_opens[place]:
        return f"{_weekday(day)} opens at {_clock(table, int(table.session_opens[place]), day)}"
    early = ", an early close" if table.early_closes[place] else ""
    closed = _clock(table, int(table.session_closes[place]), day)
    return f"{_weekday(day)} closed at {closed}{early}{_next(calendar, time)}"


def _next(calendar: SessionCalendar, time: int) -> str:
    try:
        opens = int(calendar.next_open(np.array([time], np.int64))[0])
    except CalendarError:
        return ""
    day = local_date(calendar.table.zone, opens)
    return f"; the next session opens {_weekday(day)} {_clock(calendar.table, opens, day)}"


def _weekday(day: int) -> str:
    return f"{date_of(day):%a} {date_of(day)}"


def _clock(table: SessionTable, time: int, day: int) -> str:
    local = int(zone(table.zone).to_local(np.array([time], np.int64))[0])
    return f"{clock(local, day, end=True)} {table.zone}"
