"""What a publisher works with, from its first membership to its last, and what it tells about itself."""

from __future__ import annotations

from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING

from barloom.kafka.publish.reading import FeedReading, once_only, refuse_begun
from barloom.kafka.publish.report import PublishReport, PublishStatus
from barloom.telemetry.logs import get_logger

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.clock import Clock
    from barloom.kafka.config.settings import KafkaSettings
    from barloom.kafka.publish.outbox import Outgoing
    from barloom.kafka.publish.positions import Positions
    from barloom.kafka.publish.reading import Opening
    from barloom.kafka.publish.wire import Wire
    from barloom.plan.barplan import BarPlan
    from barloom.source.open import Spec
    from barloom.telemetry.health import Health
    from barloom.telemetry.metrics import Metrics

__all__ = ["LEADING", "STANDBY", "TAKING_OVER", "PublishJob"]

_log = get_logger(__name__)
STANDBY = "STANDBY"
TAKING_OVER = "TAKING OVER"
LEADING = "RUNNING"
_ONLY = 0
"""The partition of the positions, of which there is one."""


@dataclass(slots=True)
class PublishJob:
    """A definition, the topic to write, the feed, and everything that outlives a membership.

    `id` is the group and the transactional id of this publisher and its standbys; `partitions` those of the topic.
    """

    plan: BarPlan
    settings: KafkaSettings
    topic: str
    id: str
    feed: Spec | Opening
    wire: Wire
    partitions: int
    clock: Clock
    metrics: Metrics
    health: Health
    on_status: Callable[[PublishStatus], None] | None = None
    stop: Event = field(default_factory=Event)
    report: PublishReport = field(default_factory=PublishReport)
    began: float = 0.0
    _opened: bool = field(default=False, init=False)

    def open_feed(self, positions: Positions) -> FeedReading:
        """The feed, right behind some positions. Raises `SourceError` where it cannot be opened there, or again."""
        if self._opened and once_only(self.feed):
            refuse_begun()
        self._opened = True
        return FeedReading(self.plan, self.feed, positions, self.clock, self.metrics)

    def leads(self) -> None:
        """Say that it has become the one that publishes."""
        self.report.takeovers += 1
        _log.info("publishes", topic=self.topic, publisher=self.id)

    def committed(self, sent: Outgoing, seconds: float | None) -> None:
        """Count what was committed, in so many seconds; none where there was nothing to commit."""
        report = self.report
        report.rows += sent.rows
        report.marks += sent.marks
        report.before += sent.before
        report.positions.update(sent.positions)
        if seconds is not None:
            report.transactions += 1
            self.metrics.commit(seconds)
        for text, number in sent.refused.items():
            if text not in report.refused:
                _log.warning("rows cannot be written", problem=text, rows=number)
            report.refused[text] = report.refused.get(text, 0) + number
        for note in sent.notes:
            _log.info("feed", note=note)
        self.metrics.published(sent.rows, sent.marks, sum(sent.refused.values()))

    def tell(self, state: str, waits_for: str | None = None) -> None:
        """The loop has gone round once more; `waits_for` says why the feed is not ready."""
        self.health.progressed()
        if state == STANDBY:
            self.health.owned(())
        else:
            self.health.owned((_ONLY,))
            self.health.state(_ONLY, waits_for or state)
        self.metrics.publishes(leads=state == LEADING)
        if self.on_status is not None:
            seconds = self.clock.monotonic() - self.began
            self.on_status(PublishStatus(self.report, state, seconds, waits_for))
