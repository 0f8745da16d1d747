"""What a doctor asks a server, each question with little time, so that the whole has a limit."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from barloom.errors import KsqlError
from barloom.ksqldb.compile.script import EntityKind
from barloom.ksqldb.reader.lookup import any_row
from barloom.ksqldb.server.canonical import canonical
from barloom.ksqldb.server.history import Oldest, oldest_ticks
from barloom.ksqldb.server.observed import explained, running, source
from barloom.ksqldb.server.processing_log import PassedOver, passed_over

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barloom.clock import Clock
    from barloom.ksqldb.compile.script import Script
    from barloom.ksqldb.server.canonical import Statement
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.observed import QueryDetails, RunningQuery, Source

__all__ = ["Evidence", "gather"]

T = TypeVar("T")

_OUT_OF_TIME: Final = "there was no time left to ask"


@dataclass(slots=True)
class Evidence:
    """The answers of a server. What is missing here has its reason in `unknown`, under the same name.

    `info`, `health`, `cluster` and `queries` are none where they could not be had; `sources` has none for what is not
    there. `statements` are those of the sources that could be read; `rows` counts what a pull query gave (none or one);
    `oldest` are the first ticks, and `passed_over` what the processing log says, where there is one.
    """

    info: Mapping[str, Any] | None = None
    health: Mapping[str, Any] | None = None
    cluster: Mapping[str, Any] | None = None
    queries: Mapping[str, list[RunningQuery]] | None = None
    sources: dict[str, Source | None] = field(default_factory=dict)
    statements: dict[str, Statement] = field(default_factory=dict)
    details: dict[str, QueryDetails] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)
    oldest: Oldest | None = None
    passed_over: list[PassedOver] | None = None
    unknown: dict[str, str] = field(default_factory=dict)


class _Asking:
    """Asks within a limit, and notes what was not answered."""

    def __init__(self, clock: Clock, seconds: float, one: float, unknown: dict[str, str]) -> None:
        self._clock = clock
        self._end = clock.monotonic() + seconds
        self._one = one
        self._unknown = unknown

    def __call__(self, name: str, ask: Callable[[float], T]) -> T | None:
        left = self._end - self._clock.monotonic()
        if left <= 0:
            self._unknown[name] = _OUT_OF_TIME
            return None
        try:
            return ask(min(self._one, left))
        except KsqlError as error:
            self._unknown[name] = (error.reason or str(error)).splitlines()[0]
            return None


def gather(client: KsqlClient, script: Script, *, clock: Clock, seconds: float = 9.0, one: float = 2.0) -> Evidence:
    """Ask for everything within `seconds`, and for each single thing within `one`.

    Raises what the first question meets where the server does not answer at all, or refuses who asks.
    """
    found = Evidence()
    ask = _Asking(clock, seconds, one, found.unknown)
    found.info = client.info(timeout=one)
    found.health = ask("health", lambda limit: client.health(timeout=limit))
    found.queries = ask("queries", lambda limit: running(client, timeout=limit))
    found.cluster = ask("cluster", lambda limit: client.cluster(timeout=limit))
    for entity in script.entities:
        _ask_of_source(client, entity.name, entity.quoted_name, ask, found)
    for name, source_found in found.sources.items():
        if source_found is not None and source_found.queries:
            query_id = source_found.queries[0].id
            details = ask(f"query of {name}", lambda limit, it=query_id: explained(client, it, timeout=limit))  # type: ignore[misc]
            if details is not None:
                found.details[name] = details
    for entity in script.entities:
        if entity.kind is EntityKind.TABLE and found.sources.get(entity.name) is not None:
            rows = ask(f"rows of {entity.name}", lambda limit, it=entity: client.pull(any_row(it), timeout=limit))  # type: ignore[misc]
            if rows is not None:
                found.rows[entity.name] = len(rows)
    ids = {query.id for there in found.sources.values() if there is not None for query in there.queries}
    found.passed_over = ask("log", lambda limit: passed_over(client, ids, clock=clock, seconds=limit))
    if found.sources.get(script.of("source").name) is not None:
        found.oldest = ask("history", lambda limit: oldest_ticks(client, script, clock=clock, seconds=limit))
    return found


def _ask_of_source(client: KsqlClient, name: str, quoted_name: str, ask: _Asking, found: Evidence) -> None:
    there = ask(name, lambda limit: source(client, quoted_name, timeout=limit))
    if name in found.unknown:
        return
    found.sources[name] = there
    if there is not None:
        try:
            found.statements[name] = canonical(there.statement)
        except ValueError as error:
            found.unknown[f"statement of {name}"] = str(error)
