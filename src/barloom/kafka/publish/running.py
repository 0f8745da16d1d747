"""Publishing a feed until it ends or is told to stop, whatever becomes of the brokers meanwhile."""

from __future__ import annotations

import random
import re
from contextlib import closing
from typing import TYPE_CHECKING, Final

from barloom.clock import SystemClock
from barloom.errors import DefinitionError, Problem
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.config.settings import BARLOOM
from barloom.kafka.publish.job import PublishJob
from barloom.kafka.publish.publisher import Publisher
from barloom.kafka.publish.topics import provide_topics, publishing_rights, require_topics
from barloom.kafka.publish.wire import Wire
from barloom.kafka.runtime.collecting import seldom_collected
from barloom.kafka.runtime.persevering import GLANCE, Persevering
from barloom.telemetry.health import Health
from barloom.telemetry.metrics import open_metrics

if TYPE_CHECKING:
    from collections.abc import Callable
    from threading import Event

    from barloom.clock import Clock
    from barloom.errors import BrokerError
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.publish.reading import Opening
    from barloom.kafka.publish.report import PublishReport, PublishStatus
    from barloom.plan.barplan import BarPlan
    from barloom.source.open import Spec
    from barloom.telemetry.metrics import Metrics

__all__ = ["publish", "publisher_id"]

_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,100}")


def publisher_id(settings: KafkaSettings, name: str) -> str:
    """The group and the transactional id of a publisher and its standbys."""
    return f"{settings.app}-publish-{name}"


def publish(  # noqa: PLR0913 - the settings of a publisher, by name
    plan: BarPlan,
    settings: KafkaSettings,
    feed: Spec | Opening,
    *,
    stop: Event,
    name: str = "feed",
    topic: str | None = None,
    partitions: int | None = None,
    on_status: Callable[[PublishStatus], None] | None = None,
    metrics: Metrics | None = None,
    health: Health | None = None,
    clock: Clock | None = None,
    chance: random.Random | None = None,
) -> PublishReport:
    """Write what a feed gives into the input topic until it ends or `stop` is set; see `KafkaApp.publish`."""
    clock = clock or SystemClock()
    topic = topic or settings.input[0]
    _check(settings, name, topic)
    cluster = Cluster.reach(settings, clock, stop=stop)
    cluster.require(publishing_rights(topic), "a publisher")
    job = PublishJob(
        plan=plan,
        settings=settings,
        topic=topic,
        id=publisher_id(settings, name),
        feed=feed,
        wire=Wire(plan, settings, topic),
        partitions=provide_topics(cluster, settings, topic, partitions),
        clock=clock,
        metrics=metrics or open_metrics(),
        health=health or Health(clock),
        on_status=on_status,
        stop=stop,
        began=clock.monotonic(),
    )
    with closing(job.wire), seldom_collected():
        _keep_going(job, chance or random.SystemRandom())
    job.report.seconds = clock.monotonic() - job.began
    return job.report


def _keep_going(job: PublishJob, chance: random.Random) -> None:
    def membership(_number: int) -> bool:
        return _be_a_member(job)

    def look_around() -> None:
        cluster = Cluster.reach(job.settings, job.clock, patience=GLANCE, stop=job.stop)
        cluster.require(publishing_rights(job.topic), "a publisher")
        require_topics(cluster, job.topic)

    def given_up(error: BrokerError) -> None:
        job.report.notes.append(f"the last commit failed, and what it held is published the next time: {error}")

    Persevering(job.clock, job.stop, job.metrics, job.health, chance).keep_going(membership, look_around, given_up)


def _be_a_member(job: PublishJob) -> bool:
    """Whether the feed has come to its end."""
    publisher = Publisher(job)
    try:
        ended = False
        while not (ended or job.stop.is_set()):
            ended = publisher.turn()
        publisher.stop()
    finally:
        publisher.close()
    return ended


def _check(settings: KafkaSettings, name: str, topic: str) -> None:
    problems = []
    if not _NAME.fullmatch(name):
        what = f"{name!r} cannot name a publisher"
        problems.append(Problem(what, "publisher", "use letters, digits, '.', '_' and '-', at most 100"))
    if settings.written_by != BARLOOM:
        what = f"the topics of {settings.app!r} are made and written by {settings.written_by}"
        problems.append(Problem(what, "kafka.written_by", "leave it out where a feed is published for barloom"))
    if topic not in settings.input:
        what = f"{topic!r} is no input of the definition"
        problems.append(Problem(what, "topic", f"name one of {', '.join(settings.input)}"))
    if problems:
        raise DefinitionError(problems)
