"""Messages of bars as the runtime writes them, for the tests of readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.engine.blocks import BarId
from barloom.kafka.reader.arrivals import Arrivals
from barloom.kafka.reader.copy import TopicCopy
from barloom.kafka.reader.feeds import Feeds, Lane
from barloom.serde.formats import Format
from barloom.serde.open import open_serde
from barloom.store.stream_times import StreamTimes
from barloom.time.calendars import resolve
from barloom.time.timeframe import SECOND
from store import bars

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.plan.barplan import BarPlan
    from barloom.serde.open import Serde
    from barloom.store.backend import Backend

KEYS = bars.Keys(("A",), ("B",), ("C",))
FEEDS = Feeds(bars.plan(), "bars", live=True)


def serde(plan: BarPlan) -> Serde:
    """JSON, as it needs nothing else."""
    return open_serde(plan, resolve(plan.calendar), format=Format.JSON)


def open_copy(
    plan: BarPlan,
    backend: Backend,
    *,
    held: Iterable[int] = (0,),
    whole: bool = True,
    live_retention: int | None = None,
) -> TopicCopy:
    """A running copy."""
    decoder, calendar = serde(plan).bar_decoder, resolve(plan.calendar)
    made = TopicCopy(plan, backend, decoder, calendar, held, whole=whole, live_retention=live_retention)
    made.state = "RUNNING"
    return made


class Log:
    """What a reader polls: bars are given as `store.bars.block` wants them, times in seconds."""

    def __init__(self, plan: BarPlan) -> None:
        self.arrivals = Arrivals()
        self.times: dict[int, StreamTimes] = {}
        self._encoder = serde(plan).bars

    def bars(self, *given: tuple[int, int, int | None, int, int], final: bool = True, **where: int) -> Log:
        """Messages of the final topic, or of the live one (`topic` says so where a live message says to be final)."""
        return self.sent("final" if final else "live", *given, final=final, **where)

    def sent(
        self, kind: str, *given: tuple[int, int, int | None, int, int], final: bool, level: int = 0, partition: int = 0
    ) -> Log:
        """Bars in the topic of a kind."""
        (records,) = self._encoder.encode([bars.block(list(given), level=level, final=final)], KEYS)
        for key, value in zip(records.keys, records.values, strict=True):
            self.raw(kind, key, value, level=level, partition=partition)
        return self

    def gone(self, key: int, slot: int, *, level: int = 0) -> Log:
        """A live bar is taken back."""
        length = (1, 60)[level] * SECOND
        gone = BarId(level, bars.integers([key]), bars.integers([slot]) * length)
        for name in self._encoder.tombstones(gone, KEYS):
            self.raw("live", name, None, level=level)
        return self

    def raw(self, kind: str, key: bytes, value: bytes | None, *, level: int = 0, partition: int = 0) -> Log:
        """One message."""
        lane = Lane(f"bars_{kind}_{('1s', '1m')[level]}", partition)
        self.arrivals.add(lane, key, value)
        self.arrivals.positions[lane] = self.arrivals.positions.get(lane, 0) + 1
        return self

    def reached(self, seconds: int, *, partition: int = 0, first: int = 0) -> Log:
        """Stream time that holds from now on."""
        self.times[partition] = StreamTimes(seconds * SECOND, first * SECOND)
        return self

    def into(self, copy: TopicCopy, at: int = 0) -> None:
        """The reader takes it in."""
        copy.apply(FEEDS, self.arrivals, self.times, at)
