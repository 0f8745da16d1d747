"""Files of published bars as tables of text, whatever they are written in."""

from __future__ import annotations

import csv
import json
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from barloom.errors import SourceError
from barloom.plan.barplan import SourcePlan
from barloom.read.verify.documents import ROW, candles_of
from barloom.read.verify.layouts import Named, named, settled
from barloom.source.files.bytestream import Broken
from barloom.source.files.inputs import find_inputs
from barloom.source.guess.layouts import looks_like_header
from barloom.source.guess.numbers import PLAIN, Separators, number_shape, separators
from barloom.source.guess.sample import delimiter_of
from barloom.source.text.separators import plain_numbers

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.read.verify.documents import Listed
    from barloom.source.files.inputs import InputFile

__all__ = ["PAIR", "Table", "Written", "read_tables"]

PAIR: Final = "pair"
"""The column of what lists of candles stood under, where there are several."""

_BLOCK: Final = 1 << 20
_LINES: Final = 200
_LOOKED_AT: Final = 10_000
_BOM: Final = "\ufeff"


class Table(NamedTuple):
    """Rows of text, `named` by whoever gave them names, and what is to be said of how they were read."""

    file: str
    rows: pl.DataFrame
    notes: tuple[str, ...] = ()


class Written(NamedTuple):
    """How a file of published bars is written, where that is not as usual or cannot be recognised.

    `names` are those of the columns of rows without names, `delimiter` parts columns, `decimal` stands before the
    decimals, `zone` is that of times without one, and `pattern` how times are written if not by ISO 8601 or as numbers.
    """

    names: tuple[str, ...] = ()
    delimiter: str | None = None
    zone: str | None = None
    pattern: str | None = None
    decimal: str | None = None


def read_tables(path: Path, written: Written) -> list[Table]:
    """The tables of a file, of what is in an archive, or of all files in a directory.

    Raises `SourceError` where there is nothing, or something that cannot be read.
    """
    if not path.exists():
        message = f"there is no file of published bars {str(path)!r}"
        raise SourceError(message)
    return [table for file in _files(path) for table in _read(file, written)]


def _files(path: Path) -> list[InputFile]:
    """Files of text where a name does not tell what it is."""
    try:
        return find_inputs([path], None)
    except SourceError:
        if path.is_dir():
            raise
        return find_inputs([path], "csv")


def _read(file: InputFile, written: Written) -> list[Table]:
    try:
        return _tables(file, written)
    except (pl.exceptions.PolarsError, OSError, ValueError, Broken) as error:
        if isinstance(error, SourceError):
            raise
        kind = Path(file.name).suffix.removeprefix(".") or "csv"
        message = f"{file.name}: cannot be read as {kind}: {str(error).splitlines()[0]}"
        raise SourceError(message) from error


def _tables(file: InputFile, written: Written) -> list[Table]:
    if file.typed:
        return [Table(file.name, _as_text(file.scan().collect()))]
    with closing(file.open()) as stream:
        data = b"".join(iter(lambda: stream.read(_BLOCK), b""))
    text = data.decode(errors="strict" if file.format == "jsonl" else "replace").removeprefix(_BOM)
    if file.format == "jsonl" or text.lstrip()[:1] in ("[", "{"):
        return _of_json(file.name, text, written)
    return [_of_text(file, text, written)]


def _of_json(file: str, text: str, written: Written) -> list[Table]:
    lists = candles_of(text)
    several = len({listed.pair for listed in lists if listed.pair is not None}) > 1
    tables = [_of_list(file, listed, written, several=several) for listed in lists if listed.rows]
    if not tables:
        message = "it holds no candles"
        raise ValueError(message)
    return tables


def _of_list(file: str, listed: Listed, written: Written, *, several: bool) -> Table:
    if all(isinstance(row, dict) for row in listed.rows):
        found = settled(Named(_of_objects(listed.rows)))
    else:
        cells = [[_text(value) for value in _values(row)] for row in listed.rows]
        found = named(file, cells, written.names, listed.place)
    rows, open_ones = _committed(found.rows, listed)
    held = f"in {listed.place!r}" if listed.place not in ("", ROW, "columns") else ""
    notes = [_recognised(file, found.layout, held), _told(file, found.left), _told(file, open_ones)]
    if several:
        rows = rows.with_columns(pl.lit(listed.pair).alias(PAIR))
    return Table(file, rows, tuple(note for note in notes if note))


def _values(row: object) -> Sequence[object]:
    if not isinstance(row, list):
        message = "its rows are not all objects or all lists of values"
        raise ValueError(message)  # noqa: TRY004 - of the file
    return row


def _of_objects(rows: Sequence[object]) -> pl.DataFrame:
    found = [row for row in rows if isinstance(row, dict)]
    names = list(dict.fromkeys(name for row in found for name in row))
    texts = {name: [_text(row.get(name)) for row in found] for name in names}
    return pl.DataFrame(texts, schema=dict.fromkeys(names, pl.String))


def _committed(rows: pl.DataFrame, listed: Listed) -> tuple[pl.DataFrame, str]:
    """Kraken's last candle is of the time that still runs; ``last`` tells up to which they are committed."""
    if listed.last is None or "start" not in rows.columns:
        return rows, ""
    done = rows.filter(pl.col("start").cast(pl.Int64, strict=False) <= listed.last)
    left = rows.height - done.height
    return done, f"{left} not yet committed by the venue {'is' if left == 1 else 'are'} left out" if left else ""


def _recognised(file: str, layout: str, held: str = "") -> str:
    if not layout:
        return ""
    return f"{Path(file).name} was taken for {layout}" + (f", {held}" if held else "")


def _told(file: str, what: str) -> str:
    return f"{Path(file).name}: {what}" if what else ""


def _of_text(file: InputFile, text: str, written: Written) -> Table:
    lines = [line for line in islice(text.splitlines(), _LINES + 1) if line.strip()]
    if not lines:
        message = "it is empty"
        raise ValueError(message)
    delimiter = written.delimiter or ("\t" if file.suffix == ".tsv" else delimiter_of(lines))
    sample = [[cell.strip() for cell in row] for row in csv.reader(lines, delimiter=delimiter)]
    has_header = not written.names and looks_like_header(sample[0])
    frame = pl.read_csv(text.encode(), infer_schema=False, separator=delimiter, has_header=has_header)
    spelled, point = _plain(frame.select(pl.all().str.strip_chars()), written)
    notes = [] if written.delimiter or delimiter in ",\t" else [_told(file.name, f"{delimiter!r} parts its columns")]
    if point != PLAIN and written.decimal is None:
        between = f", {point.thousands!r} between thousands" if point.thousands else ""
        notes.append(_told(file.name, f"numbers are read with {point.point!r} before the decimals{between}"))
    if has_header:
        found = settled(Named(spelled))
        return Table(file.name, found.rows, (*notes, *filter(None, [_told(file.name, found.left)])))
    found = named(file.name, spelled.rows(), written.names)
    told = (_recognised(file.name, found.layout), _told(file.name, found.left))
    return Table(file.name, found.rows, (*notes, *filter(None, told)))


def _plain(frame: pl.DataFrame, written: Written) -> tuple[pl.DataFrame, Separators]:
    """The same with numbers as they are written with a point, and how they were written."""
    head = frame.head(_LOOKED_AT)
    chosen = separators(head) if written.decimal is None else Separators(written.decimal, _other(written.decimal))
    if chosen == PLAIN or not any(_needs(column, chosen) for column in head):
        return frame, PLAIN
    how = SourcePlan(decimal_separator=chosen.point, thousands=chosen.thousands)
    plain = [(column, plain_numbers(column, how, ("",))) for column in frame]
    columns = [column if found.problems else found.texts.alias(column.name) for column, found in plain]
    return pl.DataFrame(columns), chosen


def _other(decimal: str) -> str:
    return "." if decimal == "," else ","


def _needs(column: pl.Series, written: Separators) -> bool:
    return number_shape(column) is None and number_shape(column, written) is not None


def _text(value: object) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value)


def _as_text(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.select(_column_text(series) for series in frame)


def _column_text(series: pl.Series) -> pl.Series:
    if series.dtype.is_temporal() and series.dtype != pl.Date:
        return series.dt.cast_time_unit("ns").to_physical().cast(pl.String)
    if series.dtype.is_float():
        shortest = [None if value is None else repr(value) for value in series.to_list()]
        return pl.Series(series.name, shortest, dtype=pl.String)
    return series.cast(pl.String)
