"""Where the event time stands: in a column, in a date and a time of day apart, or with the date in the file's name."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from barloom.errors import SourceError
from barloom.source.guess.file_names import date_in_names
from barloom.source.guess.numbers import number_shape
from barloom.source.guess.roles import in_role
from barloom.source.guess.times import TimeShape, is_clock, time_shape
from barloom.source.text.strptime import parse_patterns

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.source.guess.sample import Sample

__all__ = ["When", "arrival_of", "when_of"]

_DAY: Final = {"s": 86_400, "ms": 86_400_000, "us": 86_400_000_000, "ns": 86_400_000_000_000}
_LISTED: Final = 30


class When(NamedTuple):
    """The columns that give the time, as paths, and how it is written."""

    paths: tuple[str, ...]
    shape: TimeShape
    words: str


def when_of(sample: Sample) -> When:
    """The event time of a sample. Raises `SourceError` where no column is one."""
    rows = sample.rows
    shapes = {name: shape for name in _ranked(rows) if (shape := time_shape(rows[name])) is not None}
    whole = [name for name, shape in shapes.items() if not shape.dated]
    dated = [name for name, shape in shapes.items() if shape.dated]
    if whole and (in_role("time", whole) or not dated):
        return When((whole[0],), shapes[whole[0]], shapes[whole[0]].words)
    found = next(chain(_apart(sample, dated), _named(sample)), None)
    if found is not None:
        return found
    unread = [name for name in in_role("time", rows.columns) if name not in shapes and rows[name].n_unique() > 1]
    if dated and unread:
        message = (
            f"{sample.files[0].name}: {dated[0]} holds dates, but {unread[0]} no times of day that can be read, "
            f"such as {rows[unread[0]].drop_nulls()[0]}; write the definition by hand, with both as [source] columns "
            f"and their pattern as [event.fields] at = 'timestamp(\"%Y%m%d %H%M%S\")'"
        )
        raise SourceError(message)
    if dated:
        return When((dated[0],), shapes[dated[0]], f"{shapes[dated[0]].words}, dates only")
    listed = ", ".join(rows.columns[:_LISTED])
    message = (
        f"{sample.files[0].name}: no column holds times that can be read: its columns are {listed}; "
        "write the definition by hand, with the time's pattern as [event.fields] at = 'timestamp(\"%d.%m.%Y %H:%M\")'"
    )
    raise SourceError(message)


def arrival_of(sample: Sample, when: When) -> tuple[str, TimeShape] | None:
    """The column with the time of receipt."""
    for name in in_role("arrival", sample.rows.columns):
        shape = time_shape(sample.rows[name])
        if name not in when.paths and shape is not None and not shape.dated:
            return name, shape
    return None


def _ranked(rows: pl.DataFrame) -> list[str]:
    """Columns by how likely their names are those of event times; those of receipts last."""
    named, late = in_role("time", rows.columns), in_role("arrival", rows.columns)
    return [*named, *(name for name in rows.columns if name not in named and name not in late), *late]


def _apart(sample: Sample, dated: Sequence[str]) -> Iterator[When]:
    """A date and a time of day in two columns."""
    for date in dated:
        clocks = [name for name in _clocks(sample.rows) if name != date]
        for clock in sorted(clocks, key=lambda name: name in dated):
            both = sample.rows.select(pl.concat_str([pl.col(date).cast(pl.String), clock], separator=" ")).to_series()
            shape = time_shape(both)
            if shape is not None:
                yield When((date, clock), shape, f"date and time of day apart, {shape.words}")


def _clocks(rows: pl.DataFrame) -> list[str]:
    named = in_role("time", rows.columns)
    clocks = [name for name in rows.columns if is_clock(rows[name]) and (name in named or ":" in str(rows[name][0]))]
    return sorted(clocks, key=lambda name: name not in named)


def _named(sample: Sample) -> Iterator[When]:
    """A time of day whose date stands in the file's name."""
    date = date_in_names(sample.files)
    if date is None:
        return
    path, pattern = date
    day = "20131007" if pattern == "%Y%m%d" else "2013-10-07"
    for name in _clocks(sample.rows):
        shape = time_shape(sample.rows.select(pl.format(day + " {}", pl.col(name))).to_series())
        if shape is not None:
            yield When((path, name), shape, "time of day in the file, its date in the file's name")
    for name in [each for each in sample.rows.columns[:1] if _is_midnight(sample.rows[each])]:
        unit = next(unit for unit, limit in _DAY.items() if _largest(sample.rows[name]) < limit)
        form = f"{pattern} {{{unit}}}"
        nanos = parse_patterns(sample.rows.select(pl.format(day + " {}", pl.col(name))).to_series(), [form]).nanos
        shape = TimeShape(f'"{form}"', "", pl.Series(nanos), local=True)
        yield When((path, name), shape, f"{unit} since midnight, the date in the file's name")


def _is_midnight(column: pl.Series) -> bool:
    shape = number_shape(column)
    return shape is not None and _largest(column) < _DAY["ns"] and column.null_count() == 0


def _largest(column: pl.Series) -> int:
    largest = column.str.replace(r"\..*$", "").cast(pl.Int64, strict=False).max()
    return largest if isinstance(largest, int) else _DAY["ns"]
