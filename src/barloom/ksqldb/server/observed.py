"""What a server says of a stream, a table and a query, in the words of the project."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from barloom.ksqldb.compile.script import SqlColumn

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from barloom.ksqldb.server.client import KsqlClient

__all__ = [
    "Offsets",
    "QueryDetails",
    "QueryError",
    "RunningQuery",
    "Source",
    "explained",
    "property_name",
    "running",
    "source",
]

_PREFIX: Final = "ksql.streams."
_CAUSE: Final = "Caused by: "
_TYPES: Final = {"STRING": "VARCHAR", "INTEGER": "INT"}
"""The server's own words for types that statements call otherwise."""


@dataclass(frozen=True, slots=True)
class RunningQuery:
    """A persistent query: `states` counts its hosts by state; ``RUNNING`` says little, the others are faults."""

    id: str
    statement: str
    states: Mapping[str, int]

    @property
    def inserts(self) -> bool:
        """Whether it is one of ``INSERT INTO``, which fills what another statement made."""
        return self.statement.lstrip().upper().startswith("INSERT") or self.id.startswith("INSERTQUERY")

    @property
    def fault(self) -> str | None:
        """A state in which it does nothing, ``ERROR``, ``PAUSED`` or ``UNRESPONSIVE``; none otherwise."""
        return next((state for state in self.states if state != "RUNNING"), None)


class Offsets(NamedTuple):
    """A partition that a query reads: where its log begins and ends, and where the query stands."""

    topic: str
    partition: int
    first: int
    end: int
    position: int

    def unread(self, markers: int = 0) -> int:
        """How many offsets are still to be read, but for so many at the end, which may be no records."""
        return max(self.end - self.position - markers, 0)


@dataclass(frozen=True, slots=True)
class Source:
    """A stream or table as the server describes it.

    `readers` are the names of those that read from it, and `offsets` the partitions that its query has read of.
    """

    name: str
    kind: str
    topic: str
    statement: str
    key_columns: tuple[SqlColumn, ...]
    columns: tuple[SqlColumn, ...]
    key_format: str
    value_format: str
    window_type: str | None
    timestamp_column: str | None
    partitions: int
    replicas: int
    queries: tuple[RunningQuery, ...]
    readers: tuple[str, ...]
    offsets: tuple[Offsets, ...] = ()


@dataclass(frozen=True, slots=True, order=True)
class QueryError:
    """An error of a query: when (milliseconds UTC), whose fault the server thinks it is, and what went wrong."""

    at: int
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class QueryDetails:
    """What is known of a query that runs: its own properties, its errors, and how far its tasks are behind."""

    properties: Mapping[str, str]
    sources: tuple[str, ...]
    errors: tuple[QueryError, ...]
    tasks: int
    lag: int


def source(client: KsqlClient, name: str, *, timeout: float | None = None) -> Source | None:
    """The stream or table of a name as SQL writes it; none where there is none."""
    found = client.describe(name, timeout=timeout)
    if found is None:
        return None
    fields = [(SqlColumn(item["name"], _type(item["schema"])), item.get("type") == "KEY") for item in found["fields"]]
    return Source(
        name=found["name"],
        kind=found["type"],
        topic=found["topic"],
        statement=found.get("statement") or "",
        key_columns=tuple(column for column, is_key in fields if is_key),
        columns=tuple(column for column, is_key in fields if not is_key),
        key_format=found["keyFormat"],
        value_format=found["valueFormat"],
        window_type=found.get("windowType"),
        timestamp_column=found.get("timestamp") or None,
        partitions=found.get("partitions", 0),
        replicas=found.get("replication", 0),
        queries=tuple(_query(item) for item in found.get("writeQueries") or ()),
        readers=tuple(found.get("sourceConstraints") or ()),
        offsets=tuple(_offsets(found)),
    )


def _offsets(found: Mapping[str, Any]) -> Iterator[Offsets]:
    for group in found.get("queryOffsetSummaries") or ():
        for topic in group.get("topicSummaries") or ():
            for item in topic.get("offsets") or ():
                yield Offsets(
                    topic["kafkaTopic"],
                    item["partition"],
                    item["logStartOffset"],
                    item["logEndOffset"],
                    max(item["consumerOffset"], 0),
                )


def running(client: KsqlClient, *, timeout: float | None = None) -> dict[str, list[RunningQuery]]:
    """All persistent queries of the server by the name of what they write to."""
    found: dict[str, list[RunningQuery]] = {}
    for entity in client.execute("SHOW QUERIES;", timeout=timeout):
        for item in entity.get("queries") or ():
            for sink in item.get("sinks") or ():
                found.setdefault(sink, []).append(_query(item))
    return found


def explained(client: KsqlClient, query_id: str, *, timeout: float | None = None) -> QueryDetails:
    """What the server knows of a query."""
    found = client.explain(query_id, timeout=timeout)
    tasks = found.get("tasksMetadata") or []
    offsets = [item for task in tasks for item in task.get("topicOffsets") or ()]
    return QueryDetails(
        properties={
            property_name(name): str(value) for name, value in (found.get("overriddenProperties") or {}).items()
        },
        sources=tuple(found.get("sources") or ()),
        errors=tuple(sorted(_error(item) for item in found.get("queryErrors") or ())),
        tasks=len(tasks),
        lag=sum(max(item["endOffset"] + 1 - max(item["committedOffset"], 0), 0) for item in offsets),
    )


def property_name(name: str) -> str:
    """A stream property without the prefix that may stand before it."""
    return name.removeprefix(_PREFIX)


def _query(item: Mapping[str, Any]) -> RunningQuery:
    states = dict(item.get("statusCount") or {}) or {str(item.get("state") or "RUNNING"): 1}
    return RunningQuery(item["id"], item.get("queryString") or "", states)


def _error(item: Mapping[str, Any]) -> QueryError:
    """Of a stack trace, what went wrong: the first cause where one is named, without the packages of its class."""
    lines = str(item["errorMessage"]).splitlines()
    cause = next((line.removeprefix(_CAUSE) for line in lines if line.startswith(_CAUSE)), lines[0])
    head, colon, rest = cause.strip().partition(": ")
    return QueryError(
        int(item["timestamp"]), str(item.get("type") or "UNKNOWN"), head.rpartition(".")[2] + colon + rest
    )


def _type(schema: Mapping[str, Any]) -> str:
    """A column's type as SQL writes it."""
    if schema["type"] == "DECIMAL":
        parameters = schema["parameters"]
        return f"DECIMAL({parameters['precision']}, {parameters['scale']})"
    return _TYPES.get(schema["type"], str(schema["type"]))
