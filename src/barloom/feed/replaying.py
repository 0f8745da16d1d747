"""A recorded feed as a source of ticks: the same rows and marks as it gave live, at its pace or as fast as it goes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.clock import SystemClock
from barloom.feed.columns import VenueColumns, channel_of
from barloom.feed.continuity.continuity import Continuity
from barloom.feed.intake import Intake
from barloom.feed.reading import Reading
from barloom.feed.session import rules_of
from barloom.feed.settings import FeedSettings
from barloom.feed.tape import play, read_tape
from barloom.source.files.position import rows_of, rows_position

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from barloom.clock import Clock
    from barloom.feed.batch import Batch
    from barloom.feed.protocol import Venue
    from barloom.feed.tape import Line
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import SourceBatch

__all__ = ["ReplayedFeed"]

_REPLAYED: Final = "replayed"
"""Under this name the number of rows that were replayed stands among the positions."""

_SECOND: Final = 1_000_000_000
_STEP: Final = 0.25
"""Seconds of the tape whose rows are one batch, where it is played at its pace."""


class ReplayedFeed:
    """Plays a tape from its beginning, passing over the rows that were taken in before: it gives the same once more."""

    replayable = True

    def __init__(
        self,
        plan: BarPlan,
        path: Path,
        *,
        settings: FeedSettings | None = None,
        at_its_pace: bool = False,
        clock: Clock | None = None,
    ) -> None:
        self.name = str(path)
        self._plan = plan
        self._path = path
        self._settings = settings or FeedSettings()
        self._paced = at_its_pace
        self._clock = clock or SystemClock()
        self._columns = VenueColumns(plan, channel_of(plan), self.name)

    def open(self, positions: Mapping[str, bytes], batch_rows: int) -> Iterator[SourceBatch]:
        """Batches of its rows."""
        reading = Reading(self.name, self._columns, positions)
        skip = done = rows_of(self.name, positions.get(_REPLAYED))
        for batch in self._batches(batch_rows):
            left = batch.behind(skip)
            skip -= len(batch.rows) - len(left.rows)
            done += len(left.rows)
            reading.stands(_REPLAYED, rows_position(done))
            if left.rows or (left.marks and not skip):
                yield from reading.batches([left.without_positions()], left.received[-1] if left.rows else 0, "")

    def _batches(self, batch_rows: int) -> Iterator[Batch]:
        sequence = self._plan.event.sequence
        restart_after = _SECOND if sequence is None else sequence.restart_after
        rules = rules_of(self._settings, together=not self._plan.by_key, restart_after=restart_after)
        continuity = Continuity(rules, batch_rows)
        intake = Intake(continuity, _Venues(self._settings))
        for line in self._lines():
            play(line, intake)
            if len(continuity.out) >= batch_rows or self._due(line):
                yield from _taken(continuity)
        yield from _taken(continuity)

    def _lines(self) -> Iterator[Line]:
        self._began: tuple[float, float] | None = None
        self._given = 0.0
        return read_tape(self._path)

    def _due(self, line: Line) -> bool:
        """Wait until a line is due; whether what came by now is to be given."""
        if not self._paced:
            return False
        began = self._began = self._began or (line.now, self._clock.monotonic())
        ahead = (line.now - began[0]) - (self._clock.monotonic() - began[1])
        if ahead > 0:
            self._clock.sleep(ahead)
        if line.now - self._given < _STEP:
            return False
        self._given = line.now
        return True


class _Venues(dict[str, "Venue"]):
    """Venues, made when something of them comes."""

    def __init__(self, settings: FeedSettings) -> None:
        super().__init__()
        self._settings = settings

    def __missing__(self, name: str) -> Venue:
        self[name] = self._settings.venue(name)
        return self[name]


def _taken(continuity: Continuity) -> Iterator[Batch]:
    while (batch := continuity.out.take()) is not None:
        yield batch
