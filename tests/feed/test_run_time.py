"""Symbols that come and go while a session runs, and feeds that are no venue."""

from __future__ import annotations

import asyncio
import json
from threading import Thread
from typing import TYPE_CHECKING

import barloom as bl
from barloom.feed.batch import EventKind, SymbolId
from barloom.feed.venues import venue as venue_named
from barloom.testing import Delisted, Script, VenueDouble, VenueMarket
from feed.small_server import served
from feed.test_session import EXAMPLES, Collected, collect, session_of
from waiting import PATIENCE, until

if TYPE_CHECKING:
    from pathlib import Path

    from websockets.asyncio.server import ServerConnection


def test_a_symbol_may_be_added_and_removed_while_it_runs() -> None:
    """It is subscribed to over the standing connection; what is removed gives nothing more."""
    name, (first, second) = "kraken", EXAMPLES["kraken"]
    market = VenueMarket.simulate([first, second], trades=400, seed=3)
    last = market.of_symbol(second)[-1].number

    async def run(double: VenueDouble) -> Collected:
        session = session_of(double, [first])
        found = Collected()
        async with asyncio.timeout(PATIENCE), session:
            venue = venue_named(name, websocket=double.websocket, rest=double.rest)
            await session.add(venue, second)
            async for batch in session:
                found.batches.append(batch)
                if last in found.of(second):
                    break
            await session.remove(SymbolId(name, first))
            assert [SymbolId(name, second)] == list(session.health().symbols)
        return found

    with VenueDouble(name, market, beat=0.1) as double:
        found = asyncio.run(run(double))
        connections = double.connections

    assert [trade.number for trade in market.of_symbol(second)] == found.of(second)
    assert 1 == connections


def test_an_unknown_symbol_is_an_error_of_that_symbol_alone() -> None:
    """The other goes on; the venue's word is told, whichever road it came by."""
    for name in EXAMPLES:
        symbol, unknown = EXAMPLES[name]
        market = VenueMarket.simulate([symbol], trades=200, seed=3)
        last = market.trades[-1].number
        with VenueDouble(name, market, beat=0.1) as double:
            session = session_of(double, [symbol, unknown])

            def enough(found: Collected, symbol: str = symbol, last: int = last) -> bool:
                return EventKind.REFUSED in found.kinds and last in found.of(symbol)

            found = asyncio.run(collect(session, enough))
            health = session.health().symbols

        assert [trade.number for trade in market.trades] == found.of(symbol), name
        assert health[SymbolId(name, unknown)].error, name
        assert health[SymbolId(name, symbol)].error is None, name


def test_a_delisted_symbol_is_an_error_of_that_symbol_alone() -> None:
    """Its trades until then were given, and the other goes on."""
    name, (first, second) = "kraken", EXAMPLES["kraken"]
    market = VenueMarket.simulate([first, second], trades=400, seed=3)
    last = market.of_symbol(first)[-1].number
    with VenueDouble(name, market, Script((Delisted(at=200, symbol=second),)), beat=0.1) as double:
        session = session_of(double, [first, second])
        enough = lambda found: EventKind.REFUSED in found.kinds and last in found.of(first)  # noqa: E731
        found = asyncio.run(collect(session, enough))
        truth = [trade.number for trade in double.trades if trade.symbol == first]

    assert truth == found.of(first)


OWN = """
[event]
key = "symbol"
timestamp = "at"
sequence = "seq"
[event.fields]
symbol = "string"
at = "timestamp(ms)"
seq = "int"
price = "decimal(18, 4)"

[source]
columns = {{ symbol = "s", at = "t", price = "p" }}

[bars]
name = "desk"
base = "1s"
delay = "0s"
time = "key"
ohlcv = {{ price = "price" }}

[feed]
url = "ws://127.0.0.1:{port}/stream"
name = "desk"
subscribe = '{{"op":"subscribe","symbol":"{{symbol}}"}}'
feeds = ["ACME"]
rows = "data[*]"
fill_within = "200ms"
"""


def test_a_feed_of_ones_own_is_put_in_order_and_each_number_counts_once(
    tmp_path: Path,
) -> None:
    """Rows out of order are sorted, those sent again are dropped, what never comes is given up and missing."""
    start = 1_762_776_000_000
    numbers = [1, 2, 2, 4, 3, 5, 8, 9, 1]

    async def serve(socket: ServerConnection) -> None:
        asked.append(json.loads(await socket.recv()))
        for number in numbers:
            row = {"s": "ACME", "t": start + number * 400, "seq": number, "p": f"{number}.5"}
            await socket.send(json.dumps({"data": [row]}))
        await socket.wait_closed()

    asked: list[object] = []
    told: list[bl.feed.Event] = []
    with served(serve) as port:
        (tmp_path / "own.toml").write_text(OWN.format(port=port))
        bars = bl.load(tmp_path / "own.toml")
        feed = bars.feeds(told=told.append)
        thread = Thread(target=bars.run, args=(feed, tmp_path / "state"), kwargs={"live_interval": 0.05})
        thread.start()
        try:
            until(lambda: any(event.kind is EventKind.GIVEN_UP for event in told))
            until(lambda: bl.Store(tmp_path / "state").status().finals["1s"] == 3)
        finally:
            feed.stop()
            thread.join()

    assert [{"op": "subscribe", "symbol": "ACME"}] == asked
    assert [(6, 7)] == [(event.first, event.last) for event in told if event.kind is EventKind.GIVEN_UP]
    with bl.TimeBucket.open(tmp_path / "state", "1s") as bucket:
        bars_made = [(bar.start.second, bar.count, bar.missing) for bar in bucket.range("ACME")]
    assert [(0, 2, 0), (1, 2, 0), (2, 1, 2), (3, 2, 2)] == bars_made
