"""Rows with numbers, taken into account once: what was published before is passed over by its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from barloom.kafka.publish.positions import Position, place_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.kafka.publish.positions import Place
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans

__all__ = ["Numbering"]


class _Row(NamedTuple):
    key: tuple[object, ...]
    time: int
    number: int | None


class Numbering:
    """Which rows of a feed are new, and where their keys stand behind them.

    Rows of a key come in the order of their numbers. What was published when the feed was opened is old; a number that
    comes again much later than that is the first of a venue that begins anew. Of a definition without a sequence every
    row is new, and positions hold times alone.
    """

    def __init__(self, plan: BarPlan, positions: Mapping[Place, Position]) -> None:
        self._key = plan.event.key
        self._time = plan.event.timestamp
        self._sequence = plan.event.sequence
        self._opened = dict(positions)
        self._positions = dict(positions)

    def take(self, frame: pl.DataFrame) -> tuple[Booleans, dict[Place, Position]]:
        """Which of the rows are new, and the positions that these have moved."""
        new = np.ones(frame.height, np.bool_)
        moved: dict[Place, Position] = {}
        for number, row in enumerate(self._rows(frame)):
            place = self._place(row.key)
            if self._is_old(place, row):
                new[number] = False
            else:
                self._positions[place] = moved[place] = self._behind(row, self._positions.get(place))
        return new, moved

    def _is_old(self, place: Place, row: _Row) -> bool:
        opened = self._opened.get(place)
        if opened is None or row.number is None or opened.number is None or row.number > opened.number:
            return False
        if self._begins_anew(row, opened):
            del self._opened[place]
            return False
        return True

    def _begins_anew(self, row: _Row, before: Position) -> bool:
        return self._sequence is not None and row.time > before.time + self._sequence.restart_after

    def _behind(self, row: _Row, before: Position | None) -> Position:
        """Where a key stands behind a new row; a row without a number moves its time alone."""
        if before is None:
            return Position(row.time, row.number)
        time = max(row.time, before.time)
        if row.number is None:
            return Position(time, before.number)
        if before.number is None or row.number > before.number or self._begins_anew(row, before):
            return Position(time, row.number)
        return Position(time, before.number)

    def _rows(self, frame: pl.DataFrame) -> list[_Row]:
        numbers: list[int | None] = [None] * frame.height
        if self._sequence is not None:
            numbers = frame[self._sequence.last].cast(pl.Int64).to_list()
        times = frame[self._time].to_physical().cast(pl.Int64).to_list()
        keys = frame.select(self._key).rows()
        return [_Row(*row) for row in zip(keys, times, numbers, strict=True)]

    def _place(self, key: tuple[object, ...]) -> Place:
        return place_of(dict(zip(self._key, key, strict=True)))
