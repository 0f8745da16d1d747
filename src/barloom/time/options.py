"""How slots are laid on a calendar's sessions, written behind its name: ``XTKS?anchor=clock&break=span``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, cast

from barloom.errors import CalendarError, Problem
from barloom.time.instants import days_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTIONS", "Options"]

_QUERY: Final = re.compile(r"(?P<name>.*)\?(?P<query>[^?{}\"]*)", re.DOTALL)
_WEEKDAYS: Final = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "anchor": ("open", "clock"),
    "break": ("split", "span"),
    "extended": ("false", "true"),
    "week": _WEEKDAYS,
    "anchor_date": (),
}
"""What may stand in a query; the first is the default. A date may be any, and there is none by default."""

OPTIONS: Final = tuple(_VALUES)
"""The names of all options."""

_EPOCH_WEEKDAY: Final = 3
"""1970-01-01 was a Thursday."""


@dataclass(frozen=True)
class Options:
    """How slots are laid on sessions.

    `anchor`: intraday slots are counted from the open, or from the local midnight before it (``clock``: the hours of a
    session from 9:30 begin at 9:30, 10:00, 11:00). `pause` (written ``break``): slots are cut at the break and begin
    anew after it, or run through it (``span``). `extended`: the hours before and after the regular ones are in session.
    `week` is the first day of a week (0 is Monday), `anchor_date` a trading date with which several days begin, or
    several weeks with its week.
    """

    anchor: Literal["open", "clock"] = "open"
    pause: Literal["split", "span"] = "split"
    extended: bool = False
    week: int = 0
    anchor_date: date | None = None

    @classmethod
    def split(cls, text: str) -> tuple[str, Options]:
        """A calendar's name without its options, and these; `CalendarError` where they make no sense."""
        match = _QUERY.fullmatch(text)
        if match is None:
            return text, cls()
        given: dict[str, str] = {}
        for part in match["query"].split("&"):
            key, _, value = part.partition("=")
            _check(text, key, value, given)
            given[key] = value
        return match["name"], cls._chosen(given)

    @classmethod
    def _chosen(cls, given: Mapping[str, str]) -> Options:
        chosen = {key: given.get(key, (*values, "")[0]) for key, values in _VALUES.items()}
        return cls(
            cast("Literal['open', 'clock']", chosen["anchor"]),
            cast("Literal['split', 'span']", chosen["break"]),
            chosen["extended"] == "true",
            _WEEKDAYS.index(chosen["week"]),
            date.fromisoformat(chosen["anchor_date"]) if chosen["anchor_date"] else None,
        )

    @classmethod
    def stated(cls, table: Mapping[str, object], where: str) -> tuple[Options, list[Problem]]:
        """The options among the keys of a table, and what is wrong with them."""
        given = {key: _text(table[key]) for key in _VALUES if key in table}
        problems = [
            Problem(f"{key} is {value!r}", f"{where}.{key}", _allowed(key))
            for key, value in given.items()
            if not _fits(key, value)
        ]
        return cls._chosen({} if problems else cast("Mapping[str, str]", given)), problems

    def week_of(self, days: int) -> int:
        """The number of the week that holds a date (days since 1970-01-01; a column of them, too)."""
        return (days + _EPOCH_WEEKDAY - self.week) // 7

    def week_start(self, number: int) -> int:
        """The first date of a week."""
        return number * 7 - _EPOCH_WEEKDAY + self.week

    def counted_from(self, timeframe: object, name: str) -> int:
        """The date from which several days or weeks are counted, in days since 1970-01-01.

        Raises `CalendarError` where none is said.
        """
        if self.anchor_date is None:
            more = f"{name}{'&' if str(self) else '?'}anchor_date=2025-01-06"
            message = f"calendar {name!r} does not say from when {timeframe} is counted; write such as {more!r}"
            raise CalendarError(message)
        return days_of(self.anchor_date)

    @property
    def of_dates(self) -> Options:
        """Only those that are about dates, which every calendar has."""
        return Options(week=self.week, anchor_date=self.anchor_date)

    def __str__(self) -> str:
        """The canonical query with its question mark; empty for the defaults."""
        parts = {
            "anchor": self.anchor,
            "break": self.pause,
            "extended": str(self.extended).lower(),
            "week": _WEEKDAYS[self.week],
            "anchor_date": "" if self.anchor_date is None else str(self.anchor_date),
        }
        written = [f"{key}={value}" for key, value in parts.items() if value != (*_VALUES[key], "")[0]]
        return f"?{'&'.join(written)}" if written else ""


def _text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool | date) else value


def _fits(key: str, value: object) -> bool:
    if _VALUES[key]:
        return value in _VALUES[key]
    try:
        return str(date.fromisoformat(str(value))) == value
    except ValueError:
        return False


def _allowed(key: str) -> str:
    return f"write {' or '.join(_VALUES[key])}" if _VALUES[key] else "write a date such as 2025-01-06"


def _check(text: str, key: str, value: str, given: Mapping[str, str]) -> None:
    if key not in _VALUES:
        near = get_close_matches(key, _VALUES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        message = f"calendar {text!r}: there is no option {key!r}; {hint}known: {', '.join(_VALUES)}"
        raise CalendarError(message)
    if not _fits(key, value):
        message = f"calendar {text!r}: {key} is {value!r}; {_allowed(key)}"
        raise CalendarError(message)
    if key in given:
        message = f"calendar {text!r} says {key} twice; say it once"
        raise CalendarError(message)
