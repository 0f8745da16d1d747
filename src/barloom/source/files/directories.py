"""A directory as an input: the files below it that can be read, as a person would list them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from barloom.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["files_below", "natural"]

_DIGITS: Final = re.compile(r"(\d+)")
_HIDDEN: Final = (".", "_")
"""How names begin that are no data: of hidden files, and of what Spark and Hive leave beside theirs."""

_STORE: Final = "rocksdict-config.json"
"""Stands in a store of bars, which may lie beside the data it was made from."""

_SHOWN: Final = 5


def natural(path: str) -> list[tuple[list[tuple[int, str]], str]]:
    """What sorts names with numbers in them by these: ``day-2`` before ``day-10``, ``2024/`` before ``2025/``."""
    return [([_number(each) for each in _DIGITS.split(part)], part) for part in Path(path).parts]


def _number(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (-1, text)


def files_below(directory: Path, is_known: Callable[[Path], bool]) -> list[Path]:
    """The files of known kinds in a directory and those below it. Raises `SourceError` where there is none."""
    found = sorted(_walk(directory), key=lambda path: natural(str(path)))
    known = [path for path in found if is_known(path)]
    if not known:
        held = ", ".join(str(path.relative_to(directory)) for path in found[:_SHOWN]) or "no files"
        message = (
            f"{directory} holds no file that can be read (it holds {held}); name the files, such as '{directory}/*'"
        )
        raise SourceError(message)
    return known


def _walk(directory: Path) -> Iterator[Path]:
    for folder, inner, names in os.walk(directory):
        if _STORE in names:
            inner.clear()
            continue
        inner[:] = [name for name in inner if not name.startswith(_HIDDEN) or "=" in name]
        yield from (Path(folder, name) for name in names if not name.startswith(_HIDDEN))
