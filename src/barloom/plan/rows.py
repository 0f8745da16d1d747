"""The written place of several ticks in one record: ``data[*]``, and paths that begin at one of them.

``rows`` names the value whose items are ticks: names and positions (``data``, ``[1]``) parted by dots, and ``[*]`` for
each item of a list. Without ``[*]`` at its end the value itself is the tick, and none where it is null. Paths of
columns begin at the tick. ``^.`` is what holds it: the item of the list around, or the record; ``^^.`` is one further
out, and ``$.`` always the whole record.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["RowsStep", "column_problem", "place_of", "rows_steps"]

_EACH: Final = "[*]"
_PART: Final = re.compile(r"\[(\*|[0-9]+)\]|\.?([^.\[\]]+)")
_POSITION: Final = re.compile(r"\.?\[([0-9]+)\]")
_OUTSIDE: Final = re.compile(r"(\$|\^+)(?:\.|(?=\[)|$)(.*)", re.DOTALL)


class RowsStep(NamedTuple):
    """One step inwards: to the value at `path` of a record (empty: itself), or to `each` item of the list there."""

    path: str
    each: bool


def rows_steps(rows: str) -> tuple[RowsStep, ...]:
    """The steps from a record to its ticks. Raises `ValueError` for what is no such path."""
    steps: list[RowsStep] = []
    names: list[str] = []
    place = 0
    while place < len(rows):
        found = _PART.match(rows, place)
        if found is None or (place == 0 and found[0].startswith(".")):
            message = f"{rows!r} is no path to ticks"
            raise ValueError(message)
        if found[1] == "*":
            steps.append(RowsStep(".".join(names), each=True))
            names = []
        else:
            names.append(found[1] or found[2])
        place = found.end()
    if names:
        steps.append(RowsStep(".".join(names), each=False))
    if not steps:
        message = "rows is empty"
        raise ValueError(message)
    return tuple(steps)


def place_of(path: str, steps: Sequence[RowsStep]) -> tuple[int, str]:
    """Where a column's path begins (0: at the record, the last: at the tick), and the path from there on.

    Raises `ValueError` where it leads further out than the record.
    """
    outside = _OUTSIDE.fullmatch(path)
    level, inner = len(steps), path
    if outside is not None:
        level, inner = (0 if outside[1] == "$" else len(steps) - len(outside[1])), outside[2]
    if level < 0:
        message = f"{path!r} leads out of the record, which holds the ticks {len(steps)} deep"
        raise ValueError(message)
    return level, _POSITION.sub(r".\1", inner).removeprefix(".")


def column_problem(path: str, steps: Sequence[RowsStep]) -> tuple[str, str] | None:
    """What is wrong with a column's path where ticks are taken by these steps, and how to mend it."""
    if _EACH in path:
        fix = f"write {path.rpartition(_EACH)[2].lstrip('.') or '[0]'!r}: paths begin at the tick that rows takes"
        return f"{path!r} names each item of a list", fix
    try:
        inner = place_of(path, steps)[1]
    except ValueError as error:
        return str(error), "write $. for the record"
    return None if inner else (f"{path!r} names no value", "write the value's name behind it, such as '$.symbol'")
