"""The rows that ``barloom calendar`` shows: calendars, sessions, slots and changes."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.cli.calendar.words import calendar_asked, minutes, table_of_side
from barloom.cli.screen import Column
from barloom.time.calendars import names, resolve
from barloom.time.declared.hours import Phase, write_hours
from barloom.time.instants import date_of, days_of, nanos_of, written
from barloom.time.local import clock, span
from barloom.time.shipped.changes import changed_sessions
from barloom.time.shipped.snapshot import exchange_names, load_snapshot
from barloom.time.zones import zone

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.time.sessions import Session
    from barloom.time.shipped.changes import Segments
    from barloom.time.timeframe import Timeframe

__all__ = [
    "CHANGE_COLUMNS",
    "LIST_COLUMNS",
    "SESSION_COLUMNS",
    "SLOT_COLUMNS",
    "changes",
    "listed",
    "sessions",
    "slots",
]

LIST_COLUMNS: Final = (
    Column("calendar"),
    Column("zone"),
    Column("hours now"),
    Column("from"),
    Column("until"),
    Column("days left", right=True),
)
SESSION_COLUMNS: Final = (
    Column("date"),
    Column(""),
    Column("local"),
    Column("UTC"),
    Column("minutes", right=True),
    Column(""),
)
SLOT_COLUMNS: Final = (
    Column("trading date"),
    Column("local"),
    Column("to"),
    Column("UTC"),
    Column("to"),
    Column("minutes", right=True),
)
CHANGE_COLUMNS: Final = (Column("date"), Column(""), Column("before (UTC)"), Column("after (UTC)"))

_WHOLE_DAY: Final = "always"
_FX_HOURS: Final = "17:00-17:00, Mon-Fri"
_SATURDAY: Final = 5


def listed(now: int) -> list[dict[str, object]]:
    """Every calendar that has a name, with its zone, regular hours and the dates it knows."""
    rows: list[dict[str, object]] = []
    for name in names():
        row: dict[str, object] = {
            "name": name,
            "zone": calendar_asked(name).table.zone,
            "days_left": resolve(name).days_left(now),
        }
        row |= {"valid_from": None, "valid_until": None, "hours": _FX_HOURS if "fx" in name else _WHOLE_DAY}
        if name in exchange_names():
            snapshot = load_snapshot(name)
            pattern, made = snapshot.pattern, snapshot.provenance
            row |= {
                "hours": write_hours(pattern.weeks[-1].hours[0]),
                "valid_from": str(date_of(pattern.since)),
                "valid_until": str(date_of(pattern.until)),
                "made_by": made.made_by,
                "tz_data": made.tz_data,
                "made_at": made.made_at,
            }
        else:
            row["days_left"] = None
        rows.append(row)
    return rows


def sessions(name: str, first: date, last: date) -> list[dict[str, object]]:
    """One row for every date from `first` to `last`, closed ones included."""
    calendar = calendar_asked(name)
    open_days = {item.date: item for item in calendar.sessions(first, last)}
    days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [_session_row(calendar.table.zone, day, open_days.get(day)) for day in days]


def _session_row(zone_name: str, day: date, session: Session | None) -> dict[str, object]:
    row: dict[str, object] = {"date": str(day), "weekday": f"{day:%a}", "closed": session is None, "early_close": False}
    if session is None:
        note = "" if day.weekday() >= _SATURDAY else "holiday"
        return row | {"local": "closed", "utc": "", "minutes": 0, "note": note, "segments": []}
    edges = [(nanos_of(opens), nanos_of(closes)) for opens, closes in session.segments]
    total = sum(closes - opens for opens, closes in edges)
    day_number = days_of(day)
    segments = [
        {"open": written(opens), "close": written(closes), "phase": str(phase)}
        for (opens, closes), phase in zip(edges, session.phases, strict=True)
    ]
    return row | {
        "early_close": session.early_close,
        "local": _spans(zone_name, edges, session.phases, day_number),
        "utc": _spans("UTC", edges, session.phases, day_number),
        "minutes": minutes(total),
        "note": "early close" if session.early_close else "",
        "segments": segments,
    }


def _spans(zone_name: str, edges: Iterable[tuple[int, int]], phases: Iterable[Phase], day: int) -> str:
    return ", ".join(
        span(zone_name, opens, closes, day) + (f" ({phase})" if phase else "")
        for (opens, closes), phase in zip(edges, phases, strict=True)
    )


def slots(name: str, timeframe: Timeframe, first: date, last: date) -> list[dict[str, object]]:
    """The slots that the sessions of some dates lie in, with the session time in each."""
    calendar, grid = calendar_asked(name), resolve(name).grid(timeframe)
    table, asked = calendar.table, [*calendar.sessions(first, last)]
    if not asked:
        return []
    opened, closed = nanos_of(asked[0].segments[0][0]), nanos_of(asked[-1].segments[-1][1])
    numbers = int(grid.ended(np.array([opened]))[0]), int(grid.ordinal(np.array([closed]))[0])
    starts, ends = grid.bounds(np.arange(*numbers, dtype=np.int64))
    local, measured = zone(table.zone), table.regular() if timeframe.regular else table
    columns = (
        grid.trading_date(starts),
        starts,
        ends,
        local.to_local(starts),
        local.to_local(ends),
        measured.passed(ends) - measured.passed(starts),
    )
    return [
        {
            "trading_date": str(date_of(day)),
            "start": written(start),
            "end": written(end),
            "local_start": clock(local_start, day),
            "local_end": clock(local_end, day, end=True),
            "session_minutes": minutes(passed),
        }
        for day, start, end, local_start, local_end, passed in zip(*(item.tolist() for item in columns), strict=True)
    ]


def changes(old: str, new: str, first: date | None, last: date | None) -> list[dict[str, object]]:
    """The trading dates on which two calendars differ."""
    return [
        {
            "date": str(item.trading_date),
            "weekday": f"{item.trading_date:%a}",
            "before": _segments(item.before, item.trading_date),
            "after": _segments(item.after, item.trading_date),
        }
        for item in changed_sessions(table_of_side(old), table_of_side(new), first, last)
    ]


def _segments(segments: Segments, day: date) -> str:
    edges = [(item.opens, item.closes) for item in segments]
    return _spans("UTC", edges, [Phase(item.phase) for item in segments], days_of(day)) or "closed"
