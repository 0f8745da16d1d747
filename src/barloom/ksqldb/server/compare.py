"""What a deployment would do: each statement is to be created, stands unchanged, or has drifted."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.errors import KsqlDrifted
from barloom.ksqldb.server.canonical import canonical
from barloom.ksqldb.server.differences import differences
from barloom.ksqldb.server.observed import explained, property_name, source

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.server.client import KsqlClient
    from barloom.ksqldb.server.observed import Source

__all__ = ["Comparison", "Planned", "Verdict", "compare", "property_differences", "statement_differences"]


class Verdict(Enum):
    """What a deployment does with a statement: run it, leave what is there, or refuse because that is another one."""

    CREATE = "create"
    UNCHANGED = "unchanged"
    DRIFTED = "drifted"


class Planned(NamedTuple):
    """One statement and what becomes of it; `differences` say why it has drifted.

    `topic_exists`: the topic that its query would fill is there already, and keeps its old rows beside the new ones.
    """

    entity: Entity
    verdict: Verdict
    differences: tuple[str, ...] = ()
    topic_exists: bool = False


@dataclass(frozen=True, slots=True)
class Comparison:
    """A script beside a server, in the order of the statements, and the `topics` that the server sees."""

    items: tuple[Planned, ...]
    topics: frozenset[str] = frozenset()

    def of(self, verdict: Verdict) -> list[Planned]:
        """Those of a verdict."""
        return [item for item in self.items if item.verdict is verdict]

    def check(self, reuse: Collection[str] = ()) -> None:
        """`KsqlDrifted` where a deployment would not give what the definition says.

        `reuse` names the topics that may keep the rows they have.
        """
        told = [f"  {item.entity.quoted_name}: {'; '.join(item.differences)}" for item in self.of(Verdict.DRIFTED)]
        if told:
            message = "\n".join([_OTHERS, *told, _MEND_DRIFT])
            raise KsqlDrifted(message)
        full = [item.entity.topic for item in self.items if item.topic_exists and item.entity.topic not in reuse]
        if full:
            message = f"{_FULL}: {', '.join(full)}\n{_MEND_FULL}"
            raise KsqlDrifted(message)


_OTHERS: Final = "the server holds other statements than the definition becomes"
_MEND_DRIFT: Final = (
    "  fix: drop these and what reads from them (`barloom ksql drop`), or take other names, and deploy again"
)
_FULL: Final = "these topics are there already, and all bars would stand in them a second time"
_MEND_FULL: Final = (
    "  fix: delete them and their schema subjects, or name each with --reuse-topic to write behind the old rows"
)


def compare(client: KsqlClient, script: Script) -> Comparison:
    """Ask the server for every statement of a script."""
    topics = _topics(client)
    return Comparison(tuple(_planned(client, item, script.settings, topics) for item in script.entities), topics)


def _planned(client: KsqlClient, entity: Entity, settings: Mapping[str, str], topics: Collection[str]) -> Planned:
    found = source(client, entity.quoted_name)
    if found is None:
        return Planned(entity, Verdict.CREATE, topic_exists=entity.derived and entity.topic in topics)
    told = statement_differences(entity, found)
    if entity.derived and found.queries:
        details = explained(client, found.queries[0].id)
        told += property_differences(settings, details.properties)
    elif entity.derived:
        told.append("no query writes to it (it was terminated)")
    return Planned(entity, Verdict.DRIFTED if told else Verdict.UNCHANGED, tuple(told))


def statement_differences(entity: Entity, found: Source) -> list[str]:
    """How the server's own text of a statement differs from the script's; empty where both do the same."""
    try:
        theirs = canonical(found.statement)
    except ValueError as error:
        return [f"its statement is not understood ({error}): {found.statement}"]
    return differences(canonical(entity.sql), theirs)


def property_differences(wanted: Mapping[str, str], found: Mapping[str, str]) -> list[str]:
    """Which stream properties a query runs without, or with another value."""
    told = []
    for name, value in wanted.items():
        theirs = found.get(property_name(name))
        if theirs != value:
            what = f"without {name}, which should be" if theirs is None else f"with {name} {theirs}, not"
            told.append(f"its query runs {what} {value}")
    return told


def _topics(client: KsqlClient) -> frozenset[str]:
    return frozenset(item["name"] for entity in client.execute("SHOW TOPICS;") for item in entity.get("topics") or ())
