"""Calendars by name: the one place where a definition's ``calendar=`` becomes a `Calendar`."""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final

from barloom.errors import CalendarError
from barloom.time.always import AlwaysOpen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barloom.time.calendar import Calendar

__all__ = ["names", "resolve"]

_MAKERS: Final[Mapping[str, Callable[[str], Calendar]]] = {"24x7": AlwaysOpen}
"""How each named calendar is made from its name. Another calendar is one more line here."""

_ALSO_CALLED: Final = {"24/7": "24x7", "24-7": "24x7", "247": "24x7", "always": "24x7", "utc": "24x7", "crypto": "24x7"}


def names() -> tuple[str, ...]:
    """The names of all calendars there are, sorted."""
    return tuple(sorted(_MAKERS))


@cache
def resolve(name: str) -> Calendar:
    """The calendar of a name.

    Raises `CalendarError`, with the nearest names there are, for one that is unknown.
    """
    maker = _MAKERS.get(name)
    if maker is None:
        raise CalendarError(_unknown(name))
    return maker(name)


def _unknown(name: str) -> str:
    lowered = name.strip().lower()
    meant = _ALSO_CALLED.get(lowered)
    near = [meant] if meant else get_close_matches(lowered, names(), n=1, cutoff=0.4)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"there is no calendar {name!r}; {hint}known: {', '.join(names())}"
