"""What an instance must be allowed to do with topics, beside what it is allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.plan.identity import topics

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.kafka.config.settings import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["lacking", "working_rights"]


def working_rights(plan: BarPlan, settings: KafkaSettings) -> dict[str, tuple[str, ...]]:
    """The operations that an instance does on each topic, once all of them are there."""
    names = topics(plan, settings.app)
    live = () if settings.live_interval is None else names.live.values()
    written = (*names.final.values(), *live, names.late, names.closed, names.dead_letter, names.progress)
    return {
        **dict.fromkeys(settings.input, ("READ",)),
        **dict.fromkeys(written, ("WRITE",)),
        names.changelog: ("READ", "WRITE"),
    }


def lacking(wanted: Mapping[str, tuple[str, ...]], allowed: Mapping[str, set[str]]) -> list[str]:
    """Each right that is missing, with its topics; of topics whose rights are not known nothing is said."""
    missing: dict[str, list[str]] = {}
    for topic, operations in wanted.items():
        for operation in operations:
            if topic in allowed and operation not in allowed[topic]:
                missing.setdefault(operation, []).append(topic)
    return [f"{operation} of {', '.join(map(repr, names))}" for operation, names in missing.items()]
