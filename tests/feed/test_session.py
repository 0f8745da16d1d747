"""A session with a double of a venue: real sockets, real trouble."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

from barloom.feed.batch import EventKind, Position, SymbolId
from barloom.feed.protocol import Ping, Trade
from barloom.feed.session import Session
from barloom.feed.settings import FeedSettings, feed_of
from barloom.feed.venues import venue as venue_named
from barloom.testing import venues as doubles
from barloom.testing.venues import troubles
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.feed.batch import Batch

SETTINGS = FeedSettings(fill_within=20, check_every=0.3)
EXAMPLES = {
    "binance": ["BTCUSDT", "ETHUSDT"],
    "binance-futures": ["BTCUSDT", "ETHUSDT"],
    "coinbase": ["BTC-USD", "ETH-USD"],
    "kraken": ["BTC/USD", "ETH/USD"],
    "okx": ["BTC-USDT", "ETH-USDT"],
}


class Collected:
    """What a session gave, until it is enough."""

    def __init__(self) -> None:
        self.batches: list[Batch] = []

    @property
    def rows(self) -> list[Trade]:
        """All trades."""
        return [row for batch in self.batches for row in batch.rows if isinstance(row, Trade)]

    @property
    def kinds(self) -> set[EventKind]:
        """What befell it."""
        return {event.kind for batch in self.batches for event in batch.events}

    @property
    def positions(self) -> dict[SymbolId, Position]:
        """Where it stands."""
        return {of: position for batch in self.batches for of, position in batch.positions.items()}

    def of(self, symbol: str) -> list[int]:
        """The numbers of a symbol."""
        return [row.last or 0 for row in self.rows if row.symbol == symbol]


async def collect(session: Session, enough: Callable[[Collected], bool]) -> Collected:
    """Iterate until it is enough."""
    found = Collected()
    async with asyncio.timeout(PATIENCE), session:
        async for batch in session:
            found.batches.append(batch)
            if enough(found):
                return found
    return found


def exact(time: int, price: str, size: str, side: str | None) -> tuple[int, Decimal, Decimal, str | None]:
    """What a trade says; its time to the millisecond, which is all that some venues say on both roads."""
    return time // 1_000_000, Decimal(price), Decimal(size), side


def session_of(
    double: doubles.VenueDouble, symbols: list[str], positions: dict[SymbolId, Position] | None = None
) -> Session:
    """A session with a double."""
    venue = venue_named(double.name, websocket=double.websocket, rest=double.rest)
    venue.ping = Ping(0.2, venue.ping.text, 1.0)
    return Session([feed_of(venue, symbols)], positions, settings=SETTINGS, clock=double.clock)


TROUBLES: dict[str, tuple[troubles.Trouble, ...]] = {
    "none": (),
    "disconnect": (troubles.Disconnect(at=100, misses=20), troubles.Disconnect(at=180, misses=0, mid_message=False)),
    "silence": (troubles.Silence(at=100, misses=20),),
    "duplicates": (troubles.Duplicates(at=50, count=9),),
    "out of order": (troubles.OutOfOrder(at=50, count=9),),
    "hole": (troubles.Hole(at=50, count=30),),
    "lost tail": (troubles.LostTail(count=4),),
    "maintenance": (troubles.Maintenance(at=100),),
    "wrong json": (troubles.WrongJson(at=30), troubles.WrongJson(at=40, text="[]")),
    "life": (troubles.Life(trades=60),),
    "too many": (troubles.Hole(at=50, count=30), troubles.TooMany(first=1, count=3)),
    "server errors": (troubles.Hole(at=50, count=30), troubles.ServerErrors(first=1, count=3)),
    "rest down": (troubles.Hole(at=50, count=30), troubles.RestDown(first=1, count=3)),
    "odd answers": (
        troubles.Hole(at=50, count=30),
        troubles.OddAnswers(first=1, count=2, kind="short"),
        troubles.OddAnswers(first=3, count=2, kind="shuffled"),
    ),
    "lag": (troubles.LostTail(count=4), troubles.HistoryLag(first=1, count=4, trades=3)),
}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize("name", EXAMPLES)
def test_whatever_goes_wrong_every_trade_is_given_once_in_order(name: str, trouble: str) -> None:
    """With a venue that answers nothing is lost, doubled or out of order, and every digit is the venue's."""
    symbols = EXAMPLES[name]
    market = doubles.VenueMarket.simulate(symbols, trades=300, before=20, seed=3)
    last = {symbol: market.of_symbol(symbol)[-1].number for symbol in symbols}
    start = {symbol: market.of_symbol(symbol)[4].number for symbol in symbols}

    with doubles.VenueDouble(name, market, doubles.Script(TROUBLES[trouble]), beat=0.1) as double:
        positions = {SymbolId(name, symbol): Position(start[symbol], market.trades[0].time) for symbol in symbols}
        session = session_of(double, symbols, positions)
        found = asyncio.run(collect(session, lambda so_far: all(last[each] in so_far.of(each) for each in symbols)))
        truth = double.trades

    for symbol in symbols:
        expected = [trade for trade in truth if trade.symbol == symbol and trade.number > start[symbol]]
        given = [row for row in found.rows if row.symbol == symbol]
        assert [trade.number for trade in expected] == [row.last for row in given]
        assert [exact(trade.time, trade.price, trade.size, trade.side) for trade in expected] == [
            exact(row.time, row.price, row.size, row.side) for row in given
        ]
        assert last[symbol] == found.positions[SymbolId(name, symbol)].last
    assert EventKind.GIVEN_UP not in found.kinds
