"""Whether a source that is followed has given everything that has happened, so that the clock may close quiet slots."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.engine.market import Market
from barloom.engine.stamps import Stamps
from barloom.plan.barplan import InputKind
from barloom.plan.delayed import fitting_live_within
from barloom.plan.ladder import written
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from barloom.engine.blocks import Step
    from barloom.engine.times.stream_time import StreamTime
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import SourceBatch
    from barloom.time.calendar import Calendar

__all__ = ["Liveness", "too_late_for_the_clock"]

_STILL_BEHIND: Final = (
    "the feed said that it is behind and not that it caught up again, so that the clock closed nothing since: "
    "it may give bl.CAUGHT_UP when its gap is filled"
)


_STALLED: Final = (
    "{} late by the clock alone: the feed stalled and then gave what it had held back; "
    'let it say so by bl.BEHIND and bl.CAUGHT_UP, or let the clock wait for it: clock = {{ after = "30s" }}'
)


class Liveness:
    """Believes a source's own word; of one that says nothing it judges by the rows of this run.

    Such a source counts as caught up when it waits, one of its rows was accepted, and the last that came was no older
    then than `live_within`: stream time is restored from an earlier run, and what happened since may still be to come.
    """

    def __init__(self, plan: BarPlan, calendar: Calendar) -> None:
        self._plan = plan
        self._stamps = Stamps(plan, Market(plan, calendar))
        self._accepted = False
        self._recent = False
        self._behind = False
        self._waited = False

    def took(self, batch: SourceBatch, step: Step) -> None:
        """A batch was stepped over."""
        self._accepted = self._accepted or step.counts.get("accepted", 0) > 0
        if len(batch.ticks):
            age = self._age(batch)
            self._recent = age is not None and age <= self._plan.live_within

    def caught_up(self, said: bool | None) -> bool:  # noqa: FBT001 - the word itself
        """Whether the source, which waits, has given everything; `said` is its own word."""
        self._waited = True
        return self._accepted and self._recent if said is None else said

    def heard(self, said: bool | None) -> None:  # noqa: FBT001 - the word itself
        """What the source said last, also behind the last row, when nobody waits any more."""
        self._behind = said is False

    def notes(self, time: StreamTime, late_by_clock: int) -> list[str]:
        """What a reader of the report should know, stream time being where the run has brought it."""
        if not self._waited or not self._plan.clock:
            return []
        behind = _STILL_BEHIND if self._behind else None
        came = "1 row was" if late_by_clock == 1 else f"{late_by_clock:,} rows were"
        stalled = _STALLED.format(came) if late_by_clock else None
        return [note for note in (stalled, behind, too_late_for_the_clock(self._plan, time)) if note is not None]

    def _age(self, batch: SourceBatch) -> int | None:
        """How long before its receipt the last row happened."""
        received = batch.received_at
        if received is None and batch.ticks.arrivals is not None:
            received = int(batch.ticks.arrivals[-1])
        if received is None:
            return None
        age = received - self._happened(batch.ticks.frame[self._plan.event.timestamp][-1])
        return max(age, 0) if self._plan.forming else age

    def _happened(self, time: int) -> int:
        """A bar happens at its end."""
        if self._plan.input is InputKind.TICKS:
            return time
        placed = self._stamps.place(np.array([time], np.int64))
        return int(placed.end[0]) if placed.inside[0] else time


def too_late_for_the_clock(plan: BarPlan, time: StreamTime) -> str | None:
    """What a feed whose rows come long after they happened should set; none where the clock works, or is off anyway."""
    if not plan.clock or time.max_event is None or time.arrived_at is None:
        return None
    age = time.arrived_at - time.max_event
    fitting = fitting_live_within(age)
    if age <= plan.live_within or fitting is None:
        return None
    return (
        f"the latest row was {written(age // SECOND * SECOND)} old when it came, more than live_within "
        f"({written(plan.live_within)}), so that the clock closes no quiet slot: "
        f"if the feed is always so late, set {fitting}"
    )
