"""Fields that stand in the names of files: ``@file:([A-Z]+)-trades``, ``@member:…`` in a zip, ``@hive.symbol``."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from urllib.parse import unquote

from barloom.errors import SourceError
from barloom.plan.paths import CONSTANT, FILE, HIVE, MEMBER
from barloom.source.columns import did_you_mean, label_of, names_asked

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.source.files.inputs import InputFile

__all__ = ["constant_key_note", "with_names"]

_NO_LETTERS: Final = re.compile(r"[\W\d_]+")
_NONE: Final = "__HIVE_DEFAULT_PARTITION__"
_SHOWN: Final = 3


def with_names(plan: BarPlan, files: Sequence[InputFile]) -> list[InputFile]:
    """The files with the fields that their names give.

    Below a directory that was named as a whole these are also unmapped fields that a directory ``symbol=ACME`` gives.
    Raises `SourceError` where a name does not have what is asked for.
    """
    asked = names_asked(plan)
    unmapped = [field.name for field in plan.event.fields if field.name not in plan.source.columns]
    return [replace(file, named=tuple(_named(file, asked, unmapped).items())) for file in files]


def _named(file: InputFile, asked: dict[str, str], unmapped: list[str]) -> dict[str, str]:
    named = {name: _value(name, path, file) for name, path in asked.items()}
    levels = {} if file.below is None else _levels(file, file.below)
    return named | {name: levels[name] for name in unmapped if name in levels}


def _value(name: str, path: str, file: InputFile) -> str:
    if path.startswith(HIVE):
        return _level(name, path.removeprefix(HIVE), file)
    if path.startswith(MEMBER):
        if file.entry is None:
            message = f"{file.name} is no member of a zip archive, which {path!r} for {label_of(name)!r} asks for; "
            raise SourceError(message + f"write {FILE}… for the name of the file itself")
        return _found(name, path.removeprefix(MEMBER), file.entry.name, file)
    return _found(name, path.removeprefix(FILE), file.path.name, file)


def _found(name: str, pattern: str, text: str, file: InputFile) -> str:
    match = re.search(pattern, text)
    if match is None or match[1] is None:
        message = f"{file.name}: {text!r} has nothing that fits {pattern!r}, from which {label_of(name)!r} is read; "
        raise SourceError(message + "mend the expression under [source] columns, or leave the file out")
    return match[1]


def _level(name: str, level: str, file: InputFile) -> str:
    levels = _levels(file)
    if level not in levels:
        known = f"; there are {', '.join(levels)}" if levels else ""
        asked = f"{file.name}: no directory on its way is called {level}=…, from which {label_of(name)!r} is read"
        message = f"{asked}{did_you_mean(level, levels)}{known}"
        raise SourceError(message)
    return levels[level]


def _levels(file: InputFile, below: Path | None = None) -> dict[str, str]:
    """What the directories say as Hive writes them: special letters as ``%2F``, a missing value by a word.

    Those on the way to the file, in an archive too; with `below` those below that directory alone.
    """
    path = file.path.absolute() if below is None else file.path.relative_to(below)
    folders = [*path.parent.parts, *(() if file.entry is None else PurePosixPath(file.entry.name).parent.parts)]
    found = [folder.partition("=") for folder in folders]
    return {unquote(name): "" if value == _NONE else unquote(value) for name, equals, value in found if equals}


def constant_key_note(plan: BarPlan, files: Sequence[InputFile]) -> str | None:
    """A remark where one constant key is given to files whose names tell that they are of several."""
    columns = plan.source.columns
    paths = {name: columns.get(name, name) for name in plan.event.key}
    if not all(isinstance(path, str) and path.startswith(CONSTANT) for path in paths.values()):
        return None
    named = {_NO_LETTERS.sub("", _stem(file)).lower(): file.name for file in files}
    if len(named) <= 1:
        return None
    listed = ", ".join(list(named.values())[:_SHOWN]) + (", …" if len(named) > _SHOWN else "")
    given = ", ".join(f"{name} = {str(path)[1:]!r}" for name, path in paths.items())
    return (
        f"all rows of {listed} count as one key, {given}, though the names differ; if these are of several, let the "
        "name "
        f'say it: {next(iter(paths))} = "@file:([A-Z]+)" under [source] columns'
    )


def _stem(file: InputFile) -> str:
    return (file.entry.name if file.entry is not None else file.path.name).partition(".")[0]
