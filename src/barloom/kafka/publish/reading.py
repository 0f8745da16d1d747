"""What is published, as batches: any source that bars could be made of, opened where the last publisher has stopped."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Protocol, TypeAlias, runtime_checkable

from barloom.errors import SourceError
from barloom.source.open import open_source
from barloom.source.protocol import PolledSource, Standing

if TYPE_CHECKING:
    from barloom.clock import Clock
    from barloom.kafka.publish.positions import Numbered, Place, Positions
    from barloom.plan.barplan import BarPlan
    from barloom.source.open import Spec
    from barloom.source.protocol import Source, SourceBatch
    from barloom.telemetry.metrics import Metrics

__all__ = ["FeedReading", "Gauge", "Gauged", "Marking", "Opening", "once_only", "refuse_begun"]

Opening: TypeAlias = "Callable[[Mapping[Place, Numbered]], Spec]"
"""Opens a feed right behind the numbers that were published, by key."""


class Gauge(Protocol):
    """What measures a source."""

    def look(self) -> None:
        """Measure it by now."""
        ...

    def readyz(self) -> str | None:
        """What the source waits for; none when it is ready."""
        ...


@runtime_checkable
class Gauged(Protocol):
    """A source that can be measured, such as live feeds."""

    def gauge(self, metrics: Metrics) -> Gauge:
        """What measures it."""
        ...


@runtime_checkable
class Marking(Protocol):
    """A source that says whether marks will come of it."""

    @property
    def gives_marks(self) -> bool:
        """Whether it says up to when it is complete."""
        ...


class FeedReading:
    """One source from the positions on.

    `replayable` sources go on from their own positions; of others the numbers of rows say what is new. Raises
    `SourceError` where there is no such source.
    """

    def __init__(
        self, plan: BarPlan, feed: Spec | Opening, positions: Positions, clock: Clock, metrics: Metrics
    ) -> None:
        spec = feed(positions.keys) if callable(feed) and not isinstance(feed, type) else feed
        self.source: Source = open_source(plan, spec, clock=clock)
        self.replayable = self.source.replayable
        self._positions = dict(positions.held)
        self._gauge = self.source.gauge(metrics) if isinstance(self.source, Gauged) else None
        self._batches: Iterator[SourceBatch | None] | None = None

    @property
    def gives_marks(self) -> bool:
        """Whether it is known that marks will come."""
        return isinstance(self.source, Marking) and self.source.gives_marks

    @property
    def waits_for(self) -> str | None:
        """What it waits for; none where it is ready, or does not say."""
        return None if self._gauge is None else self._gauge.readyz()

    @property
    def standing(self) -> Mapping[str, Mapping[str, object]]:
        """What it says of each of its parts."""
        return self.source.standing() if isinstance(self.source, Standing) else {}

    def begin(self, batch_rows: int, interval: float) -> None:
        """Let rows come, in batches that are looked for every `interval` seconds."""
        if not isinstance(self.source, PolledSource):
            self._batches = iter(self.source.open(self._positions, batch_rows))
            return
        positions = self._positions if self.replayable else self.source.renew(self._positions)
        self._batches = self.source.follow(positions, batch_rows, interval)

    def take(self) -> SourceBatch | None:
        """What has come; none for nothing. Raises `StopIteration` at the end, and what the source raises."""
        assert self._batches is not None  # noqa: S101 - begun
        if self._gauge is not None:
            self._gauge.look()
        return next(self._batches)

    def close(self) -> None:
        """Take no more."""
        close = getattr(self._batches, "close", None)
        if close is not None:
            close()


def once_only(feed: Spec | Opening) -> bool:
    """Whether a feed cannot be opened a second time."""
    return isinstance(feed, Iterator | AsyncIterator)


def refuse_begun() -> None:
    """`SourceError` for an iterator that has been begun: what was taken of it cannot be had again."""
    message = (
        "the feed was taken from another publisher's hand, and this one is an iterator that has begun\n"
        "    fix: give a list, or a function of the positions that opens the feed behind them"
    )
    raise SourceError(message)
