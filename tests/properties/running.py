"""Runs the engine over rows in any batches, with crashes, and says what it published in the reference's words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from barloom.engine.blocks import BarBlock, Reason, Step, TickBatch
from barloom.engine.engine import Engine
from barloom.engine.frames import bar_frame
from barloom.plan.barplan import BarPlan, FieldKind
from barloom.testing.changelog import read_snapshot, state_changes
from reference import SECOND, Bar, Bars, Refused

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from properties.world import World
    from reference import Row


def batch(plan: BarPlan, rows: Sequence[Row]) -> TickBatch:
    """The rows as the engine takes them."""
    columns: dict[str, pl.Series] = {}
    for item in plan.event.fields:
        match item.kind:
            case FieldKind.TIMESTAMP:
                columns[item.name] = pl.Series([row.time for row in rows], dtype=pl.Int64)
            case FieldKind.DECIMAL:
                assert item.number is not None
                dtype = pl.Decimal(item.number.precision, item.number.scale)
                columns[item.name] = pl.Series([row.values[item.name] for row in rows], dtype=dtype)
            case FieldKind.BOOLEAN:
                columns[item.name] = pl.Series([row.values[item.name] for row in rows], dtype=pl.Boolean)
            case _ if item.name in plan.event.key:
                place = plan.event.key.index(item.name)
                columns[item.name] = pl.Series([row.key[place] for row in rows], dtype=pl.String)
            case _:
                texts = [row.id if item.name == plan.event.event_id else row.values[item.name] for row in rows]
                columns[item.name] = pl.Series(texts, dtype=pl.String)
    arrivals = None
    if all(row.arrival is not None for row in rows):
        arrivals = np.array([row.arrival for row in rows], np.int64)
    return TickBatch(pl.DataFrame(columns), np.array([row.offset for row in rows], np.int64), arrivals)


@dataclass
class Run:
    """An engine with a place for its commits."""

    plan: BarPlan
    calendar: Any
    finals: dict[str, list[Bar]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    state: dict[Any, Any] = field(default_factory=dict)
    lives: dict[tuple[str, tuple[Any, ...], int], Bar] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.names = [str(level.timeframe) for level in self.plan.levels]
        self.finals = {self.names[level]: [] for level in self.plan.published}
        self.engine = Engine(self.plan, self.calendar)

    def feed(self, rows: Sequence[Row]) -> None:
        """One step, committed."""
        if rows:
            self.take(batch(self.plan, rows))

    def take(self, ticks: TickBatch) -> None:
        """The same with rows that are columns already."""
        self._commit(self.engine.step(ticks))

    def advance(self, now: int) -> None:
        """One look at the clock, committed."""
        self._commit(self.engine.advance(now))

    def close(self) -> None:
        """The end of the input."""
        self._commit(self.engine.close())

    def crash(self, rows: Sequence[Row] = ()) -> None:
        """Lose the engine, possibly in the middle of a step, and continue from the last commit."""
        if rows:
            self.engine.step(batch(self.plan, rows))
        self.engine = Engine(self.plan, self.calendar)
        self.engine.restore(read_snapshot(self.plan, self.state))

    def open_now(self) -> dict[str, list[Bar]]:
        """The live bars as the engine holds them."""
        opened: dict[str, list[Bar]] = {name: [] for name in self.finals}
        for block in self.engine.open_bars():
            opened[self.names[block.level]] += self._bars(block)
        return opened

    def open(self, *, timeless: bool = False) -> dict[str, list[Bar]]:
        """The live bars as they were last published; `timeless` without what goes on by itself as time passes."""
        opened: dict[str, list[Bar]] = {name: [] for name in self.finals}
        for (name, _, _), bar in self.lives.items():
            opened[name].append(replace(bar, slots=0) if timeless else bar)
        return opened

    def _commit(self, step: Step) -> None:
        for name, value in state_changes(self.plan, step, self.engine.keys):
            self.state.pop(name, None)
            if value is not None:
                self.state[name] = value
        for block in step.lives:
            for bar in self._bars(block):
                self.lives[self.names[block.level], bar.key, bar.start] = bar
        for block in step.finals:
            name = self.names[block.level]
            for bar in self._bars(block):
                self.finals[name].append(bar)
                self.lives.pop((name, bar.key, bar.start), None)
        if step.rejected is not None:
            self._refuse(step)

    def _refuse(self, step: Step) -> None:
        rejected = step.rejected
        assert rejected is not None
        for row, offset in enumerate(rejected.offset.tolist()):
            missed = {
                name: int(values.numbers[row])
                for name, values in zip(self.names, rejected.missed, strict=True)
                if values.valid is None or values.valid[row]
            }
            reason = Reason(rejected.reason[row]).name.lower()
            self.refused.append(Refused(offset, reason, int(rejected.by[row]), missed))

    def _bars(self, block: BarBlock) -> list[Bar]:
        frame = bar_frame(self.plan, self.calendar, self.engine.keys, block)
        columns = [output.name for output in self.plan.outputs]
        return [
            Bar(
                key=tuple(row[name] for name in self.plan.event.key),
                start=_nanos(row["start"]),
                end=_nanos(row["end"]),
                values={name: row[name] for name in columns},
                open_time=None if row["synthetic"] else row["open_time"],
                close_time=None if row["synthetic"] else row["close_time"],
                slots=row["slots"],
                filled=row["filled"],
                expected_slots=row["expected_slots"],
                revision=row["revision"],
                synthetic=row["synthetic"],
                partial=row["partial"],
                trading_date=row["trading_date"],
            )
            for row in frame.with_columns(pl.col("open_time", "close_time").to_physical()).rows(named=True)
        ]


def _nanos(time: datetime) -> int:
    return round(time.timestamp()) * SECOND


def run(world: World, batches: Sequence[Sequence[Row]], *, close: bool = False) -> Run:
    """The engine over batches of rows."""
    made = Run(world.bars.plan, world.calendar)
    for rows in batches:
        made.feed(rows)
    if close:
        made.close()
    return made


def differences(expected: dict[str, list[Bar]], actual: dict[str, list[Bar]]) -> list[str]:
    """The bars that are not the same, in words; finals of a key must come in slot order."""
    found = []
    for timeframe, wanted in expected.items():
        mine = {(bar.key, bar.start): bar for bar in wanted}
        theirs = {(bar.key, bar.start): bar for bar in actual.get(timeframe, [])}
        if len(theirs) != len(actual.get(timeframe, [])):
            found.append(f"{timeframe}: published twice")
        found += [
            f"{timeframe} {at}\n  expected {mine.get(at)}\n  actual   {theirs.get(at)}"
            for at in sorted(mine.keys() | theirs.keys())
            if mine.get(at) != theirs.get(at)
        ]
    return found


def same_refusals(expected: Bars, actual: Run) -> bool:
    """Whether the same rows were refused for the same reason."""
    return expected.refused == sorted(actual.refused, key=lambda refused: refused.offset)
