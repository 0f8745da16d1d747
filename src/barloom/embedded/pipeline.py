"""Engine and store as one: every step is committed with the input position, or has not happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.engine import Engine
from barloom.errors import BadRow, StoreError
from barloom.runtime.mover import Movers
from barloom.runtime.report import RunReport
from barloom.runtime.side import hole_records, side_records
from barloom.store.protocol import Commit
from barloom.time.horizon import horizon_warning
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.engine.blocks import BarBlock, Step
    from barloom.engine.times.stream_time import StreamTime
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import SourceBatch
    from barloom.store.protocol import Store
    from barloom.time.calendar import Calendar

__all__ = ["Pipeline"]


class Pipeline:
    """Takes batches of one partition; continues where the store stands.

    After an exception from any method the pipeline is at odds with its store: make another one. `late_by_clock` counts
    the rows that would have been in time but for the clock.
    """

    def __init__(self, plan: BarPlan, store: Store, calendar: Calendar | None = None) -> None:
        self.report = RunReport()
        self.positions: Mapping[str, bytes] = {}
        self.plan = plan
        self._store = store
        self._declared = calendar
        self._engine = Engine(plan, calendar)
        self._arrivals = False
        self.late_by_clock = 0
        self._limits: set[int] = set()
        restored = store.restore()
        if restored is not None:
            self._engine.restore(restored.snapshot)
            self.positions = restored.positions
        self.report.stream_time_ns = self._engine.stream_time
        self._movers = Movers(plan, self._engine.stream_time)

    @property
    def calendar(self) -> Calendar:
        """The calendar in force."""
        return self._engine.calendar

    @property
    def time(self) -> StreamTime:
        """Where the stream stands, and by which rows it came there."""
        return self._engine.time

    @property
    def closed(self) -> bool:
        """Whether the last slots were made final: nothing can be added."""
        return self._engine.closed

    def take(self, batch: SourceBatch, *, strict: bool = False) -> Step:
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
        return step

    def tick(self, checked_at: int) -> None:
        """Let the clock close quiet slots: the input was seen to hold nothing more at `checked_at`."""
        before = self._engine.stream_time
        step = self._engine.advance(checked_at)
        if step.finals or step.lives or step.retracted or step.holes or step.stream_time != before:
            self._commit(step, None)

    def override(self, text: str, source: str) -> None:
        """Let the content of an override file change the calendar from here on; see `Engine.override`."""
        step = self._engine.override(text, source)
        if step.notes:
            self._commit(step, None)

    def end(self, now: int, *, close: bool) -> None:
        """The input has ended: decide what is complete and, with `close`, close every other slot too.

        A time after `now` says nothing: not all rows until then can have been there.
        """
        until = None if self.closed else self._complete_until(now)
        if until is not None:
            self._commit(self._engine.complete(until), None)
        if close and not self.closed:
            self._commit(self._engine.close(until), None)

    def _complete_until(self, now: int) -> int | None:
        """Until when the input is complete, and a note where that is not what its rows say."""
        until, last = self._engine.complete_until, self._engine.time.max_event
        if until is None or last is None:
            return None
        beyond = last > until if self.plan.finished else last >= until
        if until > now:
            self.report.notes.append(
                f"complete_until, {written(until)}, lies ahead of the clock: rows may still come, so it does not count"
            )
        elif beyond:
            self.report.notes.append(
                f"rows reach {written(last)}, beyond complete_until, {written(until)}:"
                " slots that end after it are open, or closed as partial"
            )
        return None if until > now else until

    def finish(self, now: int | None = None) -> RunReport:
        """The report, with what is still open: where a step was interrupted, what the last commit left.

        It warns of a calendar that is near its end at `now`, where that is given.
        """
        ordered = self.plan.source.order == "time"
        self.report.finish(
            self.plan,
            self._open_bars(),
            arrivals=self._arrivals,
            ordered=ordered,
            late_by_clock=self.late_by_clock,
            limits=sorted(self._limits),
            mover=self._movers.worst,
            late_keys=self._engine.late_keys,
            before=(self._movers.behind_start, self._movers.start),
        )
        warning = None if now is None else horizon_warning(self._engine.calendar, now)
        if warning is not None:
            self.report.notes.append(warning)
        return self.report

    def _open_bars(self) -> Sequence[BarBlock]:
        if not self.report.interrupted:
            return self._engine.open_bars()
        restored = self._store.restore()
        if restored is None:
            return ()
        engine = Engine(self.plan, self._declared)
        engine.restore(restored.snapshot)
        return engine.open_bars()

    def _commit(self, step: Step, batch: SourceBatch | None) -> None:
        side = (
            hole_records(self.plan, step.holes)
            if batch is None
            else side_records(self.plan, batch, step.rejected, step.holes)
        )
        positions = self.positions if batch is None else batch.positions
        self._store.commit(Commit(step, self._engine.keys, side, positions))
        self.report.count(self.plan, step, batch)
        self.report.show(side)
        if step.rejected is not None:
            self.late_by_clock += int(step.rejected.by_clock.sum())
