"""One stream time for all keys of a partition."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.engine.times.completeness import begin, disregarded
from barloom.engine.times.protocol import TIME, Passed
from barloom.engine.times.stream_time import NEVER, StreamTime

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from barloom.engine.keys import KeyIndex
    from barloom.engine.market import Market
    from barloom.engine.open_rows import OpenRows
    from barloom.engine.times.marks import KeyMarks
    from barloom.engine.times.protocol import Until
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans, Integers

__all__ = ["PartitionTimes", "WholeReach"]

_NO_KEYS: Final = np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class WholeReach:
    """One boundary for all keys."""

    boundary: int

    @property
    def moved(self) -> Integers:
        """None by itself: all move together."""
        return _NO_KEYS

    @property
    def clock(self) -> None:
        """The same for rows and clock."""
        return

    def of(self, key: Integers) -> int:  # noqa: ARG002 - as of keys of their own
        """The same for each."""
        return self.boundary

    def ended(self, rows: OpenRows) -> Integers:
        """The open rows whose slot is decided."""
        return rows.ended(self.boundary)


class PartitionTimes:
    """One stream time for all keys."""

    def __init__(self, plan: BarPlan, market: Market) -> None:
        self.time = StreamTime()
        self._plan = plan
        self._market = market

    def of(self, key: Integers) -> Integers:
        """The same for all keys."""
        return np.full(len(key), self.time.now)

    @property
    def least(self) -> int:
        """The same for all keys."""
        return self.time.now

    def begin_step(self) -> None:
        """Nothing to forget."""

    def take(
        self,
        key: Integers,  # noqa: ARG002 - one time for all
        event: Integers,
        moves: Booleans,
        arrivals: Integers | None,
        marks: KeyMarks | None = None,
    ) -> Passed:
        """Move by the rows of a batch, and by the marks of all keys."""
        before = self.time.reached_before(event, moves)
        unaided = self.time.reached_without_clock(event, moves) if self.time.ahead_of_events else before
        self.time.move(event, moves, arrivals)
        if marks is None:
            return Passed(before, unaided)
        self.mark(marks)
        ahead = marks.of_all.ahead(len(event))
        return Passed(np.maximum(before, ahead), np.maximum(unaided, ahead))

    def mark(self, marks: KeyMarks) -> None:
        """Move by marks of all keys; those of one key are no more than known."""
        latest = marks.of_all.latest
        self.time.mark(latest, latest)

    def accept(self, key: Integers, time: Integers, start: Integers) -> tuple[str, ...]:  # noqa: ARG002 - one time for all
        """Note which row was accepted first."""
        if self.time.first is not None or not len(time):
            return ()
        self.time.first = int(time[0])
        return begin(self.time, self._plan.source.complete_from, self._market.calendar, int(start[0]))

    def extend(self, checked_at: int) -> None:
        """Let the clock move it."""
        self.time.extend(checked_at, self._plan.live_within, self._plan.clock_after)

    def complete(self, until: int, reach: Callable[[int], int]) -> None:
        """All rows up to `until` were given."""
        known_to = self._market.calendar.known_to
        self.time.come_to(min(reach(min(until, known_to)), known_to))

    def whole_until(self, until: int) -> Until:
        """The same for all keys."""
        return lambda _: until

    def whole_from(self, key: Integers) -> int | None:  # noqa: ARG002 - one time for all
        """Slots that begin from this time on are whole."""
        return self.time.whole_from

    def complete_from(self, key: Integers) -> Integers:
        """The same for all keys."""
        since = NEVER if self.time.complete_from is None else self.time.complete_from
        return np.broadcast_to(np.int64(since), len(key))

    def reach(self, delay: int, until: Until | None = None) -> WholeReach:
        """Which slots are decided."""
        boundary = self._market.deadlines.boundary(self.time.now, delay)
        return WholeReach(boundary if until is None else max(boundary, int(until(_NO_KEYS))))

    def set_back(self, to: int) -> None:
        """Stand at an earlier time."""
        self.time.set_back(to)

    def dump(self, keys: KeyIndex) -> Iterable[tuple[bytes, bytes]]:  # noqa: ARG002 - one time for all
        """One entry."""
        return ((TIME, self.time.dump()),)

    def load(self, entries: Mapping[bytes, bytes], keys: KeyIndex) -> tuple[str, ...]:  # noqa: ARG002 - one time for all
        """From the state."""
        if TIME not in entries:
            return ()
        self.time = StreamTime.load(entries[TIME])
        return disregarded(self.time, self._plan.source.complete_from, self._market.calendar)
