"""Topics on Kafka whose ticks or bars are a ksqlDB pipeline's: where the wings of both are needed at once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from barloom.errors import DefinitionError, Problem
from barloom.kafka.config.settings import KSQLDB
from barloom.kafka.reader.written import Written, own_bars

if TYPE_CHECKING:
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.ksqldb.server.history import Oldest
    from barloom.plan.barplan import BarPlan
    from barloom.serde.open import Serde
    from barloom.time.calendar import Calendar

__all__ = ["oldest_in_topic", "written_bars"]


def written_bars(plan: BarPlan, settings: KafkaSettings, calendar: Calendar) -> Written:
    """The bars of a definition as barloom writes them, or as a ksqlDB pipeline does.

    Raises `KsqlUnsupported` for a definition that no pipeline can be of.
    """
    if settings.written_by != KSQLDB:
        return own_bars(plan, settings, calendar)
    from barloom.ksqldb.reader.bar_messages import KsqlBarDecoder  # noqa: PLC0415 - where barloom writes it is not needed
    from barloom.ksqldb.reader.held import held_plan  # noqa: PLC0415
    from barloom.serde.registry import Registry  # noqa: PLC0415

    if settings.registry is None:
        problem = Problem("the format avro needs a schema registry", "kafka.registry", 'add url = "…"')
        raise DefinitionError([problem])
    held, registry = held_plan(plan), Registry(settings.registry)
    return Written(held, KsqlBarDecoder(held, registry), registry.close)


def oldest_in_topic(plan: BarPlan, settings: KafkaSettings) -> Oldest:
    """The event times of the first record of each partition of the input, decoded, and where these begin.

    They are a pipeline's ticks, or those that one would read. Raises `BrokerError` where the topic is not there or
    cannot be read.
    """
    from barloom.kafka.events.scan import partitions_of, scan  # noqa: PLC0415 - an extra
    from barloom.ksqldb.server.history import Oldest  # noqa: PLC0415

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
    from barloom.kafka.events.typed import serde_of_ticks  # noqa: PLC0415
    from barloom.serde.avro.ksqldb_ticks import tick_columns  # noqa: PLC0415

    if settings.written_by == KSQLDB:
        plan = replace(plan, source=replace(plan.source, columns=tick_columns(plan)))
    return serde_of_ticks(plan, settings, topic)
