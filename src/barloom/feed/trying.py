"""Trying a feed for a moment: whether the venue is reached both ways, and what it says of each symbol."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from barloom.feed.batch import EventKind, SymbolId
from barloom.feed.session import Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.feed.batch import Event
    from barloom.feed.settings import Feed, FeedSettings

__all__ = ["Tried", "tried"]


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of a symbol: rows live, its latest number (none: neither way), and what was wrong.

    `reached`: its connection stands.
    """

    of: SymbolId
    reached: bool
    rows: int
    last: int | None
    problems: tuple[str, ...]

    @property
    def is_good(self) -> bool:
        """Whether it can be run."""
        return self.reached and self.last is not None and not self.problems


def tried(feeds: Sequence[Feed], settings: FeedSettings, seconds: float) -> list[Tried]:
    """Connect for at most so many seconds, and see."""
    return asyncio.run(_tried(feeds, settings, seconds))


async def _tried(feeds: Sequence[Feed], settings: FeedSettings, seconds: float) -> list[Tried]:
    events: list[Event] = []
    async with Session(feeds, settings=settings) as session:
        listening = asyncio.ensure_future(_listen(session, events))
        for _ in range(max(round(seconds / _LOOK), 1)):
            await asyncio.sleep(_LOOK)
            if listening.done() or _is_enough(session):
                break
        health = session.health()
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)
    away = health.waiting or ""
    return [
        Tried(
            of,
            reached=f"{of.venue} is not connected" not in away,
            rows=found.given,
            last=found.last,
            problems=_problems(of, found.error, events),
        )
        for of, found in health.symbols.items()
    ]


_LOOK: Final = 0.1


def _is_enough(session: Session) -> bool:
    health = session.health()
    known = all(found.error is not None or found.last is not None for found in health.symbols.values())
    return known and health.waiting is None


def _problems(of: SymbolId, error: str | None, events: Sequence[Event]) -> tuple[str, ...]:
    told = [event.message for event in events if event.kind in {EventKind.TROUBLE, EventKind.LOST}]
    mine = [event.message for event in events if event.of == of and event.kind is EventKind.TROUBLE]
    general = [text for text in told if text.startswith(f"{of.venue}:")]
    return tuple(dict.fromkeys(([] if error is None else [error]) + mine + general))


async def _listen(session: Session, events: list[Event]) -> None:
    async for batch in session:
        events.extend(batch.events)
