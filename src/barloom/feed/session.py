"""A feed as it runs: lines to venues, their history, and the continuity of what comes over both."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from barloom.clock import SystemClock
from barloom.feed.asking import Patience
from barloom.feed.batch import SymbolId
from barloom.feed.continuity.continuity import Continuity
from barloom.feed.continuity.rules import Rules
from barloom.feed.health import FeedHealth, Watch
from barloom.feed.intake import Intake, Moment
from barloom.feed.protocol import Channel
from barloom.feed.served import Served
from barloom.feed.settings import FeedSettings

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
    from types import TracebackType

    from barloom.clock import Clock
    from barloom.feed.batch import Batch, Position
    from barloom.feed.protocol import Venue
    from barloom.feed.settings import Feed

__all__ = ["Session", "rules_of"]

_TURN: Final = 0.025
"""Seconds between two looks at what may be given and is to be asked."""


_OUT_OF_ORDER: Final = 2.0
"""For how many seconds at most a row may be missing that cannot be fetched: it can only be out of order."""


class Session:
    """Gives what comes of some symbols: each row once, in the order of its symbol's numbers, and marks between them.

    Use it as an asynchronous context manager, and iterate over its batches. `positions` says right after which number
    each symbol goes on: its history comes first then, and the rows that came live meanwhile behind it. `together` says
    that all symbols share one time, so that a hole of one holds all. `taking` makes what takes everything in, such as
    one that records it.
    """

    def __init__(  # noqa: PLR0913 - what is of the outside comes in as arguments
        self,
        feeds: Sequence[Feed],
        positions: Mapping[SymbolId, Position] | None = None,
        *,
        channel: Channel = Channel.TRADES,
        together: bool = False,
        settings: FeedSettings | None = None,
        restart_after: int = 1_000_000_000,
        batch_rows: int = 10_000,
        clock: Clock | None = None,
        chance: Callable[[], float] = random.random,
        taking: Callable[[Continuity, Mapping[str, Venue]], Intake] = Intake,
    ) -> None:
        self._feeds = feeds
        self._clock = clock or SystemClock()
        self._settings = settings or FeedSettings()
        self._channel = channel
        self._chance = chance
        self._positions = dict(positions or {})
        if not any(feed.venue.has_history for feed in feeds):
            self._settings = replace(self._settings, fill_within=min(self._settings.fill_within, _OUT_OF_ORDER))
        rules = rules_of(self._settings, together=together, restart_after=restart_after)
        self.continuity = Continuity(rules, batch_rows)
        self._venues: dict[str, Venue] = {}
        self.intake = taking(self.continuity, self._venues)
        self.intake.positions = self._positions
        self._served: dict[str, Served] = {}
        self._watch = Watch(self.continuity)
        self._full = 4 * batch_rows
        self._news = asyncio.Event()
        self._tasks: set[asyncio.Future[None]] = set()
        self._failed: BaseException | None = None

    async def __aenter__(self) -> Self:
        for feed in self._feeds:
            served = self._serve(feed.venue)
            for symbol in feed.symbols if feed.venue.has_history else ():
                self._begin(SymbolId(feed.venue.name, symbol))
            served.open(feed.symbols)
        self.keep(self._turn())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for served in self._served.values():
            await served.aclose()

    def __aiter__(self) -> AsyncIterator[Batch]:
        return self

    async def __anext__(self) -> Batch:
        while True:
            batch = self.continuity.out.take()
            if batch is not None:
                return batch
            if self._failed is not None:
                raise self._failed
            self._news.clear()
            await self._news.wait()

    @property
    def is_full(self) -> bool:
        """Whether so much waits to be taken that nothing more should be received."""
        return len(self.continuity.out) >= self._full

    def moment(self) -> Moment:
        """Now."""
        return Moment(self._clock.now(), self._clock.monotonic())

    async def add(self, venue: Venue, symbol: str, position: Position | None = None) -> SymbolId:
        """Ask for another symbol, which goes on right after `position`.

        Raises `ValueError` where the venue cannot have it.
        """
        of = SymbolId(venue.name, venue.symbol(symbol))
        if of not in self.continuity.chains:
            served = self._serve(venue)
            if position is not None:
                self._positions[of] = position
            self._begin(of)
            await served.add(of.symbol)
        return of

    async def remove(self, of: SymbolId) -> None:
        """Ask for a symbol no more."""
        self.intake.removed(of, self.moment())
        await self._served[of.venue].remove(of.symbol)

    def health(self) -> FeedHealth:
        """How the feed is by now."""
        lines = [line for served in self._served.values() for line in served.lines]
        return self._watch.health(
            self._clock.monotonic(),
            reconnects=sum(line.lost for line in lines),
            unreadable=self.intake.unreadable,
            away=[f"{line.venue.name} is not connected" for line in lines if not line.stands],
        )

    def keep(self, job: Awaitable[None]) -> None:
        """Let a job go on until it, or the session, ends; what it raises is raised to who iterates."""
        task = asyncio.ensure_future(job)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Future[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._failed = task.exception()
            self._news.set()

    def _begin(self, of: SymbolId) -> None:
        self.intake.began(of, self._positions.get(of), self.moment())

    def _serve(self, venue: Venue) -> Served:
        if venue.name not in self._served:
            self._venues[venue.name] = venue
            wait = self._settings.fill_within
            self._served[venue.name] = Served(
                venue, self._channel, self, self._clock, self._chance, _patience(wait), wait / 4
            )
        return self._served[venue.name]

    async def _turn(self) -> None:
        """Look again and again at what may be given, and ask for what is missing."""
        while True:
            await asyncio.sleep(_TURN)
            when = self.moment()
            for want in self.intake.turned(when):
                served = self._served[want.of.venue]
                if served.venue.has_history:
                    self.keep(served.ask(want))
            self._watch.turn(when.now)
            if self.continuity.out.waiting:
                self._news.set()


def rules_of(settings: FeedSettings, *, together: bool, restart_after: int) -> Rules:
    """The rules of continuity by the settings of a feed."""
    return Rules(
        fill_within=settings.fill_within,
        check_every=settings.compared_every,
        patience=min(0.25, settings.fill_within / 20),
        restart_after=restart_after,
        together=together,
        max_held=settings.max_held,
    )


def _patience(fill_within: float) -> Patience:
    """Several attempts within the time that a hole may stay open."""
    return Patience(
        attempts=4,
        timeout=min(10.0, fill_within / 4),
        first=min(0.5, fill_within / 100),
        longest=min(30.0, fill_within / 8),
        slower=min(5.0, fill_within / 8),
        banned=min(120.0, fill_within),
    )
