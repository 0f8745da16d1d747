"""What is asked of a calendar on the command line."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from barloom.cli.formats import UsageError
from barloom.time.calendars import resolve, table_of
from barloom.time.sessions import SessionCalendar
from barloom.time.shipped.snapshot import parse_snapshot
from barloom.time.timeframe import MINUTE

if TYPE_CHECKING:
    from barloom.time.table import SessionTable

__all__ = ["calendar_asked", "days_asked", "minutes", "table_of_side"]

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


def minutes(nanos: int) -> int | float:
    """Session time in minutes, with a fraction where it has one."""
    return nanos / MINUTE if nanos % MINUTE else nanos // MINUTE
