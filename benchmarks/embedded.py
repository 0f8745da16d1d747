"""The embedded runtime against the engine alone: Parquet in, RocksDB out, 5 M ticks of 100 keys, live bars included.

Both sides are the best of two rounds in one run. Processor time, of all threads, is told beside the time by the clock.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import resource
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import polars as pl
from workload import batches, ladder, ticks

from barloom.embedded.run import run
from barloom.engine.engine import Engine

ROWS = 5_000_000
PART = 1_000_000
SECONDS_A_PART = 900
LIMIT = 3.0


class Taken(NamedTuple):
    """Seconds by the clock, and of the processor."""

    clock: float
    processor: float


def write(path: Path, rows: int) -> None:
    """A Parquet file of ticks, made piece by piece."""
    pieces = [
        ticks(PART, 100, SECONDS_A_PART, seed=part, begin=(1_700_000_000 + part * SECONDS_A_PART) * 10**9)
        for part in range(rows // PART)
    ]
    frame = pl.concat(pieces).with_columns(at=pl.col("at").cast(pl.Datetime("ns", "UTC")))
    frame.write_parquet(path, row_group_size=100_000)


def engine_alone(path: Path) -> Taken:
    """Time of the engine with the ticks in memory."""
    frame = pl.read_parquet(path).with_columns(at=pl.col("at").to_physical())
    engine = Engine(ladder())
    began = now()
    for batch in batches(frame, 100_000):
        engine.step(batch)
    return since(began)


def embedded(path: Path, folder: Path) -> Taken:
    """Time of a whole run."""
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    began = now()
    report = run(ladder(), str(path), store)
    taken = since(began)
    print(f"    {report.ticks:,} ticks, {sum(report.bars.values()):,} finals, {taken.clock:.2f} s")
    return taken


def now() -> Taken:
    """What the clocks show."""
    return Taken(time.perf_counter(), time.process_time())


def since(began: Taken) -> Taken:
    """The time since then."""
    ended = now()
    return Taken(ended.clock - began.clock, ended.processor - began.processor)


def main() -> None:
    """Print the ratio."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "ticks.parquet", rows)
        alone = min(engine_alone(folder / "ticks.parquet") for _ in range(2))
        whole = min(embedded(folder / "ticks.parquet", folder) for _ in range(2))
    ratio = whole.clock / alone.clock
    verdict = "ok" if ratio <= LIMIT else "OVER"
    print(f"Parquet to RocksDB against the engine alone {ratio:.2f} x  at most {LIMIT:g}  {verdict}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"    engine {alone.clock:.2f} s, whole {whole.clock:.2f} s, peak memory {peak:.0f} MB")
    print(f"    processor time {whole.processor / alone.processor:.2f} x")


if __name__ == "__main__":
    main()
