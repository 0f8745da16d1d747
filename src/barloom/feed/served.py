"""One venue of a session: its lines, and what is asked of its history."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final, Protocol

from barloom.errors import VenueUnavailable
from barloom.feed.asking import Asker
from barloom.feed.batch import EventKind, SymbolId
from barloom.feed.continuity.rules import Ask
from barloom.feed.history import HistoryClient
from barloom.feed.line import Line

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    from barloom.clock import Clock
    from barloom.feed.asking import Patience
    from barloom.feed.continuity.rules import Want
    from barloom.feed.intake import Intake, Moment
    from barloom.feed.protocol import Channel, Venue

__all__ = ["Served", "Service"]

_AT_ONCE: Final = 8
"""How many symbols of a venue are asked for at the same time."""


class Service(Protocol):
    """What the session is for its venues."""

    intake: Intake

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be received for now."""
        ...

    def moment(self) -> Moment:
        """Now."""
        ...

    def keep(self, job: Awaitable[None]) -> None:
        """Let a job go on until it, or the session, ends."""
        ...


class Served:
    """A venue with the symbols that are asked of it, over as many lines as its limit makes them."""

    def __init__(  # noqa: PLR0913, PLR0917 - what is of the outside comes in as arguments
        self,
        venue: Venue,
        channel: Channel,
        service: Service,
        clock: Clock,
        chance: Callable[[], float],
        patience: Patience,
        within: float,
    ) -> None:
        self.venue = venue
        self.lines: list[Line] = []
        self._channel = channel
        self._service = service
        self._clock = clock
        self._chance = chance
        self._within = within
        self._asker = Asker(venue, self.trouble, clock=clock, chance=chance, patience=patience)
        self._history = HistoryClient(venue, self._asker)
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def aclose(self) -> None:
        """Close what is asked over."""
        await self._asker.aclose()

    # Lines

    def open(self, symbols: Sequence[str]) -> None:
        """Ask for symbols, over new lines."""
        size = self.venue.limits.symbols
        if not symbols:
            self._open_line([])  # a feed of one's own may send what it likes
        for start in range(0, len(symbols), size):
            self._open_line(symbols[start : start + size])

    async def add(self, symbol: str) -> None:
        """Ask for another symbol."""
        line = next((line for line in self.lines if line.has_room), None)
        if line is None:
            self._open_line([symbol])
        else:
            await line.add(symbol)

    async def remove(self, symbol: str) -> None:
        """Ask for a symbol no more."""
        for line in self.lines:
            if symbol in line.symbols:
                await line.remove(symbol)

    def _open_line(self, symbols: Sequence[str]) -> None:
        line = Line(self.venue, symbols, self._channel, self, self._clock, chance=self._chance)
        self.lines.append(line)
        self._service.keep(line.run())

    @property
    def is_full(self) -> bool:
        """Whether nothing more should be received for now."""
        return self._service.is_full

    def heard(self, text: bytes | str, when: Moment) -> bool:
        """A message came; whether its connection is of no more use."""
        return self._service.intake.heard(self.venue.name, text, when)

    def line_ready(self, line: Line) -> None:
        """A line is subscribed to all of its symbols."""
        self._service.intake.connected(self.venue.name, self._symbols(line), self._service.moment())

    def line_lost(self, line: Line, why: str) -> None:
        """A line broke."""
        self._service.intake.disconnected(self.venue.name, self._symbols(line), why, self._service.moment())

    def _symbols(self, line: Line) -> Sequence[str]:
        """Those of a line; rows of a feed of one's own are of symbols that they name themselves."""
        return line.symbols if self.venue.has_history else self._service.intake.symbols(self.venue.name)

    # History

    async def ask(self, want: Want) -> None:
        """Ask the venue, and hand its answer on."""
        intake, of = self._service.intake, want.of
        try:
            async with self._gate:
                await (self._fetch(want) if want.ask is Ask.MISSING else self._compare(want))
        except LookupError as error:
            intake.refused(of, str(error.args[0] if error.args else error), self._service.moment())
        except (VenueUnavailable, ValueError) as error:
            self.trouble(of.symbol, str(error))
            intake.failed(of, self._service.moment())

    async def _fetch(self, want: Want) -> None:
        found = await self._history.fetch(want.of.symbol, want.after, want.time, want.until, within=self._within)
        self._service.intake.answered(want.of, found.trades, self._service.moment())

    async def _compare(self, want: Want) -> None:
        tail, trades = await self._history.latest(want.of.symbol, within=self._within)
        heard = max((line.heard for line in self.lines if want.of.symbol in line.symbols), default=-1.0)
        self._service.intake.compared(want.of, trades, tail, heard, self._service.moment())

    def trouble(self, symbol: str, what: str) -> None:
        """The venue's history did not answer as it should."""
        continuity = self._service.intake.continuity
        continuity.wall = self._service.moment().at
        continuity.out.tell(EventKind.TROUBLE, SymbolId(self.venue.name, symbol), what)
