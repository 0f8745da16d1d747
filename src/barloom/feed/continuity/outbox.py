"""What may be given by now, cut into batches with the positions that belong to each."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Protocol

from barloom.feed.batch import Batch, Event, Mark, Position

if TYPE_CHECKING:
    from collections.abc import Callable

    from barloom.feed.batch import AnyRow, EventKind, SymbolId

__all__ = ["Out", "Outbox", "Symbol"]


class Symbol(Protocol):
    """Whose rows they are."""

    of: SymbolId
    venue: str


class Out(Protocol):
    """Where a symbol gives its rows."""

    def put(self, chain: Symbol, row: AnyRow, time: int, received: int, last: int | None) -> None:
        """Give a row; after it the symbol stands at `last` (none: where it stood)."""
        ...

    def moved(self, chain: Symbol, position: Position) -> None:
        """A symbol has another position, without a row."""
        ...

    def mark(self, time: int, chain: Symbol) -> None:
        """All rows of a symbol before `time` were given."""
        ...

    def tell(
        self, kind: EventKind, of: SymbolId | None, message: str, first: int | None = None, last: int | None = None
    ) -> None:
        """Tell what befell the feed."""
        ...


class Outbox:
    """Gathers rows, marks and events in their order; no batch has more than `batch_rows` rows.

    `wall` tells the time of events. `counted` goes up with every row, mark and event.
    """

    def __init__(self, batch_rows: int, wall: Callable[[], int]) -> None:
        self._batch_rows = batch_rows
        self._wall = wall
        self._sealed: deque[Batch] = deque()
        self._count = 0
        self.counted = 0
        self._begin()

    def _begin(self) -> None:
        self._rows: list[AnyRow] = []
        self._venues: list[str] = []
        self._received: list[int] = []
        self._marks: list[Mark] = []
        self._events: list[Event] = []
        self._moved: dict[SymbolId, tuple[int, int]] = {}

    def __len__(self) -> int:
        """How many rows wait to be taken."""
        return self._count + len(self._rows)

    @property
    def waiting(self) -> bool:
        """Whether there is anything to take."""
        return bool(self._sealed or self._rows or self._marks or self._events or self._moved)

    def put(self, chain: Symbol, row: AnyRow, time: int, received: int, last: int | None) -> None:
        """Give a row; after it the symbol stands at `last` (none: where it stood)."""
        if len(self._rows) >= self._batch_rows:
            self._seal()
        self.counted += 1
        self._rows.append(row)
        self._venues.append(chain.venue)
        self._received.append(received)
        if last is not None:
            self._moved[chain.of] = (last, time)

    def moved(self, chain: Symbol, position: Position) -> None:
        """A symbol has another position, without a row."""
        self._moved[chain.of] = position

    def mark(self, time: int, chain: Symbol) -> None:
        """All rows of a symbol before `time` were given."""
        self.counted += 1
        self._marks.append(Mark(len(self._rows), time, chain.of))

    def mark_all(self, time: int) -> None:
        """All rows of all symbols before `time` were given."""
        self.counted += 1
        self._marks.append(Mark(len(self._rows), time, None))

    def tell(
        self, kind: EventKind, of: SymbolId | None, message: str, first: int | None = None, last: int | None = None
    ) -> None:
        """Tell what befell the feed."""
        self.counted += 1
        self._events.append(Event(kind, of, message, self._wall(), first, last))

    def take(self) -> Batch | None:
        """The next batch; none where nothing waits."""
        if not self._sealed:
            self._seal()
        if not self._sealed:
            return None
        batch = self._sealed.popleft()
        self._count -= len(batch.rows)
        return batch

    def _seal(self) -> None:
        positions = {of: Position(*moved) for of, moved in self._moved.items()}
        batch = Batch(self._rows, self._venues, self._received, self._marks, self._events, positions)
        self._begin()
        if batch:
            self._sealed.append(batch)
            self._count += len(batch.rows)
