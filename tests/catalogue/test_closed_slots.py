"""Closed slots on the in-memory driver: hand-over, crashes, keys that come late, partitions without keys, set-back."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.embedded.pipeline import Pipeline
from barloom.engine.closing import DECIDED
from barloom.errors import DefinitionError
from barloom.plan.identity import fingerprint
from barloom.runtime.setting_back import set_back
from barloom.source.open import frame_source
from barloom.store.opening import open_for_reading, open_store
from barloom.testing import Driver
from barloom.testing.instance import Point
from barloom.time.always import AlwaysOpen
from barloom.time.instants import to_datetime
from barloom.time.timeframe import MINUTE
from properties.running import Run, batch
from reference import Row, nanoseconds

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.engine.blocks import ClosedSlots


class Tick(bl.Event):
    """A price."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(12, 2)


BASE = bl.from_(Tick)
BARS = BASE.tumbling("1m", delay="0s").ohlcv(price="price").named("bars")
BY_KEY = BASE.tumbling("1m", time="key", idle_after="30m").clock("off").ohlcv(price="price").named("bars")
TEN = nanoseconds("2025-01-06T10:00:00+00:00")


def tick(symbol: str, minute: float) -> dict[str, object]:
    """A price so many minutes after ten."""
    return {"symbol": symbol, "at": to_datetime(TEN + int(minute * MINUTE)).isoformat(), "price": "1"}


def told(closed: list[ClosedSlots]) -> list[tuple[object, ...]]:
    """Beginning and end in minutes after ten, the bars of each slot, and whether they were reopened."""
    return [
        (
            item.after and (item.after - TEN) // MINUTE,
            (item.to - TEN) // MINUTE,
            dict(zip(((item.starts - TEN) // MINUTE).tolist(), item.keys.tolist(), strict=True)),
            *(["reopened"] if item.reopened else []),
        )
        for item in closed
    ]


def whole(closed: list[ClosedSlots]) -> Counter[int]:
    """The bars of every slot in all that was told."""
    counts: Counter[int] = Counter()
    for _, _, slots, *_ in told(closed):
        assert isinstance(slots, dict)
        counts.update(slots)
    return counts


def test_a_slot_is_told_when_it_is_decided_for_all_keys() -> None:
    """With the number of keys that had a bar; slots without one are only part of the range."""
    driver = Driver(BARS)
    driver.feed([tick("A", 0), tick("B", 0.5), tick("A", 3)])
    driver.feed([tick("A", 3.5), tick("A", 4)])

    assert [(0, 3, {0: 2}), (3, 4, {3: 1})] == told(driver.closed("1m"))
    assert TEN + 4 * MINUTE == driver.decided_to("1m")


def test_a_quiet_time_is_one_range_that_grows() -> None:
    """By the clock, from the same beginning on, until there is a bar again."""
    driver = Driver(BARS)
    driver.feed([tick("A", 0)])
    for _ in range(3):
        driver.move_clock("1m")
    driver.feed([tick("A", 3), tick("A", 4)])

    assert [(0, 1, {0: 1}), (1, 2, {}), (1, 3, {}), (3, 4, {3: 1})] == told(driver.closed("1m"))


def test_whoever_takes_over_tells_nothing_again() -> None:
    """Killed after any point of a turn: what was committed is told once, and what was not is told by the successor."""
    for point in Point:
        driver = Driver(BARS, instances=("A", "B"))
        driver.feed([tick("A", 0), tick("A", 1.5)])
        driver.append([tick("B", 2.5), tick("A", 3.5)])
        driver.crash_at(point)
        driver.assign({"B": [0]})
        driver.feed([tick("A", 5)])

        closed = driver.closed("1m")
        assert Counter({0: 1, 1: 1, 2: 1, 3: 1}) == whole(closed)
        ends = [item.to for item in closed]
        assert sorted(set(ends)) == ends
        assert [one.to for one in closed[:-1]] == [other.after for other in closed[1:]]


def test_the_whole_is_the_least_of_all_partitions_and_the_clock_closes_those_without_keys() -> None:
    """A partition in which nothing ever came does not hold the others up."""
    driver = Driver(BARS, partitions=3)
    assert driver.decided_to("1m") is None
    driver.feed([tick("A", 0), tick("A", 5)], 0)
    driver.feed([tick("B", 1), tick("B", 2)], 1)
    driver.move_clock("0s")

    assert [(None, 5, {})] == told(driver.closed("1m", 2))[-1:]
    assert TEN + 5 * MINUTE == driver.decided_to("1m")


def test_with_a_time_for_each_key_the_slowest_decides() -> None:
    """Slots are closed when every key that was seen has passed them; one far behind the latest is not waited for."""
    driver = Driver(BY_KEY)
    driver.feed([tick("A", 0), tick("B", 0), tick("A", 10)])
    assert [] == told(driver.closed("1m"))
    driver.feed([tick("B", 4)])
    assert [(0, 4, {0: 2})] == told(driver.closed("1m"))
    driver.feed([tick("A", 35)])

    assert [(0, 4, {0: 2}), (4, 35, {10: 1})] == told(driver.closed("1m"))


def test_bars_that_come_for_closed_slots_are_told() -> None:
    """Of a key that was not waited for, and of one that nobody had seen."""
    driver = Driver(BY_KEY)
    driver.feed([tick("A", 0), tick("B", 0), tick("A", 40)])
    driver.feed([tick("B", 1), tick("B", 2)])
    driver.feed([tick("C", 3), tick("C", 5)])

    assert [(0, 40, {0: 1}), (None, 40, {0: 1, 1: 1}, "reopened"), (None, 40, {3: 1}, "reopened")] == told(
        driver.closed("1m")
    )


def test_a_set_back_repeats_nothing(tmp_path: Path) -> None:
    """What was told stays; a bar for it is reopened, and ranges go on behind it, in another epoch of the log."""
    store = tmp_path / "state"
    feed(store, [tick("A", 0), tick("A", 10)])
    with open_for_reading(store) as held:
        before = held.log.end()
    set_back(BARS.plan, store, TEN + 3 * MINUTE, really=True)
    feed(store, [tick("B", 4), tick("B", 12)])

    with open_for_reading(store) as held:
        items = [item for item in held.finals_after(None).items if item.slot is None]
        assert before is not None
        assert before.epoch != held.log.end().epoch  # type: ignore[union-attr]
        assert held.decided_to(0) == TEN + 12 * MINUTE
    found = [((item.to - TEN) // MINUTE, item.reopened, len(item.slots)) for item in items]  # type: ignore[union-attr]
    assert [(10, False, 1), (10, True, 1), (12, False, 0)] == found


def feed(store: Path, rows: list[dict[str, object]]) -> None:
    """Run rows into a store."""
    frame = pl.DataFrame({name: [row[name] for row in rows] for name in ("symbol", "at", "price")})
    with open_store(store, BARS.plan) as held:
        pipeline = Pipeline(BARS.plan, held)
        for batch in frame_source(BARS.plan, frame).open({}, 10):
            pipeline.take(batch)


def test_a_state_of_an_older_version_goes_on_silently() -> None:
    """Where the state does not say what was told, all that is decided by then counts as told."""
    run = Run(BARS.plan, AlwaysOpen())
    rows = [Row(("A",), TEN + minute * MINUTE, minute, {"price": Decimal(1)}) for minute in range(9)]
    run.feed(rows[:4])
    run.state = {name: value for name, value in run.state.items() if DECIDED not in name}
    run.crash()
    step = run.engine.step(batch(BARS.plan, rows[4:6]))

    assert [(3, 5, {3: 1, 4: 1})] == told(list(step.closed))


def test_how_long_a_key_is_waited_for_is_declared() -> None:
    """In Python and TOML, only where each key has its own time, and without being another definition for that."""
    other = BASE.tumbling("1m", time="key").ohlcv(price="price").named("bars")
    assert (30 * MINUTE, 60 * MINUTE) == (BY_KEY.plan.idle_after, other.plan.idle_after)
    assert fingerprint(BY_KEY.plan) == fingerprint(other.plan)
    with pytest.raises(DefinitionError, match="one time is for all keys, so that none is waited for"):
        BASE.tumbling("1m", idle_after="1h").ohlcv(price="price").named("bars")
