"""A venue that stands in for a real one: real servers on loopback, a made-up market, and troubles as scripted."""

from __future__ import annotations

import asyncio
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, Self

from barloom.clock import SystemClock
from barloom.testing.venues.answers import Answers
from barloom.testing.venues.clock import VenueClock
from barloom.testing.venues.history import History
from barloom.testing.venues.market import START, VenueMarket
from barloom.testing.venues.protocols.venues import exchange_of
from barloom.testing.venues.publisher import Pace, Publisher
from barloom.testing.venues.script import Script
from barloom.testing.venues.server import VenueServer
from barloom.testing.venues.timeline import Timeline, as_happened
from barloom.testing.venues.trades import frame_of
from barloom.testing.venues.troubles import ClockSkew
from barloom.time.timeframe import parse_duration

if TYPE_CHECKING:
    from types import TracebackType

    import polars as pl

    from barloom.clock import Clock
    from barloom.testing.venues.protocols.exchange import Exchange
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["VenueDouble"]

Opening = Literal["subscribed", "at once", "called"]


class VenueDouble:
    """A stand-in for a venue, to be used by ``with``; it runs in a thread of its own.

    `venue` is the name of a venue: binance, binance-futures, kraken, coinbase, okx. `market` has its trades (made up
    where none is given), `script` what goes wrong. `websocket` and `rest` are its addresses.

    **Pace.** The market goes by as fast as it can, and then a trade waits until somebody listens to its symbol; or at
    `rate` trades a second; or at `speed` times real time. It opens once all of its symbols have been subscribed to
    (`opens` ``"at once"`` and ``"called"``, by `open`, are the other ways). `done` is set when it is over; the venue
    stays, with its history (the latest trades that it `keeps` of each symbol, at least) and heartbeats (every `beat`
    seconds).

    **Time.** With `rate`, or at `speed` 1, a market without a `start` of its own happens now, by the machine's clock.
    Otherwise it keeps its times, and a run that listens is given `clock`: the market's time of day.

    ::

        import barloom as bl

        market = bl.testing.VenueMarket.simulate(["BTC/USD"], trades=500)
        script = bl.testing.Script((bl.testing.Disconnect(at=100),))
        with bl.testing.VenueDouble("kraken", market, script) as venue:
            print(venue.websocket, venue.rest)
        print(venue.frame())
    """

    def __init__(  # noqa: PLR0913 - each by its name
        self,
        venue: str,
        market: VenueMarket | None = None,
        script: Script | None = None,
        *,
        rate: float | None = None,
        speed: float | None = None,
        opens: Opening = "subscribed",
        waits: bool | None = None,
        beat: float = 1.0,
        keeps: int | None = None,
        port: int = 0,
        clock: Clock | None = None,
    ) -> None:
        self._exchange = exchange_of(venue)
        self.name = venue
        self.script = script or Script()
        market = VenueMarket.simulate(self._exchange.example[:1]) if market is None else market
        _check(venue, market, self._exchange, rate, speed)
        fast = rate is None and speed is None
        self._pace = Pace(speed if rate is None else 1.0, fast if waits is None else waits)
        self._opens, self._beat, self._keeps, self._port = opens, beat, keeps, port
        self._machine = clock or SystemClock()
        self._skew = sum(_signed(each.by) for each in self.script.troubles if isinstance(each, ClockSkew))
        self._happens_now = market.start is None and (rate is not None or speed == 1)
        if rate is not None:
            market = market.paced(rate)
        self._market = as_happened(market, self.script).cut(self._exchange.grid)
        self.clock = self._make_clock(speed)
        self.done = threading.Event()
        self.opened = threading.Event()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._failure: BaseException | None = None
        self._address = ""
        self._plan()

    def _make_clock(self, speed: float | None) -> VenueClock:
        if self._happens_now:
            return VenueClock(self._machine, self._machine.now() + self._skew, skew=self._skew, stands=False)
        market = self._market
        first = market.trades[market.before].time if market.before < len(market.trades) else (market.start or START)
        return VenueClock(self._machine, first, speed=speed or 1.0, skew=self._skew)

    # -- what a client needs

    @property
    def websocket(self) -> str:
        """Where its websocket is, without a path."""
        return f"ws://{self._started()}"

    @property
    def rest(self) -> str:
        """Where its HTTP is, without a path."""
        return f"http://{self._started()}"

    def _started(self) -> str:
        if not self._address:
            message = f"the double of {self.name} has no address before it is started: with VenueDouble(...) as venue:"
            raise RuntimeError(message)
        return self._address

    # -- the truth

    @property
    def market(self) -> VenueMarket:
        """What truly happens, with the times that the venue says. Raises `RuntimeError` while that is not known yet."""
        if self._happens_now and not self.opened.is_set():
            message = f"the market of {self.name} happens when it opens, and it has not opened yet: wait for `opened`"
            raise RuntimeError(message)
        return self._market

    @property
    def trades(self) -> list[MarketTrade]:
        """All trades, in the order in which they become known, those before the opening too."""
        return list(self.market.trades)

    @property
    def unseen(self) -> list[MarketTrade]:
        """The trades that nobody can know: neither sent nor in history."""
        return [self.market.trades[place] for place in sorted(self._timeline.unseen)]

    def frame(self) -> pl.DataFrame:
        """All trades as a Polars frame: symbol, trade_id, time, price, size, side."""
        return frame_of(self.trades)

    # -- what happened

    @property
    def requests(self) -> list[str]:
        """What was asked over HTTP so far: path and query."""
        return list(self._answers.asked)

    @property
    def connections(self) -> int:
        """How many websocket connections there have been."""
        return self._server.connections

    @property
    def subscribed(self) -> set[str]:
        """The symbols that somebody listens to."""
        return set(self._server.heard)

    @property
    def happened(self) -> list[object]:
        """The troubles of the market so far, in their order; those of HTTP are not among them."""
        return list(self._publisher.happened)

    @property
    def behind(self) -> float:
        """By how many seconds the latest of all trades was sent too late for the pace that was asked for."""
        return self._publisher.behind

    # -- running

    def start(self) -> Self:
        """Listen. Raises what kept it from doing so."""
        self._thread = threading.Thread(target=self._run, name=f"venue double {self.name}", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self.stop()
        return self

    def open(self) -> None:
        """Let the market begin, whoever listens."""
        if self._loop is not None:
            self._loop.call_soon_threadsafe(self._opening.set)

    def stop(self) -> None:
        """End all connections. Raises what the double itself has failed with, if it has."""
        if self._thread is not None and self._loop is not None:
            with suppress(RuntimeError):  # it has ended by itself
                self._loop.call_soon_threadsafe(self._stopping.set)
        if self._thread is not None:
            self._thread.join()
            self._thread = None
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            asyncio.run(self._serve())
        except BaseException as error:  # noqa: BLE001 - it is told to the thread that uses the double
            self._failure = error
        finally:
            self._ready.set()

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping, self._opening = asyncio.Event(), asyncio.Event()
        port = await self._server.start(self._port, self._exchange.pings)
        self._address = f"127.0.0.1:{port}"
        tasks = [asyncio.create_task(each) for each in (self._trade(), self._publisher.beat(self._beat))]
        stopping = asyncio.create_task(self._stopping.wait())
        self._ready.set()
        try:
            await self._until_stopped(tasks, stopping)
        finally:
            for task in (*tasks, stopping):
                task.cancel()
            await asyncio.gather(*tasks, stopping, return_exceptions=True)
            await self._server.stop()

    async def _until_stopped(self, tasks: list[asyncio.Task[None]], stopping: asyncio.Task[Literal[True]]) -> None:
        waiting: set[asyncio.Task[None] | asyncio.Task[Literal[True]]] = {*tasks, stopping}
        while not stopping.done():
            ended, _ = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
            waiting -= ended
            for task in ended - {stopping}:
                task.result()

    def _plan(self) -> None:
        self._timeline = Timeline.of(self._market, self.script)
        self._history = History(self._market.symbols, frozenset(self._timeline.forgotten), self._keeps)
        self._answers = Answers(self._exchange, self.script, self._history, self.clock)
        self._server = VenueServer(self._exchange, self._history, self._answers, self.clock)
        told = (self._server, self._history, self._answers, self.clock)
        self._publisher = Publisher(self._timeline, self.script, self._pace, *told)
        self._history.begin(self._market.trades[: self._market.before])

    async def _trade(self) -> None:
        await self._opened()
        if self._happens_now:
            self._move()
        self.opened.set()
        await self._publisher.publish()
        self.done.set()

    async def _opened(self) -> None:
        if self._opens == "at once":
            return
        opening = asyncio.create_task(self._opening.wait())
        symbols = set(self._market.symbols)
        while not opening.done() and not (self._opens == "subscribed" and symbols <= self._server.heard):
            self._server.changed.clear()
            changed = asyncio.create_task(self._server.changed.wait())
            await asyncio.wait((opening, changed), return_when=asyncio.FIRST_COMPLETED)
            changed.cancel()
        opening.cancel()

    def _move(self) -> None:
        """Let the market happen now."""
        market = self._market
        first = market.trades[market.before].time if market.before < len(market.trades) else START
        by = self.clock.venue() - first
        self._market = market.moved(by // self._exchange.grid * self._exchange.grid)
        self._timeline.market = self._market
        self._history.begin(self._market.trades[: market.before])


def _check(venue: str, market: VenueMarket, exchange: Exchange, rate: float | None, speed: float | None) -> None:
    if rate is not None and speed is not None:
        message = f"a market goes by at a rate or at a speed, not both: rate={rate}, speed={speed}"
        raise ValueError(message)
    if min(1 if rate is None else rate, 1 if speed is None else speed) <= 0:
        message = f"rate and speed are above 0: rate={rate}, speed={speed}"
        raise ValueError(message)
    wrong = [symbol for symbol in market.symbols if not exchange.writes(symbol)]
    if wrong:
        message = f"{venue} writes no symbols like {', '.join(map(repr, wrong))}, but like {exchange.example[0]!r}"
        raise ValueError(message)


def _signed(written: str) -> int:
    """A duration that may be negative, in nanoseconds."""
    return -parse_duration(written[1:]) if written.startswith("-") else parse_duration(written)
