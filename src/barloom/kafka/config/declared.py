"""``[kafka]`` in Python: typed constructors, read by the same rules as the tables of TOML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import timedelta
    from decimal import Decimal
    from pathlib import Path

    from barloom.environment import Secret
    from barloom.kafka.cluster.security import Token
    from barloom.serde.formats import Format

__all__ = ["Kafka", "KafkaTable", "SchemaRegistry", "Security"]


@dataclass(frozen=True, slots=True)
class Security:
    """``[kafka.security]`` in Python; what is none has its default."""

    protocol: str | None = None
    mechanism: str | None = None
    user: str | None = None
    password: Secret | None = None
    hook: str | Callable[[], Token] | None = None
    ca: str | Path | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    key_password: Secret | None = None


@dataclass(frozen=True, slots=True)
class SchemaRegistry:
    """``[kafka.registry]`` in Python; what is none has its default."""

    url: str
    mode: str | None = None
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    ca: str | Path | None = None
    certificate: str | Path | None = None
    key: str | Path | None = None
    key_password: Secret | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Kafka:
    """``[kafka]`` in Python, for a definition that is a ``module:attribute``; what is none has its default.

    A module says ``kafka = Kafka(brokers=…, input=…)`` beside its bars.
    """

    brokers: str | tuple[str, ...] | None = None
    app: str | None = None
    input: str | tuple[str, ...] | None = None
    format: Format | str | None = None
    key_format: Format | str | None = None
    output_format: Format | str | None = None
    written_by: str | None = None
    schema: str | Path | None = None
    json_times: str | None = None
    commit_interval: str | timedelta | None = None
    commit_records: int | None = None
    live_interval: str | timedelta | None = None
    live_retention: str | timedelta | None = None
    late_retention: str | timedelta | None = None
    dead_letter_retention: str | timedelta | None = None
    standby: int | None = None
    session_timeout: str | timedelta | None = None
    transaction_timeout: str | timedelta | None = None
    instance_id: str | None = None
    protocol: str | None = None
    replicas: int | None = None
    namespace: str | None = None
    block: tuple[object, ...] | None = None
    late_alarm: Decimal | float | None = None
    metrics: str | None = None
    registry: SchemaRegistry | None = None
    security: Security | None = None
    client: Mapping[str, object] | None = None


class KafkaTable(TypedDict, total=False):
    """``[kafka]`` as keywords: the fields of `Kafka`, for ``bars.kafka(…)``; a registry may be its URL."""

    brokers: str | tuple[str, ...] | None
    app: str | None
    input: str | tuple[str, ...] | None
    format: Format | str | None
    key_format: Format | str | None
    output_format: Format | str | None
    written_by: str | None
    schema: str | Path | None
    json_times: str | None
    commit_interval: str | timedelta | None
    commit_records: int | None
    live_interval: str | timedelta | None
    live_retention: str | timedelta | None
    late_retention: str | timedelta | None
    dead_letter_retention: str | timedelta | None
    standby: int | None
    session_timeout: str | timedelta | None
    transaction_timeout: str | timedelta | None
    instance_id: str | None
    protocol: str | None
    replicas: int | None
    namespace: str | None
    block: tuple[object, ...] | None
    late_alarm: Decimal | float | None
    metrics: str | None
    registry: SchemaRegistry | str | None
    security: Security | None
    client: Mapping[str, object] | None
