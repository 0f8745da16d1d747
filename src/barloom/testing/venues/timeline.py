"""From a market and a script to what is made known, what is sent and what happens, step by step."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from barloom.testing.venues.market import VenueMarket
from barloom.testing.venues.troubles import (
    Delisted,
    Disconnect,
    Duplicates,
    Forgotten,
    Hole,
    LostTail,
    Maintenance,
    OutOfOrder,
    Restarted,
    Silence,
    WrongJson,
)
from barloom.time.timeframe import parse_duration

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.testing.venues.script import Script
    from barloom.testing.venues.troubles import Trouble

__all__ = ["Action", "Timeline", "as_happened"]

Action = Disconnect | Silence | Maintenance | WrongJson | Delisted | LostTail
_ACTIONS = (Disconnect, Silence, Maintenance, WrongJson, Delisted, LostTail)


def as_happened(market: VenueMarket, script: Script) -> VenueMarket:
    """The market with what a script changes in the truth itself: numbers that begin anew, symbols that end."""
    for trouble in script.troubles:
        if isinstance(trouble, Restarted):
            market = _restarted(market, trouble)
        elif isinstance(trouble, Delisted):
            place = market.place_of(trouble.at)
            left = [trade for trade in market.trades[place:] if trade.symbol != trouble.symbol]
            market = VenueMarket((*market.trades[:place], *left), market.before, market.start)
    return market


def _restarted(market: VenueMarket, trouble: Restarted) -> VenueMarket:
    place, pause = market.place_of(trouble.at), parse_duration(trouble.pause)
    number, trades = trouble.number, list(market.trades[:place])
    for trade in market.trades[place:]:
        later = trade._replace(time=trade.time + pause)
        if trade.symbol == trouble.symbol:
            later = later._replace(number=number, restart=trade.restart + 1)
            number += 1
        trades.append(later)
    return VenueMarket(tuple(trades), market.before, market.start)


@dataclass(slots=True)
class Timeline:
    """What is planned for each trade of a market, by its place.

    `sent`: the places that are sent when it is made known; where there is no entry, itself alone. `actions` come before
    it. `unheard` places pass without waiting for a listener. `forgotten` says what history never has.
    """

    market: VenueMarket
    sent: dict[int, list[int]] = field(default_factory=dict)
    actions: dict[int, list[Action]] = field(default_factory=dict)
    unheard: set[int] = field(default_factory=set)
    forgotten: set[tuple[str, int, int]] = field(default_factory=set)
    unseen: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, market: VenueMarket, script: Script) -> Timeline:
        """The plan; `market` is as it happened."""
        timeline = cls(market)
        for trouble in script.troubles:
            timeline._silence(trouble)
        for trouble in script.troubles:
            timeline._arrange(trouble)
        for trouble in script.troubles:
            if isinstance(trouble, _ACTIONS):
                at = len(market.trades) if getattr(trouble, "at", None) is None else market.place_of(trouble.at)  # type: ignore[arg-type]
                timeline.actions.setdefault(at, []).append(trouble)
        return timeline

    def _silence(self, trouble: Trouble) -> None:
        """Note what is never sent, or never told."""
        market, last = self.market, len(self.market.trades)
        if isinstance(trouble, Disconnect | Silence | Maintenance):
            at = market.place_of(trouble.at)
            missed = range(at, min(at + trouble.misses, last))
            self.unheard.update(missed)
            self._never_send(missed)
        elif isinstance(trouble, Hole):
            self._never_send(self._next(trouble))
        elif isinstance(trouble, LostTail):
            at = last if trouble.at is None else market.place_of(trouble.at)
            self._never_send(range(max(at - trouble.count, market.before), at))
        elif isinstance(trouble, Forgotten):
            places = list(self._next(trouble))
            trades = [market.trades[place] for place in places]
            self.forgotten.update((trade.symbol, trade.restart, trade.number) for trade in trades)
            if not trouble.live:
                self._never_send(places)
                self.unseen.update(places)

    def _arrange(self, trouble: Trouble) -> None:
        """Note what is sent twice, or in another order."""
        if isinstance(trouble, Duplicates):
            at = self.market.place_of(trouble.at)
            again = [place for place in range(max(at - trouble.count, self.market.before), at) if self.sends(place)]
            if again and at < len(self.market.trades):
                self.sent[at] = again + self.sends(at)
        elif isinstance(trouble, OutOfOrder):
            at = self.market.place_of(trouble.at)
            places = range(at, min(at + trouble.count, len(self.market.trades)))
            waiting = [place for each in places for place in self.sends(each)]
            self._never_send(places)
            if places:
                # Every second one comes behind the others, and these turned around: no neighbours stay neighbours.
                self.sent[places[-1]] = waiting[::2][::-1] + waiting[1::2]

    def sends(self, place: int) -> list[int]:
        """The places that are sent when this one is made known."""
        return self.sent.get(place, [place])

    def _never_send(self, places: Iterable[int]) -> None:
        for place in places:
            self.sent[place] = []

    def _next(self, trouble: Hole | Forgotten) -> Iterator[int]:
        left = trouble.count
        for place in range(self.market.place_of(trouble.at), len(self.market.trades)):
            if left and trouble.symbol in {None, self.market.trades[place].symbol}:
                left -= 1
                yield place
