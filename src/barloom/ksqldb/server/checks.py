"""What can be wrong with the streams and tables of a pipeline, as the server describes them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from barloom.ksqldb.compile.windows import window_of
from barloom.ksqldb.server.canonical import marked
from barloom.ksqldb.server.compare import statement_differences
from barloom.ksqldb.server.differences import sql_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.ksqldb.compile.script import Entity, Script
    from barloom.ksqldb.server.canonical import Tree
    from barloom.ksqldb.server.evidence import Evidence

__all__ = [
    "Doubt",
    "columns",
    "counts",
    "formats",
    "grouping",
    "key_schemas",
    "missing",
    "partitions",
    "statements",
    "there",
    "timestamps",
    "windows",
]


class Doubt(NamedTuple):
    """Something of one entity that is wrong, or (`known` false) could not be seen."""

    text: str
    known: bool = True


def missing(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """What is not on the server, of another kind, or on another topic."""
    for entity in script.entities:
        if entity.name in evidence.unknown:
            yield Doubt(f"{entity.quoted_name}: {evidence.unknown[entity.name]}", known=False)
            continue
        found = evidence.sources.get(entity.name)
        if found is None:
            yield Doubt(f"{entity.quoted_name} is not there")
        elif found.kind != entity.kind.value:
            yield Doubt(f"{entity.quoted_name} is a {found.kind.lower()}, not a {entity.kind.value.lower()}")
        elif found.topic != entity.topic:
            yield Doubt(f"{entity.quoted_name} is on topic {found.topic}, not on {entity.topic}")


def there(script: Script, evidence: Evidence) -> Iterator[Entity]:
    """The entities that the server has; what is missing has its own check."""
    return (entity for entity in script.entities if evidence.sources.get(entity.name) is not None)


def statements(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """What the server does otherwise than the definition says."""
    for entity in there(script, evidence):
        found = evidence.sources[entity.name]
        told = [] if found is None else statement_differences(entity, found)
        if told:
            yield Doubt(f"{entity.quoted_name}: {', '.join(told)}")


def formats(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Keys or values that are not in the format they are declared with."""
    for entity in there(script, evidence):
        found = evidence.sources[entity.name]
        if found is not None and (found.key_format, found.value_format) != (entity.key_format, entity.value_format):
            yield Doubt(f"{entity.quoted_name} has the formats {found.key_format} and {found.value_format}")


def timestamps(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Sources whose event time is taken from the wrong column."""
    for entity in there(script, evidence):
        found = evidence.sources[entity.name]
        seen = None if found is None else found.timestamp_column
        if seen != entity.timestamp_column:
            yield Doubt(f"{entity.quoted_name} takes {seen or 'none'}, not {entity.timestamp_column or 'none'}")


def columns(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Columns that differ, in name, type or order, from those that the stage before writes."""
    for entity in there(script, evidence):
        found = evidence.sources[entity.name]
        if found is not None and (found.key_columns, found.columns) != (entity.key_columns, entity.columns):
            seen = ", ".join(f"{name} {kind}" for name, kind in (*found.key_columns, *found.columns))
            yield Doubt(f"{entity.quoted_name} has {seen}")


def key_schemas(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Keys whose schema has a name of its own: they get another id, and so another partition."""
    for entity in there(script, evidence):
        statement = evidence.statements.get(entity.name)
        seen = None if statement is None else statement.properties.get("KEY_SCHEMA_FULL_NAME")
        if seen != f"'{entity.key_schema}'":
            yield Doubt(f"{entity.quoted_name} has {seen or 'a name of its own'}", known=statement is not None)


def partitions(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Topics with another number of partitions: keys would lie elsewhere at each stage."""
    for entity in there(script, evidence):
        found = evidence.sources[entity.name]
        if found is not None and found.partitions != entity.partitions:
            yield Doubt(f"{entity.topic} has {found.partitions}, not {entity.partitions}")


def grouping(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Queries that group by more, or less, than the key."""
    for entity in there(script, evidence):
        statement = evidence.statements.get(entity.name)
        if not entity.derived or statement is None:
            continue
        grouped = statement.parts.get("GROUP", ())
        if [_grouped_column(part) for part in grouped] != [marked(column.name) for column in entity.key_columns]:
            yield Doubt(f"{entity.quoted_name} groups by {', '.join(map(sql_of, grouped)) or 'nothing'}")


def _grouped_column(part: Tree) -> Tree:
    """The column of a part of GROUP BY: a single key of a windowed stream is cast to its own type."""
    return part[1] if part[0] == "CAST" else part


def windows(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Windows of another size than the timeframe, or that do not state how long they are kept and open."""
    for entity in there(script, evidence):
        statement = evidence.statements.get(entity.name)
        if not entity.derived or entity.window is None or statement is None:
            continue
        seen = window_of(statement)
        if seen.size != entity.window:
            yield Doubt(f"{entity.quoted_name} has windows of {seen.size} ms, not of {entity.window} ms")
        if seen.retention is None or seen.grace is None:
            yield Doubt(f"{entity.quoted_name} does not state RETENTION and GRACE PERIOD")
        elif seen.retention < (entity.retention or 0):
            yield Doubt(f"{entity.quoted_name} keeps windows for {seen.retention} ms, not {entity.retention} ms")


def counts(script: Script, evidence: Evidence) -> Iterator[Doubt]:
    """Roll-ups that count bars where they should add up the counts of the ticks."""
    for entity in there(script, evidence):
        statement = evidence.statements.get(entity.name)
        above = entity.derived and any(script.entity(name).role == "final_stream" for name in entity.reads)
        if above and statement is not None and any(_counts_rows(part) for part in statement.parts.values()):
            yield Doubt(f"{entity.quoted_name} counts its children, not their ticks")


def _counts_rows(tree: Tree) -> bool:
    if isinstance(tree, str):
        return False
    return tree == ("COUNT", "*") or any(_counts_rows(item) for item in tree)
