"""Where each stream and table of a script stands on a server."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from barloom.ksqldb.server.observed import explained, source

if TYPE_CHECKING:
    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.observed import QueryDetails, Source

__all__ = ["Standing", "standing"]


class Standing(NamedTuple):
    """What a server has of one entity: `found` is none where it is not there, `details` where no query writes to it."""

    entity: Entity
    found: Source | None
    details: QueryDetails | None

    @property
    def state(self) -> str:
        """``MISSING``, ``DECLARED``, ``NO QUERY``, ``FAILING``, ``NO TASKS``, or the query's own state."""
        if self.found is None:
            return "MISSING"
        if not self.entity.derived:
            return "DECLARED"
        if self.details is None:
            return "NO QUERY"
        if self.details.errors:
            return "FAILING"
        if not self.details.tasks:
            return "NO TASKS"
        return self.found.queries[0].fault or "RUNNING"

    @property
    def works(self) -> bool:
        """Whether nothing is wrong with it as far as the server tells."""
        return self.state in {"DECLARED", "RUNNING"}


def standing(client: KsqlClient, script: Script, *, timeout: float | None = None) -> list[Standing]:
    """Ask for every entity of a script, in its order."""
    return [_one(client, entity, timeout) for entity in script.entities]


def _one(client: KsqlClient, entity: Entity, timeout: float | None) -> Standing:
    found = source(client, entity.quoted_name, timeout=timeout)
    if found is None or not found.queries:
        return Standing(entity, found, None)
    return Standing(entity, found, explained(client, found.queries[0].id, timeout=timeout))
