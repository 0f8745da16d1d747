"""Whoever follows a store by position gets every final once, whatever becomes of its writer."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from contextlib import suppress
from threading import Event, Thread
from typing import TYPE_CHECKING

import pytest

from barloom.embedded.rebuild import rebuild
from barloom.errors import PositionGone, StoreFormat, StoreNotRunning
from barloom.plan.toml import read_toml
from barloom.read.bucket import TimeBucket
from barloom.read.events import Closed, FinalBar
from barloom.store.opening import open_for_reading
from barloom.store.scanning import Selection
from embedded.test_kill import DEFINITION, command, write_ticks
from waiting import PATIENCE

if TYPE_CHECKING:
    from pathlib import Path

TIMEFRAME = "5s"
KILLS = 6


class Follower:
    """Follows a timeframe, leaving and coming again behind its last event, in a thread of its own."""

    def __init__(self, store: Path, seed: int) -> None:
        self.store = store
        self.finals: Counter[tuple[object, int]] = Counter()
        self.bars: Counter[int] = Counter()
        self.late: list[tuple[object, int]] = []
        self.decided_to: int | None = None
        self.stop = Event()
        self.position: str | None = None
        self.chance = random.Random(seed)
        self.thread = Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self) -> None:
        """Until told to stop, and then to the end of what there is."""
        while not self.stop.is_set():
            self.read(self.chance.uniform(0.05, 0.6), self.chance.randint(1, 400))
        self.read(0.5, 1 << 40)

    def read(self, seconds: float, most: int) -> None:
        """Some events behind the last; the store may only just be made, or be broken off by a kill."""
        with suppress(StoreFormat, StoreNotRunning), TimeBucket.open(self.store, TIMEFRAME) as bucket:
            for number, event in enumerate(bucket.follow(self.position, deadline=seconds)):
                self.take(event)
                if number == most:
                    break

    def take(self, event: FinalBar | Closed) -> None:  # type: ignore[type-arg]
        """Count it; no final may come for slots that were told before as closed."""
        self.position = event.position
        if isinstance(event, FinalBar):
            self.finals[event.bar.symbol, event.bar.start_ns] += 1
            if self.decided_to is not None and event.bar.end_ns <= self.decided_to:
                self.late.append((event.bar.symbol, event.bar.start_ns))
        else:
            assert self.decided_to is None or event.to_ns > self.decided_to
            self.bars.update(dict(event.slots))
            self.decided_to = event.to_ns

    def end(self) -> None:
        """Read what is left."""
        self.stop.set()
        self.thread.join(PATIENCE)


def finals_of(store: Path) -> Counter[tuple[object, int]]:
    """Every final that is stored."""
    with open_for_reading(store) as held:
        level = held.plan.level_of(TIMEFRAME)
        places = held.scanner.places(Selection("final", level))
        return Counter((held.layout.keys.decode(place.key)[0], place.start) for place in places)


def test_killed_writers_leave_no_hole_and_no_double(tmp_path: Path) -> None:
    """A writer is killed with SIGKILL again and again while three follow it, who come and go themselves."""
    chance = random.Random(7)
    (tmp_path / "bars.toml").write_text(DEFINITION)
    write_ticks(tmp_path / "ticks.csv", seed=3)
    followers = [Follower(tmp_path / "store", seed) for seed in range(3)]
    for _ in range(KILLS):
        process = subprocess.Popen(command(tmp_path, "store"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        with suppress(subprocess.TimeoutExpired):
            process.wait(chance.uniform(0.8, 3.0))
        process.kill()
        process.wait()
    subprocess.run(command(tmp_path, "store"), check=True, capture_output=True)
    subprocess.run(
        [sys.executable, "-m", "barloom", "compact", str(tmp_path / "store")], check=False, capture_output=True
    )
    for follower in followers:
        follower.end()

    expected = finals_of(tmp_path / "store")
    assert len(expected) > 1_000
    for follower in followers:
        assert expected == follower.finals
        assert [] == follower.late
        assert follower.decided_to is not None
        closed = Counter(start for _, start in expected if start + 5 * 10**9 <= follower.decided_to)
        assert closed == follower.bars


def test_a_rebuild_is_told_to_those_who_go_on(tmp_path: Path) -> None:
    """Behind the swap the old position is gone, and all finals of the new store come once from its beginning."""
    (tmp_path / "bars.toml").write_text(DEFINITION)
    write_ticks(tmp_path / "ticks.csv", seed=4, rows=2_000)
    subprocess.run(command(tmp_path, "store"), check=True, capture_output=True)
    before = Follower(tmp_path / "store", 0)
    before.end()
    rebuild(read_toml(DEFINITION.replace("5s", "10s")), str(tmp_path / "ticks.csv"), tmp_path / "store")

    with TimeBucket.open(tmp_path / "store", "10s") as bucket:
        with pytest.raises(PositionGone, match="the store is another one since"):
            list(bucket.follow(before.position, deadline=0))
        found = [event for event in bucket.follow(deadline=0) if isinstance(event, FinalBar)]
        symbols = [symbol for (symbol,) in bucket.keys()]  # noqa: SIM118 - no mapping
        stored = [(symbol, bar.start_ns) for symbol in symbols for bar in bucket.range(symbol) if bar.final]
    assert Counter((event.bar.symbol, event.bar.start_ns) for event in found) == Counter(stored)
