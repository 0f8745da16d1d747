"""The engine against plain Polars: the same tables, one core, exact decimals.

Run with ``make bench``, or alone with ``python benchmarks/engine.py``. Each line is a ratio of two times taken in this
run, one after the other; the best of three rounds counts on both sides.
"""

from __future__ import annotations

import os

os.environ["POLARS_MAX_THREADS"] = "1"

import gc
import resource
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl
from workload import START, NumberedQuote, batches, ladder, numbered, plain_polars, ticks

from barloom.engine.engine import Engine
from barloom.engine.frames import bar_frame

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.plan.barplan import BarPlan

ROUNDS = 3


def best(work: Callable[[], object]) -> float:
    """The shortest of a few rounds, in seconds."""
    times = []
    for _ in range(ROUNDS):
        gc.collect()
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times)


def run_engine(frame: pl.DataFrame, rows: int, *, live: bool, frames: bool = False) -> Engine:
    """One pass; `frames` also turns every block into a Polars frame."""
    engine = Engine(ladder(), live=live)
    for batch in batches(frame, rows):
        step = engine.step(batch)
        if frames:
            for block in (*step.finals, *step.lives):
                bar_frame(engine.plan, engine.calendar, engine.keys, block)
    return engine


def show(what: str, value: float, limit: float, unit: str = "x") -> None:
    """One line of the table."""
    verdict = "ok" if value <= limit else "OVER"
    print(f"{what:<70} {value:8.2f} {unit:<4} at most {limit:g}  {verdict}", flush=True)


def against_polars() -> None:
    """Finals and live bars at several numbers of keys and batch sizes."""
    cases = [
        ("finals only", 1_000, 100_000, False, 1.0),
        ("live bars of all levels", 1_000, 100_000, True, 1.3),
        ("live bars of all levels", 100, 10_000, True, 3.0),
        ("live bars of all levels", 100_000, 100_000, True, 2.5),
    ]
    for what, keys, rows, live, limit in cases:
        frame = ticks(2_000_000, keys, 1_800)
        polars = best(lambda frame=frame: plain_polars(frame))
        engine = best(lambda frame=frame, rows=rows, live=live: run_engine(frame, rows, live=live))
        framed = best(lambda frame=frame, rows=rows, live=live: run_engine(frame, rows, live=live, frames=True))
        name = f"{keys:,} keys, batches of {rows:,}, {what}"
        show(name, engine / polars, limit)
        print(f"  the same, every block also made a Polars frame with decimals: {framed / polars:.2f} x (no limit set)")
        print(f"    plain Polars {polars:.2f} s, engine {engine:.2f} s, with frames {framed:.2f} s")


def touched_of_held() -> None:
    """One step that touches 100 keys, with 100 held and with 100,000."""
    times = []
    for held in (100, 100_000):
        engine = Engine(ladder())
        for batch in batches(everyone(held), 100_000):
            engine.step(batch)
        few = ticks(10_000, 100, 1, seed=2, begin=START + 10**9)
        steps = []
        for batch in batches(few, 100):
            began = time.perf_counter()
            engine.step(batch)
            steps.append(time.perf_counter() - began)
        times.append(sorted(steps)[len(steps) // 2])
    show("one step touching 100 keys: 100,000 held against 100 held", times[1] / times[0], 3.0)
    print(f"    {times[0] * 1e3:.2f} ms, {times[1] * 1e3:.2f} ms")


def time_by_key() -> None:
    """A stream time for each key against one for all: the first rows of the table, and quiet keys under the clock."""
    for what, keys, rows, limit in (("finals only", 1_000, 100_000, 1.2), ("finals only", 100_000, 100_000, 3.0)):
        frame = ticks(2_000_000, keys, 1_800)
        times = [
            best(lambda frame=frame, plan=plan, rows=rows: run_plan(plan, frame, rows)) for plan in (ladder(), keyed())
        ]
        show(f"{keys:,} keys, batches of {rows:,}, {what}, time by key", times[1] / times[0], limit)
        print(f"    one time {times[0]:.2f} s, by key {times[1]:.2f} s")
    looks = []
    for held in (100, 100_000):
        engine = Engine(keyed())
        for batch in batches(everyone(held), 100_000):
            engine.step(replace(batch, arrivals=batch.frame["at"].to_numpy()))
        engine.advance(START + 2 * 10**9)
        began = time.perf_counter()
        for look in range(1_000):
            engine.advance(START + 2 * 10**9 + look)
        looks.append(time.perf_counter() - began)
    show("a look at the clock with nothing due: 100,000 held against 100 held", looks[1] / looks[0], 3.0)


def keyed() -> BarPlan:
    """The ladder, with a time for each key."""
    return replace(ladder(), time="key")


def run_plan(plan: BarPlan, frame: pl.DataFrame, rows: int, *, live: bool = False) -> None:
    """One pass."""
    engine = Engine(plan, live=live)
    for batch in batches(frame, rows):
        engine.step(batch)


def sequence() -> None:
    """A sequence declared against none, on the first rows of the table; in turn, in CPU seconds."""
    for what, keys, rows, live, limit in (
        ("finals only", 1_000, 100_000, False, 1.15),
        ("live bars of all levels", 1_000, 100_000, True, 1.3),
        ("live bars of all levels", 100, 10_000, True, 1.3),
    ):
        plain = ticks(2_000_000, keys, 1_800)
        inputs = ((ladder(), plain), (ladder(event=NumberedQuote), numbered(plain)))
        times: list[list[float]] = [[], []]
        for _ in range(2 * ROUNDS):
            for spent, (plan, frame) in zip(times, inputs, strict=True):
                gc.collect()
                began = time.process_time()
                run_plan(plan, frame, rows, live=live)
                spent.append(time.process_time() - began)
        without, declared = (min(spent) for spent in times)
        show(f"{keys:,} keys, batches of {rows:,}, {what}, a sequence declared", declared / without, limit)
        print(f"    without {without:.2f} s, with {declared:.2f} s")


def everyone(keys: int) -> pl.DataFrame:
    """One tick of every key, within a second."""
    names = pl.Series([f"SYM{number:06}" for number in range(keys)])
    return ticks(keys, keys, 1, seed=1).with_columns(symbol=names)


def memory_of_open_keys() -> None:
    """Resident memory that 100,000 keys with seven open slots each add (in a fresh process)."""
    keys = 100_000
    frame = everyone(keys)
    small = run_engine(everyone(1_000), 1_000, live=False)
    gc.collect()
    before = _resident()
    engine = run_engine(frame, 10_000, live=False)
    gc.collect()
    show("memory a key, 100,000 keys x 7 timeframes open", (_resident() - before) / keys / 1024, 2.0, "KB")
    del engine, small


def constant_cost() -> None:
    """Time per tick and peak memory must not grow with the input: 10 M against 40 M ticks."""
    engine = Engine(ladder())
    marks = []
    done = 0.0
    for part in range(40):
        frame = ticks(1_000_000, 1_000, 900, seed=part, begin=START + part * 900 * 10**9)
        lap = time.perf_counter()
        for batch in batches(frame, 100_000):
            engine.step(batch)
        done += time.perf_counter() - lap
        if part in (9, 39):
            marks.append((done / (part + 1), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024))
    show("time a tick after 40 M ticks against 10 M", marks[1][0] / marks[0][0], 1.15)
    show("peak memory after 40 M ticks against 10 M", marks[1][1] / marks[0][1], 1.15)
    print(f"    {marks[0][0]:.3f} s and {marks[1][0]:.3f} s a million, {marks[0][1]:.0f} MB and {marks[1][1]:.0f} MB")


def _resident() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        return int(file.read().split()[1]) * resource.getpagesize()


PARTS = (against_polars, time_by_key, sequence, touched_of_held, memory_of_open_keys, constant_cost)

if __name__ == "__main__":
    for part in PARTS:
        if len(sys.argv) == 1 or part.__name__ in sys.argv[1:]:
            part()
