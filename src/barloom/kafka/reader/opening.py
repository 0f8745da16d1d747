"""`open_reader`: what a reader of topics is made of."""

from __future__ import annotations

import shutil
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from barloom.clock import Clock, SystemClock
from barloom.errors import AccessRefused, TopicMismatch
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.cluster.clients import consumer_config
from barloom.kafka.config.settings import BARLOOM
from barloom.kafka.letters.rejected import rejected_rows
from barloom.kafka.reader.checkpoint import Origin, open_copy
from barloom.kafka.reader.contact import Contact
from barloom.kafka.reader.copy import TopicCopy
from barloom.kafka.reader.ends import Ends
from barloom.kafka.reader.feeds import Feeds
from barloom.kafka.reader.reached import Reached
from barloom.kafka.reader.reader import Reader
from barloom.kafka.reader.tail import Tail
from barloom.kafka.reader.written import own_bars
from barloom.plan.identity import topics
from barloom.plan.load import plan_of
from barloom.time.calendars import resolve

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from concurrent.futures import Future

    from confluent_kafka.admin import AdminClient, TopicDescription

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.reader.written import WrittenBars
    from barloom.plan.load import Declared
    from barloom.telemetry.metrics import Metrics
    from barloom.time.calendar import Calendar

__all__ = ["open_reader"]

_CALL = 15.0


def open_reader(  # noqa: PLR0913 - the settings of a reader, by name
    bars: Declared,
    settings: KafkaSettings,
    path: str | Path | None = None,
    *,
    partitions: Iterable[int] | None = None,
    calendar: Calendar | None = None,
    follow: bool = True,
    metrics: Metrics | None = None,
    clock: Clock | None = None,
    written: WrittenBars = own_bars,
) -> Reader:
    """Follow the live and final bars of a definition on Kafka, and keep a copy of them in the directory `path`.

    A reader that is opened again with the same directory goes on where it stopped, however it stopped; without one it
    reads the topics from their beginning, into a directory that goes with it. Each reader needs its own. With
    `partitions` it holds only these. `follow`: in a thread of its own; otherwise call `Reader.poll`. Returns at once;
    `Reader.wait_running` waits until all is here that was in the topics.

    `written` knows what is in the topics. Raises `BrokerError` (`BrokerUnreachable`, `LoginRefused`,
    `AccessRefused`, `TopicMismatch` where topics are missing), `StoreLocked` where another reader has the
    directory, `StoreFormat` where it holds something else.
    """
    plan = plan_of(bars)
    clock = clock or SystemClock()
    calendar = calendar or resolve(plan.calendar)
    cluster = Cluster.reach(settings, clock)
    admin = cluster.admin
    bars_there = written(plan, settings, calendar)
    plan = bars_there.plan
    closed = topics(plan, settings.app).closed
    feeds = Feeds(
        plan,
        settings.app,
        live=settings.live_interval is not None,
        written_by=settings.written_by,
        closed=settings.written_by == BARLOOM and _is_there(cluster, closed),
    )
    ours = settings.written_by == BARLOOM
    ids, count = _topics(admin, feeds.topics)
    held = _held(partitions, count)
    origin = Origin.of(plan, settings, admin.list_topics(timeout=_CALL).cluster_id or "", ids, held)
    directory = Path(tempfile.mkdtemp(prefix="barloom-reader-")) if path is None else Path(path)
    backend = open_copy(directory)
    tail: Tail | None = None

    def release() -> None:
        bars_there.close()
        if path is None:
            shutil.rmtree(directory, ignore_errors=True)

    try:
        copy = TopicCopy(
            plan,
            backend,
            bars_there.decoder,
            calendar,
            held,
            whole=len(held) == count,
            live_retention=settings.live_retention,
            tells_time=feeds.progress is not None,
            rejected=partial(rejected_rows, plan, settings, topics(plan, settings.app).late) if ours else None,
        )
        tail = _tail(settings, feeds)
        ends = Ends(admin)
        reader = Reader(
            copy=copy,
            feeds=feeds,
            tail=tail,
            ends=ends,
            contact=Contact(ends, feeds.lanes(held), clock),
            reached=Reached(feeds.bars),
            closed=Reached(feeds.bars),
            origin=origin,
            path=directory,
            clock=clock,
            metrics=metrics,
            on_close=release,
        )
        reader.start()
    except BaseException:
        if tail is not None:
            tail.close()
        backend.close()
        release()
        raise
    if follow:
        reader.follow()
    return reader


def _is_there(cluster: Cluster, topic: str) -> bool:
    """Whether a topic that an older version does not write is there, and may be read."""
    try:
        return topic in cluster.found([topic], "READ")
    except AccessRefused:
        return False


def _tail(settings: KafkaSettings, feeds: Feeds) -> Tail:
    from confluent_kafka import Consumer  # noqa: PLC0415 - an extra

    # A consumer has to name a group; this one neither joins nor commits.
    config = consumer_config(settings, f"{settings.app}-reader", auto_offset_reset="error")
    return Tail(Consumer(config), feeds)


def _topics(admin: AdminClient, names: Sequence[str]) -> tuple[dict[str, str], int]:
    """The id of each topic, and their number of partitions."""
    from confluent_kafka import KafkaException, TopicCollection  # noqa: PLC0415 - an extra

    from barloom.kafka.cluster.failures import client_error  # noqa: PLC0415

    found: Mapping[str, Future[TopicDescription]] = admin.describe_topics(
        TopicCollection(list(names)), request_timeout=_CALL
    )
    ids, counts = {}, {}
    for name, future in found.items():
        try:
            described = future.result()
        except KafkaException as error:
            raise client_error(error, f"looking at topic {name!r}", f"READ of topic {name!r}") from error
        ids[name], counts[name] = str(described.topic_id), len(described.partitions)
    if len(set(counts.values())) > 1:
        told = ", ".join(f"{name} has {count}" for name, count in counts.items())
        message = f"the topics differ in their number of partitions: {told}\n    fix: see barloom topics plan"
        raise TopicMismatch(message)
    return ids, max(counts.values())


def _held(partitions: Iterable[int] | None, count: int) -> list[int]:
    held = list(range(count)) if partitions is None else sorted(set(partitions))
    wrong = [number for number in held if not 0 <= number < count]
    if wrong or not held:
        message = f"partitions are {held}; the topics have 0 to {count - 1}"
        raise ValueError(message)
    return held
