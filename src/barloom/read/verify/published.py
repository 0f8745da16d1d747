"""Published bars as text columns, ready to be compared by value."""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.errors import SourceError
from barloom.read.verify.starts import START, instants
from barloom.read.verify.tables import PAIR, Written, read_tables

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.read.verify.tables import Table

__all__ = ["AS_USUAL", "Published", "canonical", "read_published", "same_value"]

AS_USUAL: Final = Written()

_MISSING: Final = ("", "null", "NULL", "NaN", "nan", "None")
_STARTS: Final = ("open_time", "opentime", "start_time", "starttime", "bar_start", "open_at")
"""How others call the start of a bar, where it can be nothing else."""

_OTHER: Final = 10
"""How many columns a message names."""


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


def read_published(
    path: Path,
    keys: Sequence[str],
    renames: Mapping[str, str],
    written: Written = AS_USUAL,
    outputs: Sequence[str] = (),
) -> Published:
    """Read CSV, Parquet, Arrow or JSON, packed or not, a file or all of a directory, also answers of venues.

    `renames` maps our column names to the file's; `outputs` are the columns that bars have, which a file may also write
    with capitals. Raises `ValueError` where a column is lacking, `SourceError` where something cannot be read.
    """
    notes: list[str] = []
    wanted = {*keys, START, *outputs}
    parts = []
    for table in read_tables(path, written):
        notes += table.notes
        frame = _keyed(_spelled(_renamed(table, renames), wanted - renames.keys()), keys)
        frame = _started(_with_start(frame, Path(table.file).name, notes), table)
        parts.append(frame.with_columns(instants(table.file, frame[START], notes, written)))
    frame = pl.concat(parts, how="diagonal")
    found = tuple(name for name in keys if name in frame.columns)
    others = tuple(name for name in frame.columns if name != START and name not in found)
    frame = frame.select(*found, START, *(canonical(name) for name in others))
    frame = _once_each(path, frame, [*found, START], notes, several=len(parts) > 1)
    return Published(path, frame, found, others, list(dict.fromkeys(notes)))


def _keyed(frame: pl.DataFrame, keys: Sequence[str]) -> pl.DataFrame:
    """With what several lists of an answer stood under as the only key field."""
    lacking = [name for name in keys if name not in frame.columns]
    only = PAIR in frame.columns and len(keys) == len(lacking) == 1
    return frame.rename({PAIR: lacking[0]}) if only else frame


def _started(frame: pl.DataFrame, table: Table) -> pl.DataFrame:
    if START in frame.columns:
        return frame
    message = (
        f"{table.file}: there is no column {START!r}; it has {_listed(table.rows.columns)}. "
        f"Name it with --rename start=NAME (in Python rename={{'start': NAME}})"
    )
    raise ValueError(message)


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _OTHER} more" if len(names) > _OTHER else ""
    return ", ".join(names[:_OTHER]) + more


def _renamed(table: Table, renames: Mapping[str, str]) -> pl.DataFrame:
    raw = table.rows
    for theirs in renames.values():
        if theirs not in raw.columns:
            message = f"{table.file}: there is no column {theirs!r} to rename; it has {_listed(raw.columns)}"
            raise ValueError(message)
    given = {theirs: ours for ours, theirs in renames.items()}
    hidden = [name for name in raw.columns if name in renames and name not in given]
    return raw.drop(hidden).rename(given)


def _spelled(frame: pl.DataFrame, wanted: set[str]) -> pl.DataFrame:
    """The columns that we know under another spelling (``Close``, ``<CLOSE>``, ``Open time``) under ours."""
    plain = {name: "_".join(name.strip("<> ").lower().split()) for name in frame.columns}
    often = list(plain.values())
    ours = {*wanted, *_STARTS, "date", "time"}
    return frame.rename(
        {
            name: text
            for name, text in plain.items()
            if name != text and text in ours and text not in frame.columns and often.count(text) == 1
        }
    )


def _with_start(frame: pl.DataFrame, file: str, notes: list[str]) -> pl.DataFrame:
    """The start from another column that can be nothing else, or from a date and a time."""
    if START in frame.columns:
        return frame
    others = [name for name in _STARTS if name in frame.columns]
    if len(others) == 1:
        notes.append(f"{file}: {others[0]!r} was taken for the start of its bars")
        return frame.rename({others[0]: START})
    if not others and {"date", "time"} <= set(frame.columns):
        notes.append(f"{file}: 'date' and 'time' together were taken for the start of its bars")
        joined = pl.concat_str(pl.col("date"), pl.col("time"), separator=" ")
        return frame.with_columns(joined.alias(START)).drop("date", "time")
    return frame


def canonical(name: str) -> pl.Expr:
    """A text column with equal plain decimals written equally, and null for what is missing."""
    text = pl.col(name)
    trimmed = pl.when(text.str.contains(r"^[+-]?\d+\.\d*$")).then(
        text.str.strip_chars_end("0").str.strip_chars_end(".")
    )
    whole = trimmed.otherwise(text)
    signed = pl.when(whole == "-0").then(pl.lit("0")).otherwise(whole)
    return pl.when(text.is_in(_MISSING)).then(None).otherwise(signed).alias(name)


def _once_each(
    path: Path, frame: pl.DataFrame, identity: list[str], notes: list[str], *, several: bool
) -> pl.DataFrame:
    """Each bar once: pages that overlap have some bars alike, and these count once."""
    once = frame.unique(maintain_order=True) if several else frame
    alike = frame.height - once.height
    if alike:
        notes.append(f"{alike} {'row is' if alike == 1 else 'rows are'} in several files alike, and compared once")
    twice = once.filter(pl.struct(identity).is_duplicated())
    if twice.height:
        first = ", ".join(str(value) for value in twice.row(0)[: len(identity)])
        message = f"{path}: {twice.height} rows are there more than once (the first: {first}); a bar has one row"
        raise SourceError(message)
    return once


def same_value(ours: str | None, theirs: str | None) -> bool:
    """Whether two texts are the same number (or the same text)."""
    if ours is None or theirs is None:
        return ours is theirs
    try:
        return Decimal(ours) == Decimal(theirs)
    except ArithmeticError:
        return ours == theirs
