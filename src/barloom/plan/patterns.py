"""How times are written that are neither ISO 8601 nor numbers since 1970: patterns of Python's `strptime`, checked.

A pattern gives a whole date, and of the time of day as much as is written: ``%d.%m.%Y %H:%M:%S.%f``. Beside the
directives of Python ``{s} {ms} {us} {ns}`` stand for a number since midnight, as files have it whose name has the date.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from barloom.errors import Problem

__all__ = ["ISO", "MIDNIGHT_UNITS", "Part", "TimeForm", "form_problem", "parse_pattern", "read_arguments", "shown_form"]

MIDNIGHT_UNITS: Final = ("s", "ms", "us", "ns")
"""What numbers since midnight may count."""

_TOKEN: Final = re.compile(r"%(-?)(.)|\{(\w+)\}|([^%{]+|\{)", re.DOTALL)
_READ: Final = frozenset("YymdejHIpMSfbBaAz")
_SAME: Final = {"h": "b", "B": "b", "A": "a", "e": "d"}
_SHORT: Final = {"F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y"}
_HINTS: Final = {
    "s": "numbers since 1970 are timestamp(s), (ms), (us), (ns) or (auto)",
    "Z": 'names of zones are ambiguous; state zone="…"',
    "L": "a fraction of any length is %f",
    "N": "a fraction of any length is %f",
    "k": "hours with one or two digits are %H",
    "l": "hours with one or two digits are %I",
    "P": "AM and PM are %p, in any case",
    ".": "a fraction of any length is .%f",
    **dict.fromkeys("369", "a fraction of any length is %f"),
}
_ARGUMENT: Final = re.compile(r"""\s*(?:(\w+)\s*=\s*)?(?:"([^"]*)"|'([^']*)'|([^\s,"'=]+))\s*(,|$)""")
_DATES: Final = ({"Y", "m", "d"}, {"y", "m", "d"}, {"Y", "b", "d"}, {"y", "b", "d"}, {"Y", "j"}, {"y", "j"})


@dataclass(frozen=True, slots=True)
class Part:
    """A directive (its letter, or ``midnight`` with the unit as its text), or else a text that stands there.

    `adjacent`: digits of another directive stand beside it, so that it has all of its own.
    """

    directive: str
    text: str = ""
    adjacent: bool = False


@dataclass(frozen=True, slots=True)
class TimeForm:
    """The patterns of which a time is written in one, and its zone where that is stated here."""

    patterns: tuple[str, ...] = ()
    zone: str | None = None


ISO: Final = TimeForm()
"""Times in ISO 8601, or of a type."""


def parse_pattern(pattern: str) -> tuple[Part, ...]:
    """The parts of a pattern; `ValueError`, what is wrong and how to mend it parted by ``; ``, where it is none."""
    for letter, long in _SHORT.items():
        pattern = pattern.replace(f"%{letter}", long)
    parts: list[Part] = []
    for match in _TOKEN.finditer(pattern):
        _, letter, unit, text = match.groups()
        parts.append(_directive(letter) if letter else _midnight(unit) if unit else Part("", text))
    if "".join(match[0] for match in _TOKEN.finditer(pattern)) != pattern:
        message = f"{pattern!r} ends with '%'; a percent sign itself is %%"
        raise ValueError(message)
    _check_whole(pattern, [part.directive for part in parts if part.directive])
    return _with_neighbours(_joined(parts))


def form_problem(form: TimeForm, where: str) -> Problem | None:
    """What is wrong with the patterns or the zone of a time, if anything."""
    for pattern in form.patterns:
        try:
            parse_pattern(pattern)
        except ValueError as error:
            what, _, fix = str(error).partition("; ")
            return Problem(what, where, fix or "write a pattern such as %d.%m.%Y %H:%M:%S.%f")
    return None if form.zone is None else _zone_problem(form.zone, where)


def _zone_problem(zone: str, where: str) -> Problem | None:
    from barloom.time.zone_names import known_zone, nearest_zone  # noqa: PLC0415 - only where a zone is declared

    if known_zone(zone) is not None:
        return None
    near = nearest_zone(zone) if isinstance(zone, str) else None
    fix = "write a time zone such as 'UTC' or 'Europe/Berlin'"
    return Problem(f"{zone!r} is no time zone", where, fix if near is None else f"did you mean {near!r}? {fix}")


def _directive(letter: str) -> Part:
    if letter == "%":
        return Part("", "%")
    if letter not in _READ and letter not in _SAME:
        known = "known are %Y %y %m %d %j %b %H %I %p %M %S %f %z, and {s} {ms} {us} {ns} since midnight"
        message = f"%{letter} is no part of a time; {_HINTS.get(letter, known)}"
        raise ValueError(message)
    return Part(_SAME.get(letter, letter))


def _midnight(unit: str) -> Part:
    if unit not in MIDNIGHT_UNITS:
        message = f"{{{unit}}} is no number since midnight; write {{s}}, {{ms}}, {{us}} or {{ns}}"
        raise ValueError(message)
    return Part("midnight", unit)


def _check_whole(pattern: str, directives: list[str]) -> None:
    given = set(directives)
    twice = sorted(letter for letter in given - {"a"} if directives.count(letter) > 1)
    if twice:
        message = f"{pattern!r} has %{twice[0]} twice; each part of a time stands once"
        raise ValueError(message)
    if not any(date <= given for date in _DATES):
        message = (
            f"{pattern!r} has no whole date; write year, month and day, of which some may come from another column or "
            'from the name of a file: columns = { at = ["@file:(\\\\d{8})", "time"] }'
        )
        raise ValueError(message)
    clock = given & {"H", "I"}
    if "midnight" in given and given & {"H", "I", "M", "S", "f"}:
        message = f"{pattern!r} has the time of day twice; write a number since midnight, or hours and minutes"
        raise ValueError(message)
    if len(clock) > 1 or ("I" in given) != ("p" in given) or (not clock and given & {"M", "S", "f"}):
        message = f"{pattern!r} does not say the hour; write %H, or %I with %p"
        raise ValueError(message)
    if ("S" in given and "M" not in given) or ("f" in given and "S" not in given):
        message = f"{pattern!r} leaves out what stands between; write %H:%M:%S.%f, or the beginning of it"
        raise ValueError(message)


def _joined(parts: list[Part]) -> list[Part]:
    """Texts that follow each other as one."""
    joined: list[Part] = []
    for part in parts:
        if joined and not part.directive and not joined[-1].directive:
            joined[-1] = Part("", joined[-1].text + part.text)
        else:
            joined.append(part)
    return joined


def _with_neighbours(parts: list[Part]) -> tuple[Part, ...]:
    numbers = [bool(part.directive) and part.directive not in "bpaz" for part in parts]
    beside = [(place > 0 and numbers[place - 1]) or any(numbers[place + 1 : place + 2]) for place in range(len(parts))]
    return tuple(
        Part(part.directive, part.text, adjacent=number and near)
        for part, number, near in zip(parts, numbers, beside, strict=True)
    )


def read_arguments(text: str) -> tuple[list[tuple[str, bool]], dict[str, str]] | None:
    """What stands between the brackets of ``timestamp(…)``: values, each with whether it is quoted, and named ones.

    None where that makes no sense.
    """
    values: list[tuple[str, bool]] = []
    named: dict[str, str] = {}
    place = 0
    while place < len(text):
        match = _ARGUMENT.match(text, place)
        if match is None:
            return None
        name, double, single, bare, _ = match.groups()
        value = next(each for each in (double, single, bare) if each is not None)
        if name is None:
            values.append((value, bare is None))
        else:
            named[name] = value
        place = match.end()
    return values, named


def shown_form(form: TimeForm) -> str:
    """``timestamp("%d.%m.%Y", zone="Europe/Berlin")``."""
    zone = [] if form.zone is None else [f'zone="{form.zone}"']
    return f"timestamp({', '.join([*(_quoted(pattern) for pattern in form.patterns), *zone])})"


def _quoted(pattern: str) -> str:
    return f"'{pattern}'" if '"' in pattern else f'"{pattern}"'
