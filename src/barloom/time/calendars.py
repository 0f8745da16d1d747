"""Calendars by name: the one place where a definition's ``calendar=`` becomes a `Calendar`.

A name is one of

* ``24x7``, in session always, with days in UTC, and ``24x7@Asia/Tokyo``, with local days of 23, 24 or 25 hours;
* ``24x5-fx``, trading dates Monday to Friday, each from 17:00 in New York on the day before to 17:00;
* the name of an exchange, such as ``XNYS``;
* ``template:{…}``, a weekly template as JSON (`barloom.time.declared.template`);

and options behind it: ``XTKS?anchor=clock&break=span``, ``template:{…}?extended=true``, of which ``24x7`` takes those
about dates: ``24x7?week=sunday``. Those of a template may also be keys of it.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final

from barloom.errors import CalendarError
from barloom.time.always import AlwaysOpen
from barloom.time.options import Options

if TYPE_CHECKING:
    from barloom.time.calendar import Calendar
    from barloom.time.table import SessionTable

__all__ = ["names", "resolve", "table_of"]

_ALWAYS: Final = "24x7"
_FX: Final = "24x5-fx"
_LOCAL: Final = "24x7@"
_TEMPLATE: Final = "template:"

_ALSO_CALLED: Final = {
    **dict.fromkeys(("24/7", "24-7", "247", "always", "utc", "crypto"), _ALWAYS),
    **dict.fromkeys(("24/5", "24x5", "24-5", "fx", "forex"), _FX),
    **dict.fromkeys(("nyse", "us", "arca"), "XNYS"),
    "nasdaq": "XNAS",
    "tsx": "XTSE",
    "lse": "XLON",
    "xetra": "XETR",
    "euronext": "XPAR",
    **dict.fromkeys(("tse", "jpx", "tokyo"), "XTKS"),
    **dict.fromkeys(("hkex", "sehk"), "XHKG"),
    "sse": "XSHG",
    "asx": "XASX",
    "sgx": "XSES",
    "bse": "XBOM",
}


@cache
def names() -> tuple[str, ...]:
    """The names of all calendars that need no more than a name, sorted."""
    from barloom.time.shipped.snapshot import exchange_names  # noqa: PLC0415 - 24x7 needs no zones

    return tuple(sorted((_ALWAYS, _FX, *exchange_names())))


@cache
def resolve(name: str) -> Calendar:
    """The calendar of a name.

    Raises `CalendarError`, with the nearest names there are, for one that is unknown or damaged, and `DefinitionError`
    with everything that is wrong in a template.
    """
    if name == _ALWAYS:
        return AlwaysOpen()
    from barloom.time.sessions import SessionCalendar  # noqa: PLC0415 - 24x7 needs no tables

    if name.startswith(_TEMPLATE):
        from barloom.time.declared.template import with_options_behind  # noqa: PLC0415 - only when asked for

        name = with_options_behind(name)
    plain, options = Options.split(name)
    if plain != _ALWAYS:
        return SessionCalendar(table_of(plain), options)
    if options != options.of_dates:
        here = f"{_ALWAYS}{options.of_dates}"
        message = f"calendar {name!r}: {_ALWAYS} has no open and no break; write {here!r}, or '{_LOCAL}Europe/London'"
        raise CalendarError(message)
    return AlwaysOpen(options=options)


@cache
def table_of(name: str) -> SessionTable:
    """The sessions of a calendar that is made of them, by its name without options; errors as `resolve`."""
    if name.startswith(_LOCAL):
        return _local_days(name)
    if name.startswith(_TEMPLATE):
        from barloom.time.declared.template import Template  # noqa: PLC0415 - only when asked for

        return Template.from_name(name).table()
    if name == _FX:
        return _fx()
    if name in names() and name != _ALWAYS:
        from barloom.time.shipped.snapshot import load_snapshot  # noqa: PLC0415 - only when asked for

        return load_snapshot(name).table
    raise CalendarError(_unknown(name))


def _local_days(name: str) -> SessionTable:
    """Every local date is a session, from its midnight to the next."""
    from barloom.time.declared.hours import parse_hours  # noqa: PLC0415 - only when asked for
    from barloom.time.declared.pattern import Pattern, Week  # noqa: PLC0415
    from barloom.time.instants import days_of  # noqa: PLC0415
    from barloom.time.zones import FIRST_DATE, LAST_DATE, zone  # noqa: PLC0415

    since, until = days_of(FIRST_DATE), days_of(LAST_DATE)
    week = Week(since, (parse_hours("0000-2400"),) * 7)
    return Pattern(zone(name.removeprefix(_LOCAL)), [week], since, until).table(name)


def _fx() -> SessionTable:
    from barloom.time.declared.template import Template  # noqa: PLC0415 - only when asked for

    return Template.of({"zone": "America/New_York", "hours": "1700-1700"}).table(_FX)


def _unknown(name: str) -> str:
    lowered = name.strip().lower()
    meant = _ALSO_CALLED.get(lowered)
    known = {item.lower(): item for item in names()}
    near = [meant] if meant else [known[item] for item in get_close_matches(lowered, known, n=1, cutoff=0.4)]
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"there is no calendar {name!r}; {hint}known: {', '.join(names())}, {_LOCAL}ZONE and {_TEMPLATE}{{…}}"
