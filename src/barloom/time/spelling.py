"""What was meant by a length that is written as other systems and languages write it."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["meant"]

_SPELLINGS: Final = {
    "ms": "l msec msecs milli millis millisecond milliseconds",
    "s": "sec secs second seconds secondly",
    "m": "t min mins minute minutes minutely",
    "h": "hr hrs hour hours hourly",
    "d": "day days daily",
    "w": "wk wks week weeks weekly w-mon",
    "mo": "mon mth mths mn month months monthly me",
    "3 mo": "q qe qs quarter quarters quarterly",
    "12 mo": "y a ye ys yr yrs year years yearly annual annually",
}
_UNITS: Final = {
    word: (int(unit.split()[0]) if " " in unit else 1, unit.split()[-1])
    for unit, words in _SPELLINGS.items()
    for word in (*words.split(), unit)
}
"""How many of which unit a word stands for."""

_EITHER: Final = {"M": ("m", "mo"), "MS": ("ms", "mo"), "": ("s", "m")}
"""What means one thing to some and another to others: ``M`` is a month for Binance and a minute in ``M15``."""

_PARTS: Final = re.compile(r"(?P<number>\d+(?:\.\d+)?)?[\s_-]*(?P<unit>[A-Za-z]+(?:-MON)?|$)\.?\s*")
_UNIT_FIRST: Final = re.compile(r"(MN|[SMHDW])(\d+)")
_ISO: Final = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_ISO_UNITS: Final = ("y", "mo", "w", "d", "h", "m", "s")
_MILLISECONDS: Final = {"ms": 1, "s": 1_000, "m": 60_000, "h": 3_600_000}


def meant(text: str) -> tuple[str, ...]:
    """Lengths in barloom's own writing that a text may stand for, the likelier one first; none where it says nothing.

    ``1H`` and ``60min`` are ``1h`` and ``60m``, ``1M`` is ``1m`` or ``1mo``, ``1.5h`` is ``90m``, ``60`` is ``60s`` or
    ``60m``. They need not have an anchor: ``24 hours`` is ``24h``.
    """
    asked = text.strip()
    unit_first, iso = _UNIT_FIRST.fullmatch(asked), _ISO.fullmatch(asked)
    if unit_first is not None:
        return (unit_first[2] + _UNITS["min" if unit_first[1] == "M" else unit_first[1].lower()][1],)
    if iso is not None and any(iso.groups()):
        given = [(number, unit) for number, unit in zip(iso.groups(), _ISO_UNITS, strict=True) if number]
        return tuple(filter(None, [_together(given)]))
    found = list(_PARTS.finditer(asked))
    if not asked or "".join(part[0] for part in found) != asked:
        return ()
    parts = [(part["number"] or "1", part["unit"]) for part in found if part[0]]
    return tuple(dict.fromkeys(filter(None, map(_together, _read(parts)))))


def _read(parts: list[tuple[str, str]]) -> Iterator[list[tuple[str, str]]]:
    """The parts with barloom's units; twice where the only one may be either of two."""
    if len(parts) == 1 and parts[0][1] in _EITHER:
        yield from ([(parts[0][0], unit)] for unit in _EITHER[parts[0][1]])
    else:
        yield parts


def _together(parts: list[tuple[str, str]]) -> str | None:
    """Parts as one length: ``1 h 30 min`` is ``90m``."""
    if any(word.lower() not in _UNITS for _, word in parts):
        return None
    read = [(Decimal(number), *_UNITS[word.lower()]) for number, word in parts]
    number, times, unit = read[0]
    if len(read) == 1 and number == number.to_integral_value():
        return f"{int(number) * times}{unit}"
    if any(unit not in _MILLISECONDS for _, _, unit in read):
        return None
    return _whole(sum(number * _MILLISECONDS[unit] for number, _, unit in read))


def _whole(milliseconds: Decimal | int) -> str | None:
    """In the largest unit that holds it whole; none for what is finer than a millisecond."""
    sizes = reversed(_MILLISECONDS.items())
    return next((f"{int(milliseconds // size)}{unit}" for unit, size in sizes if milliseconds % size == 0), None)
