"""How a feed is: per symbol how fast it comes, where it stands, how old its last word is, its holes; and of all."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.feed.batch import SymbolId
    from barloom.feed.continuity.chain import Chain
    from barloom.feed.continuity.continuity import Continuity

__all__ = ["FeedHealth", "SymbolHealth", "Watch"]

_WINDOW: Final = 5.0


@dataclass(frozen=True, slots=True)
class SymbolHealth:
    """One symbol: rows a second of late, the last number given (none: none yet), seconds since its last message.

    `holes` are open by now (0 or 1: the ones behind it wait), `filled` and `given_up` were, and `missing` numbers were
    given up with these. `held` rows wait. `duplicates` were dropped, `restarts` are new beginnings of numbers. `error`
    says why it is not served.
    """

    rate: float
    given: int
    last: int | None
    age: float | None
    holes: int
    filled: int
    given_up: int
    missing: int
    held: int
    duplicates: int
    restarts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class FeedHealth:
    """All symbols; how often connections were lost, messages that could not be read, rows that found no room.

    `waiting` says what the feed is waiting for (none: it is ready).
    """

    symbols: Mapping[SymbolId, SymbolHealth] = field(default_factory=dict)
    reconnects: int = 0
    unreadable: int = 0
    dropped: int = 0
    waiting: str | None = None

    @property
    def rate(self) -> float:
        """Rows a second, of all symbols."""
        return sum(symbol.rate for symbol in self.symbols.values())

    @property
    def holes(self) -> int:
        """Holes that are open."""
        return sum(symbol.holes for symbol in self.symbols.values())


class Watch:
    """Measures how fast rows come."""

    def __init__(self, continuity: Continuity) -> None:
        self._continuity = continuity
        self._since = -inf
        self._counts: dict[SymbolId, int] = {}
        self._rates: dict[SymbolId, float] = {}

    def turn(self, now: float) -> None:
        """Look at the clock."""
        passed = now - self._since
        if passed < _WINDOW:
            return
        chains = self._continuity.chains
        if passed < inf:
            self._rates = {of: (chain.given - self._counts.get(of, 0)) / passed for of, chain in chains.items()}
        self._since, self._counts = now, {of: chain.given for of, chain in chains.items()}

    def health(self, now: float, *, reconnects: int, unreadable: int, away: Sequence[str]) -> FeedHealth:
        """How it is by now; `away` are lines that do not stand."""
        chains = self._continuity.chains
        symbols = {of: self._symbol(of, chain, now) for of, chain in chains.items()}
        behind = [f"{of} waits for what is missing" for of, chain in chains.items() if chain.is_open]
        waiting = "; ".join([*away, *behind]) or None
        return FeedHealth(symbols, reconnects, unreadable, self._continuity.room.dropped, waiting)

    def _symbol(self, of: SymbolId, chain: Chain, now: float) -> SymbolHealth:
        return SymbolHealth(
            rate=self._rates.get(of, 0.0),
            given=chain.given,
            last=chain.next - 1 if chain.next >= 0 else None,
            age=None if chain.heard_at == -inf else now - chain.heard_at,
            holes=int(chain.is_open),
            filled=chain.filled,
            given_up=chain.given_up,
            missing=chain.missing,
            held=chain.held,
            duplicates=chain.duplicates,
            restarts=chain.restarts,
            error=chain.error,
        )
