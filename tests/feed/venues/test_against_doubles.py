"""Every venue's module against the double of the venue: each was written from its documentation, not from the other."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import TYPE_CHECKING, NamedTuple

import pytest
from websockets.sync.client import connect

from barloom.feed.asking import Asker, Patience
from barloom.feed.history import Fetched, HistoryClient
from barloom.feed.protocol import Channel, Notice, Quote, Refusal, Tail, Trade
from barloom.feed.venues import VENUES, venue
from barloom.testing import (
    FakeClock,
    HistoryLag,
    Maintenance,
    OddAnswers,
    RestDown,
    Script,
    ServerErrors,
    TooMany,
    VenueDouble,
    VenueMarket,
    WrongJson,
)
from testing.venues.clients import ANSWERS, BARRIERS, SYMBOLS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from barloom.feed.protocol import Message, Venue
    from barloom.testing import MarketTrade

NAMES = sorted(VENUES)


class Seen(NamedTuple):
    """A trade by value."""

    symbol: str
    first: int | None
    last: int | None
    time: int
    price: Decimal
    size: Decimal
    side: str | None


def told(trades: Iterable[Trade]) -> list[Seen]:
    """What a module read."""
    return [Seen(*each[:4], Decimal(each.price), Decimal(each.size), each.side) for each in trades]


def true(trades: Iterable[MarketTrade]) -> list[Seen]:
    """What the market knows."""
    return [
        Seen(each.symbol, each.number, each.number, each.time, Decimal(each.price), Decimal(each.size), each.side)
        for each in trades
    ]


def module(double: VenueDouble) -> Venue:
    """The venue's module, at the addresses of its double."""
    return venue(double.name, websocket=double.websocket, rest=double.rest)


def listen(double: VenueDouble, symbols: Sequence[str], channels: Sequence[Channel]) -> list[Message]:
    """All that a module reads over one connection, until the market is over."""
    tried = module(double)
    read: list[Message] = []
    address = f"{tried.addresses.websocket}{tried.connect(symbols, channels)}"
    with connect(address, close_timeout=0.1) as websocket:
        for text in tried.subscribe(symbols, channels):
            websocket.send(text)
        asked = False
        while True:
            try:
                text = str(websocket.recv(timeout=0.05))
            except TimeoutError:
                text = ""
            if asked and ANSWERS[double.name] in text:
                return read
            read += tried.read(text) if text else ()
            if double.done.is_set() and not asked:
                asked = True
                websocket.send(BARRIERS[double.name])


def ask(double: VenueDouble, question: Callable[[HistoryClient], object]) -> tuple[object, list[str]]:
    """What a question to its history is answered with, and what was told on the way; no time is waited for."""
    clock, told = FakeClock(), []

    async def sleep(seconds: float) -> None:
        clock.sleep(seconds)

    async def asked() -> object:
        patience = Patience(attempts=8, first=0.01)
        tell = lambda symbol, what: told.append(f"{symbol}: {what}")  # noqa: E731 - one line
        async with Asker(module(double), tell, clock=clock, sleep=sleep, patience=patience) as asker:
            return await question(HistoryClient(module(double), asker))  # type: ignore[misc]

    return asyncio.run(asked()), told


def fetched(double: VenueDouble, trades: Sequence[MarketTrade]) -> tuple[Fetched, list[str]]:
    """All trades of the first one's symbol but the first, from history."""
    first, last = trades[0], trades[-1]
    found, said = ask(double, lambda client: client.fetch(first.symbol, first.number, first.time, last.number))
    assert isinstance(found, Fetched)
    return found, said


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Each venue."""
    return str(request.param)


@pytest.mark.parametrize("disorder", [0.0, 0.2])
def test_live_trades_are_the_truth(name: str, disorder: float) -> None:
    """Subscribed to, read: number, time, digits and side of every trade of two symbols, in the order of the market."""
    market = VenueMarket.simulate(SYMBOLS[name], trades=400, disorder=disorder)
    with VenueDouble(name, market) as double:
        read = listen(double, SYMBOLS[name], [Channel.TRADES])

    assert true(double.trades) == told(each for each in read if isinstance(each, Trade))


def test_a_snapshot_is_the_truth(name: str) -> None:
    """What a venue sends of the trades before is of them: a tail of each symbol's, without a hole."""
    market = VenueMarket.simulate(SYMBOLS[name], trades=200, before=150)
    with VenueDouble(name, market) as double:
        read = told(each for each in listen(double, SYMBOLS[name], [Channel.TRADES]) if isinstance(each, Trade))

    for symbol in SYMBOLS[name]:
        expected = true(trade for trade in double.trades if trade.symbol == symbol)
        found = [each for each in read if each.symbol == symbol]
        assert expected[-len(found) :] == found
        assert len([trade for trade in double.trades[150:] if trade.symbol == symbol]) <= len(found)


def test_quotes_are_those_around_the_trades(name: str) -> None:
    """One of each trade: the side that was taken has its price and size, the other is a cent away."""
    market = VenueMarket.simulate(SYMBOLS[name], trades=100)
    with VenueDouble(name, market, opens="called", waits=False) as double:
        tried = module(double)
        path = tried.connect(SYMBOLS[name], [Channel.QUOTES])
        quotes: list[Quote] = []
        with connect(f"{tried.addresses.websocket}{path}", close_timeout=0.1) as websocket:
            for text in tried.subscribe(SYMBOLS[name], [Channel.QUOTES]):
                websocket.send(text)
            websocket.send(BARRIERS[name])
            while ANSWERS[name] not in str(websocket.recv(timeout=10)):
                pass
            double.open()
            while len(quotes) < len(market.trades):
                quotes += [each for each in tried.read(websocket.recv(timeout=10)) if isinstance(each, Quote)]

    cent = Decimal("0.01")
    for trade, quote in zip(double.trades, quotes, strict=True):
        price, size = Decimal(trade.price), Decimal(trade.size)
        bid = (price - cent, Decimal("1.5")) if trade.side == "buy" else (price, size)
        ask_ = (price, size) if trade.side == "buy" else (price + cent, Decimal("1.5"))
        assert (trade.symbol, *bid, *ask_) == (quote.symbol, *map(Decimal, quote[2:]))
        assert quote.time in {None, trade.time}


@pytest.mark.parametrize("disorder", [0.0, 0.1])
def test_history_is_the_truth(name: str, disorder: float) -> None:
    """Page after page: what a client fetches after the first trade is every other one."""
    market = VenueMarket.simulate(SYMBOLS[name][:1], trades=2_500, before=2_500, disorder=disorder)
    with VenueDouble(name, market) as double:
        found, said = fetched(double, double.trades)

    assert true(double.trades[1:]) == told(found.trades)
    assert [] == list(found.absent)
    assert [] == [each for each in said if "out of order" not in each]


def test_history_of_the_middle_is_the_truth(name: str) -> None:
    """A hole of a few trades with many behind it."""
    market = VenueMarket.simulate(SYMBOLS[name], trades=3_000, before=3_000)
    with VenueDouble(name, market) as double:
        trades = double.market.of_symbol(SYMBOLS[name][1])[100:117]
        found, said = fetched(double, trades)

    assert true(trades[1:]) == told(found.trades)
    assert ([], []) == (list(found.absent), said)


@pytest.mark.parametrize(
    "trouble",
    [
        TooMany(first=1, count=2),
        TooMany(first=2, count=1, status=418, retry_after=1),
        ServerErrors(first=1, count=2, status=500),
        ServerErrors(first=2, count=2, status=502),
        RestDown(first=1, count=2),
        HistoryLag(first=1, count=2, trades=8),
        *(
            OddAnswers(first=first, count=2, kind=kind)  # type: ignore[arg-type]
            for first in (1, 2)
            for kind in ("short", "gappy", "empty", "shuffled", "doubled", "broken")
        ),
    ],
    ids=repr,
)
def test_history_is_the_truth_in_the_end(name: str, trouble: object) -> None:
    """Whatever a few of the answers are like; that there was no answer is told."""
    market = VenueMarket.simulate(SYMBOLS[name][:1], trades=1_200, before=1_200)
    with VenueDouble(name, market, Script((trouble,))) as double:  # type: ignore[arg-type]
        found, said = fetched(double, double.trades)

    assert true(double.trades[1:]) == told(found.trades)
    assert [] == list(found.absent)
    if isinstance(trouble, TooMany | ServerErrors | RestDown):
        assert trouble.count == len(said)


def test_what_a_venue_has_forgotten_is_named(name: str) -> None:
    """The numbers that history does not have, and no others."""
    from barloom.testing import Forgotten  # noqa: PLC0415 - of this test alone

    # Only what comes after the opening can be forgotten.
    market = VenueMarket.simulate(SYMBOLS[name][:1], trades=60)
    with VenueDouble(name, market, Script((Forgotten(at=20, count=3),)), opens="at once", waits=False) as double:
        assert double.done.wait(10)
        trades = double.trades
        found, said = fetched(double, trades)

    assert true([*trades[1:20], *trades[23:]]) == told(found.trades)
    assert [(trades[20].number, trades[22].number)] == list(found.absent)
    assert said


def test_the_latest_trade_and_the_venues_clock(name: str) -> None:
    """The number, and when that is by the venue, to the second at least."""
    market = VenueMarket.simulate(SYMBOLS[name], trades=100, before=100)
    with VenueDouble(name, market) as double:
        last = double.market.of_symbol(SYMBOLS[name][0])[-1]
        answer, _ = ask(double, lambda client: client.latest(SYMBOLS[name][0]))
        now = double.clock.venue()

    assert isinstance(answer, tuple)
    tail, trades = answer
    assert (SYMBOLS[name][0], last.number) == (tail.symbol, tail.last)
    assert 0 <= now - tail.time < 2_000_000_000
    assert true([last]) == told(trades[-1:])


def test_a_time_is_found_in_history(name: str) -> None:
    """The number before the first trade at or after it: in the middle, before all, and behind all."""
    market = VenueMarket.simulate(SYMBOLS[name][:1], trades=1_500, before=1_500, fills=0.0)
    with VenueDouble(name, market) as double:
        trades = double.trades
        symbol, moments = trades[0].symbol, [trades[700].time, trades[700].time + 1, trades[-1].time + 1]
        found = [ask(double, lambda client, at=moment: client.number_before(symbol, at))[0] for moment in moments]

    assert [trades[699].number, trades[700].number, trades[-1].number] == found


def test_an_unknown_symbol_is_refused_alone(name: str) -> None:
    """Where the venue says so it is a refusal of that symbol; the other one is served, and history does not know it."""
    known, unknown = SYMBOLS[name][0], SYMBOLS[name][0].replace("BTC", "NONE")
    market = VenueMarket.simulate([known], trades=50)
    with VenueDouble(name, market) as double:
        read = listen(double, [unknown, known], [Channel.TRADES])
        with pytest.raises(LookupError, match=unknown):
            ask(double, lambda client: client.latest(unknown))

    assert true(double.trades) == told(each for each in read if isinstance(each, Trade))
    refused = {each.symbol for each in read if isinstance(each, Refusal)}
    assert refused == (set() if name.startswith("binance") else {unknown})


def test_heartbeats_of_coinbase_name_the_last_trade() -> None:
    """By the venue's own clock."""
    market = VenueMarket.simulate(["BTC-USD"], trades=50, before=20)
    with VenueDouble("coinbase", market, beat=0.01, speed=20) as double:
        tails = [each for each in listen(double, ["BTC-USD"], [Channel.TRADES]) if isinstance(each, Tail)]

    assert tails
    by_number = {trade.number: trade.time for trade in double.trades}
    assert all(by_number[each.last or 0] <= each.time for each in tails)


@pytest.mark.parametrize("name", ["binance", "binance-futures", "kraken", "okx"])
def test_a_venue_that_closes_says_so(name: str) -> None:
    """The connection is of no more use, and another is to be made."""
    market = VenueMarket.simulate(SYMBOLS[name][:1], trades=20)
    read: list[Message] = []
    with VenueDouble(name, market, Script((Maintenance(at=10),))) as double:
        tried = module(double)
        path = tried.connect(SYMBOLS[name][:1], [Channel.TRADES])
        with connect(f"{tried.addresses.websocket}{path}", close_timeout=0.1) as websocket:
            for text in tried.subscribe(SYMBOLS[name][:1], [Channel.TRADES]):
                websocket.send(text)
            for message in websocket:
                read += tried.read(message)

    notices = [each for each in read if isinstance(each, Notice)]
    assert notices
    if name != "kraken":  # it says that it is in maintenance, not that the connection ends
        assert notices[-1].reconnect


def test_what_is_no_message_is_refused(name: str) -> None:
    """As a `ValueError`, whatever came."""
    with VenueDouble(name, VenueMarket.simulate(SYMBOLS[name][:1], trades=20), Script((WrongJson(at=10),))) as double:
        with pytest.raises(ValueError, match=r"."):
            listen(double, SYMBOLS[name][:1], [Channel.TRADES])
        double.stop()
