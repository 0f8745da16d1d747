"""Who writes the topics of bars, and so what is in them and how their messages are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

from barloom.errors import DefinitionError, Problem
from barloom.kafka.config.settings import KSQLDB
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.serde.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.serde.json.text import JsonTimes
    from barloom.serde.open import Serde
    from barloom.serde.protocol import BarDecoder
    from barloom.time.calendar import Calendar

__all__ = ["Written", "serde_of", "written_bars"]


class Written(NamedTuple):
    """What of a plan is written, and what reads it."""

    plan: BarPlan
    decoder: BarDecoder
    close: Callable[[], None]


def written_bars(plan: BarPlan, settings: KafkaSettings, calendar: Calendar) -> Written:
    """The bars of a definition as barloom writes them, or as a ksqlDB pipeline does.

    Raises `KsqlUnsupported` for a definition that no pipeline can be of.
    """
    if settings.written_by != KSQLDB:
        serde = serde_of(plan, settings, calendar)
        return Written(plan, serde.bar_decoder, serde.close)
    from barloom.ksqldb.reader.bar_messages import KsqlBarDecoder  # noqa: PLC0415 - where barloom writes nothing of it is needed
    from barloom.ksqldb.reader.held import held_plan  # noqa: PLC0415

    if settings.registry is None:
        problem = Problem("the format avro needs a schema registry", "kafka.registry", 'add url = "…"')
        raise DefinitionError([problem])
    held, registry = held_plan(plan), Registry(settings.registry)
    return Written(held, KsqlBarDecoder(held, registry), registry.close)


def serde_of(plan: BarPlan, settings: KafkaSettings, calendar: Calendar) -> Serde:
    """What reads the messages of a definition's bars."""
    form = settings.output_format
    return open_serde(
        plan,
        calendar,
        format=form,
        output_format=form,
        registry=settings.registry if form is Format.AVRO else None,
        namespace=settings.namespace,
        json_times=cast("JsonTimes", settings.json_times),
    )
