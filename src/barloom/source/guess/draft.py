"""Files that nobody has described yet become the text of a definition, each guess with its reason beside it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import polars as pl

from barloom.source.guess.document import Section, as_toml, inline, listed, quoted
from barloom.source.guess.key import Key, key_of
from barloom.source.guess.numbers import number_shape, separators
from barloom.source.guess.sample import read_sample
from barloom.source.guess.spans import order_of
from barloom.source.guess.values import Values, values_of
from barloom.source.guess.when import arrival_of, when_of
from barloom.source.guess.zones import zone_of
from barloom.source.text.times import check_zone

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from barloom.source.guess.numbers import NumberShape
    from barloom.source.guess.sample import Sample

__all__ = ["drafted"]

_NULLS: Final = ("NULL", "null", "NaN", "nan", "None", "\\N", "N/A", "n/a", "NA", "#N/A", "-", "--")
_NAME: Final = re.compile(r"[A-Za-z_]\w*")
_FEW: Final = 4


def drafted(
    paths: Sequence[str | Path],
    names: Sequence[str] = (),
    *,
    zone: str | None = None,
    delimiter: str | None = None,
) -> str:
    """The TOML of a definition that reads these files and makes bars of them.

    `names` are those of columns in files without a header, `zone` is that of times without one. Raises `SourceError`
    where the files cannot be read, where nothing in them can be a time or a price, and where there is no such zone.
    """
    if zone:
        check_zone(zone)
    return _Draft(read_sample(paths, names, delimiter), zone).text()


class _Draft:
    """Puts down what was found, section by section."""

    def __init__(self, sample: Sample, zone: str | None) -> None:
        self._nulls, rows = _without_nulls(sample.rows)
        self._sample, self._rows = sample, rows
        self._written = separators(rows)
        self._shapes = {name: number_shape(rows[name], self._written) for name in rows.columns}
        self._when = when_of(sample)
        self._arrival = arrival_of(sample, self._when)
        times = [*self._when.paths, *([self._arrival[0]] if self._arrival else [])]
        self._key: Key = key_of(sample, rows, times)
        left = [name for name in rows.columns if name not in times and name != self._key.path]
        self._nanos = self._when.shape.nanos[: sample.first]
        self._values: Values = values_of(sample, {name: self._shapes[name] for name in left}, self._nanos, self._keys())
        self._zone = zone_of(sample, self._when.shape, zone)

    def text(self) -> str:
        """The whole document."""
        self._fields, self._source = Section("event.fields"), Section("source")
        self._put_key()
        self._put_time()
        self._put_values()
        self._put_rest()
        self._put_reading()
        event = Section("event")
        event.add("key", quoted(self._key.field), self._key.candidates)
        event.add("timestamp", quoted("at"))
        bars, select = self._bars()
        return as_toml(self._heading(), [event, self._fields, self._source, bars, select])

    def _heading(self) -> list[str]:
        count = self._rows.height
        files = f"{self._sample.file} and others" if len(self._sample.files) > 1 else self._sample.file
        known = f", in the layout of {self._sample.layout}" if self._sample.layout else ""
        return [
            f"What barloom init took {files} for by the first {count:,} rows{known}.",
            "Read the reasons, mend what is wrong, and look at the plan with barloom check.",
        ]

    def _keys(self) -> pl.Series | None:
        """The keys of the first file's rows, where a time stands in each."""
        if self._key.path not in self._rows.columns or self._rows.height != len(self._when.shape.nanos):
            return None
        return self._rows[self._key.path][: self._sample.first]

    def _put_key(self) -> None:
        self._fields.add(self._key.field, quoted("string"), self._key.why)

    def _put_time(self) -> None:
        shape = self._when.shape
        zone = "" if shape.dated and self._values.bars else self._zone.name
        told = f"; {shape.other} would fit them as well" if shape.other else ""
        said = f"; {self._zone.why}" if shape.local and zone else ""
        self._fields.add("at", quoted(shape.type(zone)), f"{self._when.words}{told}{said}")

    def _put_values(self) -> None:
        for field, column in self._values.columns.items():
            shape = self._shapes[column]
            if shape is not None:
                self._fields.add(field, quoted(self._number(column, shape)), self._digits(column, shape))
        for field, column in self._values.conditions.items():
            self._fields.add(field, quoted("string"), f"{_some(self._rows[column])}; asked below")

    def _number(self, column: str, shape: NumberShape, *, counts: bool = False) -> str:
        maybe = "?" if self._rows[column].null_count() else ""
        return ("int" if counts and shape.whole else shape.type) + maybe

    def _digits(self, column: str, shape: NumberShape) -> str:
        missing = ", sometimes missing" if self._rows[column].null_count() else ""
        if shape.noisy:
            return f"digits of a float, rounded to {shape.kept} places{missing}"
        return f"as many as {shape.places} places seen{missing}; rows with more are refused"

    def _put_rest(self) -> None:
        """The columns that bars do not need, for whoever wants them."""
        used = {*self._when.paths, self._key.path, *self._values.columns.values(), *self._values.conditions.values()}
        for column in self._rows.columns:
            if column not in used and not (self._arrival and column == self._arrival[0]):
                field = _as_field(column)
                stands = "" if field == self._path(column) else f", from the column {self._path(column)!r}"
                self._fields.add(field, quoted(self._type(column)), f"{_some(self._rows[column])}{stands}", off=True)

    def _type(self, column: str) -> str:
        series, shape = self._rows[column], self._shapes[column]
        maybe = "?" if series.null_count() else ""
        if series.dtype != pl.String:
            return ("list" if series.dtype in (pl.List, pl.Array) else "timestamp") + maybe
        if shape is not None:
            return self._number(column, shape, counts=True)
        return (
            "bool" if series.drop_nulls().is_in(["true", "false"]).all() and len(series.drop_nulls()) else "string"
        ) + maybe

    def _path(self, column: str) -> str:
        return self._sample.paths.get(column, column)

    def _put_reading(self) -> None:
        sample, source = self._sample, self._source
        if sample.format:
            source.add("format", quoted(sample.format), "the file's name does not tell")
        tabs = sample.delimiter == "\t" and all(file.suffix == ".tsv" for file in sample.files)
        if sample.delimiter != "," and not tabs:
            source.add("delimiter", quoted(sample.delimiter), "between the columns of the first lines")
        if sample.names:
            why = f"there is no header; those of {sample.layout}" if sample.layout else "there is no header; as given"
            source.add("names", listed(sample.names), why)
        if sample.items:
            source.add("rows", quoted(sample.items), "each item of this list is a tick")
        self._put_columns()
        self._put_writing()

    def _put_columns(self) -> None:
        at = tuple(map(self._path, self._when.paths))
        mapped = {self._key.field: (self._path(self._key.path),), "at": at}
        mapped |= {name: (self._path(column),) for name, column in self._values.columns.items()}
        mapped |= {name: (self._path(column),) for name, column in self._values.conditions.items()}
        pairs = [
            (name, quoted(paths[0]) if len(paths) == 1 else listed(paths))
            for name, paths in mapped.items()
            if paths != (name,)
        ]
        if pairs:
            self._source.add("columns", inline(pairs), self._key.told)

    def _put_writing(self) -> None:
        source, written = self._source, self._written
        if written.point != ".":
            source.add("decimal_separator", quoted(written.point), "as numbers are written")
        if written.thousands:
            source.add("thousands", quoted(written.thousands), "as numbers are written")
        if self._nulls:
            source.add("null_values", listed(["", *self._nulls]), "texts among numbers that stand for none")
        if self._arrival is not None:
            name, shape = self._arrival
            source.add("arrival", quoted(self._path(name)), "the time of receipt, which tells ticks of the future")
            if shape.form:
                source.add("arrival_unit", quoted(shape.form.strip('"')), shape.words)
        order = order_of(self._keys(), self._nanos)
        if not order.by_key:
            source.add("order", quoted("time"), "the rows are not in the order of their times")

    def _bars(self) -> tuple[Section, Section]:
        values, bars, select = self._values, Section("bars"), Section("bars.select")
        bars.add("name", quoted(values.name))
        if values.bars:
            bars.add("input", quoted("bars"), "open, high, low and close: the rows are bars")
        bars.add("base", quoted(values.base), values.base_why)
        if values.bars:
            dated = self._when.shape.dated
            why = "their times are dates" if dated else values.stamped_why
            bars.add("stamped", quoted("date" if dated else values.stamped), why)
        if values.rollup:
            bars.add("rollup", listed(values.rollup), "coarser bars; any others that you need")
        order = order_of(self._keys(), self._nanos)
        if order.by_key and not order.whole:
            bars.add("time", quoted("key"), "one key's rows come after another's, so each has its own time")
        if values.where:
            bars.add("where", quoted(values.where), values.where_why)
        if values.ohlcv:
            bars.add("ohlcv", inline([(name, quoted(field)) for name, field in values.ohlcv.items()]), values.ohlcv_why)
        for name, aggregate in values.select.items():
            select.add(name, quoted(aggregate), values.select_why if name == "open" else "")
        return bars, select


def _without_nulls(rows: pl.DataFrame) -> tuple[list[str], pl.DataFrame]:
    """Words among numbers that stand for none, and the rows without them."""
    seen: list[str] = []
    columns = []
    for column in rows:
        bare = column
        if column.dtype == pl.String and number_shape(column) is None:
            freed = pl.select(pl.when(column.is_in(_NULLS)).then(None).otherwise(column)).to_series()
            if number_shape(freed) is not None:
                seen += column.filter(column.is_in(_NULLS)).unique().to_list()
                bare = freed
        columns.append(bare.alias(column.name))
    return sorted(set(seen)), pl.DataFrame(columns)


def _as_field(column: str) -> str:
    """A name of a field for a column."""
    bare = re.sub(r"\W+", "_", column).strip("_").lower() if not _NAME.fullmatch(column) else column
    return bare if _NAME.fullmatch(bare) else f"column_{bare}"


def _some(column: pl.Series) -> str:
    """What stands in a column, for people."""
    if column.dtype != pl.String:
        return "a list" if column.dtype in (pl.List, pl.Array) else "a time"
    values = column.drop_nulls().unique(maintain_order=True)
    if not len(values):
        return "always missing"
    shown = ", ".join(str(value)[:20] for value in values[:_FEW])
    return f"such as {shown}" if len(values) > _FEW else f"{len(values)} value{'s' * (len(values) > 1)}: {shown}"
