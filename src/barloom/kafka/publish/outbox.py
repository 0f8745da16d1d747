"""From batches of a source to what is sent: rows that are new, marks at their places, positions behind them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final, NamedTuple, TypeAlias

import numpy as np
import polars as pl

from barloom.kafka.publish.numbering import Numbering
from barloom.kafka.publish.positions import Positions
from barloom.time.timeframe import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from barloom.engine.blocks import Marks, TickBatch
    from barloom.kafka.publish.wire import Wire
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import SourceBatch
    from barloom.time.calendar import Booleans

__all__ = ["MarkMessage", "Outbox", "Outgoing", "RowMessages"]

_BEFORE: Final = HOUR
"""How long before its first row a key is said to be complete: that says nothing but that there are marks."""

_LONGEST: Final = 200

_Key: TypeAlias = "tuple[object, ...] | None"


class RowMessages(NamedTuple):
    """Rows as messages."""

    keys: Sequence[bytes]
    values: Sequence[bytes]


class MarkMessage(NamedTuple):
    """A mark of one key, or of every partition as a whole."""

    key: bytes | None
    time: int


@dataclass(slots=True)
class Outgoing:
    """What is sent, in order, and the positions that go with it.

    `before` counts rows that were published before, `refused` those that cannot be written, by what is wrong with them.
    """

    messages: list[RowMessages | MarkMessage] = field(default_factory=list)
    positions: Positions = field(default_factory=Positions)
    rows: int = 0
    marks: int = 0
    before: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)

    def count(self, other: Outgoing) -> None:
        """Add another, without its messages."""
        self.positions.update(other.positions)
        self.rows += other.rows
        self.marks += other.marks
        self.before += other.before
        self.refused += other.refused
        self.notes += other.notes


class _Place(NamedTuple):
    """A mark, and how many rows stand ahead of it."""

    after: int
    key: _Key
    time: int


class Outbox:
    """Turns batches into messages, from when a source is opened.

    Of one that cannot go on by itself (not `replayable`) the numbers say which rows are new. Where marks will come
    (`marked`) the first row of each key, or of all where time is the partition's, has one ahead of it, so that no clock
    closes anything for want of one.
    """

    def __init__(self, plan: BarPlan, wire: Wire, positions: Positions, *, replayable: bool, marked: bool) -> None:
        self._plan = plan
        self._wire = wire
        self._numbering = None if replayable else Numbering(plan, positions.keys)
        self._positions = Positions(dict(positions.held)) if replayable else None
        self._marked = marked
        self._begun: set[_Key] = set()

    def take(self, batch: SourceBatch, now: int) -> Outgoing:
        """What becomes of a batch; rows of which nobody knows when they were received were so `now`."""
        out = Outgoing(notes=list(batch.notes))
        for row in batch.invalid:
            out.refused[row.message[:_LONGEST]] += 1
        ticks = self._new(batch.ticks, out)
        out.rows += len(ticks)
        out.messages += self._messages(ticks, now, out)
        if self._positions is not None:
            out.positions.held = Positions(dict(batch.positions)).behind(self._positions).held
            self._positions.held.update(out.positions.held)
        return out

    def _new(self, ticks: TickBatch, out: Outgoing) -> TickBatch:
        """The rows that were not published before."""
        if self._numbering is None or not len(ticks):
            return ticks
        new, out.positions.keys = self._numbering.take(ticks.frame)
        out.before += len(new) - int(new.sum())
        return ticks if new.all() else _some(ticks, new)

    def _messages(self, ticks: TickBatch, now: int, out: Outgoing) -> Iterator[RowMessages | MarkMessage]:
        """Rows in runs between marks."""
        arrivals = np.full(len(ticks), now) if ticks.arrivals is None else ticks.arrivals
        records = self._wire.encode(ticks.frame, arrivals)
        places = sorted([*self._beginnings(ticks), *_places(ticks.marks)], key=lambda place: place.after)
        keys = iter(self._wire.keys([place.key for place in places if place.key is not None]))
        begin = 0
        for place in places:
            if place.after > begin:
                yield RowMessages(records.keys[begin : place.after], records.values[begin : place.after])
            begin = place.after
            out.marks += 1
            yield MarkMessage(None if place.key is None else next(keys), max(place.time, 0))
        if begin < len(ticks):
            yield RowMessages(records.keys[begin:], records.values[begin:])

    def _beginnings(self, ticks: TickBatch) -> list[_Place]:
        """Marks ahead of the first row of each key that has had no row and no mark yet."""
        if not self._marked or not len(ticks):
            return []
        times = ticks.frame[self._plan.event.timestamp].to_physical()
        if not self._plan.by_key:
            first = [] if None in self._begun else [_Place(0, None, int(times[0]) - _BEFORE)]
            self._begun.add(None)
            return first
        numbered = ticks.frame.select(self._plan.event.key).with_row_index("at row")
        rows = numbered.unique(list(self._plan.event.key), keep="first", maintain_order=True).rows()
        found = [
            _Place(row, tuple(key), int(times[row]) - _BEFORE) for row, *key in rows if tuple(key) not in self._begun
        ]
        self._begun.update(place.key for place in found)
        return found


def _places(marks: Marks | None) -> list[_Place]:
    if marks is None:
        return []
    return [_Place(*each) for each in zip(marks.after.tolist(), marks.keys, marks.time.tolist(), strict=True)]


def _some(ticks: TickBatch, rows: Booleans) -> TickBatch:
    """Some of the rows, and all marks, each behind those of them that stood ahead of it."""
    marks = ticks.marks
    if marks is not None:
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)])
        marks = marks._replace(after=before[marks.after])
    return replace(
        ticks,
        frame=ticks.frame.filter(pl.Series(rows)),
        offsets=ticks.offsets[rows],
        arrivals=None if ticks.arrivals is None else ticks.arrivals[rows],
        marks=marks,
    )
