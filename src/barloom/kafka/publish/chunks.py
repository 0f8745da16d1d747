"""What a feed hands to a publisher: rows and marks in order, and where each key stands behind them."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from barloom.kafka.publish.positions import Place, Position

__all__ = ["Chunk", "Feed", "Item", "Mark", "Opening"]


@dataclass(frozen=True, slots=True)
class Mark:
    """Behind `after` rows of a chunk: every row of a key (none: of all keys) that happened before `time` was given.

    `time` is nanoseconds UTC; the key is given by its fields.
    """

    after: int
    time: int
    key: Mapping[str, object] | None = None


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows as columns, by the names of the input, all `count` long; the marks between them, in order.

    `positions` say where those stand that have moved, once the chunk is written: they are committed with its rows, and
    what opens the feed the next time is given them. Only what is in `notes` is for people.
    """

    columns: Mapping[str, Sequence[object]]
    count: int
    marks: Sequence[Mark] = ()
    positions: Mapping[Place, Position] = field(default_factory=dict)
    notes: Sequence[str] = ()


Item: TypeAlias = object
"""An event, a mapping with the names of the input, a `barloom.CompleteTo`, or a `Chunk`."""

Feed: TypeAlias = Iterable[Item] | AsyncIterable[Item]

Opening: TypeAlias = Callable[[Mapping[Place, Position]], Feed]
"""Opens a feed right behind the positions that were committed."""
