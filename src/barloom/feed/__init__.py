"""Live feeds of venues, without a gap: trades and quotes over websockets, and what was missed from their history.

::

    import barloom as bl

    bars = bl.load("bars.toml")
    feed = bl.feed.open("kraken", ["BTC/USD", "ETH/USD"])
    bars.run(feed + bl.feed.open("binance", ["BTCUSDT"]), "state")

While a number is missing that the venue gave, what comes behind it waits, until it was fetched or given up; see
`barloom.feed.session.Session` for what is below.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.lazy import lazily

if TYPE_CHECKING:
    from barloom.feed.batch import Batch, Event, EventKind, Mark, Position, SymbolId
    from barloom.feed.health import FeedHealth, SymbolHealth
    from barloom.feed.opening import Feeds, Replayed, named, open, replayed  # noqa: A004 - read as bl.feed.open
    from barloom.feed.session import Session
    from barloom.feed.settings import Feed, FeedSettings, settings_in
    from barloom.feed.trying import Tried, tried
    from barloom.feed.venues import VENUES, venue

__all__ = [
    "VENUES",
    "Batch",
    "Event",
    "EventKind",
    "Feed",
    "FeedHealth",
    "FeedSettings",
    "Feeds",
    "Mark",
    "Position",
    "Replayed",
    "Session",
    "SymbolHealth",
    "SymbolId",
    "Tried",
    "named",
    "open",
    "replayed",
    "settings_in",
    "tried",
    "venue",
]

_HOMES = {
    "barloom.feed.batch": "Batch Event EventKind Mark Position SymbolId",
    "barloom.feed.health": "FeedHealth SymbolHealth",
    "barloom.feed.opening": "Feeds Replayed named open replayed",
    "barloom.feed.session": "Session",
    "barloom.feed.settings": "Feed FeedSettings settings_in",
    "barloom.feed.trying": "Tried tried",
    "barloom.feed.venues": "VENUES venue",
}

__getattr__, __dir__ = lazily(globals(), _HOMES)
