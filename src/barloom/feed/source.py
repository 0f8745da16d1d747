"""Feeds as a source of ticks: what `bars.run` follows and commits together with the last number of each symbol."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from threading import Event as Flag
from typing import TYPE_CHECKING, Final

from barloom.clock import SystemClock
from barloom.errors import SourceError
from barloom.feed.columns import OwnColumns, VenueColumns, channel_of
from barloom.feed.health import FeedHealth
from barloom.feed.intake import Intake
from barloom.feed.own import OwnFeed
from barloom.feed.protocol import Channel
from barloom.feed.reading import Reading, positions_in
from barloom.feed.session import Session
from barloom.feed.settings import FeedSettings
from barloom.feed.tape import RecordingIntake, Tape
from barloom.feed.telemetry import FeedGauge, served_metrics
from barloom.source.feeds.pump import Pump
from barloom.source.files.position import TOTAL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from barloom.clock import Clock
    from barloom.feed.batch import Batch, Event
    from barloom.feed.columns import RowColumns
    from barloom.feed.settings import Feed
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import SourceBatch
    from barloom.telemetry.metrics import Metrics

__all__ = ["LiveFeeds"]

_RESTART_AFTER: Final = 1_000_000_000
_MOST_EVENTS: Final = 1_000


class LiveFeeds:
    """Follows feeds from right after the positions that a store holds; nothing that was not committed is lost.

    `told` is called with every event, `stopped` ends it, at `tape` all that comes is written down, and `metrics` is
    an address at which it is measured. `events` has the latest ones.
    """

    replayable = True

    def __init__(  # noqa: PLR0913 - the settings of a feed, by name
        self,
        plan: BarPlan,
        feeds: Sequence[Feed],
        *,
        settings: FeedSettings | None = None,
        clock: Clock | None = None,
        told: Callable[[Event], None] | None = None,
        tape: Path | None = None,
        metrics: str | None = None,
        stopped: Flag | None = None,
    ) -> None:
        self._metrics = metrics
        self._stopped = stopped or Flag()
        self.name = _name_of(feeds)
        self._plan = plan
        self._feeds = feeds
        self._settings = settings or FeedSettings()
        self._clock = clock or SystemClock()
        self._told = told
        self._tape = tape
        self._channel, self._columns = _columns_of(plan, feeds, self.name)
        self._session: Session | None = None
        self._marked = False
        self.events: list[Event] = []

    @property
    def caught_up(self) -> bool:
        """Whether everything that has happened was given, as far as the feed itself knows.

        Trades of venues say so by marks, beyond which the clock closes nothing.
        """
        return (self._marked or not self.gives_marks) and self.health().waiting is None

    @property
    def gives_marks(self) -> bool:
        """Whether it says up to when it is complete: only trades of venues can be proven to be."""
        return self._channel is Channel.TRADES and all(feed.venue.has_history for feed in self._feeds)

    def health(self) -> FeedHealth:
        """How the feed is by now."""
        return FeedHealth(waiting="it is not open yet") if self._session is None else self._session.health()

    def gauge(self, metrics: Metrics) -> FeedGauge:
        """What measures it, and says whether it is well."""
        return FeedGauge(metrics, self.health, self._clock)

    def standing(self) -> dict[str, dict[str, object]]:
        """What a report says of each symbol."""
        health = self.health()
        facts = {str(of): asdict(symbol) for of, symbol in health.symbols.items()}
        return {name: {**found, "reconnects": health.reconnects} for name, found in facts.items()}

    def open(self, positions: Mapping[str, bytes], batch_rows: int) -> Iterator[SourceBatch]:
        """Batches of what comes, as it comes, for ever."""
        return (batch for batch in self.follow(positions, batch_rows, 1.0) if batch is not None)

    def follow(self, positions: Mapping[str, bytes], batch_rows: int, interval: float) -> Iterator[SourceBatch | None]:
        """Every `interval` seconds, or sooner when `batch_rows` are there, what has come; none where nothing has."""
        reading = Reading(self.name, self._columns, positions)
        pump = Pump(self._batches(positions, batch_rows), self._clock, capacity=2 * batch_rows, weight=_weight)
        pump.start()
        try:
            with served_metrics(self.health, self._metrics, self._clock) as measure:
                yield from self._follow(pump, reading, batch_rows, interval, measure)
        finally:
            pump.stop()

    def _follow(
        self,
        pump: Pump[Batch],
        reading: Reading,
        batch_rows: int,
        interval: float,
        measure: Callable[[], None],
    ) -> Iterator[SourceBatch | None]:
        while not pump.drained and not self._stopped.is_set():
            pump.wait(batch_rows, interval)
            measure()
            taken = pump.take(batch_rows)
            given = [batch for batch, _ in taken]
            self._listen(given)
            made = list(reading.batches(given, taken[-1][1], self._progress())) if taken else []
            if not made:
                yield None
            yield from made

    def renew(self, positions: Mapping[str, bytes]) -> dict[str, bytes]:
        """Positions from which a feed begins with what comes next."""
        return {name: held for name, held in positions.items() if name == TOTAL}

    def _progress(self) -> str:
        """What the progress line says of the feed."""
        health = self.health()
        if health.waiting is not None:
            return health.waiting
        return f"{health.rate:,.0f} trades/s of {len(health.symbols)} symbols"

    def _listen(self, given: Sequence[Batch]) -> None:
        for batch in given:
            self._marked = self._marked or bool(batch.marks)
            for event in batch.events:
                self.events.append(event)
                if self._told is not None:
                    self._told(event)
        del self.events[:-_MOST_EVENTS]

    async def _batches(self, positions: Mapping[str, bytes], batch_rows: int) -> AsyncIterator[Batch]:
        sequence = self._plan.event.sequence
        tape = None if self._tape is None else Tape(self._tape)
        session = Session(
            self._feeds,
            positions_in(positions),
            channel=self._channel,
            together=not self._plan.by_key,
            settings=self._settings,
            restart_after=_RESTART_AFTER if sequence is None else sequence.restart_after,
            batch_rows=batch_rows,
            clock=self._clock,
            taking=Intake if tape is None else partial(RecordingIntake, tape=tape),
        )
        if isinstance(self._columns, OwnColumns):
            session.intake.time_of = self._columns.time_of
        try:
            async with session:
                self._session = session
                async for batch in session:
                    yield batch
        finally:
            if tape is not None:
                tape.close()


def _weight(batch: Batch) -> int:
    return max(len(batch.rows), 1)


def _name_of(feeds: Sequence[Feed]) -> str:
    named = [f"{feed.venue.name}:{symbol}" for feed in feeds for symbol in feed.symbols]
    more = f" and {len(named) - 3} more" if len(named) > 3 else ""  # noqa: PLR2004 - enough to know it
    return ", ".join(named[:3]) + more


def _columns_of(plan: BarPlan, feeds: Sequence[Feed], name: str) -> tuple[Channel, RowColumns]:
    own = [feed.venue for feed in feeds if isinstance(feed.venue, OwnFeed)]
    if own and len(feeds) > 1:
        message = f"{own[0].name} is a feed of your own, whose rows are read otherwise: run it by itself"
        raise SourceError(message)
    if own:
        return Channel.TRADES, OwnColumns.of(own[0].plan, name)
    channel = channel_of(plan)
    for feed in feeds:
        if channel not in feed.venue.channels:
            message = f"{feed.venue.name} has no {channel}, which the definition reads"
            raise SourceError(message)
    return channel, VenueColumns(plan, channel, name)
