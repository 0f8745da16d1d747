"""What a session gave as what a runtime takes: typed rows with marks between them, and positions."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.engine.blocks import Marks, TickBatch
from barloom.feed.batch import Position, SymbolId
from barloom.feed.columns import arrivals_of
from barloom.source.batches import parts_of
from barloom.source.files.merge import Block, Lane, Merged, Taken
from barloom.source.files.position import TOTAL, rows_of, rows_position
from barloom.source.protocol import Origins, Progress, SourceBatch

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from barloom.feed.batch import AnyRow, Batch
    from barloom.feed.columns import RowColumns
    from barloom.time.calendar import Integers

__all__ = ["Reading", "positions_in"]

_PREFIX: Final = "feed "
"""With this the name of a symbol's position begins among those of a store."""


def positions_in(held: Mapping[str, bytes]) -> dict[SymbolId, Position]:
    """Where symbols stand by what a store holds."""
    found = {}
    for name, packed in held.items():
        if name.startswith(_PREFIX):
            venue, _, symbol = name.removeprefix(_PREFIX).partition(":")
            of = SymbolId(venue, symbol)
            found[of] = Position.unpacked(packed, of)
    return found


class Reading:
    """Makes batches for a runtime, each with the positions to go on from; offsets go on counting across restarts."""

    def __init__(self, name: str, columns: RowColumns, positions: Mapping[str, bytes]) -> None:
        self._name = name
        self._columns = columns
        self._positions = dict(positions)
        self._offset = rows_of(name, positions.get(TOTAL))
        self._done = 0

    def stands(self, name: str, position: bytes) -> None:
        """Another position that belongs to the next batch."""
        self._positions[name] = position

    def batches(self, given: Sequence[Batch], received_at: int, told: str) -> Iterator[SourceBatch]:
        """One batch of all that was given, if that is anything; `told` is what its progress says."""
        rows = [row for batch in given for row in batch.rows]
        marks = list(self._marks(given))
        moved = {of: position for batch in given for of, position in batch.positions.items()}
        self._positions |= {f"{_PREFIX}{of}": position.packed() for of, position in moved.items()}
        if rows:
            venues = [venue for batch in given for venue in batch.venues]
            times = [time for batch in given for time in batch.received]
            yield self._whole(rows, venues, times, marks, received_at, told)
        elif marks or moved:
            empty = self._columns.empty()
            nothing = TickBatch(empty.frame, empty.index, marks=_placed(marks, empty.index))
            yield SourceBatch(nothing, dict(self._positions), _nobody, progress=Progress(self._done, None, told))

    def _marks(self, given: Sequence[Batch]) -> Iterator[tuple[int, int, tuple[object, ...] | None]]:
        """Place, time and key of each; those of symbols whose key nobody knows say nothing."""
        before = 0
        for batch in given:
            for mark in batch.marks:
                key = None if mark.of is None else self._columns.key(mark.of)
                if mark.of is None or key is not None:
                    yield before + mark.after, mark.time, key
            before += len(batch.rows)

    def _whole(  # noqa: PLR0913, PLR0917 - the columns of one batch
        self,
        rows: list[AnyRow],
        venues: list[str],
        times: list[int],
        marks: Sequence[tuple[int, int, tuple[object, ...] | None]],
        received_at: int,
        told: str,
    ) -> SourceBatch:
        decoded = self._columns.decode(rows, venues, times)
        if decoded.arrivals is None:
            decoded = replace(decoded, arrivals=arrivals_of(decoded, times))
        first = self._done

        def origins(wanted: Integers) -> Origins:
            chosen = wanted.tolist()
            texts = (
                self._columns.texts(*([of[row] for row in chosen] for of in (rows, venues, times))) if chosen else []
            )
            return Origins.in_one(self._name, first + wanted + 1, texts)

        block = Block(decoded, np.zeros(decoded.count, np.int64), origins)
        merged = Merged((Taken(Lane(0, iter(())), block, 0, decoded.count),), None)
        (part,) = parts_of(merged, self._offset, decoded.count)
        self._offset += part.count
        self._done += part.count
        self._positions[TOTAL] = rows_position(self._offset)
        return SourceBatch(
            replace(part.ticks, marks=_placed(marks, decoded.index)),
            dict(self._positions),
            part.origins,
            part.invalid,
            Progress(self._done, None, told),
            received_at=received_at,
            rounded=part.rounded,
        )


def _placed(marks: Sequence[tuple[int, int, tuple[object, ...] | None]], good: Integers) -> Marks | None:
    """Behind how many of the good rows each stands."""
    if not marks:
        return None
    places, times, keys = zip(*marks, strict=True)
    return Marks(np.searchsorted(good, np.array(places, np.int64)), np.array(times, np.int64), list(keys))


def _nobody(rows: Integers) -> Origins:  # noqa: ARG001 - there are none
    return Origins.of(())
