"""Which row moved stream time so that others came late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from barloom.engine.blocks import Reason

if TYPE_CHECKING:
    from barloom.engine.blocks import Step
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import Origin, SourceBatch
    from barloom.time.calendar import Integers

__all__ = ["Mover", "Movers"]

_NEVER: Final = int(np.iinfo(np.int64).min)
_MOVE_NOTHING: Final = [Reason.INVALID, Reason.FUTURE, Reason.OUT_OF_SESSION, Reason.BEYOND_CALENDAR]
_EARLIER: Final = -1


class Mover(NamedTuple):
    """A row that moved time, its stamp (nanoseconds UTC), how many rows were late behind it, and whose row it is."""

    origin: Origin
    stamp: int
    late: int
    key: tuple[object, ...] = ()


class Movers:
    """Watches the batches of a run. `worst` is the row behind which most were late; none where nothing was.

    `start` is the stream time at which earlier runs left off, and `behind_start` how many rows that alone made late.
    Only of the latest row that moved time is the batch kept; a row's text is looked up when it is the worst so far.
    """

    def __init__(self, plan: BarPlan, start: int | None = None) -> None:
        self.start = start
        self.behind_start = 0
        self._plan = plan
        self._last: tuple[SourceBatch, int] | None = None
        self._late = 0
        self._worst: Mover | None = None

    @property
    def worst(self) -> Mover | None:
        """The row that did most."""
        self._settle()
        return self._worst

    def see(self, batch: SourceBatch, step: Step, before: int | None) -> None:
        """Take in what became of a batch; `before` was the stream time ahead of it."""
        if self._plan.by_key:  # a key is late by its own rows, which say nothing of others
            return
        late = np.zeros(0, np.int64)
        if step.rejected is not None:
            late = step.rejected.row[step.rejected.reason == Reason.LATE]
        if not len(batch.ticks):
            return  # marks alone
        moved = step.stream_time is not None and step.stream_time != before
        if not len(late) and not moved:
            return
        reached = self._reached(batch, step)
        behind = _movers(reached, late, before)
        self._count_behind_start(step, reached, late, before)
        self._late += int((behind == _EARLIER).sum())
        if moved:
            self._settle()
            self._take_on(batch, reached, behind[behind != _EARLIER])

    def _count_behind_start(self, step: Step, reached: Integers, late: Integers, before: int | None) -> None:
        """Count the rows whose slots were decided before this run."""
        if self.start is None or before is None or step.rejected is None or not len(late):
            return
        by = step.rejected.by[step.rejected.reason == Reason.LATE]
        ahead = np.maximum(np.where(late > 0, reached[late - 1], _NEVER), before)
        self.behind_start += int(np.count_nonzero(ahead - by <= self.start))

    def _take_on(self, batch: SourceBatch, reached: Integers, behind: Integers) -> None:
        if len(behind):
            rows, counts = np.unique(behind, return_counts=True)
            self._last, self._late = (batch, int(rows[np.argmax(counts)])), int(counts.max())
            self._settle()
        last = int(np.searchsorted(reached, reached[-1]))
        self._last, self._late = (batch, last), int((behind == last).sum())

    def _settle(self) -> None:
        """Remember the row that moved time last if it was the worst."""
        if self._last is None or self._late <= (0 if self._worst is None else self._worst.late):
            return
        batch, row = self._last
        frame, event = batch.ticks.frame, self._plan.event
        key = frame.select(event.key).row(row)
        self._worst = Mover(batch.origins(np.array([row]))[0], frame[event.timestamp][row], self._late, key)

    def _reached(self, batch: SourceBatch, step: Step) -> Integers:
        """The largest stamp of a row that moves time, up to and with each row."""
        times = batch.ticks.frame[self._plan.event.timestamp].to_numpy().copy()
        if step.rejected is not None:
            times[step.rejected.row[np.isin(step.rejected.reason, _MOVE_NOTHING)]] = _NEVER
        if step.stream_time is not None:
            times[times > step.stream_time] = _NEVER
        return np.maximum.accumulate(times)


def _movers(reached: Integers, late: Integers, before: int | None) -> Integers:
    """For each late row the row that had moved time to where it was too late, or that one of an earlier batch had."""
    ahead = np.where(late > 0, reached[late - 1], _NEVER)
    rows = np.searchsorted(reached, ahead)
    return np.where(ahead > (_NEVER if before is None else before), rows, _EARLIER)
