"""From what a feed gives to what is sent: rows that are new, marks at their places, positions behind them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.kafka.publish.chunks import Chunk, Mark
from barloom.kafka.publish.numbering import Numbering
from barloom.source.feeds.word import CompleteTo, FeedState
from barloom.source.text.epochs import UNITS
from barloom.time.instants import written
from barloom.time.timeframe import HOUR

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.kafka.publish.chunks import Item
    from barloom.kafka.publish.positions import Place, Position
    from barloom.kafka.publish.wire import Encoded, Wire
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["MarkMessage", "Outbox", "Outgoing", "RowMessages"]

_BEFORE: Final = HOUR
"""How long before its first row a key is said to be complete: that says nothing but that there are marks."""

_LONGEST: Final = 200


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
    positions: dict[Place, Position] = field(default_factory=dict)
    rows: int = 0
    marks: int = 0
    before: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    notes: list[str] = field(default_factory=list)


class Outbox:
    """Turns what a feed gives into messages, from when it is opened.

    The first row of each key (of all, where time is the partition's) has a mark ahead of it, so that no clock closes
    anything for want of one. Raises `SourceError` for what is no row.
    """

    def __init__(self, plan: BarPlan, wire: Wire, positions: Mapping[Place, Position]) -> None:
        self._plan = plan
        self._wire = wire
        self._numbering = Numbering(plan, positions)
        self._begun: set[bytes | None] = set()
        self._mark_keys: dict[tuple[tuple[str, object], ...], bytes] = {}

    def take(self, items: Sequence[tuple[Item, int]]) -> Outgoing:
        """What becomes of items, each with when it was received (nanoseconds UTC)."""
        out = Outgoing()
        for is_chunk, group in groupby(items, lambda entry: isinstance(entry[0], Chunk)):
            if is_chunk:
                for item, received in group:
                    self._chunk(item, received, out)  # type: ignore[arg-type]  # of that kind
            else:
                self._rows([*group], out)
        return out

    def _chunk(self, chunk: Chunk, received: int, out: Outgoing) -> None:
        """What knows itself which rows are new."""
        encoded = self._encoded(chunk.columns, [received] * chunk.count)
        self._send(encoded, np.ones(len(encoded.keys), np.bool_), chunk.marks, out)
        out.positions.update(chunk.positions)
        out.notes += chunk.notes

    def _rows(self, items: Sequence[tuple[Item, int]], out: Outgoing) -> None:
        """Rows with marks between them; what a feed says of itself besides is of no use here."""
        rows: list[Item] = []
        received: list[int] = []
        marks: list[Mark] = []
        for item, at in items:
            if isinstance(item, CompleteTo):
                marks.append(Mark(len(rows), item.time, dict(item.key) or None))
            elif not isinstance(item, FeedState):
                rows.append(item)
                received.append(at)
        encoded = self._encoded(self._wire.columns_of(rows), received)
        new, moved = self._numbering.take(encoded.frame)
        out.before += len(new) - int(new.sum())
        self._send(encoded, new, marks, out)
        out.positions.update(moved)

    def _encoded(self, columns: Mapping[str, Sequence[object]], received: Sequence[int]) -> Encoded:
        """The messages of rows, which say when they were received."""
        name = self._wire.received_at
        known = columns.get(name) or [None] * len(received)
        filled = [
            _as_unit(at, self._wire.unit) if said is None else said for said, at in zip(known, received, strict=True)
        ]
        return self._wire.encode({**columns, name: filled}, len(received))

    def _send(self, encoded: Encoded, new: Booleans, marks: Sequence[Mark], out: Outgoing) -> None:
        for text in encoded.problems.values():
            out.refused[text[:_LONGEST]] += 1
        out.rows += int(new.sum())
        begin = 0
        for mark in marks:
            end = int(np.searchsorted(encoded.index, mark.after))
            self._send_rows(encoded, np.flatnonzero(new[begin:end]) + begin, out)
            self._mark(mark, out)
            begin = end
        self._send_rows(encoded, np.flatnonzero(new[begin:]) + begin, out)

    def _send_rows(self, encoded: Encoded, rows: Integers, out: Outgoing) -> None:
        for part in self._parted(encoded, rows.tolist(), out):
            out.messages.append(RowMessages([encoded.keys[row] for row in part], [encoded.values[row] for row in part]))

    def _parted(self, encoded: Encoded, rows: list[int], out: Outgoing) -> Iterator[list[int]]:
        """Some rows in parts, each behind the marks of what begins with it."""
        part: list[int] = []
        for row in rows:
            key = encoded.keys[row] if self._plan.by_key else None
            if key not in self._begun:
                if part:
                    yield part
                    part = []
                time = int(encoded.frame[self._plan.event.timestamp].to_physical()[row])
                self._told(key, time - _BEFORE, out)
            part.append(row)
        if part:
            yield part

    def _mark(self, mark: Mark, out: Outgoing) -> None:
        self._told(None if mark.key is None else self._key(mark.key), mark.time, out)

    def _told(self, key: bytes | None, time: int, out: Outgoing) -> None:
        self._begun.add(key)
        out.messages.append(MarkMessage(key, max(time, 0)))
        out.marks += 1

    def _key(self, fields: Mapping[str, object]) -> bytes:
        known = tuple(fields.items())
        if known not in self._mark_keys:
            self._mark_keys[known] = self._wire.key(fields)
        return self._mark_keys[known]


def _as_unit(at: int, unit: str) -> object:
    """A time as a field of that unit is given."""
    return at // 10 ** UNITS[unit] if unit in UNITS else written(at)
