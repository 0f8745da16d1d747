"""A file of published bars as text columns, ready to be compared by value."""

from __future__ import annotations

import json
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.cli.formats import UsageError
from barloom.errors import SourceError
from barloom.plan.patterns import parse_pattern
from barloom.source.files.bytestream import Broken
from barloom.source.files.inputs import find_inputs
from barloom.source.text.times import check_zone, times_from_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from barloom.source.files.inputs import InputFile

__all__ = ["AS_USUAL", "START", "Published", "Written", "canonical", "read_published", "same_value"]

START: Final = "start"
_MISSING: Final = ("", "null", "NULL", "NaN", "nan", "None")
_ZONED: Final = r"(Z|[+-]\d{2}:?\d{2})$"
_BLOCK: Final = 1 << 20
_EPOCH_SCALES: Final = ((10, 10**9), (13, 10**6), (16, 10**3), (19, 1))
"""Digits an epoch time has at most, and what makes it nanoseconds: seconds, milliseconds, microseconds, nanoseconds."""


@dataclass(frozen=True, slots=True)
class Published:
    """Published bars: key columns and values as canonical text, `start` as Int64 nanoseconds.

    `keys` are the key columns that the file has (a file of one key may have none); `columns` all its others.
    """

    path: Path
    frame: pl.DataFrame
    keys: tuple[str, ...]
    columns: tuple[str, ...]
    notes: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Written:
    """How a file of published bars is written, where that is not as usual.

    `names` are those of the columns of a file without a header, `delimiter` parts its columns, `zone` is that of times
    without one, and `pattern` how times are written if not by ISO 8601 or as numbers.
    """

    names: tuple[str, ...] = ()
    delimiter: str | None = None
    zone: str | None = None
    pattern: str | None = None


AS_USUAL: Final = Written()


def read_published(
    path: Path, keys: Sequence[str], renames: Mapping[str, str], written: Written = AS_USUAL
) -> Published:
    """Read CSV, Parquet, Arrow or JSON lines, packed or not; `renames` maps our column names to the file's."""
    raw = _read(path, written)
    frame = _renamed(path, raw, renames)
    if START not in frame.columns:
        message = (
            f"{path}: there is no column {START!r}; it has {', '.join(raw.columns)}. Name it with --rename start=NAME"
        )
        raise UsageError(message)
    notes: list[str] = []
    frame = frame.with_columns(_instants(path, frame[START], notes, written))
    found = tuple(name for name in keys if name in frame.columns)
    others = tuple(name for name in frame.columns if name != START and name not in found)
    frame = frame.select(*found, START, *(canonical(name) for name in others))
    _require_unique(path, frame, [*found, START])
    return Published(path, frame, found, others, notes)


def _renamed(path: Path, raw: pl.DataFrame, renames: Mapping[str, str]) -> pl.DataFrame:
    for theirs in renames.values():
        if theirs not in raw.columns:
            message = f"{path}: there is no column {theirs!r} to rename; it has {', '.join(raw.columns)}"
            raise UsageError(message)
    given = {theirs: ours for ours, theirs in renames.items()}
    hidden = [name for name in raw.columns if name in renames and name not in given]
    return raw.drop(hidden).rename(given)


def _read(path: Path, written: Written) -> pl.DataFrame:
    if not path.is_file():
        message = f"there is no file of published bars {str(path)!r}"
        raise SourceError(message)
    try:
        return pl.concat(_read_one(file, written) for file in _files(path))
    except (pl.exceptions.PolarsError, OSError, ValueError, Broken) as error:
        message = f"{path}: cannot be read as {path.suffix.removeprefix('.') or 'csv'}: {str(error).splitlines()[0]}"
        raise SourceError(message) from error


def _files(path: Path) -> list[InputFile]:
    """The file, or what is in an archive; text where its name does not tell."""
    try:
        return find_inputs([path], None)
    except SourceError:
        return find_inputs([path], "csv")


def _read_one(file: InputFile, written: Written) -> pl.DataFrame:
    if file.typed:
        return _as_text(file.scan().collect())
    with closing(file.open()) as stream:
        data = b"".join(iter(lambda: stream.read(_BLOCK), b""))
    if file.format == "jsonl":
        return _read_json(data.decode())
    names = list(written.names)
    separator = written.delimiter or ("\t" if file.suffix == ".tsv" else ",")
    return pl.read_csv(data, infer_schema=False, separator=separator, has_header=not names, new_columns=names or None)


def _read_json(text: str) -> pl.DataFrame:
    """JSON lines, or a list of objects, with numbers as they are written: not one digit goes through a float."""
    documents = [text] if text.lstrip().startswith("[") else [line for line in text.split("\n") if line.strip()]
    found = [json.loads(document, parse_float=str, parse_int=str) for document in documents]
    rows = [row for each in found for row in (each if isinstance(each, list) else [each])]
    if not all(isinstance(row, dict) for row in rows):
        message = "its rows are not objects, with a name for each value"
        raise ValueError(message)
    names = list(dict.fromkeys(name for row in rows for name in row))
    texts = {name: [_text(row.get(name)) for row in rows] for name in names}
    return pl.DataFrame(texts, schema=dict.fromkeys(names, pl.String))


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


def canonical(name: str) -> pl.Expr:
    """A text column with equal plain decimals written equally, and null for what is missing."""
    text = pl.col(name)
    trimmed = pl.when(text.str.contains(r"^[+-]?\d+\.\d*$")).then(
        text.str.strip_chars_end("0").str.strip_chars_end(".")
    )
    whole = trimmed.otherwise(text)
    signed = pl.when(whole == "-0").then(pl.lit("0")).otherwise(whole)
    return pl.when(text.is_in(_MISSING)).then(None).otherwise(signed).alias(name)


def _instants(path: Path, times: pl.Series, notes: list[str], written: Written) -> pl.Series:
    """Nanoseconds of ISO 8601 texts, or of epoch numbers whose digits tell their unit."""
    if times.null_count():
        message = f"{path}: a row has no {START}"
        raise SourceError(message)
    numbers = times.str.contains(r"^\d+(\.0*)?$").all()
    if written.pattern is not None or (written.zone is not None and not numbers):
        return _as_declared(path, times, written)
    if numbers:
        return _of_epoch(times)
    return _of_iso(path, times, notes)


def _as_declared(path: Path, times: pl.Series, written: Written) -> pl.Series:
    patterns = () if written.pattern is None else (written.pattern,)
    try:
        list(map(parse_pattern, patterns))
    except ValueError as error:
        message = f"--pattern {written.pattern}: {error}"
        raise UsageError(message) from error
    if written.zone is not None:
        check_zone(written.zone)
    found = times_from_text(times, "iso", written.zone or "UTC", (), patterns=patterns)
    for text in found.problems.values():
        message = f"{path}: {text}"
        raise SourceError(message)
    return found.values.alias(START)


def _of_epoch(times: pl.Series) -> pl.Series:
    whole = times.str.replace(r"\.0*$", "").cast(pl.Int64)
    digits = len(str(whole.max()))
    scale = next((scale for most, scale in _EPOCH_SCALES if digits <= most), 1)
    return (whole * scale).alias(START)


def _of_iso(path: Path, times: pl.Series, notes: list[str]) -> pl.Series:
    zoned = times.str.contains(_ZONED)
    if not zoned.all():
        notes.append(f"{path.name} has times without a zone; they are read as UTC; --zone names another")
    dated = times.str.replace(r"^(\d{4}-\d{2}-\d{2})[ T]?", "${1}T").str.replace(r"T$", "T00:00:00")
    spelled = dated.str.replace(r"T(\d{2}:\d{2})(Z|[+-]|$)", "T${1}:00${2}")
    with_zone = pl.select(pl.when(zoned).then(spelled).otherwise(spelled + "Z")).to_series()
    parsed = with_zone.str.to_datetime(time_unit="ns", time_zone="UTC", strict=False, format="%+")
    if parsed.null_count():
        wrong = times.filter(parsed.is_null())[0]
        message = f"{path}: {wrong!r} is not a time; write 2025-11-10T12:34:00Z or an epoch number"
        raise SourceError(message)
    return parsed.to_physical().alias(START)


def _require_unique(path: Path, frame: pl.DataFrame, identity: list[str]) -> None:
    twice = frame.filter(pl.struct(identity).is_duplicated())
    if twice.height:
        first = ", ".join(str(value) for value in twice.row(0)[: len(identity)])
        message = f"{path}: {twice.height} rows are there more than once (the first: {first}); a bar has one row"
        raise SourceError(message)


def same_value(ours: str | None, theirs: str | None) -> bool:
    """Whether two texts are the same number (or the same text)."""
    if ours is None or theirs is None:
        return ours is theirs
    try:
        return Decimal(ours) == Decimal(theirs)
    except ArithmeticError:
        return ours == theirs
