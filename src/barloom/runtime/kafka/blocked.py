"""The block list: ticks of keys that poison their partition become dead letters before they reach the engine."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from barloom.engine.blocks import TickBatch
from barloom.runtime.kafka.polling import Refused
from barloom.source.fields import column_type

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.runtime.kafka.polling import Polled

__all__ = ["Blocked"]

_PROBLEM: Final = "its key is on the block list ([kafka] block)"


class Blocked:
    """Keeps the ticks of blocked keys out."""

    def __init__(self, plan: BarPlan, keys: Sequence[tuple[object, ...]]) -> None:
        self._names = list(plan.event.key)
        schema = {name: column_type(plan.event.by_name[name]) for name in self._names}
        self._keys = pl.DataFrame(list(keys), schema=schema, orient="row") if keys else None

    def without(self, polled: Polled) -> Polled:
        """The records without those of blocked keys, which are among the refused then."""
        if self._keys is None or not len(polled.ticks):
            return polled
        ticks = polled.ticks
        rows = ticks.frame.select(self._names).with_row_index("row")
        found = rows.join(self._keys, on=self._names, how="semi")["row"].to_numpy()
        if not len(found):
            return polled
        kept = np.ones(len(ticks), np.bool_)
        kept[found] = False
        arrivals = None if ticks.arrivals is None else ticks.arrivals[kept]
        refused = [Refused(polled.messages[place], _PROBLEM) for place in polled.index[found].tolist()]
        return replace(
            polled,
            ticks=TickBatch(ticks.frame.filter(pl.Series(kept)), ticks.offsets[kept], arrivals),
            refused=[*polled.refused, *refused],
            index=polled.index[kept],
        )
