"""Times as the clocks of a market show them."""

from __future__ import annotations

import numpy as np

from barloom.time.instants import date_of
from barloom.time.timeframe import DAY, SECOND
from barloom.time.zones import zone

__all__ = ["clock", "local_date", "span"]


def clock(nanos: int, day: int, *, end: bool = False) -> str:
    """A time of day (`nanos` is local); with its date when that is not `day` (days since 1970-01-01)."""
    at, time = divmod(nanos, DAY)
    if end and time == 0 and at == day + 1:
        return "24:00"
    seconds, fraction = divmod(time, SECOND)
    text = f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}"
    if seconds % 60 or fraction:
        text += f":{seconds % 60:02d}" + (f".{fraction:09d}".rstrip("0") if fraction else "")
    return text if at == day else f"{date_of(at):%m-%d} {text}"


def span(zone_name: str, opens: int, closes: int, day: int) -> str:
    """A stretch of time by the clocks of a zone: ``09:30-16:00``."""
    local = zone(zone_name).to_local(np.array([opens, closes], np.int64)).tolist()
    return f"{clock(local[0], day)}-{clock(local[1], day, end=True)}"


def local_date(zone_name: str, nanos: int) -> int:
    """The date that calendars in a zone show, in days since 1970-01-01."""
    return int(zone(zone_name).to_local(np.array([nanos], np.int64))[0] // DAY)
