"""Columns of the input, as text or typed, to rows of the declared event and the rows that are refused."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from barloom.engine.counting import Counting
from barloom.errors import SourceError
from barloom.plan.barplan import Field, FieldKind
from barloom.plan.paths import paths_of
from barloom.plan.patterns import ISO, TimeForm
from barloom.source.columns import ARRIVAL, column_paths, constants, label_of, names_asked
from barloom.source.fields import column_type, decode_field
from barloom.source.joining import joined
from barloom.source.prepared import prepared
from barloom.source.problems import RowProblems
from barloom.source.text.times import check_zone
from barloom.source.text.twice import Twice

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers

__all__ = ["Decoder", "RowItems", "Rows"]


class RowItems(NamedTuple):
    """Where rows stand whose records hold several: the position of each row's record, its number there from 1 on.

    `text` gives a row as it stands there, `whole` are rows that are no item but a record that could not be read.
    """

    record: Integers
    number: Integers
    text: Callable[[int], str]
    whole: Collection[int]


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows of an input: the good ones as a frame of the event's fields, the others by what is wrong.

    `frame` has the columns of `TickBatch.frame`, `index` the position of its rows among all `count` rows, `problems`
    the positions of the rest, `known` a row for each of these: the event's key and time and, in its last columns, so
    many `numbers`, null where they could not be read (none where no row is refused). `limits` are the times after which
    rows without `arrivals` may not be stamped. `items` is there where records were taken apart. `rounded` are the
    positions of good rows in which a field lost places, by field.
    """

    frame: pl.DataFrame
    index: Integers
    count: int
    problems: RowProblems
    arrivals: Integers | None = None
    known: pl.DataFrame | None = None
    limits: Integers | None = None
    items: RowItems | None = None
    rounded: Mapping[str, Integers] = dataclasses.field(default_factory=dict)
    numbers: int = 0

    def slice(self, start: int, stop: int) -> Rows:
        """The rows from `start` up to `stop`."""
        if start == 0 and stop == self.count:
            return self
        first, last = np.searchsorted(self.index, (start, stop)).tolist()
        return Rows(
            frame=self.frame.slice(first, last - first),
            index=self.index[first:last] - start,
            count=stop - start,
            problems=self.problems.slice(start, stop),
            arrivals=None if self.arrivals is None else self.arrivals[first:last],
            known=None if self.known is None else self.known[self.problems.places(start, stop)],
            limits=None if self.limits is None else self.limits[first:last],
            rounded={name: rows[(rows >= start) & (rows < stop)] - start for name, rows in self.rounded.items()},
            numbers=self.numbers,
        )


class Decoder:
    """Reads columns as the fields that a plan declares.

    `paths` says which column of the input to bring for each of `fields`, of a time in several columns for each of its
    parts; constants are filled in here. Raises `SourceError` for a mapping, constant or time zone that cannot be.
    """

    def __init__(self, plan: BarPlan) -> None:
        self.plan = plan
        self.paths: Mapping[str, str] = column_paths(plan)
        if plan.source.zone is not None:
            check_zone(plan.source.zone)
        self._arrival = _arrival(plan.source.arrival_unit)
        self._texts = constants(plan)
        self._constants = {
            name: self._constant(name, text, f"[source] columns gives {name!r} the constant '={text}'")
            for name, text in self._texts.items()
            if name in plan.event.by_name
        }
        self._twice: dict[str, Twice] = {}
        self.fields: Mapping[str, Field] = {**plan.event.by_name, ARRIVAL: self._arrival}
        self.lists = frozenset(field.name for field in plan.event.fields if field.separator is not None)
        self.rounding = [field.name for field in plan.event.fields if field.rounding is not None]
        self.numbers = () if plan.event.sequence is None else plan.event.sequence.fields
        self.schema = pl.Schema({field.name: column_type(field) for field in plan.event.fields})

    def following(self, named: Mapping[str, str], last: Mapping[str, int], where: str) -> Decoder:
        """What reads rows that follow each other in one input, which `where` names in messages.

        `named` are fields that its name gives, and `last` is what `last` of the one had that read the rows before.
        """
        if not named and self.plan.source.ambiguous != "order":
            return self
        return _Following(self.plan, named, last, where)

    @property
    def last(self) -> dict[str, int]:
        """The latest time of each field that was read, where the order of the rows tells which is meant."""
        return {name: twice.last for name, twice in self._twice.items() if twice.last is not None}

    @cached_property
    def counting(self) -> Counting:
        """Which rows count for stream time."""
        return Counting(self.plan)

    def decode(self, columns: Mapping[str, pl.Series], count: int, refused: Mapping[int, str], where: str) -> Rows:
        """Read `count` rows, given as one column for each of `paths`; `refused` are rows known to be bad.

        `where` names the input in messages. Raises `SourceError` for a column whose type cannot be the field's.
        """
        problems: list[RowProblems] = []
        rounded: dict[str, Integers] = {}
        decoded = {}
        for field in self.plan.event.fields:
            if field.name in self._constants:
                decoded[field.name] = self._constants[field.name].new_from_index(0, count)
            else:
                column = self._brought(columns, field.name, count, where)
                decoded[field.name] = self._column(column, field.name, field, problems, rounded, where)
        arrivals = None
        if ARRIVAL in self.paths:
            arrivals = self._column(columns[ARRIVAL], ARRIVAL, self._arrival, problems, rounded, where)
        frame = pl.DataFrame(decoded, schema=self.schema)
        whole = RowProblems.of(refused)
        rows = _rows(frame, arrivals, RowProblems.joined([*(each.without(whole) for each in problems), whole]))
        if rounded:
            bad = rows.problems.rows
            rows = replace(rows, rounded={name: each[~np.isin(each, bad)] for name, each in rounded.items()})
        if not rows.problems:
            return rows
        return replace(rows, known=self.known(frame, rows.problems.rows), numbers=len(self.numbers))

    def known(self, frame: pl.DataFrame, refused: Integers) -> pl.DataFrame:
        """What a frame of the event's fields has of refused rows."""
        return frame.select(*self.plan.event.key, self.plan.event.timestamp, *self.numbers)[pl.Series(refused)]

    def empty(self) -> Rows:
        """No rows."""
        arrivals = np.zeros(0, np.int64) if ARRIVAL in self.paths else None
        return Rows(pl.DataFrame(schema=self.schema), np.zeros(0, np.int64), 0, RowProblems.of({}), arrivals)

    def _brought(self, columns: Mapping[str, pl.Series], name: str, count: int, where: str) -> pl.Series:
        """The column of a field; of a time in several columns these, joined."""
        if name in columns:
            return columns[name]
        parts = []
        for part in paths_of(self.plan.source, name):
            text = self._texts.get(part)
            if text is None and part not in columns:
                raise self._unnamed(part, where)
            parts.append(columns[part] if text is None else pl.Series([text]).new_from_index(0, count))
        return joined(parts)

    def _unnamed(self, part: str, where: str) -> SourceError:
        asked = names_asked(self.plan)[part]
        return SourceError(
            f"{where} has no name from which {asked!r}, for {label_of(part)!r}, could be read; name files"
        )

    def _column(  # noqa: PLR0913, PLR0917 - one column, and where it goes
        self,
        column: pl.Series,
        name: str,
        field: Field,
        problems: list[RowProblems],
        rounded: dict[str, Integers],
        where: str,
    ) -> pl.Series:
        ready = prepared(column, field, self.plan.source)
        column = ready.column
        try:
            values, found = decode_field(column, field, self.plan.source, self._twice.get(name))
        except SourceError as error:
            message = f"{where}: the column {self.paths.get(name, name)!r} for the field {label_of(name)!r} {error}"
            raise SourceError(message) from None
        if len(ready.rounded):
            rounded[name] = ready.rounded
        label, told = label_of(name), RowProblems.joined([RowProblems.of(ready.problems), RowProblems.of(found)])
        if len(told):
            problems.append(_labelled(label, told))
        if not field.nullable and values.null_count() > len(told):
            kind = "key" if name in self.plan.event.key else "time" if field.kind is FieldKind.TIMESTAMP else "value"
            rows = np.asarray(values.is_null().arg_true(), np.int64)
            missing = pl.Series([f"the {kind} is missing"]).new_from_index(0, len(rows))
            problems.append(_labelled(label, RowProblems(rows, missing).without(told)))
        return values

    def _constant(self, name: str, text: str, told: str) -> pl.Series:
        try:
            ready = prepared(pl.Series([text]), self.plan.event.by_name[name], self.plan.source)
            values, problems = decode_field(ready.column, self.plan.event.by_name[name], self.plan.source)
        except SourceError as error:
            problems = {0: str(error)}
        problems = problems or ready.problems
        if problems or values.null_count():
            message = f"{told}: {problems.get(0, 'it is empty')}"
            raise SourceError(message)
        return values


def _arrival(unit: str) -> Field:
    by_pattern = "%" in unit
    form = TimeForm((unit,)) if by_pattern else ISO
    return Field("arrival", FieldKind.TIMESTAMP, time_unit="iso" if by_pattern else unit, form=form)


class _Following(Decoder):
    """Reads the rows of one input; see `Decoder.following`."""

    def __init__(self, plan: BarPlan, named: Mapping[str, str], last: Mapping[str, int], where: str) -> None:
        super().__init__(plan)
        self._texts |= named
        self.paths = {name: path for name, path in self.paths.items() if name not in named}
        for name in named.keys() & self.fields.keys():
            told = f"{where}: its name gives {name!r} the value {named[name]!r}"
            self._constants[name] = self._constant(name, named[name], told)
        if plan.source.ambiguous == "order":
            times = (name for name, field in self.fields.items() if field.kind is FieldKind.TIMESTAMP)
            self._twice = {name: Twice("order", last.get(name)) for name in times}


def _labelled(label: str, problems: RowProblems) -> RowProblems:
    texts = pl.select(pl.concat_str(pl.lit(f"{label}: "), pl.lit(problems.texts))).to_series()
    return RowProblems(problems.rows, texts)


def _rows(frame: pl.DataFrame, arrivals: pl.Series | None, problems: RowProblems) -> Rows:
    count = frame.height
    received: np.ndarray[Any, np.dtype[np.int64]] | None = None
    if not problems:
        received = None if arrivals is None else arrivals.to_numpy()
        return Rows(frame, np.arange(count), count, problems, received)
    good = np.ones(count, np.bool_)
    good[problems.rows] = False
    if arrivals is not None:
        received = arrivals.filter(pl.Series(good)).to_numpy()
    return Rows(frame.filter(pl.Series(good)), np.flatnonzero(good), count, problems, received)
