"""What a partition says, as records of the output topics; each goes to the partition of its input."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.kafka.events.closed import closed_records
from barloom.kafka.letters.dead_letters import dead_letter
from barloom.kafka.letters.items import items_text
from barloom.kafka.runtime.output_keys import OutputKeys
from barloom.kafka.state.key_progress import key_progress
from barloom.kafka.state.progress import progress_key
from barloom.runtime.side import hole_records, refused_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from barloom.engine.blocks import BarBlock, BarId, ClosedSlots, Keys, Step
    from barloom.kafka.runtime.items import Refused
    from barloom.kafka.runtime.passing import Headers, PassedHeaders
    from barloom.kafka.runtime.polling import Polled
    from barloom.kafka.runtime.transaction import Transactions
    from barloom.kafka.state.changelog import Change
    from barloom.kafka.state.progress import Progress
    from barloom.plan.barplan import BarPlan
    from barloom.plan.identity import Topics
    from barloom.serde.open import Serde
    from barloom.serde.protocol import Records
    from barloom.telemetry.metrics import Metrics

__all__ = ["Publication"]


class _Due(NamedTuple):
    """Bars to be sent, with common numbers of keys (`OutputKeys`)."""

    topics: tuple[str, ...]
    partition: int
    block: BarBlock
    headers: Sequence[Headers] | None


class Publication:
    """Sends within the open transaction: refused rows, dead letters, state and progress at once, bars with `flush`."""

    def __init__(  # noqa: PLR0913 - what there is to publish, where, and how
        self,
        plan: BarPlan,
        topics: Topics,
        serde: Serde,
        transactions: Transactions,
        metrics: Metrics,
        *,
        live: bool,
        partitions: int,
    ) -> None:
        self._plan = plan
        self._topics = topics
        self._bars, self._late = serde.bars, serde.late  # which registers their schemas
        self._send = transactions.send
        self._send_one = transactions.send_one
        self._metrics = metrics
        self._names = [str(level.timeframe) for level in plan.levels]
        self._keys = OutputKeys()
        self._finals: list[_Due] = []
        self._lives: list[_Due] = []
        self.live = live
        self._partitions = partitions

    @property
    def unsent(self) -> bool:
        """Whether bars wait for `flush`."""
        return bool(self._finals or self._lives)

    def finals(
        self, partition: int, blocks: Iterable[BarBlock], keys: Keys, passed: PassedHeaders | None = None
    ) -> None:
        """Closed bars: to the topic of finals, and as the last word on each to the topic of live bars.

        They are sent in the order of their starts and not key by key, since a definition that has these bars as input
        takes the order of a partition for the order of time.
        """
        for block in blocks:
            name = self._names[block.level]
            also = (self._topics.live[name],) if self.live else ()
            self._finals.append(self._due((self._topics.final[name], *also), partition, _in_time(block), keys, passed))
            self._metrics.bars(name, "final", len(block))

    def lives(
        self, partition: int, blocks: Iterable[BarBlock], keys: Keys, passed: PassedHeaders | None = None
    ) -> None:
        """Open bars."""
        for block in blocks:
            name = self._names[block.level]
            self._lives.append(self._due((self._topics.live[name],), partition, block, keys, passed))
            self._metrics.bars(name, "live", len(block))

    def flush(self) -> None:
        """Send the bars, of all partitions at once: many are encoded for little more than one."""
        for due in (self._finals, self._lives):
            encoded = self._bars.encode([bars.block for bars in due], self._keys)
            for bars, records in zip(due, encoded, strict=True):
                self._send_bars(bars.topics, bars.partition, records, bars.headers)
            due.clear()

    def forget_keys(self) -> None:
        """Partitions were given up: their keys need not be remembered, unless bars still wait under their numbers."""
        if not self.unsent:
            self._keys = OutputKeys()

    def _due(
        self, topics: tuple[str, ...], partition: int, block: BarBlock, keys: Keys, passed: PassedHeaders | None
    ) -> _Due:
        headers = None if passed is None else passed.of(block.key, keys)
        return _Due(topics, partition, replace(block, key=self._keys.numbers(block.key, keys)), headers)

    def _send_bars(
        self, topics: tuple[str, ...], partition: int, records: Records, headers: Sequence[Headers] | None
    ) -> None:
        if headers is None:
            self._send(topics[0], partition, records.keys, records.values, topics[1:])
        else:
            self._send_with(headers, topics, partition, records)

    def _send_with(self, headers: Sequence[Headers], topics: tuple[str, ...], partition: int, records: Records) -> None:
        for topic in topics:
            for key, value, own in zip(records.keys, records.values, headers, strict=True):
                self._send_one(topic, partition, key, value, own)

    def retracted(self, partition: int, gone: Sequence[BarId], keys: Keys) -> None:
        """Heartbeats whose slot closed without a final."""
        for item in gone if self.live else ():
            places = self._bars.tombstones(item, keys)
            self._send(self._topics.live[self._names[item.level]], partition, places, [None] * len(places))

    def closed(self, partition: int, closed: Sequence[ClosedSlots], at: int) -> None:
        """Slots in which no key of a partition gets a bar any more."""
        records = list(closed_records(self._plan, partition, self._partitions, closed, at))
        self._send(self._topics.closed, partition, [item.key for item in records], [item.value for item in records])

    def refused(self, partition: int, step: Step, polled: Polled, passed: PassedHeaders | None = None) -> None:
        """Rows that the engine did not take."""
        self.holes(partition, step)
        side = refused_rows(self._plan, polled.ticks, polled.origins, step.rejected)
        if side:
            records = self._late.encode(side)
            if passed is None or step.rejected is None:
                self._send(self._topics.late, partition, records.keys, records.values)
            else:
                headers = passed.of_rows(polled, step.rejected.row)
                self._send_with(headers, (self._topics.late,), partition, records)

    def holes(self, partition: int, step: Step) -> None:
        """What has become known of absent numbers."""
        if step.holes:
            records = self._late.encode(hole_records(self._plan, step.holes))
            self._send(self._topics.late, partition, records.keys, records.values)

    def dead_letters(self, partition: int, refused: Sequence[Refused], now: int) -> None:
        """Messages that could not be read."""
        for message, problem, items in refused:
            letter = dead_letter(message, problem, now, items_text(items))
            self._send_one(self._topics.dead_letter, partition, letter.key, letter.value, letter.headers)
        if refused:
            self._metrics.dead_letters(len(refused))

    def state(self, partition: int, keys: Sequence[bytes], values: Sequence[bytes | None]) -> None:
        """Changes of the state."""
        self._send(self._topics.changelog, partition, keys, values)

    def change(self, partition: int, change: Change) -> None:
        """One change of the state."""
        self._send(self._topics.changelog, partition, [change.key], [change.value])

    def progress(self, progress: Progress) -> None:
        """How far a partition is."""
        key = progress_key(progress.partition)
        self._send(self._topics.progress, progress.partition, [key], [progress.encoded()])

    def key_progress(self, partition: int, entries: Mapping[bytes, bytes]) -> None:
        """Where keys are that have a time of their own, by the names of their entries in the state."""
        told = [key_progress(partition, name, entry) for name, entry in entries.items()]
        self._send(self._topics.progress, partition, [one.key for one in told], [one.value for one in told])


def _in_time(block: BarBlock) -> BarBlock:
    """The bars by start; those of one start by key, as they stand."""
    if (block.start[1:] >= block.start[:-1]).all():
        return block
    return block.take(np.argsort(block.start, kind="stable"))
