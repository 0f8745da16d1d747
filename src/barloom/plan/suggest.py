"""'Did you mean …': the nearest known name to a mistyped one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["did_you_mean", "listed", "one_of", "type_hint"]

_TYPES: Final = {
    **dict.fromkeys(("str", "text", "varchar", "char", "symbol"), "string"),
    **dict.fromkeys(("integer", "int32", "int64", "bigint", "long"), "int"),
    **dict.fromkeys(("boolean", "flag"), "bool"),
    **dict.fromkeys(("datetime", "time", "date", "instant"), "timestamp"),
    **dict.fromkeys(("number", "numeric", "price", "money"), "decimal(18, 6)"),
}
_FLOATS: Final = ("float", "double", "float32", "float64", "real")
_UNITS: Final = {"n": "ns", "u": "us", "mic": "us", "mil": "ms", "s": "s", "i": "iso"}
"""Types and units as others call them; a unit by how it begins."""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """``did you mean 'bid'? Known are: ask, bid`` (only the second half where nothing is near)."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    names = sorted(set(known))
    if not names:
        return "none are known here"
    near = get_close_matches(name.lower(), [item.lower() for item in names], n=1, cutoff=0.6)
    best = [item for item in names if near and item.lower() == near[0]]
    told = f"known are: {', '.join(names)}"
    return f"did you mean {best[0]!r}? {told}" if best else told


def listed(names: Iterable[object]) -> str:
    """``a, b, c``, or that there is nothing."""
    return ", ".join(map(str, names)) or "nothing"


def one_of(choices: Iterable[str]) -> str:
    """``'a', 'b' or 'c'``."""
    quoted = [repr(choice) for choice in choices]
    return quoted[0] if len(quoted) == 1 else f"{', '.join(quoted[:-1])} or {quoted[-1]}"


def type_hint(kind: str, arguments: str | None, *, nullable: bool) -> str | None:
    """What may be meant by a type that is written as elsewhere; none where nothing is known.

    ``float`` is told to be inexact, ``Decimal(18,6)`` is a decimal, ``datetime`` a timestamp.
    """
    word, mark = kind.lower(), "?" if nullable else ""
    if word in _FLOATS:
        return "a float is not exact: write decimal(18, 6)"
    if word in ("decimal", "numeric") and arguments:
        return f'did you mean "decimal({arguments}){mark}"?'
    if word in ("timestamp", "datetime") and arguments:
        unit = next((unit for begin, unit in _UNITS.items() if arguments.lower().startswith(begin)), None)
        return None if unit is None else f'did you mean "timestamp({unit}){mark}"?'
    known = word if word in ("string", "int", "bool", "timestamp") else _TYPES.get(word)
    return None if known is None else f'did you mean "{known}{mark}"?'
