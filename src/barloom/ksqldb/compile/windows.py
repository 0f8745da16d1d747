"""The window of a statement as numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from barloom.ksqldb.server.canonical import Statement

__all__ = ["Window", "window_of"]

_UNITS: Final = {"MILLISECOND": 1, "SECOND": 1000, "MINUTE": 60_000, "HOUR": 3_600_000, "DAY": 86_400_000}


class Window(NamedTuple):
    """Milliseconds; none for what the statement does not state."""

    size: int | None
    retention: int | None
    grace: int | None


def window_of(statement: Statement) -> Window:
    """The window that a query aggregates in."""
    tokens = statement.parts.get("WINDOW", ())
    return Window(*(_length(tokens, word) for word in ("SIZE", "RETENTION", "PERIOD")))


def _length(tokens: object, word: str) -> int | None:
    if not isinstance(tokens, tuple) or word not in tokens:
        return None
    number, unit = tokens[tokens.index(word) + 1 : tokens.index(word) + 3]
    return int(number) * _UNITS[unit.removesuffix("S")]
