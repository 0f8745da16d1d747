"""What all partitions together have closed: the least of what each of them has."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.engine.blocks import ClosedSlots

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from barloom.kafka.events.closed import ClosedMessage
    from barloom.plan.barplan import BarPlan

__all__ = ["Closings", "ToldClosed", "Whole"]


class Closings(NamedTuple):
    """A message about closed slots, and its offset in its partition."""

    offset: int
    message: ClosedMessage


class ToldClosed(NamedTuple):
    """What was read of a partition, in order."""

    items: tuple[Closings, ...]

    def after(self, earlier: ToldClosed | None) -> ToldClosed:
        """The same behind what was read earlier."""
        return self if earlier is None else ToldClosed((*earlier.items, *self.items))


class _Level:
    """How far each partition has closed the slots of a level, and the bars of those that not all of them have."""

    def __init__(self, to: int | None) -> None:
        self.told = to
        self.reached: dict[int, int] = {}
        self.begins: int | None = None
        self.bars: Counter[int] = Counter()


class Whole:
    """Puts together what the held partitions of a definition say.

    The messages are read from the topic's beginning whenever a reader begins; what was told then, up to `told` of a
    level and to the offset `taken` of a partition, is not told again.
    """

    def __init__(self, plan: BarPlan, held: Iterable[int]) -> None:
        self._plan = plan
        self._held = tuple(held)
        self._levels: dict[int, _Level] = {}
        self.taken: dict[int, int] = {}

    def begin(self, told: Iterable[int | None], taken: dict[int, int]) -> None:
        """All is read anew: this was told before."""
        self._levels = {level: _Level(to) for level, to in enumerate(told)}
        self.taken = dict(taken)

    def take(self, partition: int, told: ToldClosed) -> Iterator[ClosedSlots]:
        """What follows for the whole from messages of a partition."""
        for offset, message in told.items:
            level = self._plan.level_of(message.timeframe)
            known, fresh = self._levels[level], offset >= self.taken.get(partition, 0)
            self.taken[partition] = max(offset + 1, self.taken.get(partition, 0))
            closed = message.of(level)
            late = self._count(known, closed)
            if late and fresh:
                yield _closed(level, None, known.told or 0, late, reopened=True)
            if not closed.reopened:
                known.reached[partition] = max(closed.to, known.reached.get(partition, closed.to))
                if closed.after is not None:
                    known.begins = closed.after if known.begins is None else min(known.begins, closed.after)
                yield from self._moved(level, known)

    def _count(self, known: _Level, closed: ClosedSlots) -> Counter[int]:
        """Count bars of slots that the whole has not closed; gives those of others."""
        late: Counter[int] = Counter()
        for start, keys in zip(closed.starts.tolist(), closed.keys.tolist(), strict=True):
            (known.bars if known.told is None or start >= known.told else late)[start] += keys
        return late if closed.reopened else Counter()

    def _moved(self, level: int, known: _Level) -> Iterator[ClosedSlots]:
        if any(partition not in known.reached for partition in self._held):
            return
        to = min(known.reached[partition] for partition in self._held)
        if known.told is not None and to <= known.told:
            return
        bars = Counter({start: keys for start, keys in known.bars.items() if start < to})
        known.bars -= bars
        after, known.told = known.begins if known.told is None else known.told, to
        yield _closed(level, after, to, bars)


def _closed(level: int, after: int | None, to: int, bars: Counter[int], *, reopened: bool = False) -> ClosedSlots:
    starts = np.array(sorted(bars), np.int64)
    keys = np.array([bars[start] for start in sorted(bars)], np.int64)
    return ClosedSlots(level, after, to, starts, keys, reopened)
