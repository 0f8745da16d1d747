"""Reading a template's mapping value by value, and collecting all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from typing import Final, NamedTuple

from barloom.errors import CalendarError, Problem
from barloom.time.hours import parse_hours, write_hours
from barloom.time.options import OPTIONS
from barloom.time.snapshot import unknown_exchange
from barloom.time.zones import FIRST_DATE, LAST_DATE, zone

__all__ = ["PREFIX", "WEEKDAYS", "Reading", "Written"]

PREFIX: Final = "template:"
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_KEYS: Final = (
    *("zone", "hours", "days", "weekdays", "pre", "post"),
    *("holidays", "early_closes", "special", "from", "until"),
)
_CLOSED: Final = "closed"


class Written(NamedTuple):
    """The hours of a date as canonical text: regular, before and after."""

    regular: str
    pre: str = ""
    post: str = ""


@dataclass
class Reading:
    """One pass over a template's mapping; `problems` grows, and wrong values become harmless ones."""

    stated: Mapping[str, object]
    where: str
    problems: list[Problem] = field(default_factory=list)

    def problem(self, what: str, key: str, fix: str) -> None:
        """Note that something is wrong."""
        self.problems.append(Problem(what, f"{self.where}.{key}" if key else self.where, fix))

    def check_keys(self) -> None:
        """Note keys that mean nothing."""
        for key in self.stated:
            if key in OPTIONS:
                fix = f"write it behind the hours: template:{{…}}?{key}={str(self.stated[key]).lower()}"
                self.problem(f"{key!r} is about slots, not about hours", key, fix)
            elif key not in _KEYS:
                known = sorted((*_KEYS, *OPTIONS))
                near = get_close_matches(key, known, n=1)
                hint = f"did you mean {near[0]!r}? " if near else ""
                self.problem(f"{key!r} is not a key of a calendar", key, f"{hint}known are: {', '.join(known)}")

    def zone(self) -> str:
        """The time zone's name."""
        value = self.stated.get("zone")
        fix = "write such as zone = 'Europe/London'"
        if not isinstance(value, str):
            self.problem("the calendar has no time zone", "zone", fix)
            return "UTC"
        try:
            return zone(value).name
        except CalendarError as error:
            self.problem(str(error), "zone", fix)
            return "UTC"

    def week(self) -> list[Written]:
        """The hours of Monday to Sunday."""
        if "hours" not in self.stated:
            self.problem("the calendar has no hours", "hours", "write such as hours = '0930-1600'")
        usual = Written(
            self._hours(self.stated.get("hours", _CLOSED), "hours"),
            self._hours(self.stated.get("pre", ""), "pre"),
            self._hours(self.stated.get("post", ""), "post"),
        )
        days = self._days()
        week = [usual if day in days else Written(_CLOSED) for day in WEEKDAYS]
        for key, value in self._table("weekdays").items():
            if key not in WEEKDAYS:
                self.problem(f"{key!r} is not a weekday", f"weekdays.{key}", f"write one of {', '.join(WEEKDAYS)}")
                continue
            week[WEEKDAYS.index(key)] = self._day(value, f"weekdays.{key}")
        if not self.problems and all(item.regular == _CLOSED for item in week):
            self.problem("the calendar is closed on every day of the week", "hours", "give at least one day its hours")
        return week

    def special(self) -> list[tuple[date, Written]]:
        """The hours of single dates."""
        found = []
        for key, value in self._table("special").items():
            day = self._date(key, f"special.{key}")
            if day is not None:
                found.append((day, self._day(value, f"special.{key}")))
        return sorted(found)

    def holidays(self) -> tuple[tuple[date, ...], tuple[str, ...]]:
        """The closed dates, and the exchanges whose holidays these are."""
        dates, names = set(), set()
        for value in self._list("holidays"):
            if isinstance(value, str) and value[:1].isalpha():
                names |= {self._exchange(value, "holidays")}
                continue
            day = self._date(value, "holidays")
            if day is not None:
                dates.add(day)
        return tuple(sorted(dates)), tuple(sorted(names - {""}))

    def early_closes(self) -> tuple[str, ...]:
        """The exchanges whose early closes are taken over."""
        names = {self._exchange(value, "early_closes") for value in self._list("early_closes")}
        return tuple(sorted(names - {""}))

    def range_of_dates(self) -> tuple[date, date]:
        """The first and the last date of which the template speaks."""
        edges = []
        for key, default in (("from", FIRST_DATE), ("until", LAST_DATE)):
            edge = self._date(self.stated[key], key) if key in self.stated else default
            edges.append(min(max(edge or default, FIRST_DATE), LAST_DATE))
        if edges[0] > edges[1]:
            self.problem(f"it ends on {edges[1]}, before it begins on {edges[0]}", "until", "write a later date")
            return FIRST_DATE, LAST_DATE
        return edges[0], edges[1]

    def _hours(self, value: object, key: str) -> str:
        if value == "":
            return ""
        try:
            return write_hours(parse_hours(value if isinstance(value, str) else repr(value)))
        except ValueError as error:
            self.problem(str(error), key, "write local times of day, such as '0930-1600'")
            return _CLOSED

    def _day(self, value: object, key: str) -> Written:
        """One day's hours: a text, or a table of regular, pre and post hours."""
        if not isinstance(value, Mapping):
            return Written(self._hours(value, key))
        for name in value:
            if name not in Written._fields:
                self.problem(f"{name!r} is not a phase of a day", f"{key}.{name}", "write regular, pre or post")
        parts = {name: self._hours(value[name], f"{key}.{name}") for name in Written._fields if name in value}
        return Written(**{"regular": _CLOSED, **parts})

    def _days(self) -> set[str]:
        value = self.stated.get("days", "Mon-Fri")
        written = value.split(",") if isinstance(value, str) else self._list("days")
        days: set[str] = set()
        for part in written:
            first, _, last = str(part).strip().partition("-")
            if first not in WEEKDAYS or (last and last not in WEEKDAYS):
                self.problem(f"{part!r} are no weekdays", "days", "write such as 'Mon-Fri' or 'Sun,Mon,Tue'")
                continue
            low, high = WEEKDAYS.index(first), WEEKDAYS.index(last or first)
            days |= {WEEKDAYS[at % 7] for at in range(low, high + 1 + (7 if high < low else 0))}
        return days

    def _list(self, key: str) -> list[object]:
        value = self.stated.get(key, [])
        if isinstance(value, str):
            return [value]
        if not isinstance(value, list | tuple):
            self.problem(f"{value!r} is not a list", key, f"write such as {key} = ['…', '…']")
            return []
        return list(value)

    def _table(self, key: str) -> Mapping[str, object]:
        value = self.stated.get(key, {})
        if not isinstance(value, Mapping):
            self.problem(f"{value!r} is not a table", key, f"write [{self.where}.{key}] and a line for each")
            return {}
        return {str(name): item for name, item in value.items()}

    def _date(self, value: object, key: str) -> date | None:
        if isinstance(value, date) and not isinstance(value, datetime):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            self.problem(f"{value!r} is not a date", key, "write such as '2025-12-25'")
            return None

    def _exchange(self, value: object, key: str) -> str:
        wrong = unknown_exchange(str(value))
        if wrong:
            self.problem(wrong, key, "write dates, or the name of a shipped exchange calendar")
            return ""
        return str(value)
