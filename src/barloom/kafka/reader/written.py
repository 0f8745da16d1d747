"""What is in topics of bars, and how their messages are read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from barloom.errors import DefinitionError, Problem
from barloom.kafka.config.settings import BARLOOM
from barloom.serde.formats import Format
from barloom.serde.open import open_serde

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan
    from barloom.serde.json.text import JsonTimes
    from barloom.serde.open import Serde
    from barloom.serde.protocol import BarDecoder
    from barloom.time.calendar import Calendar

__all__ = ["Written", "WrittenBars", "own_bars", "serde_of"]


class Written(NamedTuple):
    """What of a plan is written, and what reads it."""

    plan: BarPlan
    decoder: BarDecoder
    close: Callable[[], None]


WrittenBars: TypeAlias = "Callable[[BarPlan, KafkaSettings, Calendar], Written]"
"""Who knows what is in the topics of bars that the settings mean."""


def own_bars(plan: BarPlan, settings: KafkaSettings, calendar: Calendar) -> Written:
    """The bars of a definition as barloom writes them. Raises `DefinitionError` where ksqlDB writes them."""
    if settings.written_by != BARLOOM:
        fix = "read them by bars.kafka(…).reader() or .bars(), which know both"
        raise DefinitionError([Problem("ksqlDB writes these topics of bars", "kafka.written_by", fix)])
    serde = serde_of(plan, settings, calendar)
    return Written(plan, serde.bar_decoder, serde.close)


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
