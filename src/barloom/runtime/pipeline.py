"""Engine and store as one: every step is committed with the input position, or has not happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.engine import Engine
from barloom.errors import BadRow, StoreError
from barloom.runtime.mover import Movers
from barloom.runtime.report import RunReport
from barloom.runtime.side import side_records
from barloom.store.protocol import Commit
from barloom.time.horizon import horizon_warning

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.engine.blocks import Step
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import SourceBatch
    from barloom.store.protocol import Store
    from barloom.time.calendar import Calendar

__all__ = ["Pipeline"]


class Pipeline:
    """Takes batches of one partition; continues where the store stands.

    After an exception from any method the pipeline is at odds with its store: make another one.
    """

    def __init__(self, plan: BarPlan, store: Store, calendar: Calendar | None = None) -> None:
        self.report = RunReport()
        self.positions: Mapping[str, bytes] = {}
        self._plan = plan
        self._store = store
        self._engine = Engine(plan, calendar)
        self._arrivals = False
        self._limits: set[int] = set()
        self._movers = Movers(plan)
        restored = store.restore()
        if restored is not None:
            self._engine.restore(restored.snapshot)
            self.positions = restored.positions
        self.report.stream_time = self._engine.stream_time

    @property
    def closed(self) -> bool:
        """Whether the last slots were made final: nothing can be added."""
        return self._engine.closed

    def take(self, batch: SourceBatch, *, strict: bool = False) -> None:
        """Step over a batch and commit; `strict` raises `BadRow` at an invalid row, before its batch counts."""
        rows = len(batch.ticks) + len(batch.invalid)
        if self.closed and rows:
            message = (
                "the store was closed at the end of its input (--at-end close), so its last bars are final and "
                f"{rows:,} new rows cannot be added; use a new store, or rebuild this one with --at-end keep"
            )
            raise StoreError(message)
        if strict and batch.invalid:
            bad = min(batch.invalid, key=lambda row: row.offset)
            message = f"{bad.origin.name}, row {bad.origin.row}: {bad.message}\n  the record: {bad.origin.raw}"
            raise BadRow(message)
        self._arrivals = self._arrivals or batch.ticks.arrivals is not None
        if batch.ticks.limits is not None:
            self._limits.update(np.unique(batch.ticks.limits).tolist())
        before = self._engine.stream_time
        step = self._engine.step(batch.ticks)
        self._commit(step, batch)
        self._movers.see(batch, step, before)
        self.positions = batch.positions

    def tick(self, checked_at: int) -> None:
        """Let the clock close quiet slots: the input was seen to hold nothing more at `checked_at`."""
        before = self._engine.stream_time
        step = self._engine.advance(checked_at)
        if step.finals or step.lives or step.retracted or step.stream_time != before:
            self._commit(step, None)

    def override(self, text: str, source: str) -> None:
        """Let the content of an override file change the calendar from here on; see `Engine.override`."""
        step = self._engine.override(text, source)
        if step.notes:
            self._commit(step, None)

    def end(self) -> None:
        """Close every open slot."""
        if not self.closed:
            self._commit(self._engine.close(), None)

    def finish(self, now: int | None = None) -> RunReport:
        """The report, with what is still open (not known where a step was interrupted).

        It warns of a calendar that is near its end at `now`, where that is given.
        """
        ordered = self._plan.source.order == "time"
        still_open = () if self.report.interrupted else self._engine.open_bars()
        self.report.finish(
            self._plan,
            still_open,
            arrivals=self._arrivals,
            ordered=ordered,
            limits=sorted(self._limits),
            mover=self._movers.worst,
        )
        warning = None if now is None else horizon_warning(self._engine.calendar, now)
        if warning is not None:
            self.report.notes.append(warning)
        return self.report

    def _commit(self, step: Step, batch: SourceBatch | None) -> None:
        side = () if batch is None else side_records(self._plan, batch, step.rejected)
        positions = self.positions if batch is None else batch.positions
        self._store.commit(Commit(step, self._engine.keys, side, positions))
        self.report.count(self._plan, step, batch)
