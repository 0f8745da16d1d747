"""The first ticks of a topic that a ksqlDB pipeline reads, or would read, from the topic itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from barloom.kafka.config.settings import KSQLDB
from barloom.kafka.events.scan import partitions_of, scan
from barloom.kafka.events.typed import serde_of_ticks
from barloom.ksqldb.server.history import Oldest
from barloom.serde.avro.ksqldb_ticks import tick_columns

if TYPE_CHECKING:
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.serde.open import Serde

__all__ = ["oldest_in_topic"]


def oldest_in_topic(plan: BarPlan, settings: KafkaSettings) -> Oldest:
    """The event times of the first record of each partition of the input, decoded, and where these begin.

    Raises `BrokerError` where the topic is not there or cannot be read.
    """
    topic = settings.input[0]
    serde = _serde(plan, settings, topic)
    times: list[int] = []
    offsets: dict[int, int] = {}
    try:
        for partition in range(partitions_of(settings, [topic]).get(topic, 0)):
            message = next(scan(settings, topic, partition), None)
            if message is None:
                continue
            offsets[partition] = message.offset() or 0
            keys = [message.key()] if serde.events.wants_keys else ()
            rows = serde.events.decode([message.value()], keys)
            times += rows.frame[plan.event.timestamp].to_physical().to_list()
    finally:
        serde.close()
    return Oldest(min(times, default=None), offsets)


def _serde(plan: BarPlan, settings: KafkaSettings, topic: str) -> Serde:
    if settings.written_by == KSQLDB:
        plan = replace(plan, source=replace(plan.source, columns=tick_columns(plan)))
    return serde_of_ticks(plan, settings, topic)
