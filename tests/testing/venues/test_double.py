"""Venue doubles as servers: how they open, keep pace and time, end, and what they tell of mistakes."""

from __future__ import annotations

import itertools
import json
import signal
import socket
import subprocess
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from barloom.clock import SystemClock
from barloom.testing import Disconnect, FakeClock, Script, VenueDouble, VenueMarket
from testing.venues.clients import PATHS, SYMBOLS, ask, listen, subscription

if TYPE_CHECKING:
    from pathlib import Path

SECOND = 1_000_000_000


def test_what_is_heard_is_the_truth_to_the_digit() -> None:
    """Of every venue: symbol, number, side, and the values of price and size."""
    for venue, symbols in SYMBOLS.items():
        with VenueDouble(venue, VenueMarket.simulate(symbols, trades=200, disorder=0.1)) as double:
            seen = listen(double, symbols)

        names = ("symbol", "trade_id", "price", "size", "side")
        expected = [tuple(row[name] for name in names) for row in double.frame().rows(named=True)]
        found = [
            (each.symbol, each.number, type(expected[0][2])(each.price), type(expected[0][3])(each.size), each.side)
            for each in seen
        ]
        assert expected == found


def test_several_venues_at_once() -> None:
    """Each has its own servers, market and thread."""
    first, second = VenueMarket.simulate(["BTC/USD"], trades=50), VenueMarket.simulate(["BTC-USD"], trades=60, seed=2)
    with VenueDouble("kraken", first) as kraken, VenueDouble("coinbase", second) as coinbase:
        assert kraken.websocket != coinbase.websocket
        assert [50, 60] == [len(listen(kraken, ["BTC/USD"])), len(listen(coinbase, ["BTC-USD"]))]


def test_it_opens_once_all_symbols_are_subscribed() -> None:
    """So that nobody misses the first trade of the second one."""
    market = VenueMarket.simulate(["BTC/USD", "ETH/USD"], trades=20)
    with VenueDouble("kraken", market) as venue, connect(f"{venue.websocket}/v2", close_timeout=0.1) as websocket:
        websocket.send(subscription("kraken", ["BTC/USD"]))
        while "success" not in str(websocket.recv(timeout=10)):
            pass
        assert {"BTC/USD"} == venue.subscribed
        assert not venue.opened.is_set()
        websocket.send(subscription("kraken", ["ETH/USD"]))
        assert venue.done.wait(10)


def test_it_opens_when_it_is_called() -> None:
    """And only then."""
    with VenueDouble("okx", VenueMarket.simulate(["BTC-USDT"], trades=20), opens="called", waits=False) as venue:
        assert not venue.opened.wait(0.05)
        venue.open()
        assert venue.done.wait(10)


def test_a_market_that_waits_goes_on_where_somebody_left_the_symbol() -> None:
    """Who has given up a symbol is not waited for."""
    market = VenueMarket.simulate(["BTCUSDT", "ETHUSDT"], trades=100)
    with VenueDouble("binance", market, Script((Disconnect(at=10, misses=0),))) as venue:
        with connect(f"{venue.websocket}/ws", close_timeout=0.1) as websocket:
            websocket.send(subscription("binance", ["BTCUSDT", "ETHUSDT"]))
            while len(venue.happened) < 1:
                venue.opened.wait(0.01)
        assert not venue.done.is_set()
        with connect(f"{venue.websocket}/ws", close_timeout=0.1) as websocket:
            both = subscription("binance", ["BTCUSDT", "ETHUSDT"])
            websocket.send(both)
            websocket.send(both.replace("SUB", "UNSUB"))
            assert venue.done.wait(10)


def test_at_a_rate_a_market_happens_now() -> None:
    """Its times are those of the machine's clock, one trade after the other, and none is told before its time."""
    machine = SystemClock()
    begun = machine.now()
    with VenueDouble("coinbase", VenueMarket.simulate(["BTC-USD"], trades=50), rate=500) as venue:
        with pytest.raises(RuntimeError, match="it has not opened yet"):
            _ = venue.trades
        listen(venue, ["BTC-USD"])
        times = [trade.time for trade in venue.trades]

    assert begun - 1_000 <= times[0] <= times[-1] <= machine.now()
    assert {2_000_000} == {right - left for left, right in itertools.pairwise(times)}
    assert abs(venue.clock.now() - machine.now()) < SECOND


def test_as_fast_as_it_goes_a_market_keeps_its_times() -> None:
    """The clock that the double lends is at its first trade before it opens, and beyond the last one in the end."""
    start = 1_700_000_000 * SECOND
    market = VenueMarket.simulate(["BTC-USD"], trades=50, start=start)
    with VenueDouble("coinbase", market) as venue:
        assert venue.trades[0].time == venue.clock.now()
        listen(venue, ["BTC-USD"])
        now = venue.clock.now()

    assert market.cut(1_000).trades == venue.market.trades
    assert venue.trades[-1].time <= now < venue.trades[-1].time + 60 * SECOND


def test_at_a_speed_the_clock_goes_as_fast() -> None:
    """A hundred seconds of the market in one of the machine's."""
    machine = FakeClock()
    venue = VenueDouble("coinbase", VenueMarket.simulate(["BTC-USD"], trades=5), speed=100, clock=machine)
    first = venue.clock.now()
    machine.move("1s")
    assert first == venue.clock.now()  # it stands until the venue opens

    venue.clock.reach(first)
    machine.move("1s")
    assert first + 100 * SECOND == venue.clock.now()


def test_a_long_market_needs_little_memory() -> None:
    """It goes round, all is heard, and history has the latest trades, at least as many as it keeps."""
    market = VenueMarket.simulate(["BTCUSDT"], trades=100).repeated(5)
    with VenueDouble("binance", market, keeps=60) as venue:
        seen = listen(venue, ["BTCUSDT"])
        rows = ask(venue, "/api/v3/aggTrades", symbol="BTCUSDT", fromId=1, limit=1000).json()

    first = venue.trades[0].number
    assert list(range(first, first + 500)) == [each.number for each in seen]
    assert first + 499 == rows[-1]["a"]
    assert 60 <= len(rows) <= 120


def test_nothing_is_left() -> None:
    """No thread, and the port is free again, also with connections open."""
    before = set(threading.enumerate())
    venue = VenueDouble("kraken", opens="called").start()
    port = int(venue.websocket.rpartition(":")[2])
    with (
        connect(f"{venue.websocket}/v2", close_timeout=0.1) as first,
        connect(f"{venue.websocket}/v2", close_timeout=0.1),
    ):
        first.send(subscription("kraken", ["BTC/USD"]))
        venue.stop()

    assert [] == [each for each in set(threading.enumerate()) - before if "venue double" in each.name]
    with socket.socket() as again:
        again.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        again.bind(("127.0.0.1", port))


def test_what_the_double_fails_with_is_raised() -> None:
    """A port that is taken, for one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError, match="address already in use"):
            VenueDouble("kraken", port=taken.getsockname()[1]).start()


def test_nothing_listens_at_another_path() -> None:
    """Status 404."""
    with VenueDouble("kraken") as venue, pytest.raises(InvalidStatus, match="404"):
        connect(f"{venue.websocket}/v1")


@pytest.mark.parametrize(
    ("venue", "settings", "message"),
    [
        ("krakn", {}, r"no double of a venue 'krakn'; did you mean kraken\? There are: binance, "),
        (
            "kraken",
            {"market": VenueMarket.simulate(["BTCUSD"], trades=1)},
            r"kraken writes no symbols like 'BTCUSD', but like 'BTC/USD'",
        ),
        ("okx", {"rate": 5, "speed": 1}, "at a rate or at a speed, not both"),
        ("okx", {"rate": 0}, "rate and speed are above 0"),
    ],
)
def test_mistakes_are_told(venue: str, settings: dict[str, object], message: str) -> None:
    """When the double is made."""
    with pytest.raises(ValueError, match=message):
        VenueDouble(venue, **settings)  # type: ignore[arg-type]


def test_there_is_no_address_before_it_is_started() -> None:
    """The error says how to start it."""
    with pytest.raises(RuntimeError, match=r"with VenueDouble\(...\) as venue"):
        _ = VenueDouble("kraken").websocket


@pytest.mark.parametrize("venue", sorted(SYMBOLS))
def test_it_runs_as_a_process(venue: str, tmp_path: Path) -> None:
    """It says where it is, writes the truth when it opens, says when it is over, and ends on SIGTERM."""
    truth = tmp_path / "truth.csv"
    command = [sys.executable, "-m", "barloom.testing.venues", "--venue", venue, "--trades", "200", "--rate", "2000"]
    command += ["--symbols", ",".join(SYMBOLS[venue]), "--truth", str(truth)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": ":".join(sys.path)}
    ) as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        with connect(f"{told['websocket']}{PATHS[venue]}", close_timeout=0.1) as websocket:
            websocket.send(subscription(venue, SYMBOLS[venue]))
            assert ["opened", "done"] == [next(iter(json.loads(process.stdout.readline()))) for _ in range(2)]
        process.send_signal(signal.SIGTERM)
        assert 0 == process.wait(10)

    assert 201 == len(truth.read_text().splitlines())
