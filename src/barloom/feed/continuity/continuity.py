"""All symbols of a feed: rows and answers go in, rows in order, marks and questions come out."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.feed.continuity.chain import Chain
from barloom.feed.continuity.outbox import Outbox
from barloom.feed.continuity.rules import Room
from barloom.feed.continuity.together import SharedChain, Together

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.feed.batch import Position, SymbolId
    from barloom.feed.continuity.rules import Rules, Want

__all__ = ["Continuity"]


class Continuity:
    """Keeps the symbols of a feed; does no input or output itself.

    `wall` is the present time of day, for events; every other moment is handed in, in seconds of a clock that never
    goes back. `moved` says whether the last turn gave anything.
    """

    def __init__(self, rules: Rules, batch_rows: int) -> None:
        self.rules = rules
        self.wall = 0
        self.moved = False
        self.out = Outbox(batch_rows, lambda: self.wall)
        self.room = Room(rules.max_held)
        self.chains: dict[SymbolId, Chain] = {}
        self._together = Together(self.out, self.room) if rules.together else None

    def add(self, of: SymbolId, position: Position | None, now: float) -> Chain:
        """A symbol that goes on right after `position` (none: with what comes first)."""
        if self._together is None:
            chain = Chain(of, position, self.rules, self.out, self.room)
        else:
            chain = SharedChain(of, position, self.rules, self._together, self.room)
        chain.await_connection(now)
        self.chains[of] = chain
        return chain

    def remove(self, of: SymbolId, now: float) -> None:
        """A symbol is not asked for any more; what is held of it goes on."""
        chain = self.chains.pop(of)
        chain.give_up(now)
        if self._together is not None:
            self._together.forget(of)

    def disconnected(self, symbols: Iterable[SymbolId], now: float) -> None:
        """The connection of these was lost."""
        for of in symbols:
            if of in self.chains:
                self.chains[of].disconnected(now)

    def connected(self, symbols: Iterable[SymbolId]) -> None:
        """These are subscribed to."""
        for of in symbols:
            if of in self.chains:
                self.chains[of].connected()

    def turn(self, now: float) -> list[Want]:
        """Give up what is overdue, give what may be given, and say what is to be asked of the venues by now."""
        before = self.out.counted
        for chain in self.chains.values():
            chain.expire(now)
        if self._together is not None:
            self._together.release(self.chains.values(), now)
        self.moved = self.out.counted != before
        return [want for want in self._wants(now) if want is not None]

    def _wants(self, now: float) -> Iterable[Want | None]:
        """The symbol that is furthest behind first, for which the others may be waiting."""
        return (chain.want(now) for chain in sorted(self.chains.values(), key=_time))


def _time(chain: Chain) -> int:
    return chain.time
