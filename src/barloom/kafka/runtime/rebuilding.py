"""The bars of an input once more, as another application with topics of its own, beside the one that runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from barloom.clock import SystemClock
from barloom.errors import BrokerError, TopicMismatch
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.cluster.clients import producer_config
from barloom.kafka.reader.ends import Ends
from barloom.kafka.reader.feeds import Lane
from barloom.kafka.runtime.fetched import Log
from barloom.kafka.runtime.running import run
from barloom.kafka.runtime.span import Span
from barloom.kafka.runtime.transaction import Transactions
from barloom.kafka.state.changelog import Position, meta_record
from barloom.kafka.state.forgetting import known_of
from barloom.plan.identity import topics
from barloom.runtime.report import RunProgress
from barloom.source.protocol import Progress

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from threading import Event

    from barloom.clock import Clock
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.runtime.job import Status
    from barloom.plan.barplan import BarPlan
    from barloom.runtime.report import RunReport

__all__ = ["Rebuilt", "rebuild"]


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild did, how many offsets of the input it covers, and whether it came to their end."""

    report: RunReport
    offsets: int
    complete: bool


def rebuild(  # noqa: PLR0913 - the settings of a rebuild, by name
    plan: BarPlan,
    settings: KafkaSettings,
    *,
    stop: Event,
    begin: int | None = None,
    end: int | None = None,
    resume: bool = False,
    on_progress: Callable[[RunProgress], None] | None = None,
    clock: Clock | None = None,
) -> Rebuilt:
    """Make the bars from the messages from `begin` up to, not including, `end`, by their timestamps (nanoseconds UTC).

    Without `begin` the input is read from its first message, without `end` up to where it ends now. An instance of the
    same application then goes on exactly there. `resume` goes on with a rebuild that was stopped. Raises `BrokerError`
    while the application has members, and `TopicMismatch` where it has a state already, or where its topics of bars
    hold what another application has made.
    """
    clock = clock or SystemClock()
    cluster = Cluster.reach(settings, clock)
    partitions = cluster.inputs().partitions
    lanes = [Lane(topic, number) for topic in settings.input for number in range(partitions)]
    ends = Ends(cluster.admin)
    first = ends.first(lanes) if begin is None else ends.since(lanes, begin)
    last = ends.stable(lanes) if end is None else ends.since(lanes, end)
    _refuse_members(cluster, plan, settings)
    if not resume:
        _refuse_used(cluster, ends, plan, settings)
        if begin is not None:
            cluster.ensure(plan)
            _seed(plan, settings, clock, partitions, first)
    span = Span({Log(*lane): at for lane, at in first.items()}, {Log(*lane): at for lane, at in last.items()}, stop)
    tell = None if on_progress is None else _told(span, on_progress)
    report = run(plan, settings, stop=stop, on_status=tell, clock=clock, span=span)
    report.interrupted = not span.finished
    return Rebuilt(report, span.total, span.finished)


def _told(span: Span, on_progress: Callable[[RunProgress], None]) -> Callable[[Status], None]:
    def tell(status: Status) -> None:
        report = status.report
        progress = Progress(span.done, span.total)
        on_progress(RunProgress(report.ticks, progress, report.stream_time_ns, status.seconds))

    return tell


def _refuse_members(cluster: Cluster, plan: BarPlan, settings: KafkaSettings) -> None:
    """An application that runs is not rebuilt under its feet."""
    if members := known_of(cluster, plan, settings).members:
        message = (
            f"the application {settings.app!r} is running ({members} member(s) in its group)\n"
            "    fix: give the rebuilt bars an application of their own (--app NEW --name NEW)"
        )
        raise BrokerError(message)


def _refuse_used(cluster: Cluster, ends: Ends, plan: BarPlan, settings: KafkaSettings) -> None:
    """Bars go into topics that hold none: in others each of them would stand twice."""
    names = topics(plan, settings.app)
    used = _used(cluster, ends, [names.changelog, *names.final.values(), *names.live.values(), names.late])
    if names.changelog in used:
        message = (
            f"the application {settings.app!r} has a state already, in {names.changelog}\n"
            "    fix: name another one (--app), forget this one with barloom reset, or go on with a rebuild that was "
            "stopped (--resume)"
        )
        raise TopicMismatch(message)
    if used:
        message = (
            f"{used[0]} holds bars already, made by another application\n"
            f'    fix: give the rebuilt bars another name, with which their topics begin: --name "{plan.name}2"'
        )
        raise TopicMismatch(message)


def _used(cluster: Cluster, ends: Ends, names: Iterable[str]) -> list[str]:
    """Those of the topics that are there and not empty."""
    found = cluster.found(names)
    lanes = [Lane(name, number) for name, topic in found.items() for number in range(topic.partitions)]
    last = ends.stable(lanes) if lanes else {}
    return [name for name in found if any(at for lane, at in last.items() if lane.topic == name)]


def _seed(plan: BarPlan, settings: KafkaSettings, clock: Clock, partitions: int, first: Mapping[Lane, int]) -> None:
    """Write where to begin into the changelog, as if the application had come that far without a tick."""
    transactional_id = f"{settings.app}-rebuild"
    transactions = Transactions(producer_config(settings, transactional_id), clock)
    meta, changelog = meta_record(plan), topics(plan, settings.app).changelog
    try:
        transactions.take_over()
        for number in range(partitions):
            offsets = {lane.topic: at for lane, at in first.items() if lane.partition == number}
            position = Position(offsets).change()
            transactions.send(changelog, number, [meta.key, position.key], [meta.value, position.value])
        transactions.commit()
    finally:
        transactions.close()
