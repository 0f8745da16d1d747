"""Rows in the order of their time, more than fit in memory: each sorter in a process of its own, for its peak memory.

``python -m libraries.sorting <sorter> <file>`` is such a process.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from time import process_time
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from libraries import ours
from libraries.contest import OURS, Contest, Reader, missing
from libraries.report import table
from libraries.scratch import room
from libraries.ticks import ticks

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

TIMES_MORE = 4
MEMORY = "256MB"
"""What DuckDB is allowed; it fails where it cannot do with that."""

BATCH = 100_000


def _make(rows: int) -> Path:
    """Rows in no order, about one to a millisecond: many have the same time, and keep their order."""
    path = room(".parquet")
    ticks(rows, shuffled=True).with_columns(pl.col("at") // 1_000 * 1_000).write_parquet(path, row_group_size=BATCH)
    return path


def _barloom(path: Path) -> Iterator[pl.DataFrame]:
    return _batches_of(path, "time")


def _barloom_unsorted(path: Path) -> Iterator[pl.DataFrame]:
    return _batches_of(path, "row")


def _batches_of(path: Path, order: str) -> Iterator[pl.DataFrame]:
    source = ours.open_source(ours.plan(order=order), path, at_end="close")
    for batch in source.open({}, BATCH):
        yield batch.ticks.frame


def _polars(path: Path) -> Iterator[pl.DataFrame]:
    return iter(pl.scan_parquet(path).sort("at", maintain_order=True).collect_batches(chunk_size=BATCH))


def _pyarrow(path: Path) -> Iterator[pl.DataFrame]:
    from pyarrow import parquet

    ordered = parquet.read_table(path, use_threads=False).sort_by("at")
    return (pl.DataFrame(batch) for batch in ordered.to_batches(BATCH))


def _duckdb(path: Path) -> Iterator[pl.DataFrame]:
    import duckdb

    settings = {"threads": 1, "memory_limit": MEMORY, "temp_directory": f"{path}.tmp"}
    with duckdb.connect(config=settings) as connection:
        query = f"""
            SELECT symbol, "at", bid, size FROM read_parquet('{path}', file_row_number = true)
            ORDER BY "at", file_row_number"""  # noqa: S608 - a path of our own
        for batch in connection.sql(query).to_arrow_reader(BATCH):
            yield pl.DataFrame(batch)


SORTERS = {
    OURS: _barloom,
    "barloom, unsorted": _barloom_unsorted,
    "Polars": _polars,
    "pyarrow": _pyarrow,
    "DuckDB": _duckdb,
}


def _fingerprint(frames: Iterable[pl.DataFrame]) -> tuple[int, int]:
    """How many rows there are, and a number that changes when any two of them change places."""
    count, mark = 0, np.uint64(0)
    for frame in frames:
        numbers = frame["bid"].to_physical().cast(pl.UInt64).to_numpy()
        with np.errstate(over="ignore"):
            mark += (numbers * np.arange(count + 1, count + 1 + len(numbers), dtype=np.uint64)).sum()
        count += frame.height
    return count, int(mark)


def _measure(rows: int, rounds: int) -> str:
    """CPU time and peak memory of each sorter, for that many rows and for four times as many."""
    small, large = _make(rows), _make(rows * TIMES_MORE)
    runs: dict[str, list[dict[str, float]]] = {}
    for reader in (reader for reader in READERS if not missing(reader)):
        best = min((_child(reader.name, small) for _ in range(rounds)), key=lambda run: run["seconds"])
        runs[reader.name] = [best, _child(reader.name, large)]
    first = next(iter(runs.values()))
    lines = [
        [
            name,
            f"{rows / few['seconds'] / 1e6:.2f} M",
            f"{first[0]['seconds'] / few['seconds']:.2f} x",
            f"{few['megabytes']:.0f} MB",
            f"{many['megabytes']:.0f} MB",
            "yes" if many["mark"] == first[1]["mark"] else "no",
        ]
        for name, (few, many) in runs.items()
    ]
    header = [f"{rows:,} rows", "a CPU-second", f"times {OURS}", "peak memory", f"of {TIMES_MORE} times the rows"]
    return table([*header, "same result"], lines)


def _child(name: str, path: Path) -> dict[str, float]:
    command = [sys.executable, "-m", "libraries.sorting", name, str(path)]
    place = Path(__file__).parent.parent
    answer = subprocess.run(command, check=True, capture_output=True, text=True, cwd=place)
    found: dict[str, float] = json.loads(answer.stdout)
    return found


def _main(name: str, path: Path) -> None:
    began = process_time()
    count, mark = _fingerprint(SORTERS[name](path))
    taken = process_time() - began
    print(json.dumps({"seconds": taken, "megabytes": _peak(), "rows": count, "mark": mark}))


def _peak() -> float:
    """Of this process alone: what `getrusage` says begins with the peak of the process that started it."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


READERS = (
    Reader(OURS),
    Reader("barloom, unsorted"),
    Reader("Polars"),
    Reader("pyarrow", ("pyarrow",)),
    Reader("DuckDB", ("duckdb", "pyarrow")),
)

CONTEST = Contest(
    name="sorting",
    title="Sorting by time, beyond memory",
    readers=READERS,
    rows=1_000_000,
    measure=_measure,
    notes=(
        f"DuckDB is allowed {MEMORY} and the disk; pyarrow sorts in memory.",
        "barloom also decodes and checks each row, which *unsorted* shows, and keeps refused rows in place.",
    ),
)

if __name__ == "__main__":
    _main(sys.argv[1], Path(sys.argv[2]))
