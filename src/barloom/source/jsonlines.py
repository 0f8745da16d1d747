"""Records of JSON lines to columns.

A record is a line that holds one JSON value: an object, whose members are named by path (``data.bid``), or an array,
whose elements are numbered (``0``). Numbers with a fraction stay the text they are written as.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec

from barloom.errors import SourceError
from barloom.source.columns import missing_column
from barloom.source.csvtext import TextColumns
from barloom.source.values import column_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from barloom.source.decoded import Problems

__all__ = ["JsonLines", "value_at"]

Json: TypeAlias = Any
_ABSENT: Final = object()
_BLANK: Final = b" \t\r"
_KIND: Final[dict[type, str]] = {dict: "object", list: "array"}
_CONTAINERS: Final = frozenset(_KIND)


class JsonLines:
    """Reads JSON lines. `paths` says where in a record each field stands; of `needed` fields some record must have each."""

    def __init__(self, paths: Mapping[str, str], needed: Sequence[str]) -> None:
        self._paths = paths
        self._needed = needed
        self._decoder = msgspec.json.Decoder(float_hook=str)
        self._checked = False
        self._where = ""

    def begin(self, line: bytes, where: str) -> bool:  # noqa: ARG002 - JSON lines have no header
        """Take the first line, which is never a header."""
        self._where = where
        return False

    def parse(self, data: bytes) -> TextColumns:
        """Read whole lines. Raises `SourceError` where the first block of a file is not JSON or lacks a needed field."""
        try:
            values: list[Json] = self._decoder.decode_lines(data)
            refused: Problems = {}
            if len(values) != data.count(b"\n"):
                values, refused = self._line_by_line(data)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            values, refused = self._line_by_line(data)
        self._check(values, refused)
        columns = {name: self._column(values, path, refused) for name, path in self._paths.items()}
        return TextColumns(columns, len(values), refused)

    def records(self, data: bytes) -> list[bytes]:
        """The lines that `parse` counts as records."""
        return [line.removesuffix(b"\r") for line in data.split(b"\n") if line.strip(_BLANK)]

    def is_whole(self, line: bytes) -> bool:
        """Whether a line without an end cannot be the beginning of a longer one: a closed object or array."""
        try:
            return isinstance(self._decoder.decode(line), dict | list)
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError):
            return False

    def _column(self, values: list[Json], path: str, refused: Problems) -> pl.Series:
        try:
            found = values
            for step in _steps(values[0], path) if values else ():
                found = list(map(itemgetter(step), found))
        except (KeyError, IndexError, TypeError, AttributeError):
            each = (value_at(value, path) for value in values)
            found = [None if value is _ABSENT else value for value in each]
        if not _CONTAINERS.isdisjoint(map(type, found)):
            for row, value in enumerate(found):
                if isinstance(value, dict | list):
                    refused.setdefault(row, f"{path!r} is an {_KIND[type(value)]}, not a value")
                    found[row] = None
        return column_of(found)

    def _line_by_line(self, data: bytes) -> tuple[list[Json], Problems]:
        values: list[Json] = []
        refused: Problems = {}
        for row, line in enumerate(self.records(data)):
            try:
                values.append(self._decoder.decode(line))
            except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as error:
                values.append(None)
                refused[row] = f"the row is not JSON: {error}"
        return values, refused

    def _check(self, values: list[Json], refused: Problems) -> None:
        for row, value in enumerate(values):
            if not isinstance(value, dict | list) and row not in refused:
                refused[row] = f"the row is a JSON {type(value).__name__}, neither an object nor an array"
        if self._checked or not values:
            return
        self._checked = True
        if len(refused) == len(values):
            message = (
                f"{self._where} is not JSON lines, one object or array a line ({refused[0]}); "
                "a JSON document over several lines can be converted with jq -c '.path.to.rows[]'"
            )
            raise SourceError(message)
        good = [value for row, value in enumerate(values) if row not in refused]
        for name in self._needed:
            path = self._paths.get(name)
            if path is not None and all(value_at(value, path) is _ABSENT for value in good):
                raise missing_column(name, path, _paths_in(good[0]), self._where)


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
            return _ABSENT
    return value


def _steps(value: Json, path: str) -> list[str | int]:
    """How the first record is entered; `KeyError` where it is not, so that each is looked at by itself."""
    if isinstance(value, dict) and path in value:
        return [path]
    steps: list[str | int] = []
    for step in path.split("."):
        steps.append(int(step) if isinstance(value, list) and step.isdecimal() else step)
        value = value[steps[-1]]
    return steps


def _paths_in(value: Json, prefix: str = "") -> list[str]:
    items = value.items() if isinstance(value, dict) else enumerate(value)
    paths = []
    for name, inner in items:
        paths += _paths_in(inner, f"{prefix}{name}.") if isinstance(inner, dict) else [f"{prefix}{name}"]
    return paths
