"""Recording feeds without making bars of them."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING, Final

from barloom.feed.protocol import Channel
from barloom.feed.session import Session
from barloom.feed.tape import RecordingIntake, Tape

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path
    from threading import Event as Flag

    from barloom.feed.batch import Event
    from barloom.feed.settings import Feed, FeedSettings

__all__ = ["record"]

_LOOK: Final = 0.1


def record(  # noqa: PLR0913 - the settings of a feed
    feeds: Sequence[Feed],
    settings: FeedSettings,
    path: Path,
    stopped: Flag,
    told: Callable[[Event], None] | None,
    *,
    quotes: bool,
) -> int:
    """Write down everything that comes until `stopped`; how many lines that were."""
    return asyncio.run(_record(feeds, settings, path, stopped, told, Channel.QUOTES if quotes else Channel.TRADES))


async def _record(  # noqa: PLR0913, PLR0917
    feeds: Sequence[Feed],
    settings: FeedSettings,
    path: Path,
    stopped: Flag,
    told: Callable[[Event], None] | None,
    channel: Channel,
) -> int:
    tape = Tape(path)
    try:
        taking = partial(RecordingIntake, tape=tape)
        async with Session(feeds, channel=channel, settings=settings, taking=taking) as session:
            listening = asyncio.ensure_future(_listen(session, told))
            while not stopped.is_set() and not listening.done():  # noqa: ASYNC110 - it is set by another thread
                await asyncio.sleep(_LOOK)
            if listening.done():
                listening.result()
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
    finally:
        tape.close()
    return tape.count


async def _listen(session: Session, told: Callable[[Event], None] | None) -> None:
    async for batch in session:
        for event in batch.events if told is not None else ():
            told(event)  # type: ignore[misc]
