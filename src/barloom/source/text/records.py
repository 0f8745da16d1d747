"""Values at a path of nested records: members of objects by name, elements of arrays by position."""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

from barloom.plan.barplan import FieldKind
from barloom.source.lists import packed
from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    import polars as pl

    from barloom.plan.barplan import Field
    from barloom.source.decoded import Problems

__all__ = [
    "ABSENT",
    "ANYTHING",
    "NO_ROWS",
    "NO_TEXTS",
    "Json",
    "TextFields",
    "Wanted",
    "Written",
    "column_at",
    "list_met",
    "paths_in",
    "refuse_lists",
    "value_at",
    "values_at",
    "wrong_type",
]

Json: TypeAlias = Any
"""What JSON can say: records are dicts and lists, as deep as they come."""


class Written(str):
    """A number with a fraction, as it is written."""

    __slots__ = ()


ABSENT: Final = object()
"""Stands where a record has nothing at a path."""

NO_ROWS: Final = "is a list: one row each cannot be taken from it"
"""What is wrong where a message holds several rows."""

_A: Final[dict[type, str]] = {dict: "an object", list: "a list"}
_CONTAINERS: Final = frozenset(_A)
_NO_TEXT: Final[frozenset[type]] = frozenset((bool, float, Written))
_ONLY_TEXT: Final = _NO_TEXT | {int}
_ANY: Final[frozenset[type]] = frozenset()
_NOT_THERE: Final = (KeyError, IndexError, TypeError, AttributeError)


class Wanted(NamedTuple):
    """What a value is to be: a `text`, `only` a text, or also an array of texts."""

    text: bool = False
    only: bool = False
    listed: bool = False


ANYTHING: Final = Wanted()
"""Any plain value."""


class TextFields(NamedTuple):
    """Fields whose values are texts: truth values and fractions are none, of those `only` texts no number is.

    Of `lists` an array of them is one, too.
    """

    all: Collection[str] = ()
    only: Collection[str] = ()
    lists: Collection[str] = ()

    @classmethod
    def of(cls, fields: Iterable[Field]) -> TextFields:
        """Those of an event: its texts, and decimals that come as bytes, whose texts digits might be too."""
        fields = list(fields)
        only = [field.name for field in fields if field.encoding is not None]
        lists = [field.name for field in fields if field.separator is not None]
        return cls([*(field.name for field in fields if field.kind is FieldKind.STRING), *only], only, lists)

    def wanted(self, name: str) -> Wanted:
        """What the values of a field are to be."""
        return Wanted(name in self.all, name in self.only, name in self.lists)


NO_TEXTS: Final = TextFields()


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


def column_at(records: Sequence[Json], path: str, refused: Problems, wanted: Wanted = ANYTHING) -> pl.Series:
    """The values at a path of all records, null where there is none. An object or array there refuses the record.

    So does, where a text is `wanted`, a truth value or a number with a fraction, which may be written in many ways; and
    where only that will do, any number. Arrays of plain values are packed where they may be.
    """
    found = values_at(records, path, refused)
    kinds = set(map(type, found))
    unfit = _ONLY_TEXT if wanted.only else _NO_TEXT if wanted.text else _ANY
    if not unfit.isdisjoint(kinds):
        for row, value in enumerate(found):
            if type(value) in unfit:
                refused.setdefault(row, wrong_type(path, str(value).lower()))
                found[row] = None
    if not _CONTAINERS.isdisjoint(kinds):
        for row, value in enumerate(found):
            if wanted.listed and isinstance(value, list) and (whole := packed(value)) is not None:
                found[row] = whole
            elif isinstance(value, dict | list):
                refused.setdefault(row, f"{path!r} is {_A[type(value)]}, not a value")
                found[row] = None
    return column_of(found)


def values_at(records: Sequence[Json], path: str, refused: Problems) -> list[Json]:
    """The values at a path of all records, none where there is none. A record that has a list on the way is refused."""
    found: list[Json] = list(records)
    try:
        for step in _steps(records[0], path) if records else ():
            found = list(map(itemgetter(step), found))
    except _NOT_THERE:
        found = [value_at(record, path) for record in records]
        for row, value in enumerate(found):
            if value is ABSENT:
                found[row], met = None, list_met(records[row], path)
                if met is not None:
                    refused.setdefault(row, met)
    return found


def list_met(record: Json, path: str) -> str | None:
    """What is wrong where a name of a path is looked for in a list; nothing where there is no list in its way."""
    gone: list[str] = []
    for step in path.split("."):
        if isinstance(record, list) and not step.isdecimal():
            return _no_rows(".".join(gone))
        record, gone = value_at(record, step), [*gone, step]
    return None


def refuse_lists(records: Sequence[Json], paths: Iterable[str], refused: Problems) -> None:
    """Refuse records of which paths take some rows of a list and would lose others without a word.

    Rows of a list are its objects, or its lists; positions of which none is entered further are plain columns.
    """
    for before, taken in _entered(paths).items():
        for row, record in enumerate(records):
            found = value_at(record, before) if before else record
            if type(found) is list and len(found) > 1 and _loses(found, taken):
                refused.setdefault(row, f"{_no_rows(before)}; it has {len(found)} elements, and some would be lost")


def _no_rows(path: str) -> str:
    return f"{path or 'the record'} {NO_ROWS}"


def _entered(paths: Iterable[str]) -> dict[str, set[int]]:
    """The lists whose elements are entered by position, and which of these."""
    found: dict[str, set[int]] = {}
    for path in paths:
        steps = path.split(".")
        for place, step in enumerate(steps[:-1]):
            if step.isdecimal():
                found.setdefault(".".join(steps[:place]), set()).add(int(step))
    return found


def _loses(elements: list[Json], taken: set[int]) -> bool:
    kinds = {type(elements[place]) for place in taken if place < len(elements)} & _CONTAINERS
    return any(type(value) in kinds and place not in taken for place, value in enumerate(elements))


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
