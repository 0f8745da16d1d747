"""What can be wrong with the queries of a pipeline while they run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.ksql.checks import Doubt, there
from barloom.ksql.compare import property_differences
from barloom.ksql.script import EntityKind
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksql.evidence import Evidence
    from barloom.ksql.observed import QueryDetails
    from barloom.ksql.script import Entity, Script

__all__ = ["answers", "faults", "lags", "order", "queries", "settings"]


def order(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Queries that read from something else than the stage before."""
    for entity, details in _explained(script, evidence):
        if set(details.sources) != set(entity.reads):
            seen = ", ".join(name.lower() for name in details.sources) or "nothing"
            wanted = ", ".join(name.lower() for name in entity.reads)
            yield Doubt(f"{entity.quoted_name} reads from {seen}, not from {wanted}")
    yield from _unseen(script, evidence)


def queries(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Tables without a query of their own, or with several."""
    seen: dict[str, str] = {}
    if evidence.queries is None:
        yield Doubt(evidence.unknown["queries"], known=False)
        return
    for entity in there(script, evidence):
        found = evidence.queries.get(entity.name, [])
        if entity.derived and len(found) != 1:
            yield Doubt(f"{len(found)} queries write to {entity.quoted_name}")
        for query in found:
            if query.id in seen:
                yield Doubt(f"query {query.id} writes to {seen[query.id]} and {entity.quoted_name}")
            seen[query.id] = entity.quoted_name


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
