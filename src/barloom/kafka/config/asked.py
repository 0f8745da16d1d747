"""What a definition, in TOML or in Python, says about Kafka."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.errors import DefinitionError, Problem
from barloom.kafka.config.declared import Kafka
from barloom.kafka.config.settings import kafka_settings
from barloom.kafka.config.tables import given

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["declared_kafka", "names_input", "settings_of"]


def declared_kafka(beside: Mapping[str, object]) -> object:
    """What stands as ``[kafka]`` in a document, or the `Kafka` called ``kafka`` in a module; none without one."""
    found = beside.get("kafka")
    return None if "__name__" in beside and not isinstance(found, Kafka) else found


def names_input(beside: Mapping[str, object]) -> bool:
    """Whether an input topic is named beside the bars."""
    return "input" in _table(declared_kafka(beside))


def settings_of(  # noqa: PLR0913, PLR0917 - what stands where, and what is said beside it
    plan: BarPlan,
    beside: Mapping[str, object],
    where: str,
    said: Kafka | None,
    settings: Mapping[str, object],
    override: Mapping[str, object],
) -> KafkaSettings:
    """The checked settings: what stands beside the bars, completed by `said` and `settings`, under `override`.

    Raises `DefinitionError` where a setting is said twice, naming where the other stands, and for any that is wrong.
    """
    if said is not None and not isinstance(said, Kafka):
        message = f'{said!r} is no bl.kafka.Kafka; give settings by name, such as brokers="localhost:9092"'
        raise TypeError(message)
    declared = declared_kafka(beside)
    standing, own = _table(declared), given(said)
    asked = {name: value for name, value in settings.items() if value is not None}
    twice = [*_twice({**own, **asked}, standing, _place(beside, where)), *_twice(asked, own, "Kafka(…)")]
    if twice:
        raise DefinitionError(twice)
    document = declared if own == {} and not isinstance(declared, Kafka) else {**standing, **own}
    return kafka_settings({} if document is None else {"kafka": document}, plan, **{**asked, **override})


def _place(beside: Mapping[str, object], where: str) -> str:
    return f"kafka = Kafka(…) of {where}" if "__name__" in beside else f"[kafka] of {where}"


def _table(found: object) -> Mapping[str, object]:
    return found if isinstance(found, dict) else given(found)


def _twice(asked: Mapping[str, object], standing: Mapping[str, object], where: str) -> Iterator[Problem]:
    for name in asked:
        if name in standing:
            fix = f"leave one of them out, or say override={{{name!r}: …}} where this one is to win"
            yield Problem(f"{name} is given twice: it stands in {where} too", f"kafka({name}=…)", fix)
