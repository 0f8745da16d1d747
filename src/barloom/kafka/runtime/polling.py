"""What one poll brought, by partition: records decoded together as columns, then told apart."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import polars as pl

from barloom.engine.blocks import TickBatch
from barloom.kafka.runtime.fetched import Log
from barloom.kafka.runtime.items import Parts, Refused, counting, refused_items
from barloom.kafka.runtime.marking import FoundMarks
from barloom.source.protocol import Origin
from barloom.source.unread import unread_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.engine.blocks import Unread
    from barloom.kafka.runtime.fetched import Fetched, Record
    from barloom.kafka.runtime.marking import MarkReader
    from barloom.serde.protocol import EventDecoder
    from barloom.source.decode import Rows
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Polled", "decode"]

_MILLISECOND: Final = 1_000_000
_LONGEST_TEXT: Final = 1_000_000
"""Characters of a record that are told: in JSON they may take six bytes each, and a topic takes messages of 8 MiB."""


@dataclass(frozen=True, slots=True)
class Polled:
    """The records of one log: the good ones as ticks, the others; the first one's offset and the one to go on from.

    `index` is the position of each tick's record among the `messages`, and `parts` says which of its items it is, where
    records hold several. Records without a value are marks, which stand among the ticks, or `tombstones`, which are
    neither ticks nor refused. `rounded` are the ticks that a field was rounded in, by its name.
    """

    ticks: TickBatch
    refused: Sequence[Refused]
    messages: Sequence[Record]
    index: Integers
    first_offset: int
    next_offset: int
    parts: Parts | None = None
    tombstones: int = 0
    rounded: Mapping[str, Integers] = field(default_factory=dict)

    def origins(self, rows: Integers) -> list[Origin]:
        """Where rows of the ticks came from, and how they looked; an item is told by its number in its record."""
        return [self._origin(self.messages[place], row) for row, place in zip(rows, self.index[rows], strict=True)]

    def _origin(self, message: Record, row: int) -> Origin:
        name = f"{message.topic()}[{message.partition()}]"
        if self.parts is not None:
            return Origin(name, self.parts.number(row), _shortened(self.parts.text(row)))
        return Origin(name, message.offset(), _text(message, self.ticks, row))


def decode(
    fetched: Fetched, topics: Sequence[str], decoder: EventDecoder, now: int, marks: MarkReader | None = None
) -> dict[Log, Polled]:
    """Read the records of some topics, by log; `now` is when those arrived whose topic does not say so itself.

    Without a reader of `marks` these are tombstones as others are.
    """
    records = fetched.records
    if not records:
        return {}
    keys = list(map(type(records[0]).key, records)) if decoder.wants_keys else ()
    rows = decoder.decode(fetched.values, keys)
    arrival = _arrivals(records, rows, now)
    counts = None if rows.items is None else counting(records, rows.items, rows.count)
    refused = _refused(records, rows, counts)
    found = _marks(records, refused, marks, now)
    good = _Good(rows, counts, arrival)
    return {log: _polled(records, good, found, refused, chosen) for log, chosen in _by_log(fetched, topics)}


class _Good:
    """The good rows of a poll that count: their columns, and the position of the record of each."""

    def __init__(self, rows: Rows, counts: Booleans | None, arrival: Integers) -> None:
        self.frame, self.index, self.arrival, self.items = rows.frame, rows.index, arrival, rows.items
        self.rounded = rows.rounded
        if counts is not None and not counts.all():
            kept = np.flatnonzero(counts[rows.index])
            self.frame, self.index, self.arrival = rows.frame[kept], rows.index[kept], arrival[kept]
        self.record = _record_of(rows, self.index)
        self._known, self._numbers, self._bad = rows.known, rows.numbers, rows.problems.rows
        self._bad_record = _record_of(rows, self._bad)

    def unread(self, ours: Booleans, good: Integers) -> Unread | None:
        """Of `ours` those that could not be read but for key, time and numbers, among the `good` ones."""
        if self._known is None or not self._numbers:
            return None
        chosen = np.flatnonzero(ours[self._bad_record])
        after = np.searchsorted(self.index[good], self._bad[chosen])
        return unread_of(self._known[pl.Series(chosen)], self._numbers, after)


def _record_of(rows: Rows, index: Integers) -> Integers:
    return index if rows.items is None else rows.items.record[index]


def _refused(records: Sequence[Record], rows: Rows, counts: Booleans | None) -> dict[int, Refused]:
    """What is wrong with records, by their position."""
    if rows.items is not None and counts is not None:
        return refused_items(records, rows, rows.items, counts)
    return {place: Refused(records[place], text) for place, text in rows.problems.items()} if rows.problems else {}


def _marks(records: Sequence[Record], refused: dict[int, Refused], reader: MarkReader | None, now: int) -> FoundMarks:
    """The marks among what could not be read as a tick; `refused` keeps the others."""
    without_value = [place for place, one in refused.items() if one.message.value() is None] if reader else []
    if reader is None or not without_value:
        return FoundMarks()
    found = reader.take(records, sorted(without_value), now)
    for place in (*found.places, *found.refused):
        del refused[place]
    return found


def _by_log(fetched: Fetched, topics: Sequence[str]) -> Iterator[tuple[Log, Integers]]:
    """Which of the records are of which log."""
    records, partition = fetched.records, fetched.partitions
    for topic in topics:
        of_topic = np.ones(len(records), np.bool_)
        if len(topics) > 1:
            of_topic = np.fromiter([record.topic() == topic for record in records], np.bool_, len(records))
        for number in np.unique(partition[of_topic]).tolist():
            yield Log(topic, number), np.flatnonzero(of_topic & (partition == number))


def _polled(
    records: Sequence[Record], rows: _Good, marks: FoundMarks, refused: Mapping[int, Refused], chosen: Integers
) -> Polled:
    """The part of a poll at the positions `chosen`."""
    ours = np.zeros(len(records), np.bool_)
    ours[chosen] = True
    good = np.flatnonzero(ours[rows.record])
    where = rows.record[good]
    offset = np.zeros(len(records), np.int64)
    offset[chosen] = _offsets(records, chosen)
    ticks = TickBatch(
        _rows(rows.frame, good),
        offset[where],
        rows.arrival[good],
        marks=marks.among(ours, where),
        unread=rows.unread(ours, good),
    )
    bad = [one for place, one in refused.items() if ours[place]]
    letters = [one for one in bad if one.message.value() is not None]
    return Polled(
        ticks,
        [*letters, *(one for place, one in marks.refused.items() if ours[place])],
        records,
        where,
        int(offset[chosen[0]]),
        int(offset[chosen[-1]]) + 1,
        parts=None if rows.items is None else Parts(rows.items, rows.index[good]),
        tombstones=len(bad) - len(letters),
        rounded={name: np.flatnonzero(np.isin(rows.index[good], each)) for name, each in rows.rounded.items()},
    )


def _offsets(records: Sequence[Record], chosen: Integers) -> Integers:
    """The offsets of records of one log: they rise, so that mostly the first and the last one tell all."""
    first, last = (records[int(place)].offset() for place in chosen[[0, -1]])
    if last - first + 1 == len(chosen):
        return np.arange(first, last + 1)
    return np.array([records[place].offset() for place in chosen.tolist()], np.int64)


def _rows(frame: pl.DataFrame, rows: Integers) -> pl.DataFrame:
    """Some rows in order; consecutive ones cost nothing."""
    if len(rows) and int(rows[-1]) - int(rows[0]) + 1 == len(rows):
        return frame.slice(int(rows[0]), len(rows))
    return frame[rows]


def _arrivals(records: Sequence[Record], rows: Rows, now: int) -> Integers:
    """When each good row was received: as declared, as the broker stamped it, or now.

    A timestamp that the producer has set is its word, often the event time itself, and says nothing of the arrival.
    """
    from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME  # noqa: PLC0415 - an extra

    if rows.arrivals is not None:
        return rows.arrivals
    record = _record_of(rows, rows.index)
    arrivals = np.full(len(records), now)
    if TIMESTAMP_LOG_APPEND_TIME in (records[0].timestamp()[0], records[-1].timestamp()[0]):
        stamps = [message.timestamp() for message in records]
        appended = np.array([kind == TIMESTAMP_LOG_APPEND_TIME for kind, _ in stamps])
        times = np.array([time for _, time in stamps], np.int64) * _MILLISECOND
        arrivals[appended] = times[appended]
    return arrivals[record]


def _text(message: Record, ticks: TickBatch, row: int) -> str:
    """A record for people: its own text, or what was read of it."""
    try:
        text = (message.value() or b"").decode()
    except UnicodeDecodeError:
        text = msgspec.json.encode(ticks.frame.row(row, named=True)).decode()
    return _shortened(text)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
