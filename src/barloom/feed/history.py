"""What is missing, from a venue's history: page by page, until every number is there or known to be absent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

from barloom.errors import VenueUnavailable
from barloom.feed.wanted import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from barloom.feed.asking import Asker
    from barloom.feed.protocol import History, Request, Tail, Trade, Venue

__all__ = ["Fetched", "HistoryClient"]

_SECOND: Final = 1_000_000_000
_MISSES: Final = 5
"""How often in a row a sweep may bring nothing of what is wanted."""

_IDLE: Final = 50
"""How many pages in a row may bring nothing, of those that an overlap in time goes through again."""


class Fetched(NamedTuple):
    """Trades by number, each number once; and the ranges, first and last included, that the venue did not give."""

    trades: Sequence[Trade]
    absent: Sequence[tuple[int, int]]


class HistoryClient:
    """Asks a venue for trades by number or time, through an `Asker`.

    An answer is taken for what it holds and no more: numbers that it leaves out are asked for again, known ones are
    dropped, and what is odd is told.
    """

    def __init__(self, venue: Venue, asker: Asker) -> None:
        self._venue = venue
        self._asker = asker

    async def fetch(self, symbol: str, after: int, time: int, until: int, *, within: float | None = None) -> Fetched:
        """The trades with numbers larger than `after`, whose time is `time`, up to and with `until`.

        It ends with what there is after `within` seconds, when the venue does not answer, or when it goes on leaving
        numbers out. Everything is held in memory: ask for long ranges in parts. Raises `LookupError` where the venue
        does not know the symbol.
        """
        search = _Search(self._venue, self._asker, symbol, Wanted(after + 1, until), {after: time})
        try:
            await search.run(self._asker.deadline(within))
        except VenueUnavailable as error:
            self._asker.tell(symbol, str(error))
        return Fetched(search.sorted(), search.wanted.ranges())

    async def latest(self, symbol: str, *, within: float | None = None) -> tuple[Tail, Sequence[Trade]]:
        """What the venue says is its latest number, and of when that is, with the trades of the answer.

        Raises `VenueUnavailable`, and `LookupError` where it does not know the symbol.
        """
        venue = self._venue
        request = venue.latest(symbol)
        deadline = self._asker.deadline(within)
        return await self._asker.ask(symbol, request, lambda answer: venue.read_latest(symbol, answer), deadline)

    async def number_before(self, symbol: str, time: int, *, within: float | None = None) -> int | None:
        """The number before that of the first trade at or after `time`: what to `fetch` after. None without trades.

        Raises `VenueUnavailable`, and `LookupError` where the venue does not know the symbol.
        """
        deadline = self._asker.deadline(within)
        tail, trades = await self.latest(symbol, within=within)
        if tail.last is None:
            return None
        if trades and trades[-1].time < time:
            return tail.last
        if self._venue.finds_time:
            page = await _page(self._venue, self._asker, symbol, self._venue.history(symbol, None, time), deadline)
            number = _before(page.trades, time)
            if number is not None:
                return number
        return await self._searched(symbol, time, tail.last, deadline)

    async def _searched(self, symbol: str, time: int, last: int, deadline: float) -> int:
        """By halves: numbers go with time, or nearly so."""
        low, high = 0, last
        while high - low > 1:
            middle = (low + high) // 2
            request = self._venue.history(symbol, middle - 1, 0, 1)
            page = await _page(self._venue, self._asker, symbol, request, deadline)
            if all(trade.time < time for trade in page.trades):
                low = middle
            else:
                high = middle
        return low


async def _page(venue: Venue, asker: Asker, symbol: str, request: Request, deadline: float) -> History:
    return await asker.ask(symbol, request, lambda answer: venue.read_history(symbol, request, answer), deadline)


def _before(trades: Iterable[Trade], time: int) -> int | None:
    """The number before the first at or after a time, or the last of those before it."""
    later = [trade.first for trade in trades if trade.time >= time and trade.first is not None]
    earlier = [trade.last for trade in trades if trade.time < time and trade.last is not None]
    return min(later) - 1 if later else max(earlier, default=None)


class _Search:
    """One search for a range of numbers."""

    def __init__(self, venue: Venue, asker: Asker, symbol: str, wanted: Wanted, times: dict[int, int]) -> None:
        self._venue = venue
        self._asker = asker
        self._symbol = symbol
        self.wanted = wanted
        self._times = times
        self._found: dict[int, Trade] = {}

    def sorted(self) -> list[Trade]:
        """What was found, by number."""
        return [self._found[number] for number in sorted(self._found)]

    async def run(self, deadline: float) -> None:
        """Sweep over what is wanted until it is all there, or nothing more comes."""
        misses = 0
        while self.wanted and misses < _MISSES:
            before = len(self._found)
            await self._sweep(misses, deadline)
            if len(self._found) > before:
                misses = 0
                continue
            misses += 1
            self._asker.tell(self._symbol, f"the answers lack {self.wanted}")
            if misses < _MISSES:
                await self._asker.pause(misses, deadline)

    async def _sweep(self, misses: int, deadline: float) -> None:
        """From the first number that is wanted on, page after page as long as they lead on."""
        request: Request | None = self._first_request(misses)
        reached = -1
        idle = 0
        while request is not None and idle < _IDLE:
            before = len(self._found)
            page = await _page(self._venue, self._asker, self._symbol, request, deadline)
            top = self._take(page.trades)
            idle = 0 if len(self._found) > before else idle + 1
            leads_on = page.beyond and top is not None and top > reached and not self.wanted.ends_by(top)
            request = self._next_request(page, top) if leads_on and top is not None else None
            reached = reached if top is None else top

    def _next_request(self, page: History, top: int) -> Request:
        if page.following is not None:
            return page.following
        after = self.wanted.beyond(top) - 1
        return self._venue.history(self._symbol, after, self._time_at(after))

    def _first_request(self, misses: int) -> Request:
        after = self.wanted.first - 1
        time = self._time_at(after)
        if self._venue.by_time:
            time -= _SECOND * 4**misses  # numbers need not follow time, and the more so the longer they stay away
        return self._venue.history(self._symbol, after, max(time, 0))

    def _time_at(self, number: int) -> int:
        """The time of a number, or of the nearest below it that is known."""
        return self._times[max((known for known in self._times if known <= number), default=min(self._times))]

    def _take(self, trades: Sequence[Trade]) -> int | None:
        """Keep what is wanted; the largest number that came, none for none."""
        ends: list[int] = []
        for trade in trades:
            if trade.first is None or trade.last is None:
                self._asker.tell(self._symbol, f"a trade without a number is left out: {trade}")
                continue
            ends.append(trade.last)
            self._keep(trade, trade.first, trade.last)
        if ends != sorted(ends):
            self._asker.tell(self._symbol, f"an answer is out of order, between {min(ends)} and {max(ends)}")
        return max(ends, default=None)

    def _keep(self, trade: Trade, first: int, last: int) -> None:
        if self.wanted.remove(first, last):
            self._found[last] = trade
            self._times[last] = trade.time
        elif last in self._found and self._found[last] != trade:
            self._asker.tell(self._symbol, f"number {last} came twice, and not the same; the first stays: {trade}")
