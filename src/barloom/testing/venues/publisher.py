"""The market going by: one trade after the other, at some pace, and what a script has in between."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from barloom.testing.venues.frames import framed
from barloom.testing.venues.troubles import Delisted, Disconnect, Life, LostTail, Maintenance, Silence, WrongJson

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.testing.venues.answers import Answers
    from barloom.testing.venues.clock import VenueClock
    from barloom.testing.venues.history import History
    from barloom.testing.venues.script import Script
    from barloom.testing.venues.server import Client, VenueServer
    from barloom.testing.venues.timeline import Action, Timeline
    from barloom.testing.venues.trades import MarketTrade

__all__ = ["Pace", "Publisher"]

_AT_ONCE: Final = 256
_BROKEN: Final = '{"this message":"is never sent to its end"}'


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast a market goes by: `speed` times real time, or (none) as fast as it goes.

    `waits`: a trade waits until somebody listens to its symbol.
    """

    speed: float | None = None
    waits: bool = True

    def due(self, since_opening: int) -> float:
        """How many seconds after the opening a trade is made known."""
        return 0.0 if self.speed is None else since_opening / 1_000_000_000 / self.speed


class Publisher:
    """Makes trades known and sends them, as planned."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it brings together
        self,
        timeline: Timeline,
        script: Script,
        pace: Pace,
        server: VenueServer,
        history: History,
        answers: Answers,
        clock: VenueClock,
    ) -> None:
        self._timeline = timeline
        self._pace, self._server, self._history, self._answers, self._clock = pace, server, history, answers, clock
        self._lives = [trouble for trouble in script.troubles if isinstance(trouble, Life)]
        self._at_once = 1 if any(life.trades for life in self._lives) else _AT_ONCE
        self._outbox: list[MarketTrade] = []
        self.behind = 0.0
        self.happened: list[Action] = []

    async def publish(self) -> None:
        """From the opening to the end of the market."""
        opened = self._clock.monotonic()
        market = self._timeline.market
        trades, before = market.trades, market.before
        start = trades[before].time if before < len(trades) else 0
        self._clock.reach(start)
        for place in range(before, len(trades)):
            trade = trades[place]
            self._clock.comes(trade.time)
            for action in self._timeline.actions.get(place, ()):
                await self._act(action)
            await self._wait(opened + self._pace.due(trade.time - start))
            if self._pace.waits and place not in self._timeline.unheard:
                await self._heard(trade.symbol)
            self._make_known(place, trade)
            if len(self._outbox) >= self._at_once:
                await self._send()
        self._clock.comes(None)
        await self._send()
        for action in self._timeline.actions.get(len(trades), ()):
            await self._act(action)

    def _make_known(self, place: int, trade: MarketTrade) -> None:
        self._history.add(trade)
        self._clock.reach(trade.time)
        if place in self._timeline.sent:
            self._outbox += (self._timeline.market.trades[each] for each in self._timeline.sends(place))
        else:
            self._outbox.append(trade)

    async def _send(self) -> None:
        self._flush()
        self._end_lives()
        await self._server.drained()

    def _flush(self) -> None:
        if self._outbox:
            self._server.tell(self._outbox)
            self._outbox = []

    async def _wait(self, due: float) -> None:
        ahead = due - self._clock.monotonic()
        if ahead > 0:
            await self._send()
            await asyncio.sleep(max(due - self._clock.monotonic(), 0))
        elif self._pace.speed:
            self.behind = max(self.behind, -ahead)

    async def _heard(self, symbol: str) -> None:
        server = self._server
        while symbol not in server.heard and symbol not in server.given_up:
            self._flush()
            server.changed.clear()
            await server.changed.wait()

    async def _act(self, action: Action) -> None:
        await self._send()
        self.happened.append(action)
        server = self._server
        if isinstance(action, Disconnect):
            half = framed(_BROKEN)[:20] if action.mid_message else b""
            if half:
                server.cut(server.clients, half)
            else:
                server.close(server.clients)
        elif isinstance(action, Silence):
            server.silence()
        elif isinstance(action, Maintenance):
            server.refusals, self._answers.closed = action.refusals, action.refusals > 0
            server.close(server.clients)
        elif isinstance(action, WrongJson):
            server.each(lambda _: [action.text] * action.count)
        elif isinstance(action, Delisted):
            self._history.drop(action.symbol)
            server.each(lambda client: server.exchange.delisted(client.listener, action.symbol))
        elif isinstance(action, LostTail):
            await asyncio.sleep(action.quiet)

    def _end_lives(self) -> None:
        for life in self._lives:
            self._server.close(self._old(self._server.clients, life))

    def _old(self, clients: Iterable[Client], life: Life) -> list[Client]:
        now = self._clock.monotonic()
        return [
            client
            for client in clients
            if (life.trades is not None and client.sent >= life.trades)
            or (life.seconds is not None and now - client.since >= life.seconds)
        ]

    async def beat(self, every: float) -> None:
        """Heartbeats, and the end of lives, until the venue closes."""
        while True:
            await asyncio.sleep(every)
            self._server.beat()
            self._end_lives()
