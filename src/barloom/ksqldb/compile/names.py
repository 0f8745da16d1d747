"""Names as ksqlDB stores them, and how they are written so that it stores exactly those.

ksqlDB turns unquoted names into upper case; back quotes keep them as they are. Everything barloom makes is stored in
upper case, so that a reserved word such as `SIZE` looks like any other column, and quotes stand only where they must.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["FORBIDDEN_COLUMNS", "RESERVED", "query_name", "quoted", "source_name", "stored"]

RESERVED: Final = frozenset(
    """
    ADVANCE ALL AND AS AT BEGINNING BETWEEN BY CASE CAST CATALOG CONNECTOR CONNECTORS CREATE DAYS DECIMAL DELETE
    DESCRIBE DISTINCT DROP ELSE END EXISTS EXPORT EXTENDED FALSE FROM FULL GROUP HAVING HOPPING HOURS IN INNER INSERT
    INTO IS JOIN LEFT LIKE LIMIT LIST LOAD MATERIALIZED MILLISECOND MILLISECONDS MINUTES MONTHS NAMESPACE NOT NULL ON
    OR OUTER PAUSE PRINT PROPERTIES QUERIES QUERY RENAME RESUME RETENTION RIGHT RUN SAMPLE SCRIPT SECONDS SELECT SIZE
    STREAM STREAMS TABLE TERMINATE THEN TO TOPIC TOPICS TRUE TUMBLING UNSET VALUES VIEW WHEN WHERE WINDOW WITH WITHIN
    YEARS
    """.split()  # noqa: SIM905 - ninety quoted words would be harder to read
)
"""The words that a ksqlDB 8.5 server refuses as a name without quotes."""

FORBIDDEN_COLUMNS: Final = frozenset({"ROWTIME", "ROWOFFSET", "ROWPARTITION", "WINDOWSTART", "WINDOWEND"})
"""Columns that every source has by itself; no other may have their names, with quotes or without."""

_PLAIN: Final = re.compile(r"[A-Z][A-Z0-9_]*")
_NOT_IN_SOURCES: Final = re.compile(r"[^A-Za-z0-9_-]")


def stored(name: str) -> str:
    """The name under which ksqlDB keeps a field, a column or a bar's output."""
    return name.upper()


def source_name(topic: str) -> str:
    """The name of the stream or table of a topic: its letters in upper case, ``.`` as ``_``."""
    return _NOT_IN_SOURCES.sub("_", topic).upper()


def quoted(name: str) -> str:
    """How a stored name is written in SQL: in lower case where that is enough, else in back quotes.

    `quoted("BID")` is ``bid``, which the server stores as ``BID`` again; `quoted("SIZE")` needs its quotes.
    """
    if _PLAIN.fullmatch(name) and name not in RESERVED:
        return name.lower()
    return "`" + name.replace("`", "``") + "`"


def query_name(query_id: str) -> str:
    """How the id of a query is written in SQL: it holds its table's name, with whatever that is made of."""
    return query_id if _PLAIN.fullmatch(query_id) else f"`{query_id}`"
