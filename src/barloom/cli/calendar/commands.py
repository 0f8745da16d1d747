"""``barloom calendar``: which calendars there are, their sessions and slots, and what changes between two of them."""

from __future__ import annotations

from pathlib import Path  # noqa: TC003 - the command line reads the annotations
from typing import Annotated, Final

from cyclopts import App, Parameter

from barloom.cli import machine
from barloom.cli.calendar.view import (
    CHANGE_COLUMNS,
    LIST_COLUMNS,
    SESSION_COLUMNS,
    SLOT_COLUMNS,
    changes,
    listed,
    sessions,
    slots,
)
from barloom.cli.calendar.words import calendar_asked, days_asked
from barloom.cli.exits import Exit
from barloom.cli.formats import UsageError, plural
from barloom.cli.options import AsJson  # noqa: TC001 - the command line reads the annotations
from barloom.cli.screen import Sheet, say, show
from barloom.clock import SystemClock
from barloom.time.calendars import resolve
from barloom.time.timeframe import Timeframe

__all__ = ["build_snapshots", "calendar", "list_calendars", "show_changes", "show_sessions", "show_slots"]

_EXAMPLES: Final = """\
Examples:
  barloom calendar list
  barloom calendar show XNYS 2025-11-24..2025-11-30
  barloom calendar slots XNYS 1h 2025-11-28
  barloom calendar slots 'XTKS?break=span' 1h 2025-11-28
  barloom calendar build XNYS XLON --out calendars     needs barloom[calendars]
  barloom calendar diff XNYS calendars/XNYS.calendar"""

calendar = App(
    name="calendar",
    help="Look at trading calendars: their sessions, half days, slots, and how far they are known.",
    help_format="plaintext",
    help_epilogue=_EXAMPLES,
)

_Name = Annotated[str, Parameter(help="A calendar: 24x7, 24x7@Europe/London, XNYS, 'XTKS?break=span', template:{…}.")]
_Days = Annotated[str, Parameter(help="A trading date, or the first and the last: 2025-11-24..2025-11-30.")]
_Side = Annotated[str, Parameter(help="A calendar, or the path of a snapshot's file.")]


@calendar.command(name="list")
def list_calendars(*, as_json: AsJson = False) -> Exit:
    """List the calendars there are, with their hours and how far they are known."""
    body = listed(SystemClock().now())
    if as_json:
        machine.emit("calendar list", {"calendars": body})
        return Exit.OK
    sheet = Sheet("", LIST_COLUMNS)
    for item in body:
        known = "" if item["days_left"] is None else str(item["days_left"])
        sheet.add(*(str(item[key] or "") for key in ("name", "zone", "hours", "valid_from", "valid_until")), known)
    show(sheet)
    say("Also: 24x7@ZONE, such as 24x7@Asia/Tokyo, and a [calendar] of your own in a definition.")
    return Exit.OK


@calendar.command(name="show")
def show_sessions(name: _Name, days: _Days, /, *, as_json: AsJson = False) -> Exit:
    """Show the sessions of some days, in local time and in UTC."""
    first, last = days_asked(days)
    body = sessions(name, first, last)
    if as_json:
        machine.emit(
            "calendar show", {"calendar": resolve(name).name, "zone": calendar_asked(name).table.zone, "days": body}
        )
        return Exit.OK
    sheet = Sheet(f"{name}, local time of {calendar_asked(name).table.zone}", SESSION_COLUMNS)
    for item in body:
        style = "quiet" if item["closed"] else "warn" if item["early_close"] else ""
        sheet.add(*(str(item[key]) for key in ("date", "weekday", "local", "utc", "minutes", "note")), style=style)
    show(sheet)
    return Exit.OK


@calendar.command(name="slots")
def show_slots(name: _Name, timeframe: str, days: _Days, /, *, as_json: AsJson = False) -> Exit:
    """Show the slots of a timeframe on some days, in local time and in UTC."""
    first, last = days_asked(days)
    try:
        parsed = Timeframe.parse(timeframe)
    except ValueError as error:
        raise UsageError(str(error)) from error
    body = slots(name, parsed, first, last)
    if as_json:
        machine.emit("calendar slots", {"calendar": resolve(name).name, "timeframe": str(parsed), "slots": body})
        return Exit.OK
    sheet = Sheet(f"{name}, slots of {parsed}, local time of {calendar_asked(name).table.zone}", SLOT_COLUMNS)
    for item in body:
        keys = ("trading_date", "local_start", "local_end", "start", "end", "session_minutes")
        sheet.add(*(str(item[key]) for key in keys))
    show(sheet)
    say(plural(len(body), "slot"))
    return Exit.OK


@calendar.command(name="diff")
def show_changes(old: _Side, new: _Side, days: _Days = "", /, *, as_json: AsJson = False) -> Exit:
    """Show the sessions in which two calendars differ, on the days that both know; exit 1 when there are any."""
    first, last = days_asked(days) if days else (None, None)
    body = changes(old, new, first, last)
    if as_json:
        machine.emit("calendar diff", {"old": old, "new": new, "changes": body})
    else:
        sheet = Sheet(f"{old} -> {new}", CHANGE_COLUMNS)
        for item in body:
            sheet.add(*(str(item[key]) for key in ("date", "weekday", "before", "after")))
        if body:
            show(sheet)
        say(f"{plural(len(body), 'session')} differ{'s' if len(body) == 1 else ''}.")
    return Exit.DIFFERENT if body else Exit.OK


@calendar.command(name="build")
def build_snapshots(
    names: Annotated[list[str] | None, Parameter(help="Exchanges by their MIC; none: all that are shipped.")] = None,
    /,
    *,
    out: Annotated[Path, Parameter(help="The directory to write to.")],
    as_json: AsJson = False,
) -> Exit:
    """Make snapshots of exchange calendars anew, with the package exchange_calendars."""
    from barloom.time.shipped.build import EXCHANGES, build_snapshot  # noqa: PLC0415 - only this command makes them
    from barloom.time.shipped.snapshot import write_snapshot  # noqa: PLC0415

    now = SystemClock().now()
    out.mkdir(parents=True, exist_ok=True)
    written = []
    for name in names or EXCHANGES:
        path = out / f"{name}.calendar"
        path.write_text(write_snapshot(build_snapshot(name, now)), encoding="utf-8")
        written.append(str(path))
        if not as_json:
            say(f"{path}")
    if as_json:
        machine.emit("calendar build", {"files": written})
    return Exit.OK
