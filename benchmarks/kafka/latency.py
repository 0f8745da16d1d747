"""From a tick's way into the input to the moment when its live bar is readable (read_committed), under a steady load.

1,000 keys, 20,000 ticks a second, a commit every 50 ms. A tick's latency ends when the live bar that holds it, of the
last of the timeframes, has come out of a consumer's poll. Writer and reader are processes of their own, on the same
machine as the broker.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from children import Child
from members import Member
from scene import LADDER, PARTITIONS, Scene, Work
from table import Row, main

from barloom.plan.identity import topics

if TYPE_CHECKING:
    from collections.abc import Iterator

ENDS = str(Path(__file__).with_name("latency_ends.py"))
SECONDS, WARM_UP = 60, 30
LIMIT = 0.2
EACH_50_MS = 'commit_interval = "50ms"\nlive_interval = "50ms"'


def measure(scene: Scene, *, quick: bool) -> Iterator[Row]:
    """The rows of the table."""
    seconds, warm_up = (6, 3) if quick else (SECONDS, WARM_UP)
    for timeframes, what in ((LADDER[:1], "its live bar"), (LADDER, "its live bars, all seven")):
        found = _latencies(scene, timeframes, seconds, warm_up)
        half, most, worst = np.quantile(found, (0.5, 0.99, 1))
        detail = f"p50 {half * 1e3:.0f} ms, worst {worst * 1e3:.0f} ms, {len(found) / (seconds - warm_up):,.0f} ticks/s"
        yield Row(f"tick in to {what} readable, p99", most, "s", LIMIT, detail)


def _latencies(scene: Scene, timeframes: tuple[str, ...], seconds: int, warm_up: int) -> np.ndarray:
    """Seconds, of each tick after the warm-up."""
    name = f"latency{len(timeframes)}"
    work = scene.work(name, scene.create(f"{name}-ticks"), timeframes, kafka=EACH_50_MS)
    member = Member(work, "member")
    member.wait_for(range(PARTITIONS))
    seen, sent = (scene.directory / f"{name}-{part}.parquet" for part in ("seen", "sent"))
    live = [topics(work.plan).live[timeframe] for timeframe in timeframes]
    reader = _child("read", work, seen, *live)
    _child("write", work, sent, str(seconds)).wait()
    scene.wait_until_read(work)
    time.sleep(2)
    reader.stop()
    member.stop()
    return _matched(pl.read_parquet(sent), pl.read_parquet(seen), len(timeframes), warm_up)


def _child(role: str, work: Work, out: Path, *more: str) -> Child:
    return Child(sys.executable, ENDS, role, str(work.file), str(out), *more, says=work.file.with_suffix(f".{role}"))


def _matched(sent: pl.DataFrame, seen: pl.DataFrame, timeframes: int, warm_up: int) -> np.ndarray:
    """For each tick: when the last of the timeframes first showed a bar of its key that was as new, less its time."""
    first = sent["ts"].min()
    late = sent.filter(pl.col("ts") >= first + warm_up * 10**9).sort("ts")
    moments = []
    for level in range(timeframes):
        bars = seen.filter(pl.col("level") == level).sort("at")
        bars = bars.with_columns(ts=pl.col("close_time").cum_max().over("symbol")).sort("ts")
        bars = bars.select("symbol", "ts", "at")
        shown = late.join_asof(bars, on="ts", by="symbol", strategy="forward", check_sortedness=False)
        moments.append(shown["at"])
    missing = sum(column.null_count() for column in moments)
    if missing:
        message = f"{missing} ticks were never seen in a live bar"
        raise RuntimeError(message)
    return (np.max([column.to_numpy() for column in moments], axis=0) - late["ts"].to_numpy()) / 1e9


if __name__ == "__main__":
    main("How soon a tick's live bars are readable.", measure)
