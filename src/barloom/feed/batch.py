"""What a session gives: rows in the order in which they count, marks between them, and what befell the feed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple, Self, TypeAlias

from barloom.errors import StoreError
from barloom.feed.protocol import Quote, Row, Trade

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

__all__ = ["AnyRow", "Batch", "Event", "EventKind", "Mark", "Position", "SymbolId"]

AnyRow: TypeAlias = Trade | Quote | Row


class SymbolId(NamedTuple):
    """A symbol of a venue, in its way of writing."""

    venue: str
    symbol: str

    def __str__(self) -> str:
        return f"{self.venue}:{self.symbol}"


class Position(NamedTuple):
    """Right after which a symbol goes on: the last number that was given, and its event time in nanoseconds."""

    last: int
    time: int

    def packed(self) -> bytes:
        """As a store keeps it."""
        return f"{self.last} {self.time}".encode()

    @classmethod
    def unpacked(cls, held: bytes, of: SymbolId) -> Self:
        """As a store had it. Raises `StoreError` where that is none."""
        try:
            last, time = map(int, held.split())
        except ValueError:
            message = f"the position of {of} in the store is {held!r}, which is no number and time; it is damaged"
            raise StoreError(message) from None
        return cls(last, time)


class Mark(NamedTuple):
    """Every row of a symbol (none: of all) whose event time lies before `time` is among those that were given.

    It stands behind `after` rows of its batch.
    """

    after: int
    time: int
    of: SymbolId | None


class EventKind(StrEnum):
    """What befell a feed."""

    CONNECTED = "connected"
    LOST = "lost"
    HOLE = "hole"
    FILLED = "filled"
    GIVEN_UP = "given up"
    RESTARTED = "restarted"
    REFUSED = "refused"
    NOTICE = "notice"
    TROUBLE = "trouble"
    UNREADABLE = "unreadable"


class Event(NamedTuple):
    """Something that befell a feed, at `at` by the machine's clock; `first` and `last` are the numbers of a hole."""

    kind: EventKind
    of: SymbolId | None
    message: str
    at: int
    first: int | None = None
    last: int | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows with the venue and the time of receipt of each, marks between them, events, and where symbols stand now.

    `positions` has the symbols that moved. A batch may be without rows.
    """

    rows: Sequence[AnyRow] = ()
    venues: Sequence[str] = ()
    received: Sequence[int] = ()
    marks: Sequence[Mark] = ()
    events: Sequence[Event] = ()
    positions: Mapping[SymbolId, Position] = field(default_factory=dict)

    def behind(self, rows: int) -> Batch:
        """Without the first so many rows, and without the marks ahead of them."""
        count = min(rows, len(self.rows))
        marks = [mark._replace(after=mark.after - count) for mark in self.marks if mark.after >= count]
        return replace(
            self, rows=self.rows[count:], venues=self.venues[count:], received=self.received[count:], marks=marks
        )

    def without_positions(self) -> Batch:
        """Where its symbols stand is nobody's business."""
        return replace(self, positions={})

    def __bool__(self) -> bool:
        return bool(self.rows or self.marks or self.events or self.positions)
