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
from barloom.source.columns import ARRIVAL, column_paths, constants, label_of
from barloom.source.fields import column_type, decode_field
from barloom.source.times import check_zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.source.decoded import Problems
    from barloom.time.calendar import Integers

__all__ = ["Decoder", "Known", "Rows"]


class Known(NamedTuple):
    """What could be read of a refused row: its whole key, its event time."""

    key: tuple[object, ...] | None = None
    event_time: int | None = None


@dataclass(frozen=True, slots=True)
class Rows:
    """Consecutive rows of an input: the good ones as a frame of the event's fields, the others by what is wrong.

    `frame` has the columns of `TickBatch.frame`, `index` the position of its rows among all `count` rows, `problems`
    the positions of the rest, `known` what could be read of these. `limits` are the times after which rows without
    `arrivals` may not be stamped.
    """

    frame: pl.DataFrame
    index: Integers
    count: int
    problems: Problems
    arrivals: Integers | None = None
    known: Mapping[int, Known] = dataclasses.field(default_factory=dict)
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
            problems={row - start: text for row, text in self.problems.items() if start <= row < stop},
            arrivals=None if self.arrivals is None else self.arrivals[first:last],
            known={row - start: known for row, known in self.known.items() if start <= row < stop},
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

    def decode(self, columns: Mapping[str, pl.Series], count: int, refused: Problems, where: str) -> Rows:
        """Read `count` rows, given as one column for each of `paths`; `refused` are rows known to be bad.

        `where` names the input in messages. Raises `SourceError` for a column whose type cannot be the field's.
        """
        problems: Problems = {}
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
        rows = _rows(frame, arrivals, {**problems, **refused})
        return replace(rows, known=self.known(frame, list(rows.problems))) if rows.problems else rows

    def known(self, frame: pl.DataFrame, refused: Sequence[int]) -> dict[int, Known]:
        """What a frame of the event's fields has of refused rows."""
        event, chosen = self.plan.event, frame[list(refused)]
        keys, times = chosen.select(event.key).rows(), chosen[event.timestamp].to_list()
        return {
            row: Known(None if None in key else key, time) for row, key, time in zip(refused, keys, times, strict=True)
        }

    def empty(self) -> Rows:
        """No rows."""
        arrivals = np.zeros(0, np.int64) if ARRIVAL in self.paths else None
        return Rows(pl.DataFrame(schema=self.schema), np.zeros(0, np.int64), 0, {}, arrivals)

    def _column(self, column: pl.Series, name: str, field: Field, problems: Problems, where: str) -> pl.Series:
        try:
            values, found = decode_field(column, field, self.plan.source)
        except SourceError as error:
            message = f"{where}: the column {self.paths[name]!r} for the field {label_of(name)!r} {error}"
            raise SourceError(message) from None
        label = label_of(name)
        for row, text in found.items():
            _note(problems, row, f"{label}: {text}")
        if not field.nullable and values.null_count() > len(found):
            kind = "key" if name in self.plan.event.key else "time" if field.kind is FieldKind.TIMESTAMP else "value"
            for row in values.is_null().arg_true().to_list():
                if row not in found:
                    _note(problems, row, f"{label}: the {kind} is missing")
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


def _note(problems: Problems, row: int, text: str) -> None:
    problems[row] = f"{problems[row]}; {text}" if row in problems else text


def _rows(frame: pl.DataFrame, arrivals: pl.Series | None, problems: Problems) -> Rows:
    count = frame.height
    received: np.ndarray[Any, np.dtype[np.int64]] | None = None
    if not problems:
        received = None if arrivals is None else arrivals.to_numpy()
        return Rows(frame, np.arange(count), count, {}, received)
    good = np.ones(count, np.bool_)
    good[list(problems)] = False
    if arrivals is not None:
        received = arrivals.filter(pl.Series(good)).to_numpy()
    ordered = dict(sorted(problems.items()))
    return Rows(frame.filter(pl.Series(good)), np.flatnonzero(good), count, ordered, received)
