"""The marks of a poll: which of its records say up to when the input is complete, and at which place they say so."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from barloom.engine.blocks import Marks
from barloom.engine.times.stream_time import BEGINNING
from barloom.kafka.events.marks import mark_in, time_of
from barloom.kafka.runtime.items import Refused
from barloom.plan.ladder import written
from barloom.time.timeframe import MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from barloom.engine.blocks import TickBatch
    from barloom.kafka.runtime.fetched import Record
    from barloom.plan.barplan import BarPlan
    from barloom.serde.open import Serde
    from barloom.time.calendar import Booleans, Integers

__all__ = ["FoundMarks", "MarkReader", "TopicMarks", "kept_marks"]

_Key: TypeAlias = "tuple[object, ...] | None"


@dataclass(slots=True)
class FoundMarks:
    """Marks by the place of their record among those of a poll, rising; `refused` are those that cannot be read."""

    places: list[int] = field(default_factory=list)
    times: list[int] = field(default_factory=list)
    keys: list[_Key] = field(default_factory=list)
    refused: dict[int, Refused] = field(default_factory=dict)

    def among(self, ours: Booleans, rows: Integers) -> Marks | None:
        """Those at some places, between rows whose records stand at the places `rows`; none where there are none."""
        chosen = [number for number, place in enumerate(self.places) if ours[place]]
        if not chosen:
            return None
        return Marks(
            np.searchsorted(rows, [self.places[number] for number in chosen]),
            np.array([self.times[number] for number in chosen], np.int64),
            [self.keys[number] for number in chosen],
        )


class MarkReader:
    """Tells marks apart from other messages without a value."""

    def __init__(self, plan: BarPlan, serde: Serde) -> None:
        self._serde = serde
        self._max_ahead = plan.max_ahead

    def take(self, records: Sequence[Record], without_value: Sequence[int], now: int) -> FoundMarks:
        """The marks among the records at some places; `now` is when those arrived whose topic does not say so.

        Raises `RegistryUnavailable` where a schema has to be fetched for a key and the registry does not answer.
        """
        found = FoundMarks()
        said = {place: text for place in without_value if (text := mark_in(records[place])) is not None}
        if not said:
            return found
        keys, unread = self._keys([records[place].key() for place in said])
        for row, (place, text) in enumerate(said.items()):
            time, problem = self._time(text, records[place], now)
            problem = f"its key cannot be read: {unread[row]}" if row in unread else problem
            if problem is not None:
                found.refused[place] = Refused(records[place], f"a mark that is none: {problem}")
                continue
            found.places.append(place)
            found.times.append(time)
            found.keys.append(keys[row])
        return found

    def _keys(self, keys: Sequence[bytes | None]) -> tuple[list[_Key], Mapping[int, str]]:
        """What each mark speaks of (none: all keys of the partition), and what is wrong with which."""
        rows = [row for row, key in enumerate(keys) if key is not None]
        read: list[_Key] = [None] * len(keys)
        if not rows:
            return read, {}
        found, problems = self._serde.mark_keys.read([key for key in keys if key is not None])
        for row, one in zip(rows, found, strict=True):
            read[row] = one
        return read, {rows[place]: text for place, text in problems.items()}

    def _time(self, said: bytes, record: Record, now: int) -> tuple[int, str | None]:
        """The time of a mark, and what is wrong with it: it lies no further ahead of its arrival than a tick's may."""
        from confluent_kafka import TIMESTAMP_LOG_APPEND_TIME  # noqa: PLC0415 - an extra

        try:
            time = time_of(said)
        except ValueError as error:
            return 0, str(error)
        kind, stamp = record.timestamp()
        ahead = time - (stamp * MILLISECOND if kind == TIMESTAMP_LOG_APPEND_TIME else now)
        if ahead <= self._max_ahead:
            return time, None
        return 0, f"its time is {written(ahead)} after its arrival, and max_ahead is {written(self._max_ahead)}"


class TopicMarks:
    """Marks of a whole partition, where it is that of several topics: it is complete as far as each of them says.

    `latest` is how far that is by topic; nothing is kept for a single topic.
    """

    def __init__(self, topics: Collection[str], latest: Mapping[str, int]) -> None:
        self._topics = topics
        self.latest = dict(latest)

    def joined(self, topic: str, ticks: TickBatch) -> TickBatch:
        """The rows of a topic with marks that hold for all topics.

        Until each has had one they move nothing, and say only that there are marks.
        """
        marks = ticks.marks
        if marks is None or len(self._topics) <= 1 or all(key is not None for key in marks.keys):
            return ticks
        time = marks.time.copy()
        for place, key in enumerate(marks.keys):
            if key is None:
                self.latest[topic] = max(int(time[place]), self.latest.get(topic, BEGINNING))
                time[place] = min(self.latest.get(each, BEGINNING) for each in self._topics)
        return replace(ticks, marks=marks._replace(time=time))

    def set_back(self, to: int) -> None:
        """Stream time stands at an earlier time again."""
        self.latest = {topic: min(at, to) for topic, at in self.latest.items()}


def kept_marks(marks: Marks | None, rows: Booleans, wanted: Booleans) -> Marks | None:
    """Marks among fewer rows: `rows` are those that stay, `wanted` the marks that do; none where none does."""
    if marks is None or not wanted.any():
        return None
    before = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)])
    keys = [key for key, is_wanted in zip(marks.keys, wanted.tolist(), strict=True) if is_wanted]
    return Marks(before[marks.after[wanted]], marks.time[wanted], keys)
