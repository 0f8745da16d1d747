"""Rows with numbers, taken into account once: what was published before is passed over by its number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from barloom.kafka.publish.positions import Numbered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.kafka.publish.positions import Place
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans

__all__ = ["Numbering"]


class _Row(NamedTuple):
    key: Place
    time: int
    number: int | None


class Numbering:
    """Which rows of a feed are new, and where their keys stand behind them.

    Rows of a key come in the order of their numbers. What was published when the feed was opened is old; a number that
    comes again much later than that is the first of a venue that begins anew. Of a definition without a sequence every
    row is new.
    """

    def __init__(self, plan: BarPlan, opened: Mapping[Place, Numbered]) -> None:
        self._key = plan.event.key
        self._time = plan.event.timestamp
        self._sequence = plan.event.sequence
        self._opened = dict(opened)
        self._latest = dict(opened)

    def take(self, frame: pl.DataFrame) -> tuple[Booleans, dict[Place, Numbered]]:
        """Which of the rows are new, and the keys that these have moved."""
        new = np.ones(frame.height, np.bool_)
        moved: dict[Place, Numbered] = {}
        if self._sequence is None:
            return new, moved
        numbers = frame[self._sequence.last].cast(pl.Int64).to_list()
        times = frame[self._time].to_physical().cast(pl.Int64).to_list()
        for place, row in enumerate(map(_Row, frame.select(self._key).rows(), times, numbers)):
            if self._is_old(row):
                new[place] = False
            else:
                self._latest[row.key] = moved[row.key] = self._behind(row, self._latest.get(row.key))
        return new, moved

    def _is_old(self, row: _Row) -> bool:
        opened = self._opened.get(row.key)
        if opened is None or row.number is None or opened.number is None or row.number > opened.number:
            return False
        if self._begins_anew(row, opened):
            del self._opened[row.key]
            return False
        return True

    def _begins_anew(self, row: _Row, before: Numbered) -> bool:
        return self._sequence is not None and row.time > before.time + self._sequence.restart_after

    def _behind(self, row: _Row, before: Numbered | None) -> Numbered:
        """Where a key stands behind a new row; a row without a number moves its time alone."""
        if before is None:
            return Numbered(row.number, row.time)
        time = max(row.time, before.time)
        if row.number is None:
            return Numbered(before.number, time)
        if before.number is None or row.number > before.number or self._begins_anew(row, before):
            return Numbered(row.number, time)
        return Numbered(before.number, time)
