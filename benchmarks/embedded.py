"""The embedded runtime against the engine alone: Parquet in, RocksDB out, 5 M ticks of 100 keys, live bars included.

Both sides are the best of two rounds in one run.
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

import polars as pl
from workload import batches, ladder, ticks

from barloom.engine.engine import Engine
from barloom.runtime.embedded import run

ROWS = 5_000_000
PART = 1_000_000
SECONDS_A_PART = 900
LIMIT = 3.0


def write(path: Path, rows: int) -> None:
    """A Parquet file of ticks, made piece by piece."""
    pieces = [
        ticks(PART, 100, SECONDS_A_PART, seed=part, begin=(1_700_000_000 + part * SECONDS_A_PART) * 10**9)
        for part in range(rows // PART)
    ]
    frame = pl.concat(pieces).with_columns(at=pl.col("at").cast(pl.Datetime("ns", "UTC")))
    frame.write_parquet(path, row_group_size=100_000)


def engine_alone(path: Path) -> float:
    """Seconds of the engine with the ticks in memory."""
    frame = pl.read_parquet(path).with_columns(at=pl.col("at").to_physical())
    engine = Engine(ladder())
    began = time.perf_counter()
    for batch in batches(frame, 100_000):
        engine.step(batch)
    return time.perf_counter() - began


def embedded(path: Path, folder: Path) -> float:
    """Seconds of a whole run."""
    store = folder / "store"
    shutil.rmtree(store, ignore_errors=True)
    began = time.perf_counter()
    report = run(ladder(), str(path), store)
    taken = time.perf_counter() - began
    print(f"    {report.ticks:,} ticks, {sum(report.bars.values()):,} finals, {taken:.2f} s")
    return taken


def main() -> None:
    """Print the ratio."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder / "ticks.parquet", rows)
        alone = min(engine_alone(folder / "ticks.parquet") for _ in range(2))
        whole = min(embedded(folder / "ticks.parquet", folder) for _ in range(2))
    ratio = whole / alone
    verdict = "ok" if ratio <= LIMIT else "OVER"
    print(f"Parquet to RocksDB against the engine alone {ratio:.2f} x  at most {LIMIT:g}  {verdict}")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"    engine {alone:.2f} s, whole {whole:.2f} s, peak memory {peak:.0f} MB")


if __name__ == "__main__":
    main()
