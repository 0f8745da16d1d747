"""One owned partition: its engine, its changelog, and how far its input was read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.times.key_columns import KEY_TIME
from barloom.engine.times.stream_time import BEGINNING
from barloom.kafka.events.closed import without_outdated
from barloom.kafka.runtime.fetched import Log
from barloom.kafka.runtime.lives import PendingLives
from barloom.kafka.runtime.marking import TopicMarks
from barloom.kafka.state.changelog import Position, meta_record
from barloom.kafka.state.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.engine.blocks import ClosedSlots, Step
    from barloom.engine.engine import Engine
    from barloom.engine.floors import Published
    from barloom.kafka.runtime.passing import PassedHeaders
    from barloom.kafka.runtime.polling import Polled
    from barloom.kafka.runtime.publication import Publication
    from barloom.kafka.runtime.watermarks import Seen
    from barloom.kafka.state.changelog import ChangelogWriter

__all__ = ["Partition"]


class Partition:
    """Takes the records of one partition of the input; what it says goes into the open transaction.

    When a transaction is given up, its engine is ahead of the topics: throw it away and restore another. `offsets` are
    the next ones to read by topic, `passed` the headers that bars carry, `since` when it was taken over (nanoseconds
    UTC), `fresh` whether its changelog is still empty.
    """

    def __init__(  # noqa: PLR0913 - what a partition is made of
        self,
        number: int,
        engine: Engine,
        changelog: ChangelogWriter,
        offsets: Mapping[str, int],
        passed: PassedHeaders | None = None,
        *,
        since: int,
        fresh: bool,
        inputs: Mapping[str, str] | None = None,
        marks: Mapping[str, int] | None = None,
    ) -> None:
        self.number = number
        self.engine = engine
        self.offsets = dict(offsets)
        self.since = since
        self._changelog = changelog
        self._passed = passed
        self._lives = PendingLives()
        self._fresh = fresh
        self._inputs = dict(inputs or {})
        self._marks = TopicMarks(self._inputs, marks or {})
        self._known_keys = 0
        self._said: tuple[int | None, int | None, Mapping[str, int]] | None = None
        self._moved_keys: dict[bytes, bytes] = {}
        self._closed: list[ClosedSlots] = []
        self._ends: Mapping[str, int] | None = None

    @property
    def unsaid(self) -> bool:
        """Whether stream time or position moved, or quiet slots were closed, since that was last published."""
        return bool(self._closed) or self._said != (self.engine.stream_time, self._clock, self.offsets)

    @property
    def _clock(self) -> int | None:
        """Where the clock has brought all keys, where they have times of their own."""
        reached = self.engine.time.common
        return reached if self.engine.plan.by_key and reached > BEGINNING else None

    @property
    def lag(self) -> int | None:
        """Records between the position and the end of the input when it was last looked at."""
        if self._ends is None:
            return None
        return sum(max(0, end - self.offsets.get(topic, end)) for topic, end in self._ends.items())

    def new_keys(self) -> list[tuple[object, ...]]:
        """The keys that appeared since this was last asked."""
        known, self._known_keys = self._known_keys, len(self.engine.keys)
        return self.engine.keys.rows(np.arange(known, self._known_keys))

    def take(self, topic: str, polled: Polled, publication: Publication, now: int) -> Step:
        """Step over what a poll brought from a topic."""
        step = self.engine.step(self._marks.joined(topic, polled.ticks))
        self.offsets[topic] = polled.next_offset
        publication.refused(self.number, step, polled, self._passed)
        publication.dead_letters(self.number, polled.refused, now)
        for change in () if self._passed is None else self._passed.take(polled, step):
            publication.change(self.number, change)
        self._publish(step, publication)
        return step

    def reached(self, topic: str, end: int) -> None:
        """The end of a log was met: what lies before `end` and was not delivered are marks of transactions."""
        self.offsets[topic] = max(end, self.offsets.get(topic, 0))

    def look_at_clock(self, seen: Seen, publication: Publication) -> Step | None:
        """Let the clock close quiet slots if nothing was left to read at the moment when the log's end was seen.

        None where that tells nothing that cannot wait for the next commit.
        """
        logs = {topic: seen.ends.get(Log(topic, self.number)) for topic in self.offsets}
        if not logs or None in logs.values():
            return None
        self._ends = {topic: end for topic, end in logs.items() if end is not None}
        if self.lag:
            return None
        step = self.engine.advance(seen.at)
        telling = bool(step.finals or step.lives or step.retracted or step.holes)
        if telling or step.closed:
            publication.holes(self.number, step)
            self._publish(step, publication)
        return step if telling else None

    def set_back(self, to: int, published: Sequence[Published], publication: Publication) -> Step:
        """Let its stream time stand at `to` again, as `Engine.set_back` does."""
        step = self.engine.set_back(to, published)
        self._marks.set_back(to)
        self._publish(step, publication)
        self.show(publication)
        return step

    def show(self, publication: Publication) -> None:
        """Publish the live bars that changed since the last time."""
        if self._lives:
            publication.lives(self.number, self._lives.drain(self.engine), self.engine.keys, self._passed)

    def settle(self, publication: Publication, owner: str, transactional_id: str, state: str, at: int) -> None:
        """Say, at the end of a transaction, how far it has brought the partition.

        An empty `transactional_id` says that the partition is given up and nothing of it is left open.
        """
        if self._fresh:
            publication.change(self.number, meta_record(self.engine.plan))
            self._fresh = False
        publication.change(
            self.number, Position(self.offsets, transactional_id, self._inputs, self._marks.latest).change()
        )
        self._said = (self.engine.stream_time, self._clock, dict(self.offsets))
        publication.closed(self.number, without_outdated(self._closed), at)
        self._closed = []
        publication.key_progress(self.number, self._moved_keys)
        self._moved_keys = {}
        publication.progress(
            Progress(
                partition=self.number,
                owner=owner,
                state=state,
                since=self.since,
                at=at,
                stream_time=self.engine.stream_time,
                position=dict(self.offsets),
                high_watermark=self._ends,
                lag=self.lag,
                first=self.engine.time.first,
                max_event=self.engine.time.max_event,
                arrived_at=self.engine.time.arrived_at,
                complete_from=self.engine.time.complete_from,
                clock=self._clock,
            )
        )

    def positions(self) -> Iterator[tuple[str, int, int]]:
        """The next offset to read of each log: topic, partition, offset."""
        return ((topic, self.number, offset) for topic, offset in self.offsets.items())

    def _publish(self, step: Step, publication: Publication) -> None:
        keys = self.engine.keys
        publication.finals(self.number, step.finals, keys, self._passed)
        publication.retracted(self.number, step.retracted, keys)
        self._closed += step.closed
        publication.state(self.number, *self._changelog.changes(step, keys))
        for name, value in step.entries.items() if self.engine.plan.by_key else ():
            if value is not None and name.startswith(KEY_TIME):
                self._moved_keys[name] = value
        if publication.live:
            self._lives.settle([*step.finals, *step.retracted])
            self._lives.add(step.lives)
