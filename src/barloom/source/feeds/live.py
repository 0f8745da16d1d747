"""Sources that are received, not read: they may wait between their rows, and cannot be rewound."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Generic, TypeVar

import numpy as np

from barloom.engine.blocks import TickBatch
from barloom.source.batches import parts_of
from barloom.source.decode import Decoder
from barloom.source.feeds.pump import Pump
from barloom.source.feeds.word import FeedState
from barloom.source.files.merge import Block, Lane, Merged, Taken
from barloom.source.files.position import TOTAL, rows_of, rows_position
from barloom.source.protocol import Origins, Progress, SourceBatch

if TYPE_CHECKING:
    from collections.abc import AsyncIterable, Callable, Iterable, Iterator, Mapping, Sequence

    import polars as pl

    from barloom.clock import Clock
    from barloom.plan.barplan import BarPlan
    from barloom.source.decode import Rows
    from barloom.source.feeds.marks import PlacedMarks
    from barloom.time.calendar import Integers


__all__ = ["RECEIVED", "LiveSource", "Received"]

RECEIVED: Final = "received"
"""Under this name the number of rows of the stream stands among the positions, beside that of the whole input."""

_Item = TypeVar("_Item")


class Received:
    """Decoded rows, the text of given ones, and the marks among them."""

    def __init__(
        self, rows: Rows, texts: Callable[[Integers], pl.Series | list[str]], marks: PlacedMarks | None = None
    ) -> None:
        self.rows = rows
        self.texts = texts
        self.marks = marks

    def at(self, arrivals: Integers) -> Received:
        """With the time of receipt of each row, unless the rows say it themselves."""
        if self.rows.arrivals is not None:
            return self
        return Received(replace(self.rows, arrivals=arrivals[self.rows.index]), self.texts, self.marks)

    def marked(self, marks: PlacedMarks | None) -> Received:
        """With marks among the rows."""
        return self if marks is None else Received(self.rows, self.texts, marks)


class LiveSource(ABC, Generic[_Item]):
    """Receives items in the background and turns what has come into batches.

    Opened at a position it passes over as many rows as that says: the stream is the same once more from its beginning.
    """

    replayable = False

    def __init__(self, plan: BarPlan, name: str, clock: Clock) -> None:
        self.name = name
        self._plan = plan
        self._clock = clock
        self._decoder = Decoder(plan).following({}, {}, name)
        self._word: FeedState | None = None

    @property
    def caught_up(self) -> bool | None:
        """Whether it has given all that has happened, by its own word of this run; none where it has said nothing."""
        return None if self._word is None else self._word is FeedState.CAUGHT_UP

    def open(self, positions: Mapping[str, bytes], batch_rows: int) -> Iterator[SourceBatch]:
        """Batches of what comes, as it comes, until the stream ends."""
        for batch in self._batches(positions, batch_rows, None):
            if batch is not None:
                yield batch

    def follow(self, positions: Mapping[str, bytes], batch_rows: int, interval: float) -> Iterator[SourceBatch | None]:
        """Every `interval` seconds, or sooner when `batch_rows` are there, what has come; none where nothing has."""
        return self._batches(positions, batch_rows, interval)

    def renew(self, positions: Mapping[str, bytes]) -> dict[str, bytes]:
        """Positions from which nothing is passed over."""
        return {**positions, RECEIVED: rows_position(0)}

    @abstractmethod
    def _items(self) -> Iterable[_Item] | AsyncIterable[_Item]:
        """What is received."""

    @abstractmethod
    def _weight(self, item: _Item) -> int:
        """About how many rows an item is."""

    @abstractmethod
    def _received(self, items: Sequence[tuple[_Item, int]], *, ended: bool) -> Iterator[Received]:
        """The rows of items with the time each came; at the end also of what is left of earlier ones."""

    def _batches(
        self, positions: Mapping[str, bytes], batch_rows: int, interval: float | None
    ) -> Iterator[SourceBatch | None]:
        count = _Count(self.name, positions)
        pump = Pump(self._items(), self._clock, capacity=2 * batch_rows, weight=self._weight)
        pump.start()
        try:
            while True:
                pump.wait(1 if interval is None else batch_rows, interval)
                taken = pump.take(batch_rows)
                if not taken and interval is not None and not pump.drained:
                    yield None
                    continue
                ended = not taken and pump.drained
                items = self._listen(taken)
                for received in self._received(items, ended=ended) if items or ended else ():
                    received_at = items[-1][1] if items else self._clock.now()
                    yield from count.batches(received, batch_rows, received_at)
                if ended:
                    return
        finally:
            pump.stop()

    def _listen(self, taken: Sequence[tuple[_Item, int]]) -> Sequence[tuple[_Item, int]]:
        """Mark the last word among what came, even if it came behind rows; what is left are the rows."""
        words = [item for item, _ in taken if isinstance(item, FeedState)]
        if not words:
            return taken
        self._word = words[-1]
        return [entry for entry in taken if not isinstance(entry[0], FeedState)]


def _nobody(rows: Integers) -> Origins:  # noqa: ARG001 - there are none
    return Origins.of(())


class _Count:
    """Numbers the rows of a stream, passing over those read before."""

    def __init__(self, name: str, positions: Mapping[str, bytes]) -> None:
        self._name = name
        self._positions = dict(positions)
        self._offset = rows_of(name, positions.get(TOTAL))
        self._skip = rows_of(name, positions.get(RECEIVED))
        self._row = 0

    def batches(self, received: Received, batch_rows: int, received_at: int) -> Iterator[SourceBatch]:
        first, count = self._row, received.rows.count
        start = min(max(self._skip - first, 0), count)
        self._row = first + start
        marks = None if received.marks is None else received.marks.between(start, count, first=not start)
        if start == count:
            if marks is not None and len(marks.place):
                nothing = TickBatch(
                    received.rows.frame[:0], received.rows.index[:0], marks=marks.among(marks.place[:0])
                )
                yield SourceBatch(nothing, dict(self._positions), _nobody, progress=Progress(self._row, None))
            return

        def origins(rows: Integers) -> Origins:
            return Origins.in_one(self._name, first + rows + 1, received.texts(rows))

        block = Block(received.rows, np.zeros(count, np.int64), origins)
        merged = Merged((Taken(Lane(0, iter(())), block, start, count),), None)
        for part in parts_of(merged, self._offset, batch_rows):
            ticks, begin = part.ticks, self._row - first
            if marks is not None:
                here = marks.between(begin, begin + part.count, first=begin == start)
                ticks = replace(ticks, marks=here.among(ticks.offsets - self._offset + begin))
            self._offset += part.count
            self._row += part.count
            self._positions |= {TOTAL: rows_position(self._offset), RECEIVED: rows_position(self._row)}
            progress = Progress(self._row, None)
            yield SourceBatch(
                ticks,
                dict(self._positions),
                part.origins,
                part.invalid,
                progress,
                received_at=received_at,
                rounded=part.rounded,
            )
