"""The parts of an engine that go by time, of one kind each: by that of the partition, or by that of each key."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from barloom.engine.gaps import Gaps
from barloom.engine.heartbeat import Heartbeat
from barloom.engine.seen import Seen
from barloom.engine.times.gaps_by_key import GapsByKey
from barloom.engine.times.heartbeat_by_key import HeartbeatByKey
from barloom.engine.times.key_times import KeyTimes
from barloom.engine.times.partition import PartitionTimes
from barloom.engine.times.seen_by_key import SeenByKey

if TYPE_CHECKING:
    from barloom.engine.heartbeat import LastTicks
    from barloom.engine.level import Level
    from barloom.engine.market import Market
    from barloom.engine.times.protocol import Times
    from barloom.plan.barplan import BarPlan

__all__ = ["Timed", "timed"]


class Timed(Protocol):
    """Makes the parts."""

    @property
    def times(self) -> Times:
        """Where the stream stands."""
        ...

    def seen(self) -> Seen:
        """What has been taken in already."""
        ...

    def gaps(self, level: Level) -> Gaps:
        """What fills the empty slots of a level."""
        ...

    def beats(self, level: Level, last: LastTicks) -> Heartbeat:
        """The beats of a level."""
        ...


def timed(plan: BarPlan, market: Market) -> Timed:
    """What makes the parts that a definition asks for."""
    return _ByKey(plan, market) if plan.by_key else _ByPartition(plan, market)


class _ByPartition:
    def __init__(self, plan: BarPlan, market: Market) -> None:
        self.times = PartitionTimes(plan, market)
        self._market = market

    def seen(self) -> Seen:
        return Seen(self.times)

    def gaps(self, level: Level) -> Gaps:
        return Gaps(level, self._market)

    def beats(self, level: Level, last: LastTicks) -> Heartbeat:
        return Heartbeat(level, self._market, last)


class _ByKey:
    def __init__(self, plan: BarPlan, market: Market) -> None:
        self.times = KeyTimes(plan, market)
        self._market = market

    def seen(self) -> Seen:
        return SeenByKey(self.times)

    def gaps(self, level: Level) -> Gaps:
        return GapsByKey(level, self._market)

    def beats(self, level: Level, last: LastTicks) -> Heartbeat:
        return HeartbeatByKey(level, self._market, last)
