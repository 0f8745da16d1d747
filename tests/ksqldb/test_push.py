"""Push queries: rows come as they are, and whoever cancels is not kept waiting."""

from __future__ import annotations

import asyncio
import threading
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from barloom.errors import KsqlRefused, KsqlUnreachable
from barloom.ksqldb.server.address import KsqlServer
from barloom.ksqldb.server.client import KsqlClient
from ksqldb.double import refusal
from waiting import PATIENCE

if TYPE_CHECKING:
    from ksqldb.double import KsqlDouble

HEADER = '{"queryId":"transient_1","columnNames":["SYMBOL","BID"],"columnTypes":["STRING","DECIMAL(18, 6)"]}'
ROWS = [HEADER, '["EURUSD",1.1]', '["XAUUSD",2400.5]']
SQL = "SELECT * FROM ticks EMIT CHANGES;"


def test_a_query_with_a_limit_ends_by_itself(double: KsqlDouble, client: KsqlClient) -> None:
    """The rows come typed, and the empty line at the end is none."""
    double.rule("EMIT CHANGES", [*ROWS, "", "end"])

    with client.push(SQL, {"auto.offset.reset": "earliest"}) as query:
        rows = list(query)

    assert [("EURUSD", Decimal("1.100000")), ("XAUUSD", Decimal("2400.500000"))] == rows
    assert query.header is not None
    assert ("SYMBOL", "BID") == query.header.columns
    assert {"auto.offset.reset": "earliest"} == double.requests[-1].properties


def test_cancelling_wakes_whoever_waits_for_a_row(double: KsqlDouble, client: KsqlClient) -> None:
    """`cancel` from another thread ends the loop without an error, and the server sees the connection go."""
    double.rule("EMIT CHANGES", ROWS)
    rows: list[tuple[object, ...]] = []

    with client.push(SQL) as query:
        reader = threading.Thread(target=lambda: rows.extend(query))
        reader.start()
        assert double.pushing.wait(PATIENCE)
        query.cancel()
        reader.join(PATIENCE)

    assert not reader.is_alive()
    assert 2 == len(rows)
    assert double.gone.wait(PATIENCE)


def test_leaving_the_context_ends_the_query_on_the_server(double: KsqlDouble, client: KsqlClient) -> None:
    """A loop that is left early leaves nothing running."""
    double.rule("EMIT CHANGES", ROWS)

    with client.push(SQL) as query:
        first = next(iter(query))

    assert ("EURUSD", Decimal("1.100000")) == first
    assert double.gone.wait(PATIENCE)


def test_a_quiet_market_is_no_error(double: KsqlDouble) -> None:
    """The time for an answer counts until the query runs; between rows there may be any."""
    double.rule("EMIT CHANGES", ROWS)

    with KsqlClient(KsqlServer(url=double.url, timeout=3.0)) as client, client.push(SQL) as query:
        reader = threading.Thread(target=lambda: list(query))
        reader.start()
        reader.join(3.5)

        assert reader.is_alive()
        query.cancel()
        reader.join(PATIENCE)


def test_silence_is_an_error_where_it_is_limited(double: KsqlDouble, client: KsqlClient) -> None:
    """Rows before the silence are given; then it says that none came."""
    double.rule("EMIT CHANGES", ROWS)

    with client.push(SQL, silence=0.05) as query, pytest.raises(KsqlUnreachable, match="timed out"):
        assert 2 < len([list(query)])


def test_a_refused_query_says_why(double: KsqlDouble, client: KsqlClient) -> None:
    """A query on what does not exist is an error at once."""
    double.rule("EMIT CHANGES", refusal("TICKS does not exist."))

    with pytest.raises(KsqlRefused, match="TICKS does not exist"):
        client.push(SQL)


def test_a_query_that_fails_later_says_why(double: KsqlDouble, client: KsqlClient) -> None:
    """An error among the rows ends them."""
    late = '{"@type":"generic_error","error_code":50000,"message":"it broke"}'
    double.rule("EMIT CHANGES", [*ROWS, late, "end"])

    with client.push(SQL) as query, pytest.raises(KsqlRefused, match="it broke"):
        list(query)


def test_an_asynchronous_query_gives_its_rows(double: KsqlDouble, client: KsqlClient) -> None:
    """The same rows come to an event loop."""
    double.rule("EMIT CHANGES", [*ROWS, "", "end"])

    async def read() -> list[tuple[object, ...]]:
        async with client.push_async(SQL) as query:
            return [row async for row in query]

    assert [("EURUSD", Decimal("1.100000")), ("XAUUSD", Decimal("2400.500000"))] == asyncio.run(read())


def test_cancelling_a_task_ends_its_query(double: KsqlDouble, client: KsqlClient) -> None:
    """A cancelled task leaves nothing running on the server."""
    double.rule("EMIT CHANGES", ROWS)

    async def follow() -> None:
        async with client.push_async(SQL) as query:
            async for _ in query:
                pass

    async def cancel() -> None:
        task = asyncio.create_task(follow())
        assert await asyncio.to_thread(double.pushing.wait, PATIENCE)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())

    assert double.gone.wait(PATIENCE)


def test_an_asynchronous_query_that_is_refused_says_why(double: KsqlDouble, client: KsqlClient) -> None:
    """The error is the same as without an event loop."""
    double.rule("EMIT CHANGES", refusal("TICKS does not exist."))

    async def read() -> None:
        async with client.push_async(SQL):
            pass

    with pytest.raises(KsqlRefused, match="TICKS does not exist"):
        asyncio.run(read())
