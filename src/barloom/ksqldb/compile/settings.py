"""What a deployment adds to a definition: topics, partitions, retention, schema names, and how the queries run."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from barloom.errors import BadArguments, Problem
from barloom.time.timeframe import DAY, MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FOR_EVER", "STREAM_PROPERTIES", "KsqlSettings"]

FOR_EVER: Final = 36_500 * DAY // MILLISECOND
"""The RETENTION_MS of a topic that is never emptied: the server takes the larger of that and the window's RETENTION,
so that Kafka's own -1 would be the window's."""

STREAM_PROPERTIES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # the default is latest: a query made after its source has data would miss that data
        "ksql.streams.auto.offset.reset": "earliest",
        # the default second between two emissions loses windows that close and expire within it
        "ksql.streams.__emit.interval.ms.kstreams.windowed.aggregation__": "0",
        # the default counts rows twice after a crash
        "processing.guarantee": "exactly_once_v2",
    }
)
"""The stream properties without which ksqlDB silently loses or doubles bars."""

_NAMESPACE: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_TOPIC: Final = re.compile(r"[A-Za-z0-9._-]{1,249}")


@dataclass(frozen=True, slots=True)
class KsqlSettings:
    """How the statements of a definition are made.

    `source` is the topic of the ticks. `partitions` and `replicas` are those of every topic of the pipeline, the
    source's included. `retention` (nanoseconds) is how long windows, their changelogs, live bars and ticks are kept:
    longer than the longest time without a tick, and longer than the age of the oldest tick. Final bars are kept as the
    definition says, which is for ever where it says nothing, and never shorter than their windows.
    `namespace` begins the schema names: the key's is ``<namespace>.BarKey`` in every statement.
    """

    source: str = "ticks"
    partitions: int = 3
    replicas: int = 1
    retention: int = 7 * DAY
    namespace: str = "barloom"

    def __post_init__(self) -> None:
        problems = list(self._problems())
        if problems:
            raise BadArguments(problems)

    @property
    def key_schema(self) -> str:
        """The full name of every key's schema."""
        return f"{self.namespace}.BarKey"

    def _problems(self) -> list[Problem]:
        problems = []
        if not _TOPIC.fullmatch(self.source) or self.source in {".", ".."}:
            fix = "use letters, digits, '.', '_' and '-', at most 249, and more than dots"
            problems.append(Problem(f"{self.source!r} cannot name a topic", "ksql: source", fix))
        for name, value in (("partitions", self.partitions), ("replicas", self.replicas)):
            if value < 1:
                problems.append(Problem(f"{value} {name}", f"ksql: {name}", "give one or more"))
        if self.retention < DAY:
            fix = "give at least 1d, and more than the longest time without ticks"
            problems.append(Problem("the retention is shorter than a day", "ksql: retention", fix))
        if not _NAMESPACE.fullmatch(self.namespace):
            fix = "write words with dots between them, such as 'com.example.bars'"
            problems.append(Problem(f"{self.namespace!r} is no namespace of schemas", "ksql: namespace", fix))
        return problems
