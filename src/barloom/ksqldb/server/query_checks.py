"""What can be wrong with the queries of a pipeline while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile.names import query_name, quoted
from barloom.ksqldb.compile.script import EntityKind
from barloom.ksqldb.server.checks import Doubt, there
from barloom.ksqldb.server.compare import property_differences
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.server.evidence import Evidence
    from barloom.ksqldb.server.observed import QueryDetails

__all__ = ["answers", "deleted", "faults", "inserts", "lags", "order", "passed_over", "queries", "settings"]


def order(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Queries that read from something else than the stage before."""
    for entity, details in _explained(script, evidence):
        if set(details.sources) != set(entity.reads):
            seen = ", ".join(map(quoted, details.sources)) or "nothing"
            wanted = ", ".join(map(quoted, entity.reads))
            yield Doubt(f"{entity.quoted_name} reads from {seen}, not from {wanted}")
    yield from _unseen(script, evidence)


def queries(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Tables without a query of their own, or with several."""
    seen: dict[str, str] = {}
    if evidence.queries is None:
        yield Doubt(evidence.unknown["queries"], known=False)
        return
    for entity in there(script, evidence):
        found = [query for query in evidence.queries.get(entity.name, []) if not query.inserts]
        if entity.derived and len(found) != 1:
            yield Doubt(f"{len(found)} queries write to {entity.quoted_name}")
        for query in found:
            if query.id in seen:
                yield Doubt(f"query {query.id} writes to {seen[query.id]} and {entity.quoted_name}")
            seen[query.id] = entity.quoted_name


def inserts(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Queries of others that write into what is the pipeline's, or into its ticks (``INSERT INTO``)."""
    if evidence.queries is None:
        yield Doubt(evidence.unknown["queries"], known=False)
        return
    for entity in there(script, evidence):
        for query in evidence.queries.get(entity.name, []):
            if query.inserts:
                yield Doubt(
                    f"query {query.id} inserts into {entity.quoted_name}; TERMINATE {query_name(query.id)}; ends it"
                )


def deleted(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Records that Kafka deleted before a query had read them."""
    for entity in there(script, evidence):
        found = evidence.sources[entity.name]
        for item in () if found is None else found.offsets:
            if item.position < item.first:
                lost = item.first - item.position
                yield Doubt(
                    f"{lost} offsets of {item.topic}[{item.partition}] went before {entity.quoted_name} read them"
                )


def passed_over(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Records that a query read and that went no further: for certain by the server's log, else by its positions.

    A query with a topic of its own writes into it what it has read, but for what its filter leaves out.
    """
    for entry in evidence.passed_over or ():
        many = f"{entry.times} times, the last" if entry.times > 1 else "once"
        yield Doubt(f"the processing log names {entry.query} {many}: {entry.last}")
    for entity in there(script, evidence):
        found = evidence.sources[entity.name]
        if found is None or not entity.derived or script.entity(entity.reads[0]).role != "source":
            continue
        read = sum(item.position for item in found.offsets if item.topic == script.entity(entity.reads[0]).topic)
        own = [item.end for item in found.offsets if item.topic.endswith(_OWN_TOPIC)]
        if own and read > sum(own):
            lost = read - sum(own)
            text = f"of {read} offsets that {entity.quoted_name} read at least {lost} went no further"
            yield Doubt(f"{text}: left out by its filter, or not to be decoded", known=False)


_OWN_TOPIC: Final = "-repartition"


def settings(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Queries that run without the properties that keep bars from being lost or doubled."""
    for entity, details in _explained(script, evidence):
        told = property_differences(script.settings, details.properties)
        if told:
            yield Doubt(f"{entity.quoted_name}: {', '.join(told)}")
    yield from _unseen(script, evidence)


def faults(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Queries that stand still or fail: ksqlDB calls most of them RUNNING."""
    for entity, details in _explained(script, evidence):
        found = evidence.sources[entity.name]
        query = None if found is None else found.queries[0]
        if query is not None and query.fault is not None:
            yield Doubt(f"the query of {entity.quoted_name} ({query.id}) is {query.fault}")
        if details.errors:
            last = details.errors[-1]
            many = f"{len(details.errors)} errors, the last" if len(details.errors) > 1 else "an error"
            at = written(last.at * 1_000_000)
            yield Doubt(f"{entity.quoted_name} has {many} at {at} ({last.kind}): {last.message}")
        elif not details.tasks:
            yield Doubt(f"the query of {entity.quoted_name} has no tasks, so it reads nothing")
    yield from _unseen(script, evidence)


def lags(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Queries with records still to read. One look cannot tell a queue that is worked off from one that grows."""
    for entity, details in _explained(script, evidence):
        if details.lag:
            yield Doubt(
                f"{entity.quoted_name} is {details.lag} records behind; look again whether that falls", known=False
            )
    yield from _unseen(script, evidence)


def answers(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Tables that do not answer a pull query."""
    for entity in there(script, evidence):
        if entity.kind is EntityKind.TABLE and entity.name not in evidence.rows:
            reason = evidence.unknown.get(f"rows of {entity.name}", "not asked")
            yield Doubt(f"{entity.quoted_name}: {reason}", known="no time left" not in reason)


def _explained(script: Script, evidence: Evidence) -> Iterator[tuple[Entity, QueryDetails]]:
    return ((entity, evidence.details[entity.name]) for entity in script.entities if entity.name in evidence.details)


def _unseen(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    for entity in there(script, evidence):
        reason = evidence.unknown.get(f"query of {entity.name}")
        if reason is not None:
            yield Doubt(f"{entity.quoted_name}: {reason}", known=False)
