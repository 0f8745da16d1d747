"""Keys that poison their partition: their ticks become dead letters before they reach the engine; marks are dropped."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.engine.blocks import Unread
from barloom.kafka.runtime.items import Refused, by_message
from barloom.kafka.runtime.marking import kept_marks
from barloom.source.fields import column_type

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.engine.blocks import TickBatch
    from barloom.kafka.runtime.polling import Polled
    from barloom.plan.barplan import BarPlan
    from barloom.time.calendar import Booleans

__all__ = ["LONGEST_KEY", "Blocked"]

LONGEST_KEY: Final = 16_384
"""Bytes that a key field may have: it is in every message about its bars, and these must stay far below 1 MiB."""

_BLOCKED: Final = "its key is on the block list ([kafka] block)"
_LONG: Final = f"its key is longer than {LONGEST_KEY} bytes"


class Blocked:
    """Keeps out the ticks of blocked keys, and those of keys that no message has room for."""

    def __init__(self, plan: BarPlan, keys: Sequence[tuple[object, ...]]) -> None:
        self._names = list(plan.event.key)
        schema = self._schema = {name: column_type(plan.event.by_name[name]) for name in self._names}
        self._keys = pl.DataFrame(list(keys), schema=schema, orient="row") if keys else None
        texts = [pl.col(name).str.len_bytes() > LONGEST_KEY for name, kind in schema.items() if kind == pl.String]
        self._too_long = pl.any_horizontal(texts) if texts else None

    def without(self, polled: Polled) -> Polled:
        """The records without those of such keys, which are among the refused then, and without their marks."""
        polled = self._without_unread(self._without_marks(polled))
        problems = self._problems(polled.ticks.frame)
        if not problems:
            return polled
        ticks = polled.ticks
        found = np.fromiter(problems, np.int64, len(problems))
        kept = np.ones(len(ticks), np.bool_)
        kept[found] = False
        places = polled.index[found].tolist()
        refused = [Refused(polled.messages[at], text) for at, text in zip(places, problems.values(), strict=True)]
        parts, letters = polled.parts, [*polled.refused, *refused]
        if parts is not None:
            numbers = [parts.number(row) for row in problems]
            refused = [
                Refused(one.message, f"item {number}: {one.problem}", (number,))
                for one, number in zip(refused, numbers, strict=True)
            ]
            letters = by_message([*polled.refused, *refused])
            whole = {id(one.message) for one in letters if not one.items}
            lost = [at for at in set(places) if id(polled.messages[at]) in whole]
            kept &= ~np.isin(polled.index, lost)
        rows = np.flatnonzero(kept)
        return replace(
            polled,
            ticks=_kept(ticks, kept),
            refused=letters,
            index=polled.index[kept],
            parts=None if parts is None else parts.kept(kept),
            rounded={name: np.flatnonzero(np.isin(rows, each)) for name, each in polled.rounded.items()},
        )

    def _without_marks(self, polled: Polled) -> Polled:
        """The same without marks of such keys, of which no tick comes further."""
        marks = polled.ticks.marks
        rows = [] if marks is None else [(number, key) for number, key in enumerate(marks.keys) if key is not None]
        if marks is None or not rows:
            return polled
        keys = pl.DataFrame([key for _, key in rows], schema=self._schema, orient="row")
        problems = self._problems(keys)
        if not problems:
            return polled
        wanted = np.ones(len(marks.time), np.bool_)
        wanted[[rows[place][0] for place in problems]] = False
        kept = kept_marks(marks, np.ones(len(polled.ticks), np.bool_), wanted)
        return replace(polled, ticks=replace(polled.ticks, marks=kept))

    def _without_unread(self, polled: Polled) -> Polled:
        """The same without the numbers of such keys' rows that could not be read."""
        unread = polled.ticks.unread
        problems = {} if unread is None else self._problems(unread.frame)
        if unread is None or not problems:
            return polled
        wanted = np.ones(unread.frame.height, np.bool_)
        wanted[[*problems]] = False
        left = Unread(unread.after[wanted], unread.frame.filter(pl.Series(wanted)))
        return replace(polled, ticks=replace(polled.ticks, unread=left))

    def _problems(self, ticks: pl.DataFrame) -> Mapping[int, str]:
        """What is wrong with the keys of some rows, by row."""
        problems: dict[int, str] = {}
        if self._keys is not None:
            rows = ticks.select(self._names).with_row_index("row")
            problems |= dict.fromkeys(rows.join(self._keys, on=self._names, how="semi")["row"].to_list(), _BLOCKED)
        if self._too_long is not None:
            long = ticks.select(self._too_long).to_series()
            problems |= dict.fromkeys(long.arg_true().to_list(), _LONG)
        return problems


def _kept(ticks: TickBatch, rows: Booleans) -> TickBatch:
    """Some of the rows, with all that stands between them."""
    marks, unread = ticks.marks, ticks.unread
    if unread is not None:
        before = np.concatenate([np.zeros(1, np.int64), np.cumsum(rows)])
        unread = Unread(before[unread.after], unread.frame)
    return replace(
        ticks,
        frame=ticks.frame.filter(pl.Series(rows)),
        offsets=ticks.offsets[rows],
        arrivals=None if ticks.arrivals is None else ticks.arrivals[rows],
        marks=None if marks is None else kept_marks(marks, rows, np.ones(len(marks.time), np.bool_)),
        unread=unread,
    )
