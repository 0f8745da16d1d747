"""Feeds of a venue on Kafka: each trade is in the topic once, whatever befalls publisher and line; bars are true."""

from __future__ import annotations

import json
import random
import time
from typing import TYPE_CHECKING

import pytest

from barloom.testing import VenueDouble, VenueMarket
from barloom.testing.venues.script import Script
from kafka.fleet import Process
from kafka.publish.trades import DEFINITION, Desk
from waiting import PATIENCE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from servers.broker import Broker
    from servers.topics import Topics

pytestmark = pytest.mark.needs("java", "maven")
SYMBOLS = ("BTC/USD", "ETH/USD", "SOL/USD")
TRADES = 6000
RATE = 400.0

MORE = """
[kafka]
brokers = "BROKERS"
input = "INPUT"
format = "json"
commit_interval = "20ms"
session_timeout = "1s"
[feed]
feeds = ["kraken:BTC/USD", "kraken:ETH/USD", "kraken:SOL/USD"]
fill_within = "20s"
check_every = "500ms"
[feed.venues.kraken]
websocket = "WEBSOCKET"
rest = "REST"
"""


@pytest.fixture
def venue() -> Iterator[VenueDouble]:
    """A Kraken that breaks its line and loses messages, and whose history has them all."""
    market = VenueMarket.simulate(SYMBOLS, trades=TRADES, seed=3)
    script = Script.random(5, TRADES, SYMBOLS, answers=True, silences=False)
    with VenueDouble("kraken", market, script, rate=RATE) as made:
        yield made


def definition(desk: Desk, venue: VenueDouble, path: Path, time: str = "key") -> Path:
    """What both publisher and instances are given."""
    text = DEFINITION.replace("NAME", desk.plan.name).replace("TIME", time)
    more = MORE.replace("BROKERS", desk.settings.brokers).replace("INPUT", desk.input)
    path.write_text(text + more.replace("WEBSOCKET", venue.websocket).replace("REST", venue.rest))
    return path


def truth(venue: VenueDouble) -> dict[str, list[int]]:
    """Every trade since the market opened, by symbol."""
    found: dict[str, list[int]] = {}
    for symbol, number in venue.frame().select("symbol", "trade_id").iter_rows():
        found.setdefault(symbol, []).append(number)
    return found


def last_numbers(desk: Desk) -> dict[str, int]:
    """How far each symbol was published, as the topic of positions says."""
    if f"{desk.input}_positions" not in desk.topics.names():
        return {}
    found = desk.reader.latest(f"{desk.input}_positions")
    held = {json.loads(key): json.loads(record.value() or b"")["at"] for key, record in found.items()}
    return {
        name.removeprefix("feed kraken:"): int(at.split()[0]) for name, at in held.items() if name.startswith("feed ")
    }


def test_a_publisher_of_a_venue_is_killed_again_and_again(
    broker: Broker, topics: Topics, tmp_path: Path, venue: VenueDouble
) -> None:
    """A standby beside it, the market goes on meanwhile: each trade since the first is there once, in order."""
    chance = random.Random(7)
    desk = Desk(broker, topics)
    path = definition(desk, venue, tmp_path / "trades.toml")
    first, second = (Process(name, path, command=("feed", "publish")) for name in ("first", "second"))
    try:
        first.start()
        assert venue.opened.wait(PATIENCE)
        second.start()
        while not venue.done.wait(chance.uniform(0.5, 2.5)):
            first.kill()
            first.start()
            first, second = second, first
        wanted = {symbol: numbers[-1] for symbol, numbers in truth(venue).items()}
        until = time.monotonic() + 2 * PATIENCE
        while last_numbers(desk) != wanted:
            assert time.monotonic() < until, f"{last_numbers(desk)} {wanted}\n{first.said()}\n{second.said()}"
            time.sleep(0.2)
        assert [0, 0] == [first.terminate(), second.terminate()]
    finally:
        for process in (first, second):
            if process.there:
                process.kill()

    found = desk.numbers()
    assert truth(venue) == found, {symbol: (len(found[symbol]), len(truth(venue)[symbol])) for symbol in found}
