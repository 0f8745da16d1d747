"""``[kafka]``: where a definition runs on Kafka, and how. The bars themselves do not depend on it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, fields
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from barloom.environment import Secret
from barloom.errors import DefinitionError, Problem
from barloom.kafka.cluster.owned import why_owned
from barloom.kafka.cluster.security import SecuritySettings, read_security
from barloom.kafka.config.declared import Kafka, SchemaRegistry
from barloom.kafka.config.tables import Table, given
from barloom.plan.barplan import FieldKind
from barloom.plan.identity import topics
from barloom.plan.ladder import written as duration
from barloom.plan.paths import of_files_only
from barloom.serde.formats import Format
from barloom.serde.registry import RegistrySettings
from barloom.telemetry.address import address_of
from barloom.time.timeframe import DAY, HOUR, MILLISECOND, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from barloom.plan.barplan import BarPlan

__all__ = ["BARLOOM", "KSQLDB", "KafkaSettings", "kafka_settings"]

BARLOOM: Final = "barloom"
KSQLDB: Final = "ksqldb"
"""Who may write the topics of bars."""

_NAMES: Final = tuple(item.name for item in fields(Kafka))
_REGISTRY: Final = tuple(item.name for item in fields(SchemaRegistry))
JSON_TIMES: Final = ("iso", "ms", "us", "ns")
_APP: Final = re.compile(r"[A-Za-z0-9._-]{1,200}")
_NAMESPACE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_SOUNDS_SECRET: Final = re.compile(r"password|secret|\.pem$|jaas|oauthbearer\.config")


@dataclass(frozen=True, slots=True, kw_only=True)
class KafkaSettings:
    """The checked settings; durations are nanoseconds. docs/reference/configuration.md explains each."""

    brokers: str
    app: str
    input: tuple[str, ...]
    format: Format = Format.AVRO
    key_format: Format | None = None
    output_format: Format = Format.AVRO
    written_by: str = BARLOOM
    schema: Path | None = None
    json_times: str = "iso"
    commit_interval: int = 100 * MILLISECOND
    commit_records: int = 50_000
    live_interval: int | None = 250 * MILLISECOND
    live_retention: int = 7 * DAY
    late_retention: int = 7 * DAY
    dead_letter_retention: int = 7 * DAY
    standby: int = 0
    session_timeout: int = 6 * SECOND
    transaction_timeout: int = 10 * SECOND
    instance_id: str | None = None
    protocol: str = "classic"
    replicas: int | None = None
    namespace: str = "barloom"
    block: tuple[tuple[object, ...], ...] = ()
    late_alarm: float = 0.01
    metrics: str | None = None
    registry: RegistrySettings | None = None
    security: SecuritySettings = field(default_factory=SecuritySettings)
    client: Mapping[str, str | Secret] = field(default_factory=dict)


def kafka_settings(document: Mapping[str, object] | Kafka, plan: BarPlan, **overrides: object) -> KafkaSettings:
    """The settings of a whole TOML document (its table ``[kafka]``) or of a `Kafka`, for a plan.

    `overrides` have the names and notation of the table and win over it; none leaves an entry as it is, and
    `registry` may be a URL alone. Raises `DefinitionError` with every problem found.
    """
    problems: list[Problem] = []
    content = _content(document, problems)
    for name, value in overrides.items():
        if name == "registry" and isinstance(value, str):
            content[name] = {**_section(content.get(name)), "url": value}
        elif value is not None:
            content[name] = value
    settings = _read(Table(content, "kafka", problems), plan)
    problems += of_files_only(plan.source)
    if problems:
        raise DefinitionError(problems)
    return settings


def _content(document: Mapping[str, object] | Kafka, problems: list[Problem]) -> dict[str, object]:
    found = given(document) if isinstance(document, Kafka) else document.get("kafka", {})
    if isinstance(found, dict):
        return dict(found)
    problems.append(Problem(f"{found!r} is not a table", "kafka", "write [kafka] and the keys below it"))
    return {}


def _section(found: object) -> Mapping[str, object]:
    return found if isinstance(found, dict) else given(found)


def _read(table: Table, plan: BarPlan) -> KafkaSettings:
    table.known(_NAMES)
    default = KafkaSettings(brokers="", app=plan.name, input=())
    brokers, inputs = table.texts("brokers"), table.texts("input")
    if "brokers" not in table:
        table.problem("no broker is named", "brokers", 'write brokers = "host:9092", or give --kafka HOST:PORT')
    if "input" not in table:
        table.problem("no input topic is named", "input", 'write input = "ticks", or give --input TOPIC')
    form = table.choice("format", Format) or default.format
    output = table.choice("output_format", Format) or form
    security = read_security(table.table("security"))
    settings = KafkaSettings(
        brokers=",".join(brokers),
        app=_app(table, plan),
        input=inputs,
        format=form,
        key_format=table.choice("key_format", Format),
        output_format=output,
        written_by=table.word("written_by", (BARLOOM, KSQLDB), default.written_by),
        schema=table.path_of("schema"),
        json_times=table.word("json_times", JSON_TIMES, default.json_times),
        commit_interval=table.duration("commit_interval", default.commit_interval, least=MILLISECOND),
        commit_records=table.whole("commit_records", default.commit_records, least=1),
        live_interval=_live_interval(table),
        live_retention=table.duration("live_retention", default.live_retention, least=MINUTE),
        late_retention=table.duration("late_retention", default.late_retention, least=7 * DAY),
        dead_letter_retention=table.duration("dead_letter_retention", default.dead_letter_retention, least=7 * DAY),
        standby=table.whole("standby", default.standby),
        session_timeout=table.duration("session_timeout", default.session_timeout, least=SECOND),
        transaction_timeout=table.duration("transaction_timeout", default.transaction_timeout, least=SECOND),
        instance_id=table.text("instance_id"),
        protocol=table.word("protocol", ("classic", "consumer"), default.protocol),
        replicas=table.whole("replicas", 1, least=1) if "replicas" in table else None,
        namespace=_namespace(table, default.namespace),
        block=_block(table, plan),
        late_alarm=_share(table, "late_alarm", default.late_alarm),
        metrics=_metrics(table),
        registry=_registry(table.table("registry"), security),
        security=security,
        client=_client(table.table("client")),
    )
    _check_together(settings, table)
    _check_circle(settings, plan, table)
    return settings


def _check_together(settings: KafkaSettings, table: Table) -> None:
    if settings.transaction_timeout < 2 * settings.commit_interval:
        fix = "give transaction_timeout at least twice the commit_interval"
        table.problem("transactions would time out before they are committed", "transaction_timeout", fix)
    written = {settings.format, settings.key_format} if settings.schema is None else set()
    framed = Format.AVRO in {*written, settings.output_format}
    unread = any(problem.where.endswith("format") for problem in table.problems)  # what stands there means another one
    if framed and settings.registry is None and "registry" not in table and not unread:
        fix = (
            'add [kafka.registry] with url = "…" (or --registry URL), or write format = "avro-raw" or "json"; framed '
            'messages are read without one where schema = "ticks.avsc" names their schema, and output_format is another'
        )
        table.problem("the format avro needs a schema registry", "format", fix)
    if settings.written_by == KSQLDB and settings.output_format is not Format.AVRO:
        what = f"ksqlDB writes bars as avro, with a schema registry, not as {settings.output_format.value}"
        table.problem(what, "output_format", 'write output_format = "avro"')
    if "session_timeout" in table and settings.protocol == "consumer":
        fix = "set group.consumer.session.timeout.ms at the broker, or leave it out"
        table.problem("with protocol = 'consumer' the broker decides it", "session_timeout", fix)
    elif settings.protocol == "classic":
        _check_session(settings, table)


def _check_session(settings: KafkaSettings, table: Table) -> None:
    """Refuse what the client library would refuse when it starts."""
    session = duration(settings.session_timeout)
    if settings.session_timeout > HOUR:
        table.problem(f"{session} is too long", "session_timeout", "give at most 1h")
    interval = str(settings.client.get("max.poll.interval.ms", ""))
    if interval.isdecimal() and int(interval) * MILLISECOND < settings.session_timeout:
        fix = "give it at least as many milliseconds, or leave it out: it follows the session timeout"
        table.problem(f"max.poll.interval.ms is shorter than session_timeout, {session}", "client", fix)


def _check_circle(settings: KafkaSettings, plan: BarPlan, table: Table) -> None:
    own = topics(plan, settings.app)
    others = (own.late, own.closed, own.changelog, own.progress, own.dead_letter, own.replayed)
    for name in settings.input:
        if name in {*own.live.values(), *own.final.values(), *others}:
            fix = "name the topic of what comes in, or give the bars another name"
            table.problem(f"{name!r} is written by the application itself", "input", fix)


def _app(table: Table, plan: BarPlan) -> str:
    app = table.text("app") or plan.name
    if not _APP.fullmatch(app):
        table.problem(
            f"{app!r} cannot name an application", "app", "use letters, digits, '.', '_' and '-', at most 200"
        )
    return app


def _namespace(table: Table, default: str) -> str:
    namespace = table.text("namespace") or default
    if not _NAMESPACE.fullmatch(namespace):
        table.problem(
            f"{namespace!r} is no namespace of Avro", "namespace", 'write names with dots: "org.example.bars"'
        )
    return namespace


def _live_interval(table: Table) -> int | None:
    if dict(table.items()).get("live_interval") == "off":
        return None
    return table.duration("live_interval", 250 * MILLISECOND, least=MILLISECOND)


def _share(table: Table, name: str, default: float) -> float:
    found = dict(table.items()).get(name, default)
    if isinstance(found, int | float | Decimal) and not isinstance(found, bool) and 0 <= found <= 1:
        return float(found)
    table.problem(f"{found!r} is no share", name, f"write a number from 0 to 1: {name} = {default}")
    return default


def _metrics(table: Table) -> str | None:
    address = table.text("metrics")
    try:
        if address is not None:
            address_of(address)
    except ValueError as error:
        what, _, fix = str(error).partition("; ")
        table.problem(what, "metrics", fix)
    return address


def _block(table: Table, plan: BarPlan) -> tuple[tuple[object, ...], ...]:
    found = dict(table.items()).get("block", ())
    if not isinstance(found, list | tuple):
        table.problem(f"{found!r} is not a list of keys", "block", f"write block = [{_example(plan)}]")
        return ()
    return tuple(_blocked(item, table, plan) for item in found)


def _blocked(written: object, table: Table, plan: BarPlan) -> tuple[object, ...]:
    key = tuple(written) if isinstance(written, list | tuple) else (written,)
    kinds = [_PYTHON.get(plan.event.by_name[name].kind) for name in plan.event.key]
    if len(key) != len(kinds) or any(kind and type(part) is not kind for part, kind in zip(key, kinds, strict=True)):
        table.problem(f"{written!r} is not a key", "block", f"write block = [{_example(plan)}]")
    return key


def _example(plan: BarPlan) -> str:
    return "[" + ", ".join(f"<{name}>" for name in plan.event.key) + "]"


_PYTHON: Final = {FieldKind.STRING: str, FieldKind.INTEGER: int, FieldKind.BOOLEAN: bool}


def _registry(table: Table | None, security: SecuritySettings) -> RegistrySettings | None:
    if table is None:
        return None
    table.known(_REGISTRY)
    url = table.text("url") or ""
    if "@" in url:
        table.problem("a login stands in the URL", "url", "write user and password = { env = … } beside it")
    elif not url.startswith(("http://", "https://")):
        table.problem(f"{url!r} is no URL" if url else "the registry has no URL", "url", 'write "https://host:8081"')
    if "token" in table and "user" in table:
        table.problem("a user and a token", "token", "keep one of the two")
    return RegistrySettings(
        url=url.rstrip("/"),
        mode=table.word("mode", ("register", "check"), "register"),
        user=table.text("user"),
        password=table.secret("password"),
        token=table.secret("token"),
        ca=table.path_of("ca") or security.ca,
        certificate=table.path_of("certificate") or security.certificate,
        key=table.path_of("key") or security.key,
        key_password=table.secret("key_password") or security.key_password,
    )


def _client(table: Table | None) -> dict[str, str | Secret]:
    found: dict[str, str | Secret] = {}
    if table is None:
        return found
    for name, value in table.items():
        if (reason := why_owned(name)) is not None:
            table.problem("is decided by barloom", name, reason)
        elif isinstance(value, dict | Secret) or _SOUNDS_SECRET.search(name):
            secret = table.secret(name)
            found |= {} if secret is None else {name: secret}
        elif isinstance(value, str | int | Decimal):
            found[name] = str(value).lower() if isinstance(value, bool) else str(value)
        else:
            table.problem(f"{value!r} is no value of librdkafka", name, "write a text, a number, true or false")
    return found
