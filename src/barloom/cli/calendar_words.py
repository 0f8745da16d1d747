"""What is asked of a calendar on the command line, and how times of it are written."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.cli.formats import UsageError
from barloom.time.calendars import resolve, table_of
from barloom.time.instants import date_of
from barloom.time.sessions import SessionCalendar
from barloom.time.snapshot import parse_snapshot
from barloom.time.timeframe import DAY, MINUTE, SECOND
from barloom.time.zones import zone

if TYPE_CHECKING:
    from barloom.time.table import SessionTable

__all__ = ["calendar_asked", "clock", "days_asked", "minutes", "span", "table_of_side"]

_UTC_DAYS: Final = "24x7@UTC"


def days_asked(text: str) -> tuple[date, date]:
    """The first and the last of the written days."""
    first, _, last = text.partition("..")
    try:
        edges = date.fromisoformat(first.strip()), date.fromisoformat((last or first).strip())
    except ValueError as error:
        message = f"{text!r} are no days; write 2025-11-28, or 2025-11-24..2025-11-30"
        raise UsageError(message) from error
    if edges[1] < edges[0]:
        message = f"{text!r} ends before it begins; write the earlier date first"
        raise UsageError(message)
    return edges


@cache
def calendar_asked(name: str) -> SessionCalendar:
    """A calendar with its sessions; of ``24x7`` the days in UTC."""
    calendar = resolve(name)
    return calendar if isinstance(calendar, SessionCalendar) else SessionCalendar(table_of(_UTC_DAYS))


def table_of_side(text: str) -> SessionTable:
    """The sessions of a calendar, or of a snapshot's file."""
    path = Path(text)
    if path.suffix == ".calendar" or (path.is_file() and "/" in text):
        return parse_snapshot(path.read_bytes(), text).table
    return calendar_asked(text).table


def clock(nanos: int, day: int, *, end: bool = False) -> str:
    """A time of day as clocks show it (`nanos` is local); with its date when that is not `day`."""
    at, time = divmod(nanos, DAY)
    if end and time == 0 and at == day + 1:
        return "24:00"
    seconds, fraction = divmod(time, SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if seconds % 60 or fraction:
        text += f":{seconds % 60:02d}" + (f".{fraction:09d}".rstrip("0") if fraction else "")
    return text if at == day else f"{date_of(at):%m-%d} {text}"


def span(zone_name: str, opens: int, closes: int, day: int) -> str:
    """A segment by the clocks of a zone: ``09:30-16:00``."""
    local = zone(zone_name).to_local(np.array([opens, closes], np.int64)).tolist()
    return f"{clock(local[0], day)}-{clock(local[1], day, end=True)}"


def minutes(nanos: int) -> int | float:
    """Session time in minutes, with a fraction where it has one."""
    return nanos / MINUTE if nanos % MINUTE else nanos // MINUTE
