"""Columns of the input, as text or typed, to rows of the declared event and the rows that are refused."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from barloom.engine.counting import Counting
from barloom.errors import SourceError
from barloom.plan.barplan import Field, FieldKind
from barloom.source.columns import ARRIVAL, column_paths, constants, label_of
from barloom.source.fields import column_type, decode_field
from barloom.source.problems import RowProblems
from barloom.source.text.times import check_zone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Integers

__all__ = ["Decoder", "Rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows of an input: the good ones as a frame of the event's fields, the others by what is wrong.

    `frame` has the columns of `TickBatch.frame`, `index` the position of its rows among all `count` rows, `problems`
    the positions of the rest, `known` a row for each of these: the event's key and time, null where they could not be
    read (none where no row is refused). `limits` are the times after which rows without
    `arrivals` may not be stamped.
    """

    frame: pl.DataFrame
    index: Integers
    count: int
    problems: RowProblems
    arrivals: Integers | None = None
    known: pl.DataFrame | None = None
    limits: Integers | None = None

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
        )


class Decoder:
    """Reads columns as the fields that a plan declares.

    `paths` says which column of the input to bring for each of `fields`; constants are filled in here. Raises
    `SourceError` for a mapping, constant or time zone that cannot be.
    """

    def __init__(self, plan: BarPlan) -> None:
        self.plan = plan
        self.paths: Mapping[str, str] = column_paths(plan)
        if plan.source.zone is not None:
            check_zone(plan.source.zone)
        self._arrival = Field("arrival", FieldKind.TIMESTAMP, time_unit=plan.source.arrival_unit)
        self._constants = {name: self._constant(name, text) for name, text in constants(plan).items()}
        self.fields: Mapping[str, Field] = {**plan.event.by_name, ARRIVAL: self._arrival}
        self.schema = pl.Schema({field.name: column_type(field) for field in plan.event.fields})

    @cached_property
    def counting(self) -> Counting:
        """Which rows count for stream time."""
        return Counting(self.plan)

    def decode(self, columns: Mapping[str, pl.Series], count: int, refused: Mapping[int, str], where: str) -> Rows:
        """Read `count` rows, given as one column for each of `paths`; `refused` are rows known to be bad.

        `where` names the input in messages. Raises `SourceError` for a column whose type cannot be the field's.
        """
        problems: list[RowProblems] = []
        decoded = {}
        for field in self.plan.event.fields:
            if field.name in self._constants:
                decoded[field.name] = self._constants[field.name].new_from_index(0, count)
            else:
                decoded[field.name] = self._column(columns[field.name], field.name, field, problems, where)
        arrivals = None
        if ARRIVAL in self.paths:
            arrivals = self._column(columns[ARRIVAL], ARRIVAL, self._arrival, problems, where)
        frame = pl.DataFrame(decoded, schema=self.schema)
        whole = RowProblems.of(refused)
        rows = _rows(frame, arrivals, RowProblems.joined([*(each.without(whole) for each in problems), whole]))
        return replace(rows, known=self.known(frame, rows.problems.rows)) if rows.problems else rows

    def known(self, frame: pl.DataFrame, refused: Integers) -> pl.DataFrame:
        """What a frame of the event's fields has of refused rows."""
        return frame.select(*self.plan.event.key, self.plan.event.timestamp)[pl.Series(refused)]

    def empty(self) -> Rows:
        """No rows."""
        arrivals = np.zeros(0, np.int64) if ARRIVAL in self.paths else None
        return Rows(pl.DataFrame(schema=self.schema), np.zeros(0, np.int64), 0, RowProblems.of({}), arrivals)

    def _column(self, column: pl.Series, name: str, field: Field, problems: list[RowProblems], where: str) -> pl.Series:
        try:
            values, found = decode_field(column, field, self.plan.source)
        except SourceError as error:
            message = f"{where}: the column {self.paths[name]!r} for the field {label_of(name)!r} {error}"
            raise SourceError(message) from None
        label, told = label_of(name), RowProblems.of(found)
        if len(told):
            problems.append(_labelled(label, told))
        if not field.nullable and values.null_count() > len(told):
            kind = "key" if name in self.plan.event.key else "time" if field.kind is FieldKind.TIMESTAMP else "value"
            rows = np.asarray(values.is_null().arg_true(), np.int64)
            missing = pl.Series([f"the {kind} is missing"]).new_from_index(0, len(rows))
            problems.append(_labelled(label, RowProblems(rows, missing).without(told)))
        return values

    def _constant(self, name: str, text: str) -> pl.Series:
        try:
            values, problems = decode_field(pl.Series([text]), self.plan.event.by_name[name], self.plan.source)
        except SourceError as error:
            problems = {0: str(error)}
        if problems or values.null_count():
            message = f"[source] columns gives {name!r} the constant '={text}': {problems.get(0, 'it is empty')}"
            raise SourceError(message)
        return values


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
