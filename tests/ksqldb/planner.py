"""What a server's planner says of a statement, given the sources that are there: the refusals that were met."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ksqldb.reading_sql import walk

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ksqldb.reading_sql import Statement

REKEY = "Group by on windowed should always require rekey"
_BOUNDS = [("column", "WINDOWSTART"), ("column", "WINDOWEND")]
OUTPUT = "Could not determine output schema for query due to error: "


def refused(statement: Statement, sources: Mapping[str, Statement]) -> str | None:
    """Why the server refuses it; none where it does not. `sources` are the statements before it, by name."""
    if statement.kind == "STREAM":
        return _other_topic(statement, sources)
    source = sources.get(statement.source)
    if source is None:
        return f"{statement.source} does not exist."
    columns = {name for name, _, _ in source.columns} | {"WINDOWSTART", "WINDOWEND", "ROWOFFSET"}
    parts = [*(value for value, _ in statement.items), statement.where, *statement.group_by]
    for node in (node for part in parts for node in walk(part)):
        if node[0] == "column" and node[1] not in columns:
            return f"column '{node[1]}' cannot be resolved"
    return _grouping(statement, source)


def _grouping(statement: Statement, source: Statement) -> str | None:
    key = [("column", name) for name, _, is_key in source.columns if is_key]
    if any(part not in [value for value, _ in statement.items] for part in statement.group_by):
        return OUTPUT + "Key missing from projection"
    if any(node in _BOUNDS for part in statement.group_by for node in walk(part)):
        return "Window bounds column WINDOWSTART can only be used in the SELECT clause"
    if "WINDOW_TYPE" in source.properties and len(key) == 1 and statement.group_by == key:
        return OUTPUT + REKEY
    if statement.window["retention"] < statement.window["size"] + statement.window["grace"]:
        return "The retention period of the window store must be no smaller than its window size plus the grace period"
    return None


def _other_topic(statement: Statement, sources: Mapping[str, Statement]) -> str | None:
    """A topic that is there must be the one that is asked for. A table's keeps at least what its windows keep."""
    topic = statement.properties["KAFKA_TOPIC"]
    for made in sources.values():
        if made.kind == "TABLE" and made.properties["KAFKA_TOPIC"] == topic:
            kept = max(int(made.properties["RETENTION_MS"]), made.window["retention"])
            wanted = (made.properties["PARTITIONS"], kept)
            if (statement.properties["PARTITIONS"], statement.properties["RETENTION_MS"]) != wanted:
                return (
                    f"A Kafka topic with the name '{topic}' already exists, with different "
                    "partition/replica/retention configuration than required."
                )
    return None
