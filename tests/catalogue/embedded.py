"""The catalogue's back end for the embedded runtime: a growing file, a RocksDB store, and a new run for every feed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

import barloom as bl
from barloom.embedded.pipeline import Pipeline
from barloom.engine.frames import bar_schema
from barloom.source.open import open_source
from barloom.store.opening import open_for_reading, open_store

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from barloom.store.protocol import SideRecord
    from barloom.store.scanning import BarKind
    from barloom.time.calendar import Calendar
    from catalogue.market import Rows


class EmbeddedRig:
    """Each feed appends to the input file and runs to its end, so every feed is a restart from the store."""

    def __init__(self, bars: bl.Bars, directory: Path, calendar: Calendar | None = None) -> None:
        self.bars = bars
        self.calendar = calendar
        self.input = directory / "ticks.jsonl"
        self.store = directory / "store"

    def feed(self, ticks: Rows) -> None:
        """Append rows and run."""
        rows = [ticks] if isinstance(ticks, Mapping) else ticks
        with self.input.open("a") as file:
            file.writelines(json.dumps(row, default=_written) + "\n" for row in rows)
        if self.calendar is None:
            bl.run(self.bars, str(self.input), self.store)
            return
        with open_store(self.store, self.bars.plan, calendar=self.calendar) as store:
            pipeline = Pipeline(self.bars.plan, store, self.calendar)
            for batch in open_source(self.bars.plan, str(self.input)).open(pipeline.positions, 1000):
                pipeline.take(batch)

    def restart(self) -> None:
        """Nothing to do: nothing outlives a feed but the store."""

    def finals(self, timeframe: str) -> pl.DataFrame:
        """Finals by slot."""
        return self._read(timeframe, "final").sort("start", *self.bars.plan.event.key)

    def lives(self, timeframe: str) -> pl.DataFrame:
        """Open bars by slot."""
        return self._read(timeframe, "live").sort("start", *self.bars.plan.event.key)

    def rejected(self) -> list[SideRecord]:
        """The side output."""
        with open_for_reading(self.store, calendar=self.calendar) as store:
            return list(store.side_records())

    def _read(self, timeframe: str, kind: BarKind) -> pl.DataFrame:
        with open_for_reading(self.store, calendar=self.calendar) as store:
            return pl.concat([pl.DataFrame(schema=bar_schema(self.bars.plan)), *store.frames(kind, timeframe)])


def _written(value: datetime) -> str:
    """Times, as JSON has none."""
    return value.isoformat()
