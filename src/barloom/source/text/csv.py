"""Records of CSV text to columns of text.

Polars splits lines that have as many fields as the header, all at once. Records that go over several lines are split
one by one, and what is no record, or has another number of fields, is refused by itself.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.errors import SourceError
from barloom.source.columns import missing_column
from barloom.source.problems import RowProblems
from barloom.source.text.csv_records import fields_of_lines, other_width, records_in
from barloom.source.text.rawtext import BLANK, as_texts, texts_of_lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.plan.barplan import SourcePlan
    from barloom.source.text.csv_records import CsvRecords
    from barloom.time.calendar import Booleans, Integers

__all__ = ["CsvText", "TextColumns"]

_OTHER_DELIMITERS: Final = (";", "\t", "|", ",")


@dataclass(frozen=True, slots=True)
class TextColumns:
    """One column of text for each field, and the records that could not be split into columns."""

    columns: Mapping[str, pl.Series]
    count: int
    refused: Mapping[int, str]


class CsvText:
    """Splits CSV text. `paths` says which column each field comes from; `delimiter` parts the fields.

    Where the plan names the columns, the text has no header line.
    """

    opened = "quote"

    def __init__(self, paths: Mapping[str, str], source: SourcePlan, delimiter: str) -> None:
        if len(delimiter.encode()) != 1 or delimiter in '"\r\n':
            message = f"[source] delimiter {delimiter!r} is not a single character; write one such as ';' or '\\t'"
            raise SourceError(message)
        self._paths = paths
        self._delimiter = delimiter
        self._part = delimiter.encode()
        self._found: tuple[bytes, CsvRecords | None] = (b"", None)
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

    def whole(self, data: bytes, *, ended: bool) -> bytes:
        """Whole lines up to where a quoted field may go on in lines that are not there yet."""
        if b'"' not in data:
            return data
        records = records_in(data, self._part, self._width, ended=ended)
        taken = data[: records.length]
        self._found = (taken, records)
        return taken

    def unclosed(self, data: bytes) -> bool:
        """Whether an open quote is one that was forgotten: each line behind its own is a record by itself."""
        behind = records_in(data.partition(b"\n")[2], self._part, self._width, ended=True)
        return bool(len(behind.plain) and behind.plain.all())

    def complete(self, data: bytes) -> bool:  # noqa: ARG002
        """Never: more of the last field may come."""
        return False

    def parse(self, data: bytes) -> TextColumns:
        """Split whole records."""
        frame = self._at_once(data)
        refused: Mapping[int, str] = {}
        if frame is None:
            frame, refused = self._by_records(data, self._records(data))
        if self._keep_empty:
            frame = frame.with_columns(pl.all().fill_null(""))
        columns = {name: frame[f"{place}"] for name, place in self._places.items()}
        return TextColumns(columns, frame.height, refused)

    def texts(self, data: bytes, rows: Integers) -> pl.Series:
        """The texts of some of what `parse` counts as records."""
        if b'"' not in data:
            return texts_of_lines(data, rows, BLANK.replace(self._part, b""))
        records = self._records(data)
        spans = zip(records.starts[rows].tolist(), records.ends[rows].tolist(), strict=True)
        return as_texts([data[start:end].removesuffix(b"\r") for start, end in spans])

    def _records(self, data: bytes) -> CsvRecords:
        taken, records = self._found
        return records if records is not None and taken is data else self._split(data)

    def _split(self, data: bytes) -> CsvRecords:
        return records_in(data, self._part, self._width, ended=True)

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
        """All records, or nothing where a quote is among them or a line has not as many fields as the header."""
        lines = data.count(b"\n")
        if b'"' in data or self._width == 1 or data.count(self._part) != lines * (self._width - 1):
            return None
        frame = self._read(data, quoted=False)
        if frame is None or frame.height != lines:
            return None
        full = not frame[f"{self._width - 1}"].null_count()
        return frame if full or (fields_of_lines(data, self._part) == self._width).all() else None

    def _read(self, data: bytes, *, quoted: bool) -> pl.DataFrame | None:
        """Lines that are records; nothing where Polars cannot."""
        wanted = sorted({*self._places.values(), self._width - 1})
        schema = {f"{place}": pl.String() for place in range(self._width)}
        if not data:
            return pl.DataFrame(schema={f"{place}": pl.String() for place in wanted})
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n")
        try:
            return pl.read_csv(
                data,
                has_header=False,
                schema=schema,
                columns=wanted,
                separator=self._delimiter,
                quote_char='"' if quoted else None,
            )
        except pl.exceptions.PolarsError:
            return None

    def _by_records(self, data: bytes, records: CsvRecords) -> tuple[pl.DataFrame, Mapping[int, str]]:
        """Plain lines together, the others each by its own."""
        plain = records.plain
        frame = self._plain(data, records, plain)
        if frame is None:
            plain = plain & np.array([_is_text(text) for text in records.texts(data)], np.bool_)
            frame = self._plain(data, records, plain)
        if frame is None:
            plain = np.zeros(len(plain), np.bool_)
            frame = pl.DataFrame(schema={f"{place}": pl.String() for place in sorted({*self._places.values()})})
        if plain.all():
            return frame, {}
        return self._with_others(data, records, plain, frame)

    def _plain(self, data: bytes, records: CsvRecords, plain: Booleans) -> pl.DataFrame | None:
        whole = data
        if not plain.all() or len(plain) != data.count(b"\n"):
            whole = b"".join([data[start:end] for start, end in _runs(records, plain)])
        frame = self._read(whole, quoted=b'"' in whole)
        return None if frame is None or frame.height != np.count_nonzero(plain) else frame

    def _with_others(
        self, data: bytes, records: CsvRecords, plain: Booleans, frame: pl.DataFrame
    ) -> tuple[pl.DataFrame, Mapping[int, str]]:
        fields = self._singly(data, records, plain)
        wrong = RowProblems.of({row: found for row, found in fields.items() if isinstance(found, str)})
        good = {row: found for row, found in fields.items() if not isinstance(found, str)}
        columns = {name: [found[int(name)] for found in good.values()] for name in frame.columns}
        places = np.full(len(plain), -1)
        places[plain] = np.arange(frame.height)
        places[list(good)] = np.arange(frame.height, frame.height + len(good))
        whole = pl.concat([frame, pl.DataFrame(columns, frame.schema)])
        return _gathered(whole, places), RowProblems.joined([records.problems, wrong])

    def _singly(self, data: bytes, records: CsvRecords, plain: Booleans) -> dict[int, Sequence[str | None] | str]:
        """The fields of records that are neither plain nor known to be wrong, or what is wrong with them."""
        single = ~plain
        single[records.problems.rows] = False
        rows = np.flatnonzero(single)
        spans = zip(records.starts[rows].tolist(), records.ends[rows].tolist(), strict=True)
        return {row: self._fields(data[start:end]) for row, (start, end) in zip(rows.tolist(), spans, strict=True)}

    def _fields(self, record: bytes) -> Sequence[str | None] | str:
        try:
            [fields] = csv.reader([record.removesuffix(b"\r").decode()], delimiter=self._delimiter, strict=True)
        except UnicodeDecodeError:
            return "the row is not UTF-8 text"
        except (csv.Error, ValueError) as error:
            return f"the row is not CSV: {error}"
        return fields if len(fields) == self._width else other_width(len(fields), self._width)


def _runs(records: CsvRecords, plain: Booleans) -> Iterator[tuple[int, int]]:
    """Where plain records that follow each other begin, and where the line end of the last one ends."""
    follows = plain[1:] & plain[:-1] & (records.starts[1:] == records.ends[:-1] + 1)
    first, last = plain & ~np.append(False, follows), plain & ~np.append(follows, False)
    return zip(records.starts[first].tolist(), (records.ends[last] + 1).tolist(), strict=True)


def _gathered(frame: pl.DataFrame, places: Integers) -> pl.DataFrame:
    """The rows at places; nulls for places below zero."""
    chosen = pl.Series(places, dtype=pl.Int64)
    return frame.select(pl.all().gather(chosen.set(chosen < 0, None)))


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True
