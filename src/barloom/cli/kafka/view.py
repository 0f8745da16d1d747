"""What a definition says about Kafka, for people and for scripts; of secrets only where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.cli.formats import duration
from barloom.cli.screen import Column, Sheet
from barloom.kafka import readable, wanted_topics

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.environment import Secret
    from barloom.kafka import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["kafka_body", "kafka_sheets", "kafka_warnings"]

_CREATE_TIME: Final = (
    "where an input topic has CreateTime, its timestamps are the producer's word and no time of arrival:"
    " ticks from the future are judged by when they are first read, so that a replay may judge otherwise"
    " (message.timestamp.type = LogAppendTime at the input topic makes it the same each time)"
)


def kafka_sheets(plan: BarPlan, settings: KafkaSettings) -> Iterable[Sheet]:
    """The tables that ``check`` adds."""
    sheet = Sheet("Kafka", (Column("", style="bold"), Column("")))
    for name, told in _outline(settings):
        sheet.add(name, told)
    yield sheet
    columns = (Column("topic", style="bold"), Column("for"), Column("cleanup"), Column("kept"))
    made = Sheet("Topics on Kafka, with as many partitions as the input", columns)
    for spec in wanted_topics(plan, settings, 1, 1):
        kept = spec.config.get("retention.ms")
        told = "the latest of each key" if kept is None else readable("retention.ms", kept)
        made.add(spec.name, spec.what, spec.config["cleanup.policy"], told)
    yield made


def _outline(settings: KafkaSettings) -> Iterable[tuple[str, str]]:
    security = settings.security
    yield "brokers", settings.brokers
    yield "input", f"{', '.join(settings.input)} ({settings.format.value})"
    yield "output", settings.output_format.value
    yield "group", settings.app + ("" if settings.instance_id is None else f", as {settings.instance_id}")
    yield "transactional ids", f"begin with {settings.app}-"
    yield "commit", f"every {duration(settings.commit_interval)} or {settings.commit_records} records"
    live = settings.live_interval
    yield "live bars", "off" if live is None else f"every {duration(live)}"
    yield "replicas", "as the input has" if settings.replicas is None else str(settings.replicas)
    yield "standby", str(settings.standby)
    yield "security", " ".join(part for part in (security.protocol, security.mechanism, security.user) if part)
    if settings.registry is not None:
        yield "registry", f"{settings.registry.url} ({settings.registry.mode})"
    for name, secret in _secrets(settings):
        yield name, secret.origin
    for name, value in settings.client.items():
        yield f"client {name}", str(value)


def _secrets(settings: KafkaSettings) -> Iterable[tuple[str, Secret]]:
    found = {"password": settings.security.password, "key_password": settings.security.key_password}
    if settings.registry is not None:
        found |= {"registry.password": settings.registry.password, "registry.token": settings.registry.token}
    return ((name, secret) for name, secret in found.items() if secret is not None)


def kafka_warnings(plan: BarPlan, settings: KafkaSettings) -> list[str]:
    """What is allowed but worth knowing before the first run."""
    found = [_CREATE_TIME]
    if plan.source.complete_until is not None:
        found.append("complete_until says where files end; on Kafka, where the input goes on, it does nothing")
    for name, secret in _secrets(settings):
        try:
            secret.reveal()
        except LookupError as error:
            found.append(f"kafka {name}: {error} here")
    if not settings.security.tls and settings.security.password is not None:
        found.append("the password goes over the line unprotected: write protocol = 'SASL_SSL'")
    return found


def kafka_body(plan: BarPlan, settings: KafkaSettings) -> dict[str, object]:
    """The same for a script."""
    return {
        **{name.replace(" ", "_"): told for name, told in _outline(settings)},
        "topics": [
            {"name": spec.name, "for": spec.what, "config": dict(spec.config)}
            for spec in wanted_topics(plan, settings, 1, 1)
        ],
        "warnings": kafka_warnings(plan, settings),
    }
