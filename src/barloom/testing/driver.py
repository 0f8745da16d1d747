"""A definition at work, step by step: feed ticks, move the clock, hand partitions over, crash, read the bars."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import numpy as np
import polars as pl

from barloom.engine.frames import bar_schema
from barloom.engine.market import Market
from barloom.engine.stamps import Stamps
from barloom.plan.barplan import BarPlan, InputKind
from barloom.testing.clock import FakeClock
from barloom.testing.group import TopicPartition
from barloom.testing.instance import REFUSED, Instance, Point
from barloom.testing.log import InMemoryLog
from barloom.testing.progress import InMemoryWindowProgressStore
from barloom.testing.publication import Publisher
from barloom.testing.stubs import PartitionWatcherStub
from barloom.testing.ticks import TickReader, as_rows
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from barloom.engine.blocks import ClosedSlots
    from barloom.store.protocol import SideRecord
    from barloom.time.calendar import Calendar

__all__ = ["Driver", "Ticks"]

Ticks: TypeAlias = "pl.DataFrame | Mapping[str, Any] | Iterable[Any]"
"""Rows as dictionaries or events, one or many, or a frame of them; between rows also `CompleteTo` marks."""


class _Planned(Protocol):
    @property
    def plan(self) -> BarPlan: ...


class Driver:
    """Runs a definition on an in-memory log, with one engine for each owned partition.

    Each step becomes one transaction: finals, live bars, side output, changelog and input position. A partition that
    changes its owner is restored from the changelog. What may go wrong is done on purpose: `crash`, `crash_at`,
    `freeze_at`, `redeliver`. A second final of a slot raises at once, whoever published it.

    Ticks arrive, unless `at` says otherwise, when they happen: the clock follows them.

    >>> driver = Driver(bars)
    >>> driver.feed([{"symbol": "EURUSD", "at": "2025-01-06T10:00:00Z", "bid": "1.1"}])
    >>> driver.move_clock("2m")
    >>> driver.finals("1m")["close"].to_list()
    [Decimal('1.1')]
    """

    def __init__(
        self,
        bars: BarPlan | _Planned,
        *,
        calendar: Calendar | None = None,
        partitions: int = 1,
        instances: Sequence[str] = ("A",),
        batch_rows: int | None = None,
    ) -> None:
        self.plan = bars if isinstance(bars, BarPlan) else bars.plan
        self.calendar = calendar or resolve(self.plan.calendar)
        self.clock = FakeClock(0)
        self.log = InMemoryLog(self.clock)
        self.batch_rows = batch_rows
        self.progress = InMemoryWindowProgressStore()
        self.watchers: dict[str, PartitionWatcherStub] = {}
        self._publisher = Publisher(self.plan, self.calendar, self.progress)
        self._reader = TickReader(self.plan)
        self._instances: dict[str, Instance] = {}
        self._paused: dict[str, tuple[int, Iterator[Point]]] = {}
        self._had: dict[str, tuple[int, ...]] = {}
        for topic in self._publisher.topics:
            self.log.create(topic, partitions)
        for name in instances:
            self.start(name)
        self.assign({instances[0]: range(partitions)})

    # Input and time

    def append(self, ticks: Ticks, partition: int = 0, *, at: int | None = None) -> range:
        """Write ticks to the input and return their offsets; nobody reads them yet.

        `at` is the wall time (nanoseconds) of their arrival; by default each arrives when it happens.
        """
        topic = self._publisher.topics.ticks
        first = self.log.high_watermark(topic, partition)
        rows = as_rows(ticks)
        if at is not None:
            self.clock.set(at)
        times = self._happened(rows) if at is None else [None] * len(rows)
        for row, time in zip(rows, times, strict=True):
            if time is not None and time > self.clock.now():
                self.clock.set(time)
            self.log.append(topic, partition, key=None, value=row)
        return range(first, first + len(rows))

    def feed(self, ticks: Ticks, partition: int = 0, *, at: int | None = None) -> range:
        """Write ticks to the input and let every instance work until nothing is left to read."""
        offsets = self.append(ticks, partition, at=at)
        self.settle()
        return offsets

    def redeliver(self, offsets: Iterable[int], partition: int = 0) -> range:
        """Write records once more, as a producer does that retries without idempotence, and let the instances work."""
        topic = self._publisher.topics.ticks
        first = self.log.high_watermark(topic, partition)
        for offset in offsets:
            (record,) = self.log.read(topic, partition, offset, limit=1).records
            self.log.append(topic, partition, key=record.key, value=record.value)
        self.settle()
        return range(first, self.log.high_watermark(topic, partition))

    def move_clock(self, by: int | str) -> None:
        """Let time pass, and every caught-up instance look at the clock."""
        self.clock.move(by)
        self.settle()

    def set_clock(self, to: int) -> None:
        """Set the wall time, and let every caught-up instance look at it."""
        self.clock.set(to)
        self.settle()

    def settle(self) -> None:
        """Every running instance takes turns until it has caught up; each owned partition gets at least one."""
        for instance in [*self._instances.values()]:
            if instance.name not in self._paused:
                for partition in instance.partitions:
                    self._work(instance, partition)

    def turn(self, name: str, partition: int = 0) -> bool:
        """One turn of one instance; false where it was refused because another took over."""
        return self._finish(self._instances[name], partition, self._instances[name].turn(partition, self.batch_rows))

    # Instances and partitions

    def start(self, name: str) -> None:
        """Start an instance, which owns nothing until it is assigned; a running one of that name must have stopped."""
        if name in self._instances:
            message = f"{name!r} runs already; stop or crash it first"
            raise ValueError(message)
        watcher = self.watchers.setdefault(name, PartitionWatcherStub())
        self._instances[name] = Instance(self.log, name, self._publisher, self._reader, watcher)

    def stop(self, name: str) -> None:
        """Close an instance in good order."""
        instance = self._instances.pop(name)
        self._had[name] = instance.partitions
        instance.consumer.close()

    def crash(self, name: str) -> None:
        """Kill an instance: its memory is gone, what it wrote but did not commit stays open until a successor comes."""
        instance = self._instances.pop(name)
        self._had[name] = instance.partitions
        self._paused.pop(name, None)
        instance.consumer.freeze()
        instance.consumer.group.leave(name)

    def restart(self, name: str = "A") -> None:
        """Start an instance again with the partitions it had, which it restores from the changelog.

        One that runs is killed before. One that has crashed or stopped gets what nobody took over meanwhile.
        """
        if name in self._instances:
            self.crash(name)
        if name not in self._had:
            known = ", ".join(sorted({*self._instances, *self._had}))
            message = f"{name!r} never ran; there are {known}"
            raise ValueError(message)
        left = [partition for partition in self._had[name] if self.owner(partition) is None]
        self.start(name)
        self.assign({name: left})

    def crash_at(self, point: Point | str, name: str = "A", partition: int = 0) -> None:
        """Let an instance take a turn and kill it right after `point`."""
        self._run_to(Point(point), name, partition)
        self.crash(name)

    def freeze_at(self, point: Point | str, name: str = "A", partition: int = 0) -> None:
        """Stop an instance right after `point` of a turn, as a long pause of its process does.

        The group gives it up when its partitions are assigned to others; it does not know until `thaw`.
        """
        self._paused[name] = (partition, self._run_to(Point(point), name, partition))
        self._instances[name].consumer.freeze()

    def thaw(self, name: str) -> bool:
        """Let a frozen instance go on where it stood; false where its turn was refused."""
        partition, rest = self._paused.pop(name)
        instance = self._instances[name]
        done = self._finish(instance, partition, rest)
        instance.consumer.thaw()
        return done

    def assign(self, wanted: Mapping[str, Iterable[int]]) -> None:
        """Rebalance: these instances own exactly these partitions, the others keep what is left to them."""
        topic = self._publisher.topics.ticks
        group = self.log.group(self.plan.name)
        group.assign(
            {name: [TopicPartition(topic, partition) for partition in owned] for name, owned in wanted.items()}
        )

    def revoke(self, name: str, *partitions: int) -> None:
        """Take partitions (default: all) from an instance; nobody owns them until they are assigned."""
        kept = set(self._instances[name].partitions) - set(partitions) if partitions else set()
        self.assign({name: kept})

    def owner(self, partition: int = 0) -> str | None:
        """Who owns a partition."""
        return self.log.group(self.plan.name).owner(TopicPartition(self._publisher.topics.ticks, partition))

    def stream_time(self, partition: int = 0, *, key: tuple[object, ...] | None = None) -> int | None:
        """How far a partition has come, or a key of it (given by its fields), as the partition's owner knows it."""
        owner = self.owner(partition)
        if owner not in self._instances:
            return None
        instance = self._instances[owner]
        return instance.stream_time(partition) if key is None else instance.stream_time_of(partition, key)

    # Output

    def finals(self, timeframe: str) -> pl.DataFrame:
        """The committed finals, in the order of their publication within a partition."""
        return self._frame(self._publisher.topics.final(self.plan.level_of(timeframe)))

    def live_history(self, timeframe: str) -> pl.DataFrame:
        """Every committed state of the live bars, finals included."""
        return self._frame(self._publisher.topics.live(self.plan.level_of(timeframe)))

    def lives(self, timeframe: str) -> pl.DataFrame:
        """The latest live state of each (key, start), as compaction leaves it: a slot that closed shows its final."""
        topic = self._publisher.topics.live(self.plan.level_of(timeframe))
        rows = [
            row
            for partition in range(self.log.partitions(topic))
            for row in self.log.compacted(topic, partition).values()
        ]
        return pl.DataFrame(rows, schema=self._schema, orient="row")

    def closed(self, timeframe: str, partition: int = 0) -> list[ClosedSlots]:
        """What a partition has told of slots that no key can get a bar in any more, in order."""
        level = self.plan.level_of(timeframe)
        records = self.log.read(self._publisher.topics.closed, partition).records
        values: list[Any] = [record.value for record in records]
        return [closed for closed in values if closed.level == level]

    def decided_to(self, timeframe: str) -> int | None:
        """Up to where all partitions have closed the slots of a timeframe; none where one has told nothing."""
        reached = [
            max((closed.to for closed in self.closed(timeframe, partition)), default=None)
            for partition in range(self.log.partitions(self._publisher.topics.closed))
        ]
        return min((to for to in reached if to is not None), default=None) if None not in reached else None

    def rejected(self) -> list[SideRecord]:
        """The side output."""
        values: list[Any] = [record.value for record in self.log.records(self._publisher.topics.rejected)]
        return values

    @cached_property
    def _schema(self) -> pl.Schema:
        return bar_schema(self.plan)

    def _happened(self, rows: Sequence[Any]) -> list[int | None]:
        """When each row can arrive at the earliest: a bar happens at its end."""
        times = self._reader.times(rows)
        if self.plan.input is InputKind.TICKS:
            return times
        known = [0 if time is None else time for time in times]
        placed = Stamps(self.plan, Market(self.plan, self.calendar)).place(np.array(known, np.int64))
        bounds = placed.end if self.plan.finished else placed.start
        return [None if time is None else bound for time, bound in zip(times, bounds.tolist(), strict=True)]

    def _frame(self, topic: str) -> pl.DataFrame:
        rows: list[Any] = [record.value for record in self.log.records(topic) if record.value is not None]
        return pl.DataFrame(rows, schema=self._schema, orient="row")

    def _run_to(self, point: Point, name: str, partition: int) -> Iterator[Point]:
        turn = self._instances[name].turn(partition, self.batch_rows)
        for reached in turn:
            if reached is point:
                break
        return turn

    def _work(self, instance: Instance, partition: int) -> None:
        while self._finish(instance, partition, instance.turn(partition, self.batch_rows)):
            if not instance.behind(partition):
                return

    def _finish(self, instance: Instance, partition: int, turn: Iterator[Point]) -> bool:
        try:
            for _ in turn:
                pass
        except REFUSED:
            instance.drop(partition)
            return False
        return True
