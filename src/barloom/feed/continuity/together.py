"""Symbols that share one time: while one of them waits, the others do; then all goes on in the order of time."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from barloom.feed.continuity.chain import Chain

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.feed.batch import AnyRow, EventKind, Position, SymbolId
    from barloom.feed.continuity.outbox import Outbox, Symbol
    from barloom.feed.continuity.rules import Room
    from barloom.feed.protocol import Row, Trade

__all__ = ["SharedChain", "Together"]


class SharedChain(Chain):
    """A symbol whose rows may wait for others, so that there may be no room for one that is in order itself."""

    def live(self, row: Trade | Row, time: int, received: int, now: float) -> None:
        """A row came over a connection; one for which there is no room is fetched later."""
        if self._room.is_full and row.last is not None and row.last >= self.next >= 0:
            self._room.dropped += 1
            self._learn(row.last, now)
        else:
            super().live(row, time, received, now)


class _Waiting(NamedTuple):
    """A row that waits for other symbols; `due` is the largest event time of its symbol so far."""

    due: int
    chain: Symbol
    row: AnyRow
    time: int
    received: int
    last: int | None


class _Lane:
    """The rows of one symbol that wait, and a mark that stands behind them."""

    def __init__(self) -> None:
        self.rows: deque[_Waiting] = deque()
        self.due = 0
        self.mark = 0


class Together:
    """Takes the rows of all symbols and gives those that no row of another symbol can still come before."""

    def __init__(self, out: Outbox, room: Room) -> None:
        self._out = out
        self._room = room
        self._lanes: dict[SymbolId, _Lane] = {}
        self._marked = 0

    def put(self, chain: Symbol, row: AnyRow, time: int, received: int, last: int | None) -> None:
        """Give a row; after it the symbol stands at `last` (none: where it stood)."""
        lane = self._lane(chain.of)
        lane.due = max(lane.due, time)
        lane.rows.append(_Waiting(lane.due, chain, row, time, received, last))
        self._room.held += 1

    def moved(self, chain: Symbol, position: Position) -> None:
        """A symbol has another position, without a row."""
        self._out.moved(chain, position)

    def mark(self, time: int, chain: Symbol) -> None:
        """All rows of a symbol before `time` were given, once those that wait are."""
        lane = self._lane(chain.of)
        if lane.rows:
            lane.mark = max(lane.mark, time)
        else:
            self._out.mark(time, chain)

    def tell(
        self, kind: EventKind, of: SymbolId | None, message: str, first: int | None = None, last: int | None = None
    ) -> None:
        """Tell what befell the feed."""
        self._out.tell(kind, of, message, first, last)

    def release(self, chains: Iterable[Chain], now: float) -> None:
        """Give what may be given by now, and a mark of all symbols where one is due."""
        bound = min((chain.time for chain in chains if chain.holds(now)), default=None)
        free: list[_Waiting] = []
        for lane in self._lanes.values():
            while lane.rows and (bound is None or lane.rows[0].due <= bound):
                free.append(lane.rows.popleft())
        self._room.held -= len(free)
        free.sort(key=_due)
        for waiting in free:
            self._out.put(*waiting[1:])
        self._mark_each(chains)
        self._mark_all(chains)

    def forget(self, of: SymbolId) -> None:
        """A symbol is not asked for any more; what waits of it goes on."""
        lane = self._lanes.pop(of, None)
        for waiting in () if lane is None else lane.rows:
            self._out.put(*waiting[1:])
            self._room.held -= 1

    def _mark_each(self, chains: Iterable[Chain]) -> None:
        for chain in chains:
            lane = self._lanes.get(chain.of)
            if lane is not None and lane.mark and not lane.rows:
                self._out.mark(lane.mark, chain)
                lane.mark = 0

    def _mark_all(self, chains: Iterable[Chain]) -> None:
        if any(lane.rows for lane in self._lanes.values()):
            return
        reached = min((chain.reached for chain in chains if chain.error is None), default=0)
        if reached > self._marked:
            self._marked = reached
            self._out.mark_all(reached)

    def _lane(self, of: SymbolId) -> _Lane:
        if of not in self._lanes:
            self._lanes[of] = _Lane()
        return self._lanes[of]


def _due(waiting: _Waiting) -> int:
    return waiting.due
