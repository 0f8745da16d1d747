"""A definition at work on a real broker, told step by step what to do as `barloom.testing.Driver` is."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import groupby
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any

import polars as pl
from confluent_kafka import Consumer, Producer, TopicPartition

from barloom.engine.frames import bar_schema
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.config.settings import KafkaSettings
from barloom.kafka.runtime.job import Job
from barloom.plan.barplan import BarPlan
from barloom.plan.identity import topics as names_of
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.source.feeds.word import CompleteTo
from barloom.store.protocol import SideRecord
from barloom.telemetry.health import Health
from barloom.telemetry.late_alarm import LateAlarm
from barloom.telemetry.metrics import NoMetrics
from barloom.testing import Driver, PartitionWatcherStub, Point
from barloom.time.calendars import resolve
from barloom.time.timeframe import MILLISECOND, SECOND, parse_duration
from kafka.committed import CommittedReader
from kafka.member import Member
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from barloom import Bars, RunReport
    from barloom.serde.open import Serde
    from barloom.time.calendar import Calendar
    from catalogue.market import Rows
    from servers.broker import Broker
    from servers.topics import Topics


class WallClock:
    """The time of day is what it is set to, after `halt` was called; waiting takes as long as it takes."""

    def __init__(self, halt: Callable[[], None]) -> None:
        self._now = 0
        self._halt = halt

    def now(self) -> int:
        """Nanoseconds since the epoch."""
        return self._now

    def set(self, now: int) -> None:
        """Any time, also an earlier one."""
        self._halt()
        self._now = now

    def move(self, by: int | str) -> None:
        """Forward by nanoseconds or a written duration."""
        self.set(self._now + (parse_duration(by) if isinstance(by, str) else by))

    def monotonic(self) -> float:
        """The machine's."""
        return monotonic()

    def sleep(self, seconds: float) -> None:
        """Wait."""
        sleep(seconds)


class KafkaDriver:
    """Members of one consumer group in this process, on topics of their own.

    `patience` is after how many seconds the group gives up a member that stands still, `stamped` the kind of the
    input's record times; `static` members have names that the group knows.
    """

    def __init__(  # noqa: PLR0913 - what a test may choose, by name
        self,
        bars: BarPlan | Bars,
        broker: Broker,
        topics: Topics,
        *,
        calendar: Calendar | None = None,
        partitions: int = 1,
        instances: Sequence[str] = ("A",),
        patience: float = 60.0,
        stamped: str = "CreateTime",
        static: bool = False,
        **more: Any,  # noqa: ANN401 - settings of KafkaSettings
    ) -> None:
        plan = bars if isinstance(bars, BarPlan) else bars.plan
        number = sum(name.endswith("-ticks") for name in topics.names())
        self.plan = replace(plan, name=f"{topics.prefix}{number}-{plan.name}")
        self.clock = WallClock(self._rest)
        self.partitions = partitions
        self._static = static
        self.input = topics.create(f"{number}-ticks", partitions, {"message.timestamp.type": stamped})
        self.settings = KafkaSettings(
            brokers=broker.bootstrap,
            app=self.plan.name,
            input=(self.input,),
            **{
                "format": Format.JSON,
                "output_format": Format.JSON,
                "json_times": "ns",
                "commit_interval": MILLISECOND,
                "live_interval": MILLISECOND,
                "client": {"max.poll.interval.ms": str(round(patience * 1000))},
                "session_timeout": min(round(patience), 6) * SECOND,
                **more,
            },
        )
        self.calendar = calendar or resolve(self.plan.calendar)
        self.names = names_of(self.plan, self.settings.app)
        self.watchers = {name: PartitionWatcherStub() for name in instances}
        self.reader = CommittedReader(broker.bootstrap)
        self._happened = Driver(plan, calendar=calendar)._happened  # noqa: SLF001 - when rows arrive, as in memory
        line = {"bootstrap.servers": broker.bootstrap, "log_level": 0}
        self._group = Consumer({**line, "group.id": self.settings.app})
        self._producer = Producer({**line, "linger.ms": 0, "message.max.bytes": 1_040_000})
        self._members: dict[str, Member] = {}
        self._gone: list[Member] = []
        self._serdes: list[Serde] = []
        Cluster.reach(self.settings, self.clock).ensure(self.plan)
        self.serde = self._open_serde()
        if instances:
            self.assign({instances[0]: range(partitions)})

    # Input and time

    def append(self, ticks: Rows, partition: int = 0, *, at: int | None = None) -> None:
        """Write ticks that nobody reads yet; the last one arrives when it happens, or all of them `at` a wall time."""
        rows = [ticks] if isinstance(ticks, Mapping | CompleteTo) else list(ticks)
        happened = [row for row in rows if not isinstance(row, CompleteTo)]
        known = [time for time in self._happened(happened) if time is not None] if at is None else [at]
        known += [row.time for row in rows if isinstance(row, CompleteTo)]  # nobody knows it before
        self._rest()
        for is_mark, group in groupby(rows, lambda row: isinstance(row, CompleteTo)):
            if is_mark:
                self.mark(group, partition)
            else:
                self.send(encoded([*group]), partition)
        # Not before: what was quiet until then would be closed by the clock.
        self.clock.set(max([self.clock.now(), *known]))

    def send(
        self,
        values: Sequence[bytes | None],
        partition: int = 0,
        *,
        times: Sequence[int] | None = None,
        key: bytes | None = None,
    ) -> None:
        """Write values as they are; `times` (ns) are the records' own, else these are the producer's."""
        for place, value in enumerate(values):
            stamp = 0 if times is None else times[place] // MILLISECOND
            self._producer.produce(self.input, value, key, partition, timestamp=stamp)
        self._producer.flush()

    def mark(self, marks: Iterable[CompleteTo], partition: int = 0) -> None:
        """Write marks."""
        for mark in marks:
            key = {name: mark.key[name] for name in self.plan.event.key} if mark.key else None
            written = None if key is None else json.dumps(key).encode()
            headers: list[tuple[str, str | bytes | None]] = [("barloom-complete-to", str(mark.time))]
            self._producer.produce(self.input, None, written, partition, headers=headers)
        self._producer.flush()

    def feed(self, ticks: Rows, partition: int = 0, *, at: int | None = None) -> None:
        """Write ticks and wait until nothing is left to read."""
        self.append(ticks, partition, at=at)
        self.settle(look=False)

    def move_clock(self, by: int | str) -> None:
        """Let time pass, and everybody look at the clock."""
        self.clock.move(by)
        self.settle()

    def settle(self, *, look: bool = True) -> None:
        """Wait until all that is in the logs is committed, and every member has looked at the clock since."""
        running = [member for member in self._members.values() if member.running]
        for member in running:
            member.go_on()
        if not running:
            return
        ends = self.reader.ends(self.input)
        self._until(lambda: all(self._position(number) >= end for number, end in ends.items()), "read")
        if look:
            self.look()

    def look(self) -> None:
        """Wait until every member has looked at the clock and committed what came of it, however much is unread."""
        before = {member: member.latest() for member in self._members.values() if member.running}
        for member, seen in before.items():
            member.go_on()
            self._until(partial(_has_looked, member, seen, self.clock.now()), "settled")

    def start(self, *names: str) -> None:
        """More members; wait until all partitions are shared among all of them."""
        for name in names:
            self._start(name)
        self._until(self._is_shared, "shared")

    def stop(self, name: str) -> None:
        """A member leaves in good order."""
        self._members.pop(name).stop()
        self._until(self._is_shared, "shared")

    def _is_shared(self) -> bool:
        owned = [self._owned_by(name) for name in self._members]
        return all(owned) and sorted(number for numbers in owned for number in numbers) == [*range(self.partitions)]

    def _rest(self) -> None:
        for member in self._members.values():
            member.rest()

    def _position(self, number: int) -> int:
        (found,) = self._group.committed([TopicPartition(self.input, number)], PATIENCE)
        return max(0, found.offset)

    # Members and partitions

    def assign(self, wanted: Mapping[str, Iterable[int]]) -> None:
        """Those that shall own something are members from now on, the others leave or are given up."""
        owners = {name: {*owned} for name, owned in wanted.items() if [*owned]}
        for name in self._members.keys() - owners.keys():
            if self._members[name].running:
                self._members.pop(name).stop()
        for name in owners.keys() - self._members.keys():
            self._start(name)
        for name, expected in owners.items():
            self._members[name].go_on()
            self._until(partial(self._owns, name, expected), "assigned")

    def revoke(self, name: str) -> None:
        """Take everything from a member."""
        self.assign({name: []})

    def restart(self, name: str = "A") -> None:
        """Kill a member and start it again."""
        partitions = self._owned_by(name)
        self.crash(name)
        self.assign({name: partitions})

    def crash(self, name: str) -> None:
        """Kill a member between two turns."""
        member = self._members.pop(name)
        member.crash()
        self._gone.append(member)

    def crash_at(self, point: Point | str, name: str = "A") -> None:
        """Kill a member right after `point`."""
        self._members[name].freeze_at(Point(point))
        self.crash(name)

    def freeze_at(self, point: Point | str, name: str = "A") -> None:
        """Let a member stand still right after `point`."""
        self._members[name].freeze_at(Point(point))

    def thaw(self, name: str) -> bool:
        """Let it go on; false where its turn was refused."""
        if self._members[name].thaw():
            return True
        self._gone.append(self._members.pop(name))
        return False

    def report(self, name: str = "A") -> RunReport:
        """What a member counts and notes, which it goes on doing."""
        return self._members[name].job.report

    def owner(self, partition: int = 0) -> str | None:
        """Who runs a partition."""
        return next((name for name, member in self._members.items() if partition in member.partitions), None)

    def run_until_it_fails(self, name: str) -> None:
        """Start a member that ends by itself; raises what ended it."""
        self._start(name)
        member = self._members.pop(name)
        until = monotonic() + PATIENCE
        while member.failure is None:
            assert monotonic() < until, f"{name} does not end"
            sleep(0.01)
        raise member.failure

    def close(self) -> None:
        """End all members."""
        for member in self._members.values():
            member.crash()
        self._members.clear()
        self._gone.clear()
        self._group.close()
        for serde in self._serdes:
            serde.close()

    def _owns(self, name: str, expected: set[int]) -> bool:
        return expected <= self._owned_by(name)

    def _owned_by(self, name: str) -> frozenset[int]:
        member = self._members[name]
        assert member.failure is None, member.failure
        return member.partitions

    def _start(self, name: str) -> None:
        job = Job(
            plan=self.plan,
            settings=replace(self.settings, instance_id=name) if self._static else self.settings,
            topics=self.names,
            serde=self._open_serde(),
            partitions=self.partitions,
            owner=f"{name}-{len(self._gone)}",
            clock=self.clock,
            metrics=NoMetrics(),
            health=Health(self.clock),
            alarm=LateAlarm(1.0, self.clock),
            calendar=self.calendar,
        )
        number = len(self._gone) + sum(len(watcher.events) for watcher in self.watchers.values())
        watcher = self.watchers.setdefault(name, PartitionWatcherStub())
        self._members[name] = Member(job, f"{self.settings.app}-{name}-{number}", watcher)

    # Output

    def finals(self, timeframe: str) -> pl.DataFrame:
        """The committed finals, in the order of their publication within a partition."""
        return self._frame(timeframe, self.reader.records(self.names.final[timeframe]))

    def live_history(self, timeframe: str) -> pl.DataFrame:
        """Every committed state of the live bars, finals included."""
        return self._frame(timeframe, self.reader.records(self.names.live[timeframe]))

    def lives(self, timeframe: str) -> pl.DataFrame:
        """The latest live state of each bar, as compaction leaves it."""
        return self._frame(timeframe, list(self.reader.latest(self.names.live[timeframe]).values()))

    def rejected(self) -> list[SideRecord]:
        """The side output."""
        documents = [json.loads(record.value() or b"") for record in self.reader.records(self.names.late)]
        assert all(document.pop("format") == 1 for document in documents)
        return [SideRecord(**{**document, "key": None}) for document in documents]

    def _frame(self, timeframe: str, records: Sequence[Any]) -> pl.DataFrame:
        there = [record for record in records if record.value() is not None]
        if not there:
            return pl.DataFrame(schema=bar_schema(self.plan))
        level = self.plan.level_of(timeframe)
        keys, values = [record.key() for record in there], [record.value() for record in there]
        return self.serde.bar_decoder.frame(level, keys, values)

    def _open_serde(self) -> Serde:
        made = open_serde(
            self.plan,
            self.calendar,
            format=self.settings.format,
            output_format=self.settings.output_format,
            registry=self.settings.registry,
            json_times="ns",
            topics=self.names,
            input_topics=self.settings.input,
        )
        self._serdes.append(made)
        return made

    def _until(self, done: Callable[[], bool], what: str) -> None:
        until = monotonic() + PATIENCE
        while not done():
            failed = {name: member.failure for name, member in self._members.items() if member.failure}
            assert not failed, failed
            assert monotonic() < until, f"not {what} after {PATIENCE} s"
            sleep(0.002)


def encoded(rows: Sequence[Any]) -> list[bytes | None]:
    """Rows as JSON."""
    return [json.dumps(row, default=_written).encode() for row in rows]


def _has_looked(member: Member, before: object, now: int) -> bool:
    seen = member.settled_with
    return seen is not None and seen is not before and seen.at >= now


def _written(value: object) -> str:
    """Times, as JSON has none."""
    assert isinstance(value, datetime)
    return value.isoformat()
