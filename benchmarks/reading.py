"""How quickly `TimeBucket.get` answers, on a store of a million final bars beside which nothing else runs.

Prints the share of answers under 50 microseconds, percentiles and answers a second: finding a bar, and finding it and
reading its values. Run it with ``python benchmarks/reading.py [directory]``; a store that is there already is used.
"""

from __future__ import annotations

import random
import sys
import tempfile
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from time import perf_counter, perf_counter_ns
from typing import TYPE_CHECKING

import numpy as np

import barloom as bl
from barloom.engine.blocks import BarBlock, Step, Values
from barloom.store.opening import is_store, open_store
from barloom.store.protocol import Commit
from barloom.time.timeframe import SECOND

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.plan.barplan import BarPlan

KEYS = 100
BARS = 1_000_000
GETS = 100_000
LIMIT_NS = 50_000
NAMES = [(f"SYM{number:03}",) for number in range(KEYS)]


class Trade(bl.Event):
    """One trade."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 6)
    size: Decimal = bl.decimal(18, 3)


DEFINITION = bl.from_(Trade).tumbling("1s", delay="2s").ohlcv(price="price", size="size").rollup("1m").named("bars")


class Names:
    """The keys of the bars."""

    def __len__(self) -> int:
        return KEYS

    def rows(self, ids: np.ndarray) -> list[tuple[object, ...]]:
        """The key of each id."""
        return [NAMES[number] for number in ids.tolist()]


def block(plan: BarPlan, first: int, slots: int) -> BarBlock:
    """One bar for each key and slot."""
    rows = KEYS * slots
    key = np.tile(np.arange(KEYS), slots)
    start = (first + np.repeat(np.arange(slots), KEYS)) * SECOND
    one = np.ones(rows, dtype=np.int64)
    numbers = np.random.default_rng(first).integers(1, 10**9, rows)
    false = np.zeros(rows, dtype=np.bool_)
    partials = tuple(Values(numbers, None) for _ in plan.partials)
    return BarBlock(0, True, key, start, start + SECOND, start, start, one, one, one, one, false, false, partials)  # noqa: FBT003


def fill(path: Path, plan: BarPlan) -> None:
    """Write the bars in commits of 20,000."""
    slots = 20_000 // KEYS
    with open_store(path, plan) as store:
        names = Names()
        began = perf_counter()
        for first in range(0, BARS // KEYS, slots):
            store.commit(Commit(Step(finals=(block(plan, first, slots),)), names))
        took = perf_counter() - began
        size = store.backend.size() / BARS
        print(f"written: {BARS:,} bars, {took / BARS * 1e6:.2f} us a bar, {size:.0f} bytes a bar")


def measure(what: str, ask: Callable[[str, int], object]) -> None:
    """Time single calls over random keys and slots, then many calls together."""
    chance = random.Random(7)  # noqa: S311 - a benchmark
    asked = [(NAMES[chance.randrange(KEYS)][0], chance.randrange(BARS // KEYS) * SECOND) for _ in range(GETS)]
    for key, start in asked[:2_000]:
        ask(key, start)
    taken = []
    for key, start in asked:
        began = perf_counter_ns()
        ask(key, start)
        taken.append(perf_counter_ns() - began)
    began = perf_counter()
    for key, start in asked:
        ask(key, start)
    rate = GETS / (perf_counter() - began)
    taken.sort()
    under = sum(1 for nanos in taken if nanos < LIMIT_NS) / GETS
    half, most = (taken[int(GETS * share)] / 1e3 for share in (0.5, 0.99))
    print(f"{what}: {under:.2%} under 50 us, median {half:.1f} us, 99 % within {most:.1f} us, {rate:,.0f} a second")


def main() -> None:
    """Fill a store if there is none, then ask it."""
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(scratch) / "store"
        if not is_store(path):
            fill(path, DEFINITION.plan)
        with bl.TimeBucket.open(path, "1s") as bucket:
            measure("get                ", bucket.get)
            measure("get and read fields", lambda key, start: bucket.get(key, start).bar.close)


if __name__ == "__main__":
    main()
