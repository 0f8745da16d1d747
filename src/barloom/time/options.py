"""How slots are laid on a calendar's sessions, written behind its name: ``XTKS?anchor=clock&break=span``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Literal, cast

from barloom.errors import CalendarError, Problem

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["OPTIONS", "Options"]

_QUERY: Final = re.compile(r"(?P<name>.*)\?(?P<query>[^?{}\"]*)", re.DOTALL)
_VALUES: Final[Mapping[str, tuple[str, ...]]] = {
    "anchor": ("open", "clock"),
    "break": ("split", "span"),
    "extended": ("false", "true"),
}
"""What may stand in a query; the first is the default."""

OPTIONS: Final = tuple(_VALUES)
"""The names of all options."""


@dataclass(frozen=True)
class Options:
    """How slots are laid on sessions.

    `anchor`: intraday slots are counted from the open, or from the local midnight before it (``clock``: the hours of a
    session from 9:30 begin at 9:30, 10:00, 11:00). `pause` (written ``break``): slots are cut at the break and begin
    anew after it, or run through it (``span``). `extended`: the hours before and after the regular ones are in session.
    """

    anchor: Literal["open", "clock"] = "open"
    pause: Literal["split", "span"] = "split"
    extended: bool = False

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
        chosen = {key: given.get(key, values[0]) for key, values in _VALUES.items()}
        return cls(
            cast("Literal['open', 'clock']", chosen["anchor"]),
            cast("Literal['split', 'span']", chosen["break"]),
            chosen["extended"] == "true",
        )

    @classmethod
    def stated(cls, table: Mapping[str, object], where: str) -> tuple[Options, list[Problem]]:
        """The options among the keys of a table, and what is wrong with them."""
        given = {key: _text(table[key]) for key in _VALUES if key in table}
        problems = [
            Problem(f"{key} is {value!r}", f"{where}.{key}", f"write {' or '.join(_VALUES[key])}")
            for key, value in given.items()
            if value not in _VALUES[key]
        ]
        return cls._chosen({} if problems else cast("Mapping[str, str]", given)), problems

    def __str__(self) -> str:
        """The canonical query with its question mark; empty for the defaults."""
        parts = {"anchor": self.anchor, "break": self.pause, "extended": str(self.extended).lower()}
        written = [f"{key}={value}" for key, value in parts.items() if value != _VALUES[key][0]]
        return f"?{'&'.join(written)}" if written else ""


def _text(value: object) -> object:
    return str(value).lower() if isinstance(value, bool) else value


def _check(text: str, key: str, value: str, given: Mapping[str, str]) -> None:
    if key not in _VALUES:
        near = get_close_matches(key, _VALUES, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        message = f"calendar {text!r}: there is no option {key!r}; {hint}known: {', '.join(_VALUES)}"
        raise CalendarError(message)
    if value not in _VALUES[key]:
        message = f"calendar {text!r}: {key} is {value!r}; write {' or '.join(_VALUES[key])}"
        raise CalendarError(message)
    if key in given:
        message = f"calendar {text!r} says {key} twice; say it once"
        raise CalendarError(message)
