"""Answers over HTTP, and what a script does to them."""

from __future__ import annotations

import asyncio
import json
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import parse_qsl, urlsplit

from barloom.testing.venues.protocols.exchange import Reply, dumps
from barloom.testing.venues.troubles import (
    HistoryLag,
    OddAnswers,
    RestDown,
    ServerErrors,
    SlowAnswers,
    TooMany,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.testing.venues.clock import VenueClock
    from barloom.testing.venues.history import History
    from barloom.testing.venues.protocols.exchange import Exchange
    from barloom.testing.venues.script import Script

__all__ = ["Answers", "split"]

_T = TypeVar("_T", RestDown, SlowAnswers, TooMany, ServerErrors, HistoryLag, OddAnswers)


def split(target: str) -> tuple[str, dict[str, str]]:
    """Path and query of a request's target."""
    parts = urlsplit(target)
    return parts.path, dict(parse_qsl(parts.query, keep_blank_values=True))


class Answers:
    """Answers requests as the venue does, but for the troubles that a script has for the first, second, ... of them."""

    def __init__(self, exchange: Exchange, script: Script, history: History, clock: VenueClock) -> None:
        self.exchange, self._history, self._clock = exchange, history, clock
        self._troubles = script.troubles
        self.asked: list[str] = []
        self.closed = False
        """Whether the venue is in maintenance."""

    async def answer(self, target: str) -> Reply | None:
        """The answer to a request; none: the connection is to break."""
        self.asked.append(target)
        number = len(self.asked)
        slow = self._now(SlowAnswers, number)
        if slow is not None:
            await asyncio.sleep(slow.seconds)
        if self._now(RestDown, number) is not None:
            return None
        reply = self._refusal(number) or self._told(number, *split(target))
        date = formatdate(self._clock.venue() / 1_000_000_000, usegmt=True)
        return reply._replace(headers=(("Date", date), ("Content-Type", "application/json"), *reply.headers))

    def _refusal(self, number: int) -> Reply | None:
        if self.closed:
            return self.exchange.failed(503)
        many = self._now(TooMany, number)
        if many is not None:
            return self.exchange.too_many(many.status)._replace(headers=(("Retry-After", str(many.retry_after)),))
        errors = self._now(ServerErrors, number)
        return None if errors is None else self.exchange.failed(errors.status)

    def _told(self, number: int, path: str, query: Mapping[str, str]) -> Reply:
        lag, odd = self._now(HistoryLag, number), self._now(OddAnswers, number)
        self._history.lag = lag.trades if lag else 0
        reply = self.exchange.rest(path, query, self._history, self._clock.venue())
        self._history.lag = 0
        return reply if odd is None or reply.status != 200 else self._odd(reply, odd)  # noqa: PLR2004 - the one of success

    def _odd(self, reply: Reply, odd: OddAnswers) -> Reply:
        if odd.kind == "broken":
            return reply._replace(body=reply.body[: len(reply.body) // 2])
        body = json.loads(reply.body)
        rows = self.exchange.rows(body)
        if rows is None:
            return reply
        rows[:] = _CHANGES[odd.kind](rows)
        return reply._replace(body=dumps(body))

    def _now(self, kind: type[_T], number: int) -> _T | None:
        for trouble in self._troubles:
            if isinstance(trouble, kind) and trouble.first <= number:
                count = trouble.count
                if count is None or number < trouble.first + count:
                    return trouble
        return None


_CHANGES: Mapping[str, Any] = {
    "short": lambda rows: rows[: len(rows) // 2],
    "gappy": lambda rows: [row for place, row in enumerate(rows) if place % 5 != 2],  # noqa: PLR2004 - some
    "empty": lambda rows: [],  # noqa: ARG005
    "shuffled": lambda rows: rows[1::2] + rows[::2][::-1],
    "doubled": lambda rows: [row for place, row in enumerate(rows) for _ in range(1 + (place % 3 == 0))],
}
