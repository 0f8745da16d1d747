"""`open`: feeds of venues as an input of bars."""

from __future__ import annotations

from pathlib import Path
from threading import Event as Flag
from typing import TYPE_CHECKING, Any

from barloom.feed.settings import FeedSettings, feed_of, feeds_of
from barloom.feed.venues import venue as venue_named
from barloom.plan.ladder import length_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from barloom.clock import Clock
    from barloom.feed.batch import Event
    from barloom.feed.replaying import ReplayedFeed
    from barloom.feed.settings import Feed
    from barloom.feed.source import LiveFeeds
    from barloom.plan.barplan import BarPlan
    from barloom.plan.draft import Duration

__all__ = ["Feeds", "Replayed", "named", "open", "replayed"]

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
        self._more: dict[str, Any] = {}

    def stop(self) -> None:
        """End the run."""
        self._stopped.set()

    def __repr__(self) -> str:
        listed = ", ".join(f"{feed.venue.name}:{symbol}" for feed in self.feeds for symbol in feed.symbols)
        return f"<Feeds {listed}>"

    def __add__(self, other: Feeds) -> Feeds:
        return Feeds([*self.feeds, *other.feeds], self.settings, self._told)

    def recorded(self, path: str | Path) -> Feeds:
        """The same, with everything that comes written down at `path` (``.jsonl.zst``), for `replayed`."""
        return self._with(tape=Path(path))

    def measured(self, address: str) -> Feeds:
        """The same, with ``/metrics``, ``/healthz`` and ``/readyz`` served at ``HOST:PORT`` while it is run."""
        return self._with(metrics=address)

    def _with(self, **more: Any) -> Feeds:  # noqa: ANN401 - what `LiveFeeds` takes
        found = Feeds(self.feeds, self.settings, self._told)
        found._stopped, found._more = self._stopped, {**self._more, **more}
        return found

    def record(self, path: str | Path, *, quotes: bool = False) -> int:
        """Write down everything that comes, until `stop`, and make no bars of it; how many lines were written."""
        from barloom.feed.recording import record  # noqa: PLC0415

        return record(self.feeds, self.settings, Path(path), self._stopped, self._told, quotes=quotes)

    def source_for(self, plan: BarPlan, clock: Clock | None = None) -> LiveFeeds:
        """As a source for a definition. Raises `SourceError` where that asks for what the feeds do not have."""
        from barloom.feed.source import LiveFeeds  # noqa: PLC0415 - polars is loaded only when something is read

        told, stopped = self._told, self._stopped
        return LiveFeeds(
            plan, self.feeds, settings=self.settings, clock=clock, told=told, stopped=stopped, **self._more
        )


class Replayed:
    """A recorded feed that bars can be made of: what `bars.run` takes."""

    def __init__(self, path: Path, settings: FeedSettings, *, at_its_pace: bool) -> None:
        self._path = path
        self._settings = settings
        self._paced = at_its_pace

    def __repr__(self) -> str:
        return f"<Replayed {self._path}>"

    def source_for(self, plan: BarPlan, clock: Clock | None = None) -> ReplayedFeed:
        """As a source for a definition. Raises `SourceError` where that asks for what the feed does not have."""
        from barloom.feed.replaying import ReplayedFeed  # noqa: PLC0415

        return ReplayedFeed(plan, self._path, settings=self._settings, at_its_pace=self._paced, clock=clock)


def replayed(path: str | Path, *, at_its_pace: bool = False, settings: FeedSettings | None = None) -> Replayed:
    """What was recorded at `path`, as an input of bars: as fast as it goes, or at the pace at which it came.

    With the `settings` of the feed it gives the rows that the feed gave, and so the same bars.
    """
    return Replayed(Path(path), settings or FeedSettings(), at_its_pace=at_its_pace)


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


def named(
    feeds: Iterable[str], settings: FeedSettings | None = None, told: Callable[[Event], None] | None = None
) -> Feeds:
    """Feeds as the command line names them: ``kraken:BTC/USD``, ``binance:ETHUSDT``.

    Raises `ValueError` for a venue that is not known and a symbol that it cannot have.
    """
    used = settings or FeedSettings()
    return Feeds(feeds_of(feeds, used), used, told)


def _settings(fill_within: Duration, check_every: Duration | None, max_held: int | None) -> FeedSettings:
    checks = None if check_every is None else length_of(check_every, "feed.open(check_every=…)") / _SECOND
    within = length_of(fill_within, "feed.open(fill_within=…)") / _SECOND
    return FeedSettings(within, checks) if max_held is None else FeedSettings(within, checks, max_held)
