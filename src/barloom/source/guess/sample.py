"""The beginning of files as texts in columns, before anybody has said what they are."""

from __future__ import annotations

import csv
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import SourceError
from barloom.source.files.bytestream import Broken
from barloom.source.files.inputs import InputFile, find_inputs
from barloom.source.files.textfile import check_is_text
from barloom.source.guess.json_sample import json_rows
from barloom.source.guess.layouts import looks_like_header, names_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["ROWS", "Sample", "delimiter_of", "read_sample"]

ROWS: Final = 10_000
"""How many rows of a file are looked at."""

_BYTES: Final = 1 << 21
_DOCUMENT: Final = 1 << 26
_FILES: Final = 10
"""Of how many files the beginning is looked at."""

_DELIMITERS: Final = (",", "\t", ";", "|")
_LINES: Final = 200
_BLOCK: Final = 1 << 16


@dataclass(frozen=True, slots=True)
class Sample:
    """The first rows of files, as texts, or as dates and times where the file has such types.

    `paths` says where a column stands where that is not its name. `first` is the number of rows of the first file.
    `format` is stated where the files' names do not tell it. `names` are those of columns in files without a header.
    """

    files: tuple[InputFile, ...]
    rows: pl.DataFrame
    first: int
    delimiter: str = ","
    format: str = ""
    names: tuple[str, ...] = ()
    layout: str = ""
    items: str = ""
    paths: Mapping[str, str] = field(default_factory=dict)

    @property
    def file(self) -> str:
        """The name of the first file, or of its member in an archive."""
        entry = self.files[0].entry
        return Path(entry.name).name if entry is not None else self.files[0].path.name


def read_sample(paths: Sequence[str | Path], names: Sequence[str] = (), delimiter: str | None = None) -> Sample:
    """Look at the beginning of files, patterns or directories.

    `names` are those of the columns of files without a header. Raises `SourceError` where there is nothing to be read,
    or where a file has no header and nobody knows its columns.
    """
    files, stated = _found(paths)
    parts = [_sampled(file, names, delimiter) for file in files[:_FILES]]
    first = next((part for part in parts if part.rows.height), None)
    if first is None:
        message = f"{files[0].name} holds no rows; barloom init needs some to look at"
        raise SourceError(message)
    _check_are_read_alike([part for part in parts if part.rows.height])
    alike = [part.rows for part in parts if part.rows.schema == first.rows.schema]
    return Sample(
        tuple(files),
        pl.concat(alike),
        first.rows.height,
        first.delimiter,
        stated,
        first.names,
        first.layout,
        first.items,
        first.paths,
    )


def _check_are_read_alike(parts: Sequence[Sample]) -> None:
    """One definition has one delimiter, and its files have all a header or none."""
    first = parts[0]
    for part in parts:
        if (part.delimiter, bool(part.names)) != (first.delimiter, bool(first.names)):
            message = (
                f"{first.files[0].name} and {part.files[0].name} are not written alike: the one has "
                f"{_written(first)}, the other {_written(part)}; describe them apart"
            )
            raise SourceError(message)


def _written(part: Sample) -> str:
    return f"{part.delimiter!r} between columns and {'no' if part.names else 'a'} header"


def _found(paths: Sequence[str | Path]) -> tuple[list[InputFile], str]:
    """The files, and their format where it is to be stated since their names do not tell."""
    try:
        return find_inputs(paths, None), ""
    except SourceError:
        if not all(Path(path).is_file() for path in paths):
            raise
    files = find_inputs(paths, "csv")
    if _beginning(files[0]).lstrip()[:1] in ("{", "["):
        return find_inputs(paths, "jsonl"), "jsonl"
    return files, "csv"


def _sampled(file: InputFile, names: Sequence[str], delimiter: str | None) -> Sample:
    if file.typed:
        return _typed(file)
    return _of_json(file, names) if file.format == "jsonl" else _of_csv(file, names, delimiter)


def _typed(file: InputFile) -> Sample:
    try:
        head = file.scan().head(ROWS).collect()
    except (pl.exceptions.PolarsError, OSError) as error:
        message = f"{file.name} is {file.broken} ({str(error).splitlines()[0]})"
        raise SourceError(message) from None
    columns = [_as_text(column) for column in head if column.dtype not in (pl.Struct, pl.Object, pl.Binary)]
    return Sample((file,), pl.DataFrame(columns), head.height)


def _as_text(column: pl.Series) -> pl.Series:
    """Texts, but for what says what it is by its type."""
    if column.dtype.is_temporal() or column.dtype in (pl.List, pl.Array):
        return column
    if column.dtype.is_float():
        return pl.Series(column.name, [None if each is None else repr(each) for each in column], dtype=pl.String)
    return column.cast(pl.String)


def _of_json(file: InputFile, names: Sequence[str]) -> Sample:
    found = json_rows(_beginning(file, _DOCUMENT), file.name, names, ROWS)
    rows, height = found.rows, found.rows.height
    return Sample((file,), rows, height, layout=found.layout, items=found.items, paths=found.paths)


def _of_csv(file: InputFile, names: Sequence[str], delimiter: str | None) -> Sample:
    lines = [line for line in _beginning(file).split("\n") if line.strip()][: ROWS + 1]
    parted = delimiter or delimiter_of(lines[:_LINES])
    rows = list(csv.reader(lines, delimiter=parted))
    if not rows:
        return Sample((file,), pl.DataFrame(), 0, parted)
    width = Counter(map(len, rows)).most_common(1)[0][0]
    has_header = looks_like_header(rows[0])
    if has_header and names:
        message = f"{file.name} begins with a header ({', '.join(rows[0][:5])}); leave the names out"
        raise SourceError(message)
    body = [row for row in rows[has_header:] if len(row) == width]
    known = ("", rows[0]) if has_header else names_of(file.name, body, names)
    often = Counter(known[1])
    columns = zip(known[1], zip(*body, strict=True), strict=False) if body else ()
    texts = [
        pl.Series(name, [cell.strip() or None for cell in cells], pl.String)
        for name, cells in columns
        if name.strip() and often[name] == 1
    ]
    given = () if has_header else tuple(known[1])
    return Sample((file,), pl.DataFrame(texts), len(body), parted, names=given, layout=known[0])


def delimiter_of(lines: Sequence[str]) -> str:
    """What parts the lines into most fields, in most of them as many."""
    return max(_DELIMITERS, key=lambda each: (_agreeing(lines, each), -_DELIMITERS.index(each)))


def _agreeing(lines: Sequence[str], delimiter: str) -> tuple[bool, int, int]:
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=delimiter))
    if not widths:
        return False, 0, 0
    width, number = widths.most_common(1)[0]
    return width > 1, number, width


def _beginning(file: InputFile, most: int = _BYTES) -> str:
    """The first whole lines of a file's text."""
    stream, blocks, size, ended = file.open(), [], 0, False
    try:
        while size < most and not ended:
            block = stream.read(_BLOCK)
            blocks.append(block)
            size, ended = size + len(block), not block
    except Broken:
        ended = True
    finally:
        stream.close()
    data = b"".join(blocks).removeprefix(b"\xef\xbb\xbf")
    check_is_text(data[:_BLOCK], file.name)
    whole = data if ended else data[: data.rfind(b"\n") + 1]
    return whole.decode(errors="replace")
