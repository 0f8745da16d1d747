"""What the application's changelog and the schema registry hold of another definition than the one that is to run."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from barloom.errors import StoreFormat, StoreMismatch
from barloom.kafka.state.origin import refuse_another_definition
from barloom.plan.identity import topics
from barloom.serde.formats import Format
from barloom.serde.registry import Registry
from barloom.serde.schemas import bar_key_schema, bar_value_schema, late_key_schema, late_schema

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["differing_schemas", "differing_state"]


def differing_state(plan: BarPlan, settings: KafkaSettings) -> list[str]:
    """What keeps the definition from going on with the application's state, such as a field whose type has changed.

    Raises `AccessRefused` where the changelog may not be read.
    """
    try:
        refuse_another_definition(plan, settings)
    except (StoreMismatch, StoreFormat) as error:
        return [str(error)]
    return []


def differing_schemas(plan: BarPlan, settings: KafkaSettings) -> list[str]:
    """How the latest schemas of the output topics differ from those of the definition; nothing is registered.

    Raises as `Registry` does.
    """
    if settings.registry is None or settings.output_format is not Format.AVRO:
        return []
    with closing(Registry(settings.registry)) as registry:
        told = (registry.difference(subject, schema) for subject, schema in _subjects(plan, settings))
        return [text for text in told if text is not None]


def _subjects(plan: BarPlan, settings: KafkaSettings) -> Iterator[tuple[str, str]]:
    """The subjects of the output topics, and the schema that this definition writes in each."""
    names, space = topics(plan, settings.app), settings.namespace
    lives = () if settings.live_interval is None else names.live.values()
    for topic in (*names.final.values(), *lives):
        yield f"{topic}-key", bar_key_schema(plan, space)
        yield f"{topic}-value", bar_value_schema(plan, space)
    yield f"{names.late}-key", late_key_schema(plan, space)
    yield f"{names.late}-value", late_schema(plan, space)
