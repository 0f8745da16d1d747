"""What a field may be read from: a column or path, a constant, a part of the file's name; a time from several."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from barloom.errors import Problem
from barloom.plan.barplan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.barplan import Field, SourcePlan

__all__ = [
    "CONSTANT",
    "FILE",
    "HIVE",
    "MEMBER",
    "field_of",
    "is_from_name",
    "of_files_only",
    "path_problem",
    "paths_of",
    "shown_path",
]

CONSTANT: Final = "="
FILE: Final = "@file:"
MEMBER: Final = "@member:"
HIVE: Final = "@hive."
_NAMES: Final = (FILE, MEMBER, HIVE)
_PART: Final = "["
_MISSPELT: Final = re.compile(r"@(file|member|hive)\b|@\w+:")
_EXAMPLE: Final = 'write "@file:([A-Z]+)-trades", "@member:([a-z]+)_" or "@hive.symbol"'


def is_from_name(path: str) -> bool:
    """Whether a path stands for a part of the name of the file."""
    return path.startswith(_NAMES)


def paths_of(source: SourcePlan, field: str) -> Mapping[str, str]:
    """Where a field is read from, by the field's name; of several columns by ``at[0]``, ``at[1]``."""
    path = source.columns.get(field, field)
    if isinstance(path, str):
        return {field: path}
    return {f"{field}{_PART}{place}]": each for place, each in enumerate(path)}


def field_of(name: str) -> str:
    """The field to which a name of `paths_of` belongs."""
    return name.partition(_PART)[0]


def shown_path(path: str | tuple[str, ...]) -> str:
    """A mapping for people."""
    if isinstance(path, tuple):
        return " and ".join(map(shown_path, path))
    if path.startswith(CONSTANT):
        return f"always {path.removeprefix(CONSTANT)!r}"
    if path.startswith(HIVE):
        return f"the directory {path.removeprefix(HIVE)}=… of the file"
    for mark, what in ((FILE, "file"), (MEMBER, "member of the zip archive")):
        if path.startswith(mark):
            return f"the name of the {what}: {path.removeprefix(mark)}"
    return path


def path_problem(path: object, field: Field | None, where: str) -> Problem | None:
    """What is wrong with the mapping of a field, if anything."""
    if isinstance(path, (list, tuple)):
        return _several_problem(path, field, where)
    if not isinstance(path, str) or not path:
        fix = 'write a column or path as text, or "=constant"'
        return Problem(f"{path!r} names no column", where, fix)
    if path.startswith((FILE, MEMBER)):
        return _pattern_problem(path, where)
    if path == HIVE or (_MISSPELT.match(path) and not path.startswith(HIVE)):
        return Problem(f"{path!r} is no part of a file's name", where, _EXAMPLE)
    return None


def of_files_only(source: SourcePlan) -> list[Problem]:
    """What is declared of reading that messages do not have: names of files, an order of lines, numbers of tables."""
    fix = "leave it out of the definition that runs on Kafka"
    found = [
        Problem(f"{shown_path(path)} is read of files only", f"source.columns.{name}", fix)
        for name, path in source.columns.items()
        if not isinstance(path, str) or is_from_name(path)
    ]
    if source.ambiguous == "order":
        what = "the order of the messages of a topic does not say which of two hours is meant"
        found.append(Problem(what, "source.ambiguous", "write 'earlier', 'later' or 'refuse'"))
    separators = {"decimal_separator": source.decimal_separator != ".", "thousands": bool(source.thousands)}
    what = "numbers in messages have a point before their decimals, and nothing else"
    return [*found, *(Problem(what, f"source.{name}", fix) for name, stated in separators.items() if stated)]


def _several_problem(paths: list[object] | tuple[object, ...], field: Field | None, where: str) -> Problem | None:
    if field is not None and field.kind is not FieldKind.TIMESTAMP:
        what = f"{list(paths)!r} are several columns, and only a time is read from a date and a time of day"
        return Problem(what, where, "name one column")
    if not paths:
        return Problem("is an empty list", where, 'write the columns, such as ["date", "time"]')
    if field is not None and field.time_unit not in (None, "iso"):
        what = f"a number since 1970 ({field.time_unit}) does not stand in several columns"
        return Problem(what, where, 'declare how the time is written: timestamp("%Y%m%d {ms}")')
    problems = (path_problem(path, None, where) for path in paths)
    nested = next((path for path in paths if not isinstance(path, str)), None)
    return _no_text(nested, where) if nested is not None else next(filter(None, problems), None)


def _no_text(path: object, where: str) -> Problem:
    return Problem(f"{path!r} names no column", where, "write each column as text")


def _pattern_problem(path: str, where: str) -> Problem | None:
    mark, _, pattern = path.partition(":")
    try:
        groups = re.compile(pattern).groups
    except re.error as error:
        return Problem(f"{pattern!r} is no regular expression: {error}", where, _EXAMPLE)
    if groups == 1:
        return None
    what = f"{pattern!r} has {groups or 'no'} group{'s' if groups else ''} in brackets"
    fix = f'put the part of the name that is meant into brackets, and only that: "{mark}:([A-Z]+)-trades"'
    return Problem(what, where, f"{fix}; others are (?:…)")
