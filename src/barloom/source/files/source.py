"""Files as a source: one, or several merged by their running maximum of event time, then by the order of the files.

Rows of one file keep their order. What was read stays read, wherever it stands now: when a run is continued, the rest
of each file is merged by the running maximum its file had reached, and a file that has joined is merged with these from
its beginning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.clock import SystemClock
from barloom.errors import SourceReplaced
from barloom.source.batches import parts_of
from barloom.source.decode import Decoder
from barloom.source.files.inputs import FrameInput
from barloom.source.files.merge import merge
from barloom.source.files.reading import Firsts, Reading
from barloom.source.files.recognise import recognise, stored_positions
from barloom.source.files.sorting import sorted_batches

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.source.files.inputs import Input
    from barloom.source.files.position import FilePosition
    from barloom.source.protocol import SourceBatch

__all__ = ["FileSource"]


class FileSource:
    """Reads files. With `closing`, a last line without an end is taken as complete.

    Rows without a time of arrival may not be stamped after the `clock` when they are first read; those of which another
    store has positions (`judged`) have been. `notes` are remarks about the files to give with the rows.
    """

    replayable = True

    def __init__(  # noqa: PLR0913 - what files are read with, by name
        self,
        plan: BarPlan,
        files: Sequence[Input],
        name: str,
        *,
        closing: bool = False,
        clock: Clock | None = None,
        judged: Mapping[str, bytes] | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.name = name
        self._clock = clock or SystemClock()
        self._judged = judged or {}
        self._decoder = Decoder(plan)
        self._files = files
        self._closing = closing
        self._notes = notes

    def open(self, positions: Mapping[str, bytes], batch_rows: int) -> Iterator[SourceBatch]:
        """Batches of at most `batch_rows` rows from right after `positions`, under which every file read so far stands.

        Raises `SourceError` where a file cannot be read (all rows before that place have been given then), and
        `SourceReplaced` where one is no longer what was read before.
        """
        found = recognise(self._decoder, self._files, positions)
        found.notes.extend(self._notes)
        firsts = Firsts(self._clock.now(), self._known())
        reading = Reading(self._decoder, found, positions, firsts, closing=self._closing)
        if self._decoder.plan.source.order == "time":
            yield from sorted_batches(reading, self._decoder, batch_rows)
        else:
            yield from self._merged(reading, batch_rows)

    def renew(self, positions: Mapping[str, bytes]) -> dict[str, bytes]:
        """Positions from which a frame is read as new; files stay known by what is in them."""
        frames = {file.key for file in self._files if isinstance(file, FrameInput)}
        return {name: position for name, position in positions.items() if name not in frames}

    def _known(self) -> dict[str, FilePosition]:
        """What another store kept of the files, by what is in them."""
        if not self._judged:
            return {}
        try:
            found = recognise(self._decoder, self._files, self._judged)
        except SourceReplaced:
            return {}
        return stored_positions(found.positions)

    def _merged(self, reading: Reading, batch_rows: int) -> Iterator[SourceBatch]:
        for merged in merge(reading.lanes(batch_rows)):
            for part in parts_of(merged, reading.offset, batch_rows):
                for taken, stop in part.stops:
                    reading.take(taken, stop)
                yield reading.batch(part)
        last = reading.last_batch()
        if last is not None:
            yield last
