"""Up to when rows of a file may be stamped that say no time of arrival: when they were first read.

A row is judged by the same time ever after, by a run that goes on and by one that makes all bars anew: the times are
kept with the position of the file. Of earlier times only those count by which a row was refused. What passed an
earlier one passes a later one too.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np

from barloom.source.files.position import FilePosition

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan
    from barloom.source.files.pieces import Piece
    from barloom.time.calendar import Booleans, Integers

__all__ = ["Limits", "ahead_of"]

_ALL: Final = int(np.iinfo(np.int64).max)


def ahead_of(times: Integers, limits: Integers, max_ahead: int) -> Booleans:
    """Which times lie beyond their limits by more than is allowed."""
    found: Booleans = times > np.minimum(limits, _ALL - max_ahead) + max_ahead
    return found


class Limits:
    """The limit of each row of one file, by spans of rows.

    `start` is where this run goes on, `known` what another store kept of the same content, `now` the time and `size`
    the bytes that the file has.
    """

    def __init__(
        self, plan: BarPlan, start: FilePosition | None, known: FilePosition | None, now: int, size: int
    ) -> None:
        start = start or FilePosition()
        self._timestamp = plan.event.timestamp
        self._max_ahead = plan.max_ahead
        self._size = size
        self._spans = _spans(start, known, now, size)
        self._until = np.array([until for until, _ in self._spans], np.int64)
        self._limits = np.array([limit for _, limit in self._spans], np.int64)
        self._past = list(start.limits)
        self._ahead: dict[int, int] = {}
        if start.ahead and start.limit == self._spans[0][1]:
            self._ahead[0] = start.rows - 1
        elif start.ahead and start.limit is not None:
            self._past.append((start.rows, start.limit))

    def apply(self, piece: Piece) -> Piece:
        """A piece with the limit of each row."""
        row = piece.rows.index + piece.before.rows
        span = np.searchsorted(self._until, row, "right")
        limits = self._limits[span]
        ahead = np.flatnonzero(ahead_of(piece.rows.frame[self._timestamp].to_numpy(), limits, self._max_ahead))
        for number in np.unique(span[ahead]).tolist():
            self._ahead.setdefault(number, int(row[ahead[span[ahead] == number][0]]))
        return replace(piece, rows=replace(piece.rows, limits=limits))

    def note(self, position: FilePosition) -> FilePosition:
        """A position with what its rows were judged by."""
        at = int(np.searchsorted(self._until, position.rows, "right"))
        past = [self._spans[number] for number in range(at) if number in self._ahead]
        return msgspec.structs.replace(
            position,
            limit=self._spans[at][1],
            limit_size=self._size,
            ahead=self._ahead.get(at, position.rows) < position.rows,
            limits=(*self._past, *past),
        )


def _spans(start: FilePosition, known: FilePosition | None, now: int, size: int) -> list[tuple[int, int]]:
    """Up to which row each limit holds, from a position on; the last one for all that follow."""
    spans: list[tuple[int, int]] = []
    last = now
    if known is not None and known.limit is not None:
        spans = [*known.limits, (known.rows, known.limit)]
        if known.limit_size == size:
            last = known.limit
    if start.limit is not None and start.limit_size == size and (not spans or start.rows > spans[-1][0]):
        last = start.limit
    return [*(span for span in spans if span[0] > start.rows), (_ALL, last)]
