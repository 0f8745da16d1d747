"""Exchange calendars as shipped: texts of local hours with their provenance, read when first asked for.

A text begins with the line ``barloom exchange calendar, format 1`` and a header of ``key: value`` lines. After an empty
line follow the weekly hours (``week from 2000-01-01: Mon-Fri 0930-1600``) and a line for each date that differs
(``2025-11-28 0930-1300``, ``2025-12-25 closed``). A session that is held on a holiday says so (``2024-11-01 1800-1900
holiday``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from functools import cache, cached_property
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from barloom.errors import CalendarError
from barloom.time.declared.hours import CLOSED, Hours, parse_hours, write_hours
from barloom.time.declared.pattern import Pattern, Week
from barloom.time.instants import date_of, days_of
from barloom.time.zones import zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.time.table import SessionTable

__all__ = [
    "FORMAT",
    "Provenance",
    "Snapshot",
    "exchange_names",
    "load_snapshot",
    "parse_snapshot",
    "unknown_exchange",
    "write_snapshot",
]

FORMAT: Final = 1
_TITLE: Final = "barloom exchange calendar, format "
_ENDING: Final = ".calendar"
_MEND: Final = "install barloom anew, or make it again with 'barloom calendar build'"
_ON_HOLIDAY: Final = " holiday"
_CHECKSUM: Final = "checksum"
_HEADER: Final = ("name", "zone", "valid-from", "valid-until", "made-by", "tz-data", "made-at", _CHECKSUM)


@dataclass(frozen=True)
class Provenance:
    """Where a snapshot comes from: package and version, version of the zone rules, date of making."""

    made_by: str
    tz_data: str
    made_at: str


@dataclass(frozen=True)
class Snapshot:
    """One exchange's calendar: its local hours, and where they come from."""

    name: str
    pattern: Pattern
    provenance: Provenance

    @cached_property
    def table(self) -> SessionTable:
        """Its sessions in UTC."""
        return self.pattern.table(self.name)

    def holidays(self) -> list[int]:
        """The dates (days since 1970-01-01) on which the week has hours but the market none, or those of a holiday."""
        exceptions = self.pattern.exceptions.items()
        return [day for day, hours in exceptions if hours == CLOSED or day in self.pattern.holidays]


@cache
def exchange_names() -> tuple[str, ...]:
    """The names of the shipped exchange calendars, sorted."""
    found = (item.name for item in files("barloom.time").joinpath("exchanges").iterdir())
    return tuple(sorted(name.removesuffix(_ENDING) for name in found if name.endswith(_ENDING)))


def unknown_exchange(name: str) -> str:
    """What is wrong with an exchange's name, with the nearest there is; empty where nothing is."""
    if name in exchange_names():
        return ""
    near = get_close_matches(name.upper(), exchange_names(), n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"there is no exchange {name!r}; {hint}known: {', '.join(exchange_names())}"


@cache
def load_snapshot(name: str) -> Snapshot:
    """The shipped calendar of an exchange; `CalendarError` where there is none, or it is damaged."""
    wrong = unknown_exchange(name)
    if wrong:
        raise CalendarError(wrong)
    path = files("barloom.time").joinpath("exchanges", name + _ENDING)
    return parse_snapshot(path.read_bytes(), f"exchanges/{name}{_ENDING}")


def parse_snapshot(content: bytes | str, source: str) -> Snapshot:
    """Read a snapshot; `source` names it in errors.

    Raises `CalendarError` for a text that is damaged, or of a format that this version does not read.
    """
    try:
        text = content if isinstance(content, str) else content.decode()
        head, _, body = text.replace("\r\n", "\n").partition("\n\n")
        title, *lines = head.split("\n")
        _check_format(title, source)
        header = dict(line.split(": ", 1) for line in lines)
        _check_whole(header, body)
        return _read(header, body)
    except ValueError as error:
        message = f"the calendar {source} is damaged: {error}; {_MEND}"
        raise CalendarError(message) from error


def write_snapshot(snapshot: Snapshot) -> str:
    """The text of a snapshot, as `parse_snapshot` reads it."""
    pattern, made = snapshot.pattern, snapshot.provenance
    lines = [f"week from {date_of(week.since)}: {_written_week(week.hours)}" for week in pattern.weeks]
    lines += [
        f"{date_of(day)} {write_hours(hours)}{_ON_HOLIDAY if day in pattern.holidays else ''}"
        for day, hours in sorted(pattern.exceptions.items())
    ]
    body = "\n".join(lines) + "\n"
    header = {
        "name": snapshot.name,
        "zone": pattern.zone.name,
        "valid-from": str(date_of(pattern.since)),
        "valid-until": str(date_of(pattern.until)),
        "made-by": made.made_by,
        "tz-data": made.tz_data,
        "made-at": made.made_at,
    }
    header[_CHECKSUM] = _checksum(header, body)
    return "\n".join([f"{_TITLE}{FORMAT}", *(f"{key}: {value}" for key, value in header.items()), "", body])


def _check_format(title: str, source: str) -> None:
    if not title.startswith(_TITLE):
        msg = f"it does not begin with {_TITLE.strip()!r}"
        raise ValueError(msg)
    number = title.removeprefix(_TITLE)
    if number != str(FORMAT):
        message = f"the calendar {source} has format {number}, this version of barloom reads format {FORMAT}; {_MEND}"
        raise CalendarError(message)


def _check_whole(header: Mapping[str, str], body: str) -> None:
    missing = [key for key in _HEADER if key not in header]
    if missing:
        message = f"its header has no {missing[0]!r}"
        raise ValueError(message)
    if header[_CHECKSUM] != _checksum(header, body):
        raise ValueError("its checksum does not fit its content")


def _checksum(header: Mapping[str, str], body: str) -> str:
    """Over the content: who made it, when and with what does not change what it says."""
    said = [f"{key}: {header[key]}" for key in _HEADER[:4]]
    return sha256("\n".join([*said, body]).encode()).hexdigest()[:16]


def _read(header: Mapping[str, str], body: str) -> Snapshot:
    known: dict[str, Hours] = {}
    weeks: list[Week] = []
    exceptions: dict[int, Hours] = {}
    holidays: set[int] = set()
    for line in body.splitlines():
        if line.startswith("week from "):
            since, _, hours = line.removeprefix("week from ").partition(": ")
            weeks.append(Week(_days(since), _read_week(hours)))
            continue
        day, _, rest = line.partition(" ")
        hours = rest.removesuffix(_ON_HOLIDAY)
        if hours != rest:
            holidays.add(_days(day))
        if hours not in known:
            known[hours] = parse_hours(hours)
        exceptions[_days(day)] = known[hours]
    if not weeks:
        raise ValueError("it has no weekly hours")
    first, last = _days(header["valid-from"]), _days(header["valid-until"])
    made = Provenance(header["made-by"], header["tz-data"], header["made-at"])
    pattern = Pattern(zone(header["zone"]), weeks, first, last, exceptions, frozenset(holidays))
    return Snapshot(header["name"], pattern, made)


def _days(text: str) -> int:
    return days_of(date.fromisoformat(text))


_SAME: Final = "Mon-Fri "


def _read_week(text: str) -> tuple[Hours, ...]:
    """``Mon-Fri 0930-1600``, or seven hours from Monday to Sunday."""
    if text.startswith(_SAME):
        return (parse_hours(text.removeprefix(_SAME)),) * 5 + (CLOSED,) * 2
    week = tuple(parse_hours(part) for part in text.split(" "))
    if len(week) != 7:  # noqa: PLR2004 - days of a week
        msg = f"a week has seven days, not {len(week)}"
        raise ValueError(msg)
    return week


def _written_week(week: Sequence[Hours]) -> str:
    if all(hours == week[0] for hours in week[:5]) and not any(week[5:]):
        return _SAME + write_hours(week[0])
    return " ".join(write_hours(hours) for hours in week)
