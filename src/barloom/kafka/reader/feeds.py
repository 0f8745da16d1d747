"""Which topics a reader follows, and what each of them says."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from barloom.kafka.config.settings import BARLOOM
from barloom.plan.identity import topics

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.store.scanning import BarKind

__all__ = ["Feeds", "Lane", "Told"]


class Lane(NamedTuple):
    """One partition of one topic."""

    topic: str
    partition: int

    def __str__(self) -> str:
        return f"{self.topic}/{self.partition}"


class Told(NamedTuple):
    """What the messages of a topic are: bars of one level, final or live."""

    kind: BarKind
    level: int


class Feeds:
    """The topics of bars of a definition, and those that tell how far each partition is and what it has closed.

    ksqlDB writes no such ones, and no live bars of the base; without `closed` nobody tells what is closed.
    """

    def __init__(self, plan: BarPlan, app: str, *, live: bool, written_by: str = BARLOOM, closed: bool = False) -> None:
        named = topics(plan, app)
        level = plan.level_of
        tells_all = written_by == BARLOOM
        finals = {topic: Told("final", level(timeframe)) for timeframe, topic in named.final.items()}
        lives = {
            topic: Told("live", level(timeframe))
            for timeframe, topic in named.live.items()
            if tells_all or level(timeframe)
        }
        self.bars: Mapping[str, Told] = finals | (lives if live else {})
        self.progress = named.progress if tells_all else None
        self.closed = named.closed if tells_all and closed else None

    @property
    def topics(self) -> tuple[str, ...]:
        """All their names."""
        return (*self.bars, *(topic for topic in (self.progress, self.closed) if topic is not None))

    def topic(self, kind: BarKind, level: int) -> str:
        """The topic of a level's bars; `ValueError` where there is none."""
        for topic, told in self.bars.items():
            if told == (kind, level):
                return topic
        known = ", ".join(self.bars)
        message = f"there is no topic of these {kind} bars; there are {known}"
        raise ValueError(message)

    def is_live(self, lane: Lane) -> bool:
        """Whether it carries live bars, which tombstones take back."""
        told = self.bars.get(lane.topic)
        return told is not None and told.kind == "live"

    def lanes(self, partitions: Iterable[int]) -> list[Lane]:
        """These partitions of all the topics."""
        return [Lane(topic, partition) for partition in partitions for topic in self.topics]
