"""Runs of feeds, and the true bars of the market behind a double, by a plain loop."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from threading import Thread
from typing import TYPE_CHECKING

import barloom as bl
from barloom.errors import StoreFormat
from waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from barloom.clock import Clock
    from barloom.testing import MarketTrade, VenueDouble

SECOND = 1_000_000_000

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "time"
sequence = "trade_id"
[event.fields]
symbol = "string"
time = "timestamp"
trade_id = "int"
price = "decimal(38, 10)"
size = "decimal(38, 10)"

[source]
arrival = "received_at"

[bars]
name = "bars"
base = "1s"
delay = "1s"
time = "{time}"
max_ahead = "1h"
ohlcv = {{ price = "price", size = "size" }}
rollup = ["5s"]
"""

FRAMES = {"1s": SECOND, "5s": 5 * SECOND}


def bars_at(directory: Path, *, time: str = "key") -> bl.Bars:
    """The definition, written into a directory."""
    definition = directory / "bars.toml"
    definition.write_text(DEFINITION.format(time=time))
    return bl.load(definition)


def feed_of(double: VenueDouble, symbols: Iterable[str], **settings: object) -> bl.feed.Feeds:
    """The feed of a double, that is patient for a short time only."""
    said = {"fill_within": "20s", "check_every": "300ms", **settings}
    feed = bl.feed.open(double.name, symbols, websocket=double.websocket, rest=double.rest, **said)  # type: ignore[arg-type]
    for one in feed.feeds:
        one.venue.ping = one.venue.ping._replace(every=0.2, silence=1.0)
    return feed


def run_until(
    bars: bl.Bars, feed: bl.feed.Feeds, store: Path, clock: Clock, enough: Callable[[], bool]
) -> bl.RunReport:
    """Run in a thread until it is enough."""
    reports: list[bl.RunReport] = []
    failures: list[BaseException] = []

    def work() -> None:
        try:
            reports.append(bars.run(feed, store, clock=clock, live_interval=0.05))
        except BaseException as error:  # noqa: BLE001 - raised to the test
            failures.append(error)

    thread = Thread(target=work)
    thread.start()
    try:
        until(lambda: not thread.is_alive() or enough())
    finally:
        feed.stop()
        thread.join()
    if failures:
        raise failures[0]
    return reports[0]


@dataclass(frozen=True)
class TrueBar:
    """What a bar says of its trades."""

    open: Decimal
    high: Decimal
    low: Decimal
    close: Decimal
    volume: Decimal
    count: int

    @classmethod
    def of(cls, trades: list[MarketTrade]) -> TrueBar:
        """By the order of time, and of numbers where that is equal."""
        inside = sorted(trades, key=lambda trade: (trade.time, trade.restart, trade.number))
        prices = [Decimal(trade.price) for trade in inside]
        volume = sum((Decimal(trade.size) for trade in inside), Decimal(0))
        return cls(prices[0], max(prices), min(prices), prices[-1], volume, len(inside))


def true_bars(trades: Iterable[MarketTrade], frame: str) -> dict[tuple[str, int], TrueBar]:
    """The bars of a market, by symbol and start."""
    slots: dict[tuple[str, int], list[MarketTrade]] = {}
    for trade in trades:
        slots.setdefault((trade.symbol, trade.time // FRAMES[frame] * FRAMES[frame]), []).append(trade)
    return {slot: TrueBar.of(inside) for slot, inside in slots.items()}


@dataclass(frozen=True)
class Final:
    """A final bar, and what it says of itself."""

    bar: TrueBar
    missing: int
    complete: str
    partial: bool


def finals(store: Path, frame: str) -> dict[tuple[str, int], Final]:
    """The final bars of a store, by symbol and start."""
    found = {}
    with bl.TimeBucket.open(store, frame) as bucket:
        for (symbol,) in bucket.keys():  # noqa: SIM118 - a method of its own
            for bar in bucket.range(symbol):
                if bar.final:
                    names = ("open", "high", "low", "close", "volume", "count")
                    values = TrueBar(*(getattr(bar, name) for name in names))
                    start = round(bar.start.timestamp()) * SECOND
                    found[str(symbol), start] = Final(values, bar.missing, bar.complete, bar.partial)
    return found


def all_final(store: Path, trades: Iterable[MarketTrade], frame: str = "5s") -> bool:
    """Whether the last slot of every symbol is final."""
    last = {trade.symbol: trade.time // FRAMES[frame] * FRAMES[frame] for trade in trades}
    with suppress(StoreFormat):
        return {*last.items()} <= {*finals(store, frame)}
    return False
