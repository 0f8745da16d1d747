"""Reading a template's mapping value by value, and collecting all that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from barloom.errors import CalendarError, Problem
from barloom.time.declared.day_hours import DayHours
from barloom.time.declared.hours import WEEKDAYS, parse_hours, write_hours
from barloom.time.options import OPTIONS
from barloom.time.shipped.snapshot import unknown_exchange
from barloom.time.zones import FIRST_DATE, LAST_DATE, zone

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["PREFIX", "Reading"]

PREFIX: Final = "template:"

_KEYS: Final = (
    *("zone", "hours", "days", "weekdays", "pre", "post", "night", "night_before_holidays"),
    *("holidays", "early_closes", "special", "from", "until"),
)
_CLOSED: Final = "closed"
_SHUT: Final = DayHours(_CLOSED)


@dataclass
class Reading:
    """One pass over a template's mapping; `problems` grows, and wrong values become harmless ones."""

    stated: Mapping[str, object]
    where: str
    problems: list[Problem] = field(default_factory=list)
    usual: DayHours = _SHUT

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

    def week(self) -> tuple[DayHours, ...]:
        """The hours of Monday to Sunday."""
        if "hours" not in self.stated:
            self.problem("the calendar has no hours", "hours", "write such as hours = '0930-1600'")
        self.usual, days = self._usual(), self._days()
        week = [self.usual if day in days else DayHours(_CLOSED) for day in WEEKDAYS]
        for key, value in self._table("weekdays").items():
            if key not in WEEKDAYS:
                self.problem(f"{key!r} is not a weekday", f"weekdays.{key}", f"write one of {', '.join(WEEKDAYS)}")
                continue
            week[WEEKDAYS.index(key)] = self._day(value, f"weekdays.{key}", WEEKDAYS.index(key))
        if not self.problems and all(item.regular == _CLOSED for item in week):
            self.problem("the calendar is closed on every day of the week", "hours", "give at least one day its hours")
        return tuple(week)

    def _usual(self) -> DayHours:
        """The hours of a day that nothing else is said of."""
        return DayHours(
            self._hours(self.stated.get("hours", _CLOSED), "hours"),
            *(self._hours(self.stated.get(key, ""), key) for key in ("pre", "post", "night")),
        )

    def special(self, week: Sequence[DayHours]) -> tuple[tuple[date, DayHours], ...]:
        """The hours of single dates, given those of Monday to Sunday as `week` has read them."""
        found = []
        for key, value in self._table("special").items():
            day = self._date(key, f"special.{key}")
            if day is not None:
                of_weekday = week[day.weekday()]
                base = self.usual if of_weekday.regular == _CLOSED else of_weekday
                found.append((day, self._day(value, f"special.{key}", day.weekday(), base)))
        return tuple(sorted(found))

    def night_before_holidays(self, week: Sequence[DayHours]) -> bool:
        """Whether there is a night session on the evening before a holiday."""
        value = self.stated.get("night_before_holidays", False)
        if not isinstance(value, bool):
            self.problem(f"{value!r} is not yes or no", "night_before_holidays", "write true or false")
        elif value and not any(item.night for item in week):
            fix = "write such as night = '2100-0230', or leave it out"
            self.problem("there is no night that could be before a holiday", "night_before_holidays", fix)
        return value is True

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

    def _hours(self, value: object, key: str, weekday: int | None = None) -> str:
        if value == "":
            return ""
        try:
            return write_hours(parse_hours(value if isinstance(value, str) else repr(value), weekday=weekday), weekday)
        except ValueError as error:
            self.problem(str(error), key, "write local times of day, such as '0930-1600'")
            return _CLOSED

    def _day(self, value: object, key: str, weekday: int, usual: DayHours | None = None) -> DayHours:
        """One day's hours: a table of them all, or a text of the regular ones, which keeps the `usual` others."""
        if not isinstance(value, Mapping):
            text = self._hours(value, key, weekday) or _CLOSED
            return DayHours(text) if usual is None else usual.with_regular(text, weekday)
        for name in value:
            if name not in DayHours._fields:
                self.problem(f"{name!r} is not a phase of a day", f"{key}.{name}", "write regular, pre, post or night")
        parts = {
            name: self._hours(value[name], f"{key}.{name}", None if name == "night" else weekday)
            for name in DayHours._fields
            if name in value
        }
        return DayHours(**{"regular": _CLOSED, **parts})

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
