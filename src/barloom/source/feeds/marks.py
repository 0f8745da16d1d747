"""Marks that a feed gives between its rows, where they stand among rows that were decoded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from barloom.engine.blocks import Marks
from barloom.errors import SourceError
from barloom.plan.barplan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import EventPlan
    from barloom.source.feeds.word import CompleteTo
    from barloom.time.calendar import Integers

__all__ = ["PlacedMarks"]

_TYPES = {FieldKind.STRING: str, FieldKind.INTEGER: int}


class PlacedMarks(NamedTuple):
    """Marks in order: how many rows of the input stand ahead of each, its time, and the key's fields (none: all)."""

    place: Integers
    time: Integers
    keys: Sequence[tuple[object, ...] | None]

    @classmethod
    def of(cls, event: EventPlan, given: Sequence[tuple[int, CompleteTo]], name: str) -> Self | None:
        """Those that were given behind so many rows; none where there are none.

        Raises `SourceError`, which names the feed, for a mark that cannot be.
        """
        if not given:
            return None
        places, marks = zip(*given, strict=True)
        times = np.array([_time(mark, name) for mark in marks], np.int64)
        return cls(np.array(places, np.int64), times, [_key(event, mark, name) for mark in marks])

    def at(self, place: Integers) -> PlacedMarks:
        """The same at other places."""
        return PlacedMarks(place, self.time, self.keys)

    def between(self, start: int, stop: int, *, first: bool) -> PlacedMarks:
        """Those behind rows from `start` up to `stop`; of those right at `start` only where it is the `first`."""
        chosen = np.flatnonzero((self.place >= start + (not first)) & (self.place <= stop))
        return PlacedMarks(self.place[chosen], self.time[chosen], [self.keys[each] for each in chosen.tolist()])

    def among(self, good: Integers) -> Marks | None:
        """As those of a batch that holds only some of the rows, whose positions among all are given."""
        if not len(self.place):
            return None
        return Marks(np.searchsorted(good, self.place), self.time, self.keys)


def _time(mark: CompleteTo, name: str) -> int:
    time: Any = mark.time
    if isinstance(time, int) and not isinstance(time, bool) and -(1 << 63) < time < 1 << 63:
        return time
    message = f"{name} gave a mark that is complete to {time!r}; let it be nanoseconds since 1970, a whole number"
    raise SourceError(message)


def _key(event: EventPlan, mark: CompleteTo, name: str) -> tuple[object, ...] | None:
    if not mark.key:
        return None
    types = {field: _TYPES[event.by_name[field].kind] for field in event.key}
    if set(mark.key) == set(types) and all(isinstance(mark.key[field], kind) for field, kind in types.items()):
        return tuple(mark.key[field] for field in event.key)
    asked = ", ".join(f"{field} ({kind.__name__})" for field, kind in types.items())
    message = f"{name} gave a mark of the key {dict(mark.key)!r}; a mark of one key has the fields {asked}"
    raise SourceError(message)
