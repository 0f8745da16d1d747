"""What a market's hours cost: the same ticks through the same ladder, on XNYS and on 24x7, in one run.

The ticks lie in the sessions of several days, so both calendars accept all of them; rounds alternate between the two,
and the best of each counts.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import gc
import time
from dataclasses import replace
from datetime import date

import polars as pl
from workload import batches, ladder, ticks

from barloom.engine.engine import Engine
from barloom.time.calendars import resolve
from barloom.time.instants import nanos_of

DAYS = date(2025, 11, 20), date(2025, 12, 2)
"""Eight sessions, one of them a half day, with a holiday and two weekends between them."""

ROUNDS = 3
LIMIT = 1.3


def in_sessions(rows: int, keys: int) -> pl.DataFrame:
    """Ticks of all the sessions, in time order."""
    sessions = list(resolve("XNYS").sessions(*DAYS))
    pieces = []
    for seed, session in enumerate(sessions):
        (opened, closed), *_ = session.segments
        seconds = (closed - opened).total_seconds()
        pieces.append(ticks(rows // len(sessions), keys, seconds, seed=seed, begin=nanos_of(opened)))
    return pl.concat(pieces)


def seconds(frame: pl.DataFrame, calendar: str, rows: int, *, live: bool) -> float:
    """Processor time of one pass of the engine; other work on the machine counts for neither calendar."""
    engine = Engine(replace(ladder(), calendar=calendar), live=live)
    pieces = list(batches(frame, rows))
    gc.collect()
    began = time.process_time()
    for batch in pieces:
        engine.step(batch)
    return time.process_time() - began


def compare(frame: pl.DataFrame, rows: int, *, live: bool) -> tuple[float, float]:
    """The best time of each calendar, taken in turns."""
    best = dict.fromkeys(("XNYS", "24x7"), float("inf"))
    for _ in range(ROUNDS):
        for calendar, so_far in best.items():
            best[calendar] = min(so_far, seconds(frame, calendar, rows, live=live))
    return best["XNYS"], best["24x7"]


def main() -> None:
    """Print the ratios."""
    for keys, rows, live in ((1_000, 100_000, False), (1_000, 100_000, True), (100, 10_000, True)):
        sessions, always = compare(in_sessions(2_000_000, keys), rows, live=live)
        verdict = "ok" if sessions / always <= LIMIT else "OVER"
        what = f"XNYS against 24x7, {keys:,} keys, batches of {rows:,}, {'live bars' if live else 'finals only'}"
        print(f"{what:<70} {sessions / always:8.2f} x    at most {LIMIT:g}  {verdict}", flush=True)
        print(f"    XNYS {sessions:.2f} s, 24x7 {always:.2f} s")


if __name__ == "__main__":
    main()
