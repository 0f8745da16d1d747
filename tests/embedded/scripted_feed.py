"""A feed that does what a script says, on a clock that stands still otherwise, read by a whole run."""

from __future__ import annotations

from dataclasses import dataclass
from threading import Semaphore
from typing import TYPE_CHECKING, Any

import barloom as bl
from barloom.store.opening import open_for_reading
from barloom.testing import FakeClock
from catalogue.market import nanos

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from barloom.store.protocol import SideRecord

_PATIENCE = 30.0
_LOOKS = 3
"""The look under way may have asked for the time before it moved."""


@dataclass(frozen=True)
class Quiet:
    """Nothing is given until this moment, at which the run has looked at the clock."""

    until: datetime


@dataclass(frozen=True)
class Now:
    """The clock moves to this moment; the run need not notice."""

    moment: datetime


class Stage:
    """Runs of one definition over feeds, one after the other, on one store."""

    def __init__(self, bars: bl.Bars, store: Path) -> None:
        self.clock = FakeClock(0)
        self._bars = bars
        self._store = store
        self._looks = Semaphore(0)

    def run(self, *script: object) -> bl.RunReport:
        """A run over a feed that gives the script's rows and words."""
        return self.read(self.play(script))

    def read(self, source: object) -> bl.RunReport:
        """A run over any source that plays a part of this stage."""
        return bl.run(
            self._bars,
            source,
            self._store,
            clock=self.clock,
            live_interval=0.001,
            resume="new",
            on_progress=lambda _: self._looks.release(),
        )

    def play(self, script: Sequence[object]) -> Iterator[Any]:
        """What is given, at the moments that the script says."""
        for step in script:
            if isinstance(step, Now):
                self.clock.set(nanos(step.moment))
            elif isinstance(step, Quiet):
                self.wait(step.until)
            else:
                yield step

    def wait(self, until: datetime) -> None:
        """Let time pass, and the run look."""
        self.clock.set(nanos(until))
        while self._looks.acquire(blocking=False):
            pass
        for _ in range(_LOOKS):
            assert self._looks.acquire(timeout=_PATIENCE), "the run does not look at the clock"

    def finals(self, timeframe: str) -> list[tuple[datetime, int]]:
        """Start and number of ticks of each final bar, by time."""
        with open_for_reading(self._store) as store:
            rows = [row for frame in store.frames("final", timeframe) for row in frame.rows(named=True)]
        return sorted((row["start"], row["count"]) for row in rows)

    def rejected(self) -> list[SideRecord]:
        """The side output."""
        with open_for_reading(self._store) as store:
            return list(store.side_records())
