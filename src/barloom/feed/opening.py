"""`open`: feeds of venues as an input of bars."""

from __future__ import annotations

from threading import Event as Flag
from typing import TYPE_CHECKING

from barloom.feed.settings import FeedSettings, feed_of, feeds_of
from barloom.feed.venues import venue as venue_named
from barloom.plan.ladder import length_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from barloom.clock import Clock
    from barloom.feed.batch import Event
    from barloom.feed.settings import Feed
    from barloom.feed.source import LiveFeeds
    from barloom.plan.barplan import BarPlan
    from barloom.plan.draft import Duration

__all__ = ["Feeds", "named", "open"]

_SECOND = 1_000_000_000


class Feeds:
    """Feeds that bars can be made of: what `bars.run` takes. ``+`` puts several together.

    Nothing is connected before it is run. It has no end: `stop` ends a run, from another thread or from `told`, behind
    what was given by then.
    """

    def __init__(
        self, feeds: Sequence[Feed], settings: FeedSettings, told: Callable[[Event], None] | None = None
    ) -> None:
        self.feeds = feeds
        self.settings = settings
        self._told = told
        self._stopped = Flag()

    def stop(self) -> None:
        """End the run."""
        self._stopped.set()

    def __repr__(self) -> str:
        listed = ", ".join(f"{feed.venue.name}:{symbol}" for feed in self.feeds for symbol in feed.symbols)
        return f"<Feeds {listed}>"

    def __add__(self, other: Feeds) -> Feeds:
        return Feeds([*self.feeds, *other.feeds], self.settings, self._told)

    def source_for(self, plan: BarPlan, clock: Clock | None = None) -> LiveFeeds:
        """As a source for a definition. Raises `SourceError` where that asks for what the feeds do not have."""
        from barloom.feed.source import LiveFeeds  # noqa: PLC0415 - polars is loaded only when something is read

        return LiveFeeds(plan, self.feeds, settings=self.settings, clock=clock, told=self._told, stopped=self._stopped)


def open(  # noqa: A001, PLR0913 - read as bl.feed.open; the settings of a feed, by name
    venue: str,
    symbols: Iterable[str],
    *,
    websocket: str | None = None,
    rest: str | None = None,
    fill_within: Duration = "60s",
    check_every: Duration | None = None,
    max_held: int | None = None,
    told: Callable[[Event], None] | None = None,
) -> Feeds:
    """The feed of a venue (``kraken``, ``binance``, …) for some symbols, each as the venue writes it.

    What is missing is fetched, and given up after `fill_within` without an answer; a quiet symbol's last number is
    compared with the venue's every `check_every` (a quarter of that). At most `max_held` rows wait for what is missing.
    `websocket` and `rest` are other addresses than the venue's. `told` is called with every `Event`.

    Raises `ValueError` for a venue that is not known and a symbol that it cannot have.
    """
    found = feed_of(venue_named(venue, websocket=websocket, rest=rest), list(symbols))
    return Feeds([found], _settings(fill_within, check_every, max_held), told)


def named(feeds: Iterable[str], settings: FeedSettings | None = None) -> Feeds:
    """Feeds as the command line names them: ``kraken:BTC/USD``, ``binance:ETHUSDT``."""
    used = settings or FeedSettings()
    return Feeds(feeds_of(feeds, used), used)


def _settings(fill_within: Duration, check_every: Duration | None, max_held: int | None) -> FeedSettings:
    checks = None if check_every is None else length_of(check_every, "feed.open(check_every=…)") / _SECOND
    within = length_of(fill_within, "feed.open(fill_within=…)") / _SECOND
    return FeedSettings(within, checks) if max_held is None else FeedSettings(within, checks, max_held)
