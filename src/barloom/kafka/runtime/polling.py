"""What one poll brought, by partition: records decoded together as columns, then told apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np

from barloom.engine.blocks import TickBatch
from barloom.kafka.runtime.fetched import Log
from barloom.source.protocol import Origin

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from barloom.kafka.runtime.fetched import Fetched, Record
    from barloom.serde.protocol import EventDecoder
    from barloom.source.decode import Rows
    from barloom.time.calendar import Integers

__all__ = ["Polled", "Refused", "decode"]

_MILLISECOND: Final = 1_000_000
_LONGEST_TEXT: Final = 1_000_000
"""Characters of a record that are told: in JSON they may take six bytes each, and a topic takes messages of 8 MiB."""


class Refused(NamedTuple):
    """A record that could not be read as the event, and why."""

    message: Record
    problem: str


@dataclass(frozen=True, slots=True)
class Polled:
    """The records of one log: the good ones as ticks, the others; the first one's offset and the one to go on from."""

    ticks: TickBatch
    refused: Sequence[Refused]
    messages: Sequence[Record]
    index: Integers
    first_offset: int
    next_offset: int

    def origins(self, rows: Integers) -> list[Origin]:
        """Where rows of the ticks came from, and how they looked."""
        return [self._origin(self.messages[place], row) for row, place in zip(rows, self.index[rows], strict=True)]

    def _origin(self, message: Record, row: int) -> Origin:
        return Origin(f"{message.topic()}[{message.partition()}]", message.offset(), _text(message, self.ticks, row))


def decode(fetched: Fetched, topics: Sequence[str], decoder: EventDecoder, now: int) -> dict[Log, Polled]:
    """Read the records of some topics, by log; `now` is when those arrived whose topic does not say so itself."""
    records = fetched.records
    if not records:
        return {}
    keys = list(map(type(records[0]).key, records)) if decoder.wants_keys else ()
    rows = decoder.decode(fetched.values, keys)
    arrival = _arrivals(records, rows, now)
    return {log: _polled(records, rows, chosen, arrival) for log, chosen in _by_log(fetched, topics)}


def _by_log(fetched: Fetched, topics: Sequence[str]) -> Iterator[tuple[Log, Integers]]:
    """Which of the records are of which log."""
    records, partition = fetched.records, fetched.partitions
    for topic in topics:
        of_topic = np.ones(len(records), np.bool_)
        if len(topics) > 1:
            of_topic = np.fromiter([record.topic() == topic for record in records], np.bool_, len(records))
        for number in np.unique(partition[of_topic]).tolist():
            yield Log(topic, number), np.flatnonzero(of_topic & (partition == number))


def _polled(records: Sequence[Record], rows: Rows, chosen: Integers, arrival: Integers) -> Polled:
    """The part of a poll at the positions `chosen`."""
    ours = np.zeros(len(records), np.bool_)
    ours[chosen] = True
    good = np.flatnonzero(ours[rows.index])
    where = rows.index[good]
    offset = np.zeros(len(records), np.int64)
    offset[chosen] = _offsets(records, chosen)
    ticks = TickBatch(_rows(rows.frame, good), offset[where], arrival[good])
    refused = []
    if rows.problems:
        places = set(chosen.tolist())
        refused = [Refused(records[place], text) for place, text in rows.problems.items() if place in places]
    return Polled(ticks, refused, records, where, int(offset[chosen[0]]), int(offset[chosen[-1]]) + 1)


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
    arrivals = np.full(len(records), now)
    if TIMESTAMP_LOG_APPEND_TIME in (records[0].timestamp()[0], records[-1].timestamp()[0]):
        stamps = [message.timestamp() for message in records]
        appended = np.array([kind == TIMESTAMP_LOG_APPEND_TIME for kind, _ in stamps])
        times = np.array([time for _, time in stamps], np.int64) * _MILLISECOND
        arrivals[appended] = times[appended]
    return arrivals[rows.index]


def _text(message: Record, ticks: TickBatch, row: int) -> str:
    """A record for people: its own text, or what was read of it."""
    try:
        text = (message.value() or b"").decode()
    except UnicodeDecodeError:
        text = msgspec.json.encode(ticks.frame.row(row, named=True)).decode()
    return text if len(text) <= _LONGEST_TEXT else f"{text[:_LONGEST_TEXT]}…"
