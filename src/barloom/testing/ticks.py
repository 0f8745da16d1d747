"""Rows as a test writes them, as the engine's typed columns: read by the same rules as every other input."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from barloom.engine.blocks import TickBatch
from barloom.errors import SourceError
from barloom.source.decode import Decoder, Rows
from barloom.source.feeds.marks import PlacedMarks
from barloom.source.feeds.word import CompleteTo
from barloom.source.problems import RowProblems
from barloom.source.text.records import TextFields, column_at
from barloom.source.unread import unread_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.source.decoded import Problems
    from barloom.testing.log import Record

__all__ = ["TickReader", "as_rows"]


def as_rows(ticks: Any) -> list[Any]:  # noqa: ANN401 - a frame, or one or many mappings or events of any class
    """One or many rows as a list."""
    if isinstance(ticks, pl.DataFrame):
        return list(ticks.to_dicts())
    if isinstance(ticks, Mapping) or is_dataclass(ticks) or not isinstance(ticks, Iterable):
        return [ticks]
    return list(ticks)


class TickReader:
    """Reads rows of one definition: mappings with the input's names, and events.

    Where the input has several ticks in a record, mappings are single ticks with the event's names.
    """

    def __init__(self, plan: BarPlan) -> None:
        self._event = plan.event
        self._timestamp = plan.event.timestamp
        self._of_events = Decoder(replace(plan, source=replace(plan.source, columns={})))
        self._of_mappings = Decoder(plan) if plan.source.rows is None else self._of_events

    def times(self, rows: Sequence[Any]) -> list[int | None]:
        """The event time of each row in nanoseconds; none where the row cannot be read."""
        times: list[int | None] = [None] * len(rows)
        places = [place for place, row in enumerate(rows) if not isinstance(row, CompleteTo)]
        read = self._decode([rows[place] for place in places])
        for position, time in zip(read.index.tolist(), read.frame[self._timestamp].to_list(), strict=True):
            times[places[position]] = time
        return times

    def read(self, records: Sequence[Record]) -> tuple[TickBatch, list[tuple[Record, str]]]:
        """The rows that fit the event, and the others with what is wrong with them."""
        marks = [(place, record.value) for place, record in enumerate(records) if isinstance(record.value, CompleteTo)]
        records = [record for record in records if not isinstance(record.value, CompleteTo)]
        read = self._decode([record.value for record in records])
        offsets = np.array([record.offset for record in records], np.int64)
        arrivals = np.array([record.timestamp for record in records], np.int64)
        if read.arrivals is not None:
            arrivals[read.index] = read.arrivals
        given = [(place - number, mark) for number, (place, mark) in enumerate(marks)]
        placed = PlacedMarks.of(self._event, given, "the test")
        between = None if placed is None else placed.among(read.index)
        unread = unread_of(read.known, read.numbers, np.searchsorted(read.index, read.problems.rows))
        batch = TickBatch(read.frame, offsets[read.index], arrivals[read.index], marks=between, unread=unread)
        return batch, [(records[position], problem) for position, problem in read.problems.items()]

    def _decode(self, rows: Sequence[Any]) -> Rows:
        refused: Problems = {}
        events = bool(rows) and is_dataclass(rows[0])
        decoder = self._of_events if events else self._of_mappings
        mappings = [_mapping(row, position, refused) for position, row in enumerate(rows)]
        try:
            texts = TextFields.of(decoder.plan.event.fields)
            columns = {
                name: column_at(mappings, path, refused, texts.wanted(name)) for name, path in decoder.paths.items()
            }
            return decoder.decode(columns, len(rows), refused, "the ticks")
        except SourceError:
            if len(rows) == 1:
                raise
        # A column of mixed types: row by row, so that only the odd ones are refused.
        return _joined([self._decode_one(row) for row in rows], decoder.empty())

    def _decode_one(self, row: Any) -> Rows:  # noqa: ANN401 - anything may have been fed
        try:
            return self._decode([row])
        except SourceError as error:
            empty = self._of_mappings.empty()
            return replace(empty, count=1, problems=RowProblems.of({0: str(error)}))


def _mapping(row: Any, position: int, refused: Problems) -> dict[str, Any]:  # noqa: ANN401 - as above
    if isinstance(row, Mapping):
        return dict(row)
    if is_dataclass(row):
        return {item.name: getattr(row, item.name) for item in fields(row)}
    refused[position] = f"{row!r} is no row: feed mappings, events or frames"
    return {}


def _joined(parts: Sequence[Rows], empty: Rows) -> Rows:
    """Rows that were read one by one."""
    return replace(
        empty,
        frame=pl.concat([empty.frame, *(part.frame for part in parts)]),
        index=np.flatnonzero([len(part.index) for part in parts]),
        count=len(parts),
        problems=RowProblems.of({place: part.problems[0] for place, part in enumerate(parts) if part.problems}),
        arrivals=None if empty.arrivals is None else np.concatenate([part.arrivals for part in parts]),
    )
