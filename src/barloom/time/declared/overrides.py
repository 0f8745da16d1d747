"""A user's changes to a calendar: sessions added, removed and changed, and closures within a day.

As TOML (or the same as JSON)::

    valid_until = 2026-12-31          # the sessions up to this date are all told: by the calendar and by this file

    [[add]]
    date = 2025-11-29                 # a trading date without a session
    hours = "0930-1300"               # local to the calendar's zone

    [[remove]]
    date = 2025-01-09

    [[change]]
    date = 2025-11-28
    hours = "0930-1200"               # those before and after stay around them, if they are not stated:
    post = "1200-1300"

    [[closure]]                       # an unscheduled halt
    date = 2025-03-18
    hours = "1121-1300"
    break = "span"                    # slots stay where they were (the default); "split": they begin anew after it
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, NamedTuple, cast

import numpy as np

from barloom.errors import CalendarError, DefinitionError, Problem
from barloom.time.declared.day_hours import around
from barloom.time.declared.hours import CLOSED, Hours, Phase, Stretch, parse_hours, write_hours
from barloom.time.instants import days_of
from barloom.time.timeframe import DAY, MINUTE
from barloom.time.zones import zone

if TYPE_CHECKING:
    from barloom.time.calendar import Integers
    from barloom.time.table import SessionTable

__all__ = ["Change", "Overrides", "apply_overrides", "parse_overrides"]

Kind = Literal["add", "remove", "change", "closure"]
Pause = Literal["span", "split", "unsaid"]
Outside = Literal["kept", "unsaid"]
_PAUSES: Final = ("span", "split")
_KINDS: Final = ("add", "remove", "change", "closure")
_KEYS: Final = (*_KINDS, "valid_until")
_MORE_KEYS: Final = {"closure": ("break",), "add": ("pre", "post"), "change": ("pre", "post", "outside")}


class Change(NamedTuple):
    """One change: its kind, trading date and local hours (those of a closure are when it is closed).

    `pause` (written ``break``) says whether slots go on through a closure (``span``) or begin anew after it. They also
    do in one that is ``unsaid``: it stands in a store of barloom 0.1, which knew no other. `pre` and `post` are the
    hours before and after those of a date that is added or changed; none: as they were, around the new ones. Where
    `outside` is ``unsaid`` there are none: so it was in version 0.1.
    """

    kind: Kind
    trading_date: date
    hours: Hours
    pause: Pause = "span"
    pre: Hours | None = None
    post: Hours | None = None
    outside: Outside = "kept"

    def written(self, hours: Hours) -> str:
        """The text of hours on its date."""
        return write_hours(hours, self.trading_date.weekday())

    def __str__(self) -> str:
        hours = "" if self.kind == "remove" else f" {self.written(self.hours)}"
        anew = ", slots begin anew after it" if self.pause != "span" else ""
        return f"{self.kind} {self.trading_date}{hours}{anew}"


@dataclass(frozen=True)
class Overrides:
    """The changes of one file."""

    changes: tuple[Change, ...] = ()
    valid_until: date | None = None

    def text(self) -> str:
        """The canonical JSON of the changes, which `parse_overrides` reads."""
        document: dict[str, object] = {}
        for kind in _KINDS:
            listed = [_written(item) for item in sorted(self.changes, key=str) if item.kind == kind]
            if listed:
                document[kind] = listed
        if self.valid_until is not None:
            document["valid_until"] = str(self.valid_until)
        return json.dumps(document, sort_keys=True, separators=(",", ":"))

    def settled(self, before: Overrides | None) -> Overrides:
        """The same with all said that is unsaid, but for what is unsaid `before`.

        Slots go on through a closure, and the hours before and after changed ones are kept.
        """
        kept = set() if before is None else set(before.changes)
        return replace(self, changes=tuple(item if item in kept else _said(item) for item in self.changes))


def _said(item: Change) -> Change:
    return item._replace(pause="span" if item.pause == "unsaid" else item.pause, outside="kept")


def parse_overrides(text: str, source: str = "overrides", *, unsaid: Pause = "span") -> Overrides:
    """Read changes from TOML or JSON; `source` names the text in errors.

    A closure that does not say how slots go on is `unsaid`, and so is then what is outside of changed hours. Raises
    `DefinitionError` with everything that is wrong.
    """
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except ValueError as error:
        problem = Problem(f"it is neither TOML nor JSON: {error}", source, "write such as [[remove]] and date = …")
        raise DefinitionError([problem]) from error
    reading = _Reading(source, unsaid)
    changes = tuple(
        item
        for kind in _KINDS
        for number, entry in enumerate(reading.entries(document, kind), 1)
        if (item := reading.change(kind, entry, f"{kind} {number}")) is not None
    )
    valid_until = reading.date(document["valid_until"], "valid_until") if "valid_until" in document else None
    reading.unknown(document, _KEYS, "")
    if reading.problems:
        raise DefinitionError(reading.problems)
    return Overrides(changes, valid_until)


def apply_overrides(table: SessionTable, overrides: Overrides) -> SessionTable:
    """A table with the changes made; the first stays as it is.

    Raises `CalendarError` for a change that does not fit (adding where there is a session, removing or changing where
    there is none, a closure outside of the session, a date beyond what is known) and for sessions that overlap.
    """
    until = table.known_until if overrides.valid_until is None else days_of(overrides.valid_until)
    until = max(until, table.known_until)
    days = _segments_by_day(table)
    planned = _segments_by_day(table.planned or table)
    early = dict(zip(table.dates.tolist(), table.early_closes.tolist(), strict=True))
    for change in overrides.changes:
        day = days_of(change.trading_date)
        if not table.known_from <= day <= until:
            message = f"calendar {table.name!r}, {change}: it {table.known}; correct the date, or say valid_until"
            raise CalendarError(message)
        usual = days.get(day) or None
        days[day] = _changed(table, change, usual)
        early[day] = early.get(day, False) or (usual is not None and _close(days[day]) < _close(usual))
        if change.kind != "closure":
            planned[day] = days[day]
        elif change.pause != "span":
            planned[day] = _closed(planned[day], _instants(table, change, change.hours))
    made = _rebuilt(table, days, early, until)
    return made if planned == days else replace(made, planned=_rebuilt(table, planned, early, until))


Segments = list[tuple[int, int, int]]


def _segments_by_day(table: SessionTable) -> dict[int, Segments]:
    days: dict[int, Segments] = {}
    columns = (table.dates[table.session_of], table.opens, table.closes, table.phase_of)
    for day, opens, closes, phase in zip(*(column.tolist() for column in columns), strict=True):
        days.setdefault(day, []).append((opens, closes, phase))
    return days


def _changed(table: SessionTable, change: Change, usual: Segments | None) -> Segments:
    if (usual is None) != (change.kind == "add"):
        what = "there is a session already; 'change' it" if usual else "there is no session; 'add' one"
        message = f"calendar {table.name!r}, {change}: {what}, or correct the date"
        raise CalendarError(message)
    hours = _instants(table, change, change.hours)
    if change.kind != "closure":
        return sorted(hours + _outside(table, change, usual or [], hours))
    remaining = usual or []
    for stretch in hours:
        left = _closed(remaining, [stretch])
        if left == remaining:
            message = f"calendar {table.name!r}, {change}: it is closed then anyway; correct the hours (they are local)"
            raise CalendarError(message)
        remaining = left
    return remaining


def _outside(table: SessionTable, change: Change, usual: Segments, hours: Segments) -> Segments:
    """The hours before and after changed ones: as stated, or those of the usual ones that stay around them."""
    kept: Hours = ()
    if change.outside == "kept":
        usually = tuple(Stretch(opens, closes, Phase(phase)) for opens, closes, phase in usual)
        kept = around(usually, tuple(Stretch(opens, closes) for opens, closes, _ in hours))
    found: Segments = []
    for phase, stated in ((Phase.PRE, change.pre), (Phase.POST, change.post)):
        if stated is None:
            found += [(item.opens, item.closes, int(phase)) for item in kept if item.phase is phase]
        else:
            found += _instants(table, change, stated)
    return found


def _closed(segments: Segments, hours: Segments) -> Segments:
    """What is left of segments outside of some hours."""
    for opens, closes, _ in hours:
        segments = [piece for item in segments for piece in _without(item, opens, closes)]
    return segments


def _without(item: tuple[int, int, int], opens: int, closes: int) -> Segments:
    begin, end, phase = item
    pieces = [(begin, min(end, opens), phase), (max(begin, closes), end, phase)]
    return [piece for piece in pieces if piece[0] < piece[1]]


def _instants(table: SessionTable, change: Change, hours: Hours) -> Segments:
    midnight = days_of(change.trading_date) * DAY
    local = np.array([[item.opens, item.closes] for item in hours], np.int64).reshape(-1, 2)
    edges = zone(table.zone).to_utc(midnight + local * MINUTE).tolist()
    return [(opens, closes, int(item.phase)) for (opens, closes), item in zip(edges, hours, strict=True)]


def _close(segments: Segments) -> int:
    return max((closes for _, closes, phase in segments if phase == 0), default=0)


def _rebuilt(table: SessionTable, days: dict[int, Segments], early: Mapping[int, bool], until: int) -> SessionTable:
    dates = sorted(day for day, segments in days.items() if segments)
    rows = [(number, *segment) for number, day in enumerate(dates) for segment in sorted(days[day])]
    columns: Integers = np.array(rows, np.int64).reshape(-1, 4)
    last = int(columns[-1, 2]) if rows else 0
    known_to = table.known_to + (until - table.known_until) * DAY
    return replace(
        table,
        session_of=columns[:, 0].copy(),
        opens=columns[:, 1].copy(),
        closes=columns[:, 2].copy(),
        phases=columns[:, 3].copy(),
        dates=np.array(dates, np.int64),
        early=np.array([early[day] for day in dates], np.bool_),
        planned=None,
        known_until=until,
        known_to=max(known_to, last),
    )


def _written(change: Change) -> dict[str, str]:
    entry = {"date": str(change.trading_date)}
    if change.kind != "remove":
        entry["hours"] = change.written(change.hours)
    if change.kind == "closure" and change.pause != "unsaid":
        entry["break"] = change.pause
    if change.kind == "change" and change.outside != "unsaid":
        entry["outside"] = change.outside
    return entry | {
        key: change.written(hours) for key, hours in (("pre", change.pre), ("post", change.post)) if hours is not None
    }


@dataclass
class _Reading:
    """One pass over a file of changes, collecting what is wrong."""

    source: str
    unsaid: Pause
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str, where: str, fix: str) -> None:
        self.problems.append(Problem(what, f"{self.source}: {where}" if where else self.source, fix))

    def unknown(self, table: Mapping[str, object], known: tuple[str, ...], where: str) -> None:
        for key in table:
            if key not in known:
                near = get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                self.problem(f"{key!r} means nothing here", where, f"{hint}known are: {', '.join(known)}")

    def entries(self, document: Mapping[str, object], kind: str) -> list[object]:
        listed = document.get(kind, [])
        if isinstance(listed, list):
            return listed
        self.problem(f"{kind!r} is not a list of changes", kind, f"write [[{kind}]] before each")
        return []

    def change(self, kind: str, entry: object, where: str) -> Change | None:
        if not isinstance(entry, Mapping):
            self.problem(f"{entry!r} is not a change", where, f"write [[{kind}]] and a line for each of its keys")
            return None
        table = cast("Mapping[str, object]", entry)
        self.unknown(table, ("date", "hours", "reason", *_MORE_KEYS.get(kind, ())), where)
        pause = self.pause(table.get("break", self.unsaid), where) if kind == "closure" else "span"
        day = self.date(table.get("date"), where)
        weekday = 0 if day is None else day.weekday()
        hours = CLOSED if kind == "remove" else self.hours(table.get("hours"), where, weekday)
        if kind == "remove" and "hours" in table:
            self.problem("a removed session has no hours", where, "leave them out, or write [[change]] or [[closure]]")
        pre, post = (self.beside(table.get(str(phase)), phase, where, weekday) for phase in (Phase.PRE, Phase.POST))
        if day is None or hours is None:
            return None
        return Change(cast("Kind", kind), day, hours, pause, pre, post, self.outside(kind, table, where))

    def outside(self, kind: str, table: Mapping[str, object], where: str) -> Outside:
        value = table.get("outside")
        if value not in (None, "kept"):
            fix = "leave it out, or state pre and post hours"
            self.problem(f"outside is {value!r}", where, fix)
        unsaid = kind == "change" and value is None and self.unsaid == "unsaid"
        return "unsaid" if unsaid else "kept"

    def beside(self, value: object, phase: Phase, where: str, weekday: int) -> Hours | None:
        """The hours before or after; ``closed`` is none, and what is not stated is `None`."""
        try:
            return None if value is None else parse_hours(str(value), phase, weekday)
        except ValueError as error:
            self.problem(str(error), f"{where}: {phase}", "write such as '1300-1700', or 'closed'")
            return None

    def pause(self, value: object, where: str) -> Pause:
        if value != self.unsaid and value not in _PAUSES:
            fix = "write 'span' (slots stay where they were) or 'split' (they begin anew after it)"
            self.problem(f"break is {value!r}", where, fix)
        return cast("Pause", value)

    def date(self, value: object, where: str) -> date | None:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.problem(f"{value!r} is not a date" if value else "it has no date", where, "write date = 2025-11-28")
            return None

    def hours(self, value: object, where: str, weekday: int) -> Hours | None:
        try:
            hours = parse_hours(value if isinstance(value, str) else repr(value), weekday=weekday)
        except ValueError as error:
            self.problem(str(error) if value else "it has no hours", where, "write hours = '0930-1300'")
            return None
        if not hours:
            self.problem("it has no hours", where, "write hours = '0930-1300', or [[remove]] the session")
            return None
        return hours
