"""What an instance works with, from its first member of the group to its last, and what it tells about itself."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import Reason
from barloom.runtime.liveness import too_late_for_the_clock
from barloom.runtime.report import RunReport
from barloom.telemetry.logs import get_logger
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from barloom.clock import Clock
    from barloom.engine.blocks import Marks, Step, TickBatch
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.runtime.partition import Partition
    from barloom.kafka.runtime.span import Span
    from barloom.plan.barplan import BarPlan
    from barloom.plan.identity import Topics
    from barloom.serde.open import Serde
    from barloom.telemetry.health import Health
    from barloom.telemetry.late_alarm import LateAlarm
    from barloom.telemetry.metrics import Metrics
    from barloom.time.calendar import Calendar

__all__ = ["Job", "Status"]

_log = get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Status:
    """How an instance is: its totals so far, the state of each of its partitions, and seconds since it began."""

    report: RunReport
    states: Mapping[int, str]
    lag: int | None
    seconds: float


@dataclass(slots=True)
class Job:
    """A definition, the cluster, and everything that outlives a membership in the group.

    `partitions` is the number of the input's partitions, `owner` how this instance is called, unlike any other; `span`
    what is read of the input where it is not to be followed for ever; `inputs` are the ids of its topics;
    `stop` is set when it is to end.
    """

    plan: BarPlan
    settings: KafkaSettings
    topics: Topics
    serde: Serde
    partitions: int
    owner: str
    clock: Clock
    metrics: Metrics
    health: Health
    alarm: LateAlarm
    calendar: Calendar
    on_status: Callable[[Status], None] | None = None
    span: Span | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    stop: Event = field(default_factory=Event)
    report: RunReport = field(default_factory=RunReport)
    began: float = 0.0
    lag: int | None = None
    states: dict[int, str] = field(default_factory=dict)

    def count(self, partition: int, step: Step, rows: int, dead: int) -> None:
        """Add a step of a partition."""
        self.report.count(self.plan, step)
        self.report.ticks += rows
        if rows:
            self.metrics.ticks(partition, rows)
        if dead:
            self.report.dead_letters += dead
            self.report.rejected["invalid"] = self.report.rejected.get("invalid", 0) + dead
            self.metrics.rejected("invalid", dead)
        for reason, number in step.counts.items():
            if number and reason not in {"accepted", "filtered"}:
                self.metrics.rejected(reason, number)
        if step.counts.get("duplicate"):
            self.metrics.duplicates(step.counts["duplicate"])

    def passed_over(self, tombstones: int, marks: Marks | None) -> None:
        """Add messages without a value, which are no ticks."""
        if marks is not None:
            self.report.marks += len(marks.time)
            self.metrics.marks(len(marks.time))
        if tombstones:
            self.report.tombstones += tombstones
            self.metrics.tombstones(tombstones)

    def watch_late(self, partition: int, ticks: TickBatch, step: Step) -> None:
        """Raise or clear the alarm about late rows, as a step may give cause to."""
        late = np.empty(0, np.int64)
        if step.rejected is not None:
            late = step.rejected.row[step.rejected.reason == Reason.LATE]
        keys = Counter(ticks.frame.select(self.plan.event.key)[late].rows() if len(late) else ())
        window = self.alarm.add(partition, len(ticks), len(late), keys)
        if window is not None:
            self.metrics.late_share(partition, window.share, alarm=window.alarm)
            if window.changed:
                tell = _log.warning if window.alarm else _log.info
                tell("late rows", partition=partition, share=window.text)

    def committed(self, seconds: float, partitions: Collection[Partition]) -> None:
        """A transaction was committed."""
        self.metrics.commit(seconds)
        if self.span is not None:
            self.span.committed(partitions)
        lags = []
        now = self.clock.now()
        for partition in partitions:
            if partition.lag is not None:
                lags.append(partition.lag)
                self.metrics.consumer_lag(partition.number, partition.lag)
            stream_time = partition.engine.stream_time
            if stream_time is not None:
                self.metrics.stream_lag(partition.number, (now - stream_time) / SECOND)
            self.metrics.open_slots(partition.number, partition.engine.open_slots)
        self.lag = sum(lags) if lags else None

    def tell_of_delay(self, partitions: Iterable[Partition]) -> None:
        """Say at the end why the clock has closed nothing, if rows came too long after they had happened."""
        told = (
            too_late_for_the_clock(self.plan, partition.engine.time) for partition in partitions if not partition.lag
        )
        note = next((text for text in told if text is not None), None)
        if note is not None:
            self.report.notes.append(note)

    def heartbeat(self, states: Mapping[int, str]) -> None:
        """The loop has gone round once more; these are its partitions."""
        self.health.progressed()
        if states != self.states:
            for gone in self.states.keys() - states.keys():
                self.metrics.forget(gone)
                self.alarm.forget(gone)
            self.health.owned(states)
            for partition, state in states.items():
                self.health.state(partition, state)
            self.states = dict(states)
        if self.on_status is not None:
            seconds = self.clock.monotonic() - self.began
            self.on_status(Status(self.report, states, self.lag, seconds))
