"""The stream time of a partition that a wrong stamp has pushed ahead, set back by an operator."""

from __future__ import annotations

from contextlib import closing, contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from barloom.clock import SystemClock
from barloom.engine.floors import Published
from barloom.errors import BrokerError, TopicMismatch
from barloom.kafka.cluster.admin import Cluster
from barloom.kafka.cluster.clients import consumer_config, producer_config
from barloom.kafka.events.scan import scan
from barloom.kafka.reader.written import serde_of
from barloom.kafka.runtime.publication import Publication
from barloom.kafka.runtime.transaction import Transactions
from barloom.kafka.state.forgetting import known_of
from barloom.kafka.state.restoring import Restorer
from barloom.plan.identity import topics
from barloom.runtime.setting_back import SetBack, refuse_bars, told
from barloom.telemetry.metrics import open_metrics
from barloom.time.calendars import resolve
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from confluent_kafka import TopicPartition

    from barloom.clock import Clock
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.runtime.partition import Partition
    from barloom.plan.barplan import BarPlan
    from barloom.plan.identity import Topics
    from barloom.serde.protocol import BarDecoder

__all__ = ["SetBack", "set_back"]

_PATIENCE: Final = 30.0
_LONGEST: Final = 3_600_000
"""Milliseconds for which the group does without a word from us, while the state is read."""


def set_back(  # noqa: PLR0913 - whose, of what, and how
    plan: BarPlan, settings: KafkaSettings, partition: int, to: int, *, really: bool, clock: Clock | None = None
) -> SetBack:
    """Let the stream time of a partition stand at `to` again; without `really` say what that would do.

    All of it is one transaction, with the position in the input as it was. Raises `BrokerError` while the group has
    members, `DefinitionError` where bars are the input, and `ValueError` where stream time is not after `to`.
    """
    clock = clock or SystemClock()
    refuse_bars(plan)
    cluster = Cluster.reach(settings, clock)
    partitions = _refuse(cluster, plan, settings, partition)
    names, calendar, metrics = topics(plan, settings.app), resolve(plan.calendar), open_metrics()
    transactional_id = f"{settings.app}-set-back-{uuid4().hex[:8]}"
    serde = serde_of(plan, settings, calendar)
    with closing(serde), _sole_member(settings, partition, clock) as membership:
        with closing(Restorer(plan, settings, names.changelog, transactional_id, clock, metrics, calendar)) as restorer:
            restored = restorer.restore(partition)
        before = _checked(restored, to)
        published = _published(plan, settings, names, serde.bar_decoder, partition)
        transactions = Transactions(producer_config(settings, transactional_id), clock)
        with closing(transactions):
            transactions.take_over()
            live = settings.live_interval is not None
            publication = Publication(plan, names, serde, transactions, metrics, live=live, partitions=partitions)
            step = restored.set_back(to, published, publication)
            publication.flush()
            restored.settle(publication, "barloom stream-time", "", "PENDING_SHUTDOWN", clock.now())
            if really:
                transactions.commit(list(restored.positions()), membership)
            else:
                transactions.abort()
    return told(plan, restored.engine, step, before, to)


def _refuse(cluster: Cluster, plan: BarPlan, settings: KafkaSettings, partition: int) -> int:
    """How many partitions there are; raises where this one is none, or has an owner."""
    number = cluster.inputs().partitions
    if not 0 <= partition < number:
        message = f"there is no partition {partition}: the input has 0 to {number - 1}"
        raise TopicMismatch(message)
    if members := known_of(cluster, plan, settings).members:
        message = (
            f"the group {settings.app!r} has {members} member(s)\n"
            "    fix: stop every instance first, and wait for the session timeout of one that was killed"
        )
        raise BrokerError(message)
    return number


def _checked(restored: Partition, to: int) -> int:
    before = restored.engine.stream_time
    if before is None or before <= to:
        stands = "nowhere yet" if before is None else f"at {written(before)}"
        message = f"the stream time of partition {restored.number} stands {stands}, which is not after {written(to)}"
        raise ValueError(message)
    return before


def _published(
    plan: BarPlan, settings: KafkaSettings, names: Topics, decoder: BarDecoder, partition: int
) -> list[Published]:
    """The last final of each level and key, as the topics have them."""
    found: list[Published] = []
    for level in plan.published:
        last: dict[tuple[object, ...], int] = {}
        for message in scan(settings, names.final[str(plan.levels[level].timeframe)], partition):
            key, start = decoder.place(message.key() or b"")
            last[key] = max(start, last.get(key, start))
        if last:
            found.append(Published(level, list(last), list(last.values())))
    return found


@contextmanager
def _sole_member(settings: KafkaSettings, partition: int, clock: Clock) -> Iterator[Callable[[], object]]:
    """Own the partition as a member of the group does, so that nobody else can; gives what proves it."""
    from confluent_kafka import Consumer  # noqa: PLC0415 - an extra

    config = consumer_config(replace(settings, instance_id=None), max_poll_interval_ms=_LONGEST)
    wanted = {(topic, partition) for topic in settings.input}
    held: set[tuple[str, int]] = set()

    def gain(_: object, gained: list[TopicPartition]) -> None:
        consumer.incremental_assign(gained)
        consumer.pause(gained)
        held.update((item.topic, item.partition) for item in gained)

    def lose(_: object, lost: list[TopicPartition]) -> None:
        held.difference_update((item.topic, item.partition) for item in lost)
        consumer.incremental_unassign(lost)

    def membership() -> object:
        if not (wanted <= held and consumer.memberid()):
            message = "another instance has joined the group meanwhile; nothing was changed"
            raise BrokerError(message)
        return consumer.consumer_group_metadata()

    consumer = Consumer(config)
    try:
        consumer.subscribe(list(settings.input), on_assign=gain, on_revoke=lose, on_lost=lose)
        until = clock.monotonic() + _PATIENCE
        while not wanted <= held:
            consumer.poll(0.1)
            if clock.monotonic() > until:
                message = (
                    f"the group {settings.app!r} does not give partition {partition} to us; is an instance running?"
                )
                raise BrokerError(message, retriable=True)
        yield membership
    finally:
        consumer.close()
