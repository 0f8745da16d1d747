"""What a server says of records that its queries passed over, where it keeps its processing log in a topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.errors import KsqlUnreachable
from barloom.ksqldb.server.observed import source

if TYPE_CHECKING:
    from collections.abc import Collection

    from barloom.clock import Clock
    from barloom.ksqldb.server.client import KsqlClient

__all__ = ["PassedOver", "passed_over"]

_LOG: Final = "KSQL_PROCESSING_LOG"
"""The stream over the log that the server makes (``ksql.logging.processing.stream.auto.create``)."""

_REASON: Final = "ERRORMESSAGE"
_ROWS: Final = 10_000


class PassedOver(NamedTuple):
    """A query that the log names, how often, and what the last entry says."""

    query: str
    times: int
    last: str


def passed_over(
    client: KsqlClient, queries: Collection[str], *, clock: Clock, seconds: float
) -> list[PassedOver] | None:
    """The entries of some queries, as many as come in `seconds`; none where there is no such log."""
    end = clock.monotonic() + seconds
    if source(client, _LOG, timeout=seconds) is None:
        return None
    found: dict[str, PassedOver] = {}
    query = f"SELECT * FROM {_LOG} EMIT CHANGES;"  # noqa: S608 - a name of the server's
    with client.push(query, {"auto.offset.reset": "earliest"}, silence=seconds) as rows:
        try:
            for count, row in enumerate(rows):
                written = next((part for part in row if isinstance(part, str) and _query_in(part, queries)), None)
                if written is not None:
                    name = str(_query_in(written, queries))
                    before = found[name].times if name in found else 0
                    found[name] = PassedOver(name, before + 1, _reason(row) or "no reason is given")
                if count == _ROWS or clock.monotonic() >= end:
                    break
        except KsqlUnreachable:  # silence: there are no more
            pass
    return list(found.values())


def _query_in(logger: str, queries: Collection[str]) -> str | None:
    """The query of a logger such as ``processing.CTAS_BARS_FINAL_1S_3.KsqlTopic.Source``."""
    return next((part for part in logger.split(".") if part in queries), None)


def _reason(value: object) -> str | None:
    """The first text of that name in a row, however deep."""
    if isinstance(value, dict):
        named = next((str(text) for name, text in value.items() if name.upper() == _REASON and text), None)
        return named or _reason(list(value.values()))
    if isinstance(value, list | tuple):
        return next((text for text in map(_reason, value) if text), None)
    return None
