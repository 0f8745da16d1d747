"""Everything that reaches a feed, in the order in which it does: what is live and what is replayed go the same way."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.feed.batch import EventKind, SymbolId
from barloom.feed.protocol import Notice, Quote, Refusal, Row, Tail, Trade

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from barloom.feed.batch import Position
    from barloom.feed.continuity.chain import Chain
    from barloom.feed.continuity.continuity import Continuity
    from barloom.feed.continuity.rules import Want
    from barloom.feed.protocol import Message, Venue

__all__ = ["ASKED_MARGIN", "HEARD_MARGIN", "Intake", "Moment"]

HEARD_MARGIN: Final = 500_000_000
"""How much older than a venue's word over its connection a mark is: numbers need not follow time to the millisecond."""

ASKED_MARGIN: Final = 2_000_000_000
"""The same for REST, whose answers may lag behind the market."""

_SHOWN: Final = 10.0
"""Seconds between two messages told that could not be read."""


class Moment:
    """When something happened: by the clock of day in nanoseconds, and in seconds of one that never goes back."""

    __slots__ = ("at", "now")

    def __init__(self, at: int, now: float) -> None:
        self.at = at
        self.now = now


class Intake:
    """Hands what comes to the symbols it is of. `unreadable` counts messages that could not be read.

    `positions` are where symbols go on that are not asked for by name; `time_of` reads the event time of a row of a
    feed that is no venue.
    """

    def __init__(self, continuity: Continuity, venues: Mapping[str, Venue]) -> None:
        self.continuity = continuity
        self.unreadable = 0
        self.positions: Mapping[SymbolId, Position] = {}
        self.time_of: Callable[[Row], int | None] = _unknown
        self._venues = venues
        self._chains: dict[str, dict[str, Chain]] = {}
        self._shown = -_SHOWN

    def began(self, of: SymbolId, position: Position | None, when: Moment) -> None:
        """A symbol is asked for."""
        self._chains.setdefault(of.venue, {})[of.symbol] = self.continuity.add(of, position, when.now)

    def symbols(self, venue: str) -> Sequence[str]:
        """The symbols of a venue."""
        return list(self._chains.get(venue, ()))

    def removed(self, of: SymbolId, when: Moment) -> None:
        """A symbol is not asked for any more."""
        self.continuity.wall = when.at
        del self._chains[of.venue][of.symbol]
        self.continuity.remove(of, when.now)

    def heard(self, venue: str, text: bytes | str, when: Moment) -> bool:
        """A message came; whether its connection is of no more use."""
        try:
            messages = self._venues[venue].read(text)
        except ValueError as error:
            self._unread(venue, str(error), when)
            return False
        chains, received, now = self._chains.get(venue, {}), when.at, when.now
        ends = False
        for message in messages:
            if type(message) is Trade:
                chain = chains.get(message.symbol)
                if chain is not None:
                    chain.live(message, message.time, received, now)
            else:
                ends = self._other(venue, chains, message, when) or ends
        return ends

    def _other(self, venue: str, chains: Mapping[str, Chain], message: Message, when: Moment) -> bool:
        self.continuity.wall = when.at
        if isinstance(message, Notice):
            self.continuity.out.tell(EventKind.NOTICE, None, f"{venue}: {message.message}")
            return message.reconnect
        if isinstance(message, Refusal):
            self._refusal(venue, chains, message, when)
            return False
        if isinstance(message, Row) and message.symbol not in chains:
            of = SymbolId(venue, message.symbol)
            self.began(of, self.positions.get(of), when)
        chain = self._chains.get(venue, {}).get(message.symbol)
        if chain is None:
            return False
        if isinstance(message, Row):
            self._own(chain, message, when)
        else:
            _hand_on(chain, message, when)
        return False

    def _own(self, chain: Chain, row: Row, when: Moment) -> None:
        """A row says its time only when it is decoded, which takes long: for numbers that were seen it is done."""
        seen = row.last is not None and row.last < chain.next
        time = self.time_of(row) if seen else None
        chain.live(row, when.at if time is None else time, when.at, when.now)

    def _refusal(self, venue: str, chains: Mapping[str, Chain], message: Refusal, when: Moment) -> None:
        chain = None if message.symbol is None else chains.get(message.symbol)
        if chain is None:
            self.continuity.out.tell(EventKind.TROUBLE, None, f"{venue}: {message.message}")
        else:
            chain.refused(message.message, when.now)

    def _unread(self, venue: str, why: str, when: Moment) -> None:
        self.unreadable += 1
        if when.now - self._shown >= _SHOWN:
            self._shown, self.continuity.wall = when.now, when.at
            self.continuity.out.tell(EventKind.UNREADABLE, None, f"{venue}: {why}")

    def answered(self, of: SymbolId, trades: Sequence[Trade], when: Moment) -> None:
        """The venue's history gave these of what was missing."""
        self.continuity.wall = when.at
        chain = self.continuity.chains.get(of)
        if chain is not None:
            chain.answered(trades, when.at, when.now)

    def compared(self, of: SymbolId, trades: Sequence[Trade], tail: Tail, heard: float, when: Moment) -> None:
        """The venue's history says which number is the latest; the connection was last `heard` then."""
        self.continuity.wall = when.at
        chain = self.continuity.chains.get(of)
        if chain is not None:
            chain.compared(trades, tail.last, tail.time - ASKED_MARGIN, when.at, when.now, heard)

    def failed(self, of: SymbolId, when: Moment) -> None:
        """The venue's history did not answer."""
        chain = self.continuity.chains.get(of)
        if chain is not None:
            chain.failed(when.now)

    def refused(self, of: SymbolId, message: str, when: Moment) -> None:
        """The venue does not know a symbol."""
        self.continuity.wall = when.at
        chain = self.continuity.chains.get(of)
        if chain is not None:
            chain.refused(message, when.now)

    def connected(self, venue: str, symbols: Iterable[str], when: Moment) -> None:
        """These are subscribed to."""
        self.continuity.wall = when.at
        self.continuity.connected(SymbolId(venue, symbol) for symbol in symbols)

    def disconnected(self, venue: str, symbols: Iterable[str], why: str, when: Moment) -> None:
        """The connection of these was lost."""
        self.continuity.wall = when.at
        self.continuity.out.tell(EventKind.LOST, None, f"{venue}: {why}")
        self.continuity.disconnected((SymbolId(venue, symbol) for symbol in symbols), when.now)

    def turned(self, when: Moment) -> list[Want]:
        """Time has passed: what is to be asked by now."""
        self.continuity.wall = when.at
        return self.continuity.turn(when.now)


def _hand_on(chain: Chain, message: Quote | Tail | Trade, when: Moment) -> None:
    if isinstance(message, Tail):
        chain.tail(message.last, message.time - HEARD_MARGIN, when.now)
    elif isinstance(message, Quote):
        chain.loose(message, when.at if message.time is None else message.time, when.at, when.now)
    else:
        chain.live(message, message.time, when.at, when.now)


def _unknown(row: Row) -> int | None:  # noqa: ARG001 - as those that know
    return None
