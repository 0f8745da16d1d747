"""Records of CSV text to columns of text.

A record is a line: quoted fields may hold delimiters and doubled quotes, not line breaks. So a stray quote spoils one
row instead of all that follow. Polars splits the lines; only where it stumbles over a block are that block's
irregular lines looked at one by one, and those that have not as many fields as the header refused.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import SourceError
from barloom.source.columns import missing_column

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.plan.barplan import SourcePlan
    from barloom.source.decoded import Problems

__all__ = ["CsvText", "TextColumns"]

_OTHER_DELIMITERS: Final = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class TextColumns:
    """One column of text for each field, and the records that could not be split into columns."""

    columns: Mapping[str, pl.Series]
    count: int
    refused: Problems


class CsvText:
    """Splits CSV text. `paths` says which column each field comes from; `delimiter` parts the fields.

    Where the plan names the columns, the text has no header line.
    """

    def __init__(self, paths: Mapping[str, str], source: SourcePlan, delimiter: str) -> None:
        if len(delimiter.encode()) != 1 or delimiter in '"\r\n':
            message = f"[source] delimiter {delimiter!r} is not a single character; write one such as ';' or '\\t'"
            raise SourceError(message)
        self._paths = paths
        self._delimiter = delimiter
        self._names = source.names
        self._keep_empty = "" not in source.null_values
        self._width = 0
        self._places: dict[str, int] = {}

    def begin(self, line: bytes, where: str) -> bool:
        """Take the first line; whether it is a header. Raises `SourceError` where it lacks a column."""
        names = list(self._names) or self._header(line, where)
        self._width = len(names)
        self._places = {name: self._place(name, path, names, where) for name, path in self._paths.items()}
        return not self._names

    def parse(self, data: bytes) -> TextColumns:
        """Split whole lines."""
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        frame = self._at_once(data)
        refused: Problems = {}
        if frame is None:
            frame, refused = self._line_by_line(data)
        if self._keep_empty:
            frame = frame.with_columns(pl.all().fill_null(""))
        columns = {name: frame[f"{place}"] for name, place in self._places.items()}
        return TextColumns(columns, frame.height, refused)

    def records(self, data: bytes) -> list[bytes]:
        """The lines that `parse` counts as records."""
        return [line.removesuffix(b"\r") for line in data.split(b"\n") if line.strip(b" \t\r")]

    def _header(self, line: bytes, where: str) -> list[str]:
        try:
            [names] = csv.reader([line.decode()], delimiter=self._delimiter, strict=True)
        except (UnicodeDecodeError, csv.Error, ValueError):
            message = f"{where}: the first line is no CSV header: {line[:60]!r}"
            raise SourceError(message) from None
        return [name.strip() for name in names]

    def _place(self, name: str, path: str, names: list[str], where: str) -> int:
        count = names.count(path)
        if count == 1:
            return names.index(path)
        if count > 1:
            message = f"{where} has {count} columns {path!r}: rename one, so that the field {name!r} is one of them"
            raise SourceError(message)
        error = missing_column(name, path, names, where)
        for other in _OTHER_DELIMITERS:
            if len(names) == 1 and other in names[0]:
                message = f"{error}; if {other!r} parts its columns, state delimiter = {other!r} under [source]"
                raise SourceError(message)
        if any(name[:1].isdecimal() for name in names):
            message = (
                f"{error}; if its first line is no header, state names = [...] under [source], one for each column"
            )
            raise SourceError(message)
        raise error

    def _at_once(self, data: bytes) -> pl.DataFrame | None:
        """All records, or nothing where a line is not as wide as the header (or not text)."""
        quoted = b'"' in data
        try:
            frame = self._read(data, quoted=quoted)
        except pl.exceptions.PolarsError:
            return None
        if frame.height != data.count(b"\n") or self._width == 1:
            return None
        if not frame[f"{self._width - 1}"].null_count():
            return frame
        even = not quoted and data.count(self._delimiter.encode()) == frame.height * (self._width - 1)
        return frame if even else None

    def _read(self, data: bytes, *, quoted: bool) -> pl.DataFrame:
        wanted = sorted({*self._places.values(), self._width - 1})
        return pl.read_csv(
            data,
            has_header=False,
            schema={f"{place}": pl.String for place in range(self._width)},
            columns=wanted,
            separator=self._delimiter,
            quote_char='"' if quoted else None,
        )

    def _line_by_line(self, data: bytes) -> tuple[pl.DataFrame, Problems]:
        """Regular lines together, the others each by its own."""
        lines = self.records(data)
        delimiter, text = self._delimiter.encode(), _is_text(data)
        regular = [
            b'"' not in line and line.count(delimiter) == self._width - 1 and (text or _is_text(line)) for line in lines
        ]
        frame = self._frame(b"".join(line + b"\n" for line, even in zip(lines, regular, strict=True) if even))
        irregular = [row for row, even in enumerate(regular) if not even]
        split = [self._split(lines[row]) for row in irregular]
        problems = {row: fields for row, fields in zip(irregular, split, strict=True) if isinstance(fields, str)}
        given = [[None] * self._width if isinstance(fields, str) else fields for fields in split]
        others = pl.DataFrame(
            {name: [fields[int(name)] for fields in given] for name in frame.columns}, schema=frame.schema
        )
        order = [row for row, even in enumerate(regular) if even] + irregular
        together = pl.concat([frame, others]).with_columns(pl.Series("order", order, dtype=pl.Int64))
        return together.sort("order").drop("order"), problems

    def _frame(self, data: bytes) -> pl.DataFrame:
        if data:
            return self._read(data, quoted=False)
        wanted = sorted({*self._places.values(), self._width - 1})
        return pl.DataFrame(schema={f"{place}": pl.String for place in wanted})

    def _split(self, line: bytes) -> Sequence[str | None] | str:
        try:
            [fields] = csv.reader([line.decode()], delimiter=self._delimiter, strict=True)
        except UnicodeDecodeError:
            return "the row is not UTF-8 text"
        except (csv.Error, ValueError) as error:
            return f"the row is not CSV: {error} (a quoted field ends on its own line)"
        if len(fields) == self._width:
            return fields
        return f"the row has {len(fields)} field{'s' if len(fields) != 1 else ''}, not {self._width}"


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
