"""Records of JSON lines to columns.

A record is a line that holds one JSON value: an object, whose members are named by path (``data.bid``), or an array,
whose elements are numbered (``0``). Numbers with a fraction stay the text they are written as.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from barloom.errors import SourceError
from barloom.source.columns import missing_column
from barloom.source.text.csv import TextColumns
from barloom.source.text.rawtext import BLANK, texts_of_lines
from barloom.source.text.records import (
    ABSENT,
    NO_TEXTS,
    Json,
    TextFields,
    Written,
    column_at,
    list_met,
    paths_in,
    refuse_lists,
    value_at,
    wrong_type,
)

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["JsonLines"]

_FRACTION: Final = r"^-?\d+(\.\d+([eE][+-]?\d+)?|[eE][+-]?\d+)$"
_NOT_JSON: Final = (msgspec.DecodeError, UnicodeDecodeError, ValueError, RecursionError)


_TYPED: Final = msgspec.json.Decoder(float_hook=Written)


class JsonLines:
    """Reads JSON lines. `paths` says where in a record each field stands; some record must have each of `needed`.

    `texts` are the fields that other values cannot be.
    """

    opened = "bracket"

    def __init__(self, paths: Mapping[str, str], needed: Sequence[str], texts: TextFields = NO_TEXTS) -> None:
        self._texts = texts
        self._paths = paths
        self._needed = needed
        self._decoder = msgspec.json.Decoder(float_hook=str)
        self._checked = False
        self._where = ""

    def begin(self, line: bytes, where: str) -> bool:  # noqa: ARG002 - JSON lines have no header
        """Take the first line, which is never a header."""
        self._where = where
        return False

    def whole(self, data: bytes, *, ended: bool) -> bytes:  # noqa: ARG002 - a record is a line
        """All of them."""
        return data

    def unclosed(self, data: bytes) -> bool:  # noqa: ARG002
        """Never: no record goes over lines."""
        return False

    def complete(self, data: bytes) -> bool:  # noqa: ARG002
        """Never: a line counts when it has ended."""
        return False

    def parse(self, data: bytes) -> TextColumns:
        """Read whole lines. Raises `SourceError` where a file's first block is not JSON or lacks a needed field."""
        try:
            records: list[Json] = self._decoder.decode_lines(data)
            refused: Problems = {}
            if len(records) != data.count(b"\n"):
                records, refused = self._line_by_line(data)
        except _NOT_JSON:
            records, refused = self._line_by_line(data)
        for row, record in enumerate(records):
            if not isinstance(record, dict | list) and row not in refused:
                refused[row] = f"the row is a JSON {type(record).__name__}, neither an object nor an array"
        if not self._checked and records:
            self._check(records, refused)
        refuse_lists(records, self._paths.values(), refused)
        columns = {
            name: column_at(records, path, refused, self._texts.wanted(name)) for name, path in self._paths.items()
        }
        for name in (name for name in self._texts.all if name in self._paths):
            columns[name] = self._without_fractions(columns[name], name, data, refused)
        return TextColumns(columns, len(records), refused)

    def texts(self, data: bytes, rows: Integers) -> pl.Series:
        """The texts of some of what `parse` counts as records."""
        return texts_of_lines(data, rows)

    def _without_fractions(self, column: pl.Series, name: str, data: bytes, refused: Problems) -> pl.Series:
        """The column without what was written as a number; only texts that look like one are looked at again."""
        doubtful = column.str.contains(_FRACTION).fill_null(value=False).arg_true().to_list()
        if not doubtful:
            return column
        lines, rows = _lines(data), []
        for row in doubtful:
            value = value_at(_TYPED.decode(lines[row]), self._paths[name])
            if isinstance(value, Written):
                refused.setdefault(row, wrong_type(self._paths[name], value))
                rows.append(row)
        return column.clone().scatter(rows, None) if rows else column

    def _line_by_line(self, data: bytes) -> tuple[list[Json], Problems]:
        records: list[Json] = []
        refused: Problems = {}
        for row, line in enumerate(_lines(data)):
            try:
                records.append(self._decoder.decode(line))
            except _NOT_JSON as error:
                records.append(None)
                refused[row] = f"the row is not JSON: {error}"
        return records, refused

    def _check(self, records: list[Json], refused: Problems) -> None:
        self._checked = True
        if len(refused) == len(records):
            message = (
                f"{self._where} is not JSON lines, one object or array a line ({refused[0]}); "
                "a JSON document over several lines can be converted with jq -c '.path.to.rows[]'"
            )
            raise SourceError(message)
        good = [record for row, record in enumerate(records) if row not in refused]
        for name in self._needed:
            path = self._paths.get(name)
            if path is not None and all(value_at(record, path) is ABSENT for record in good):
                self._check_lists(name, path, good)
                raise missing_column(name, path, paths_in(good[0]), self._where)

    def _check_lists(self, name: str, path: str, records: list[Json]) -> None:
        """Raises where a list is in the way of a field, with the setting by which its items are rows."""
        met = next(filter(None, (list_met(record, path) for record in records)), None)
        if met is not None:
            listed = "" if met.startswith("the record") else met.partition(" ")[0]
            message = (
                f"{self._where}, {path!r} for the field {name!r}: {met} unless rows names it: state "
                f'rows = "{listed}[*]" under [source], and the paths of columns begin at its items'
            )
            raise SourceError(message)


def _lines(data: bytes) -> list[bytes]:
    """The lines that are records."""
    return [line.removesuffix(b"\r") for line in data.split(b"\n") if line.strip(BLANK)]
