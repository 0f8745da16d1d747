"""Values at a path of nested records: members of objects by name, elements of arrays by position."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl

    from barloom.source.decoded import Problems

__all__ = ["ABSENT", "Json", "column_at", "paths_in", "value_at", "wrong_type"]

Json: TypeAlias = Any
"""What JSON can say: records are dicts and lists, as deep as they come."""

ABSENT: Final = object()
"""Stands where a record has nothing at a path."""

_KIND: Final[dict[type, str]] = {dict: "object", list: "array"}
_CONTAINERS: Final = frozenset(_KIND)
_NO_TEXT: Final[frozenset[type]] = frozenset((bool, float))
_NOT_THERE: Final = (KeyError, IndexError, TypeError, AttributeError)


def value_at(value: Json, path: str) -> Json:
    """What stands at a path of a record: a member of that name, or step by step through objects and arrays."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for step in path.split("."):
        if isinstance(value, dict) and step in value:
            value = value[step]
        elif isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            return ABSENT
    return value


def column_at(records: Sequence[Json], path: str, refused: Problems, *, text: bool = False) -> pl.Series:
    """The values at a path of all records, null where there is none. An object or array there refuses the record.

    So does, where a `text` is wanted, a truth value or a number with a fraction, which may be written in many ways.
    """
    found: list[Json] = list(records)
    try:
        for step in _steps(records[0], path) if records else ():
            found = list(map(itemgetter(step), found))
    except _NOT_THERE:
        each = (value_at(record, path) for record in records)
        found = [None if value is ABSENT else value for value in each]
    kinds = set(map(type, found))
    if text and not _NO_TEXT.isdisjoint(kinds):
        for row, value in enumerate(found):
            if type(value) in _NO_TEXT:
                refused.setdefault(row, wrong_type(path, str(value).lower()))
                found[row] = None
    if not _CONTAINERS.isdisjoint(kinds):
        for row, value in enumerate(found):
            if isinstance(value, dict | list):
                refused.setdefault(row, f"{path!r} is an {_KIND[type(value)]}, not a value")
                found[row] = None
    return column_of(found)


def wrong_type(path: str, value: str) -> str:
    """What is wrong with a value that is no text."""
    return f"{path!r} has the wrong type: {value} is no string"


def paths_in(record: Json, prefix: str = "") -> list[str]:
    """The paths of a record at which values stand."""
    items = record.items() if isinstance(record, dict) else enumerate(record)
    paths = []
    for name, inner in items:
        paths += paths_in(inner, f"{prefix}{name}.") if isinstance(inner, dict) else [f"{prefix}{name}"]
    return paths


def _steps(record: Json, path: str) -> list[str | int]:
    """How the first record is entered; raises where it is not, so that each record is looked at by itself."""
    if isinstance(record, dict) and path in record:
        return [path]
    steps: list[str | int] = []
    for step in path.split("."):
        steps.append(int(step) if isinstance(record, list) and step.isdecimal() else step)
        record = record[steps[-1]]
    return steps
