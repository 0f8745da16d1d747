"""Running a definition on Kafka until it is told to stop, whatever becomes of the brokers meanwhile."""

from __future__ import annotations

import os
import random
import socket
from contextlib import closing
from typing import TYPE_CHECKING, Final, cast

from barloom.clock import SystemClock
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.runtime.collecting import seldom_collected
from barloom.kafka.runtime.instance import Instance
from barloom.kafka.runtime.job import Job
from barloom.kafka.runtime.persevering import GLANCE, Persevering
from barloom.kafka.state.origin import refuse_another_definition
from barloom.plan.identity import topics
from barloom.plan.load import plan_of
from barloom.serde.open import check_items, open_serde
from barloom.telemetry.health import Health
from barloom.telemetry.late_alarm import LateAlarm
from barloom.telemetry.logs import get_logger
from barloom.telemetry.metrics import open_metrics
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from barloom.clock import Clock
    from barloom.errors import BrokerError
    from barloom.kafka.cluster.admin import Inputs
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.runtime.job import Status
    from barloom.kafka.runtime.span import Span
    from barloom.plan.barplan import BarPlan
    from barloom.plan.load import Declared
    from barloom.runtime.report import RunReport
    from barloom.serde.json.text import JsonTimes
    from barloom.serde.open import Serde
    from barloom.telemetry.metrics import Metrics
    from barloom.time.calendar import Calendar

__all__ = ["UNCOMMITTED", "run"]

_log = get_logger(__name__)
UNCOMMITTED: Final = "the last commit failed"
"""How a report's note begins where a run was stopped while the cluster was in trouble."""


def run(  # noqa: PLR0913 - the settings of a run, by name
    bars: Declared,
    settings: KafkaSettings,
    *,
    stop: Event,
    on_status: Callable[[Status], None] | None = None,
    metrics: Metrics | None = None,
    health: Health | None = None,
    clock: Clock | None = None,
    calendar: Calendar | None = None,
    chance: random.Random | None = None,
    span: Span | None = None,
) -> RunReport:
    """Be one instance of the application until `stop` is set; then commit, leave the group, and report.

    With a `span` only that is read of the input. Missing topics are made. A broker that is away is waited for; what
    then was not committed is read again. Raises `TopicMismatch`, `StoreMismatch` (another definition's changelog),
    `LoginRefused`, `AccessRefused` and other errors that waiting does not mend.
    """
    clock = clock or SystemClock()
    plan = plan_of(bars)
    check_items(plan, settings.format)
    calendar = calendar or resolve(plan.calendar)
    inputs = Cluster.reach(settings, clock, stop=stop).ensure(plan, lambda: refuse_another_definition(plan, settings))
    _tell_of_timestamps(inputs)
    owner = f"{socket.gethostname()}-{os.getpid()}-{(chance or random.SystemRandom()).randrange(1 << 32):08x}"
    job = Job(
        plan=plan,
        settings=settings,
        topics=topics(plan, settings.app),
        serde=_serde(plan, calendar, settings),
        partitions=inputs.partitions,
        inputs=inputs.ids,
        stop=stop,
        owner=owner,
        clock=clock,
        metrics=metrics or open_metrics(),
        health=health or Health(clock),
        alarm=LateAlarm(settings.late_alarm, clock),
        calendar=calendar,
        on_status=on_status,
        span=span,
        began=clock.monotonic(),
    )
    with closing(job.serde), seldom_collected():
        _keep_going(job, stop, chance or random.SystemRandom())
    job.report.seconds = clock.monotonic() - job.began
    return job.report


def _tell_of_timestamps(inputs: Inputs) -> None:
    """Say where a second run over the same input may judge ticks from the future otherwise."""
    stamped = [topic for topic, kind in inputs.timestamps.items() if kind == "CreateTime"]
    if stamped:
        told = "their timestamps are the producer's: ticks from the future are judged by when they are first read"
        _log.info("input topics have CreateTime", topics=stamped, meaning=told)


def _serde(plan: BarPlan, calendar: Calendar, settings: KafkaSettings) -> Serde:
    return open_serde(
        plan,
        calendar,
        format=settings.format,
        key_format=settings.key_format,
        output_format=settings.output_format,
        registry=settings.registry,
        schema=settings.schema,
        namespace=settings.namespace,
        json_times=cast("JsonTimes", settings.json_times),
        topics=topics(plan, settings.app),
        input_topics=settings.input,
    )


def _keep_going(job: Job, stop: Event, chance: random.Random) -> None:
    """One membership after another, until it is told to stop."""

    def membership(number: int) -> bool:
        _be_a_member(job, f"{job.settings.app}-{job.owner}-{number}", stop)
        return False

    def look_around() -> None:
        Cluster.reach(job.settings, job.clock, patience=GLANCE, stop=job.stop).require_rights(job.plan)

    def given_up(error: BrokerError) -> None:
        job.report.notes.append(f"{UNCOMMITTED}, and what it held is read again next time: {error}")

    going = Persevering(job.clock, stop, job.metrics, job.health, chance)
    going.keep_going(membership, look_around, given_up)


def _be_a_member(job: Job, transactional_id: str, stop: Event) -> None:
    instance = Instance(job, transactional_id)
    try:
        while not stop.is_set():
            instance.turn()
        instance.stop()
    finally:
        instance.close()
