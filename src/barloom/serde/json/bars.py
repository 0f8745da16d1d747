"""Bars as JSON: one object with the columns of `bar_schema`, its key an object of the key fields and the start.

The member ``format`` tells which version of this layout it is. Decimals are texts, so that no reader rounds them.
Times are written as `JsonTimes` says: text has seconds for ``start`` and ``end`` of timeframes of whole seconds, and
nine digits for all others; numbers have a fraction where an ``open_time`` or ``close_time`` has one.
"""

from __future__ import annotations

from functools import partial
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Final

import msgspec
import numpy as np
import polars as pl

from barloom.engine.frames import TIME, bar_frame, bar_schema
from barloom.serde.by_keys import ByKeys
from barloom.serde.json.text import FORMAT, VERSION, as_json, bound_as_json, json_members
from barloom.serde.prefixes import KeyPrefixes
from barloom.serde.protocol import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.engine.blocks import BarBlock, BarId, Keys
    from barloom.plan.barplan import BarPlan
    from barloom.serde.json.text import JsonTimes
    from barloom.time.calendar import Calendar

__all__ = ["JsonBarEncoder", "json_key_prefix"]

_START: Final = "start"


def json_key_prefix(names: tuple[str, ...], row: tuple[object, ...]) -> bytes:
    """The key fields as the first members of an object; something has to follow."""
    fields = dict(zip(names, row, strict=True))
    return msgspec.json.encode(fields)[:-1] + b","


class JsonBarEncoder:
    """Writes bars of any level of a plan."""

    def __init__(self, plan: BarPlan, calendar: Calendar, times: JsonTimes) -> None:
        self._plan = plan
        self._calendar = calendar
        names = plan.event.key
        self._prefixes = ByKeys(lambda: KeyPrefixes(partial(json_key_prefix, names)))
        texts = {name: as_json(name, kind, times) for name, kind in bar_schema(plan).items() if name not in set(names)}
        finer = pl.col("timeframe").str.ends_with("ms")
        texts |= {name: bound_as_json(name, times, exact=finer) for name in (_START, "end")}
        self._key = json_members({_START: bound_as_json(_START, times)}).cast(pl.Binary).alias("key")
        self._value = json_members({FORMAT: pl.lit(str(VERSION)), **texts}).cast(pl.Binary).alias("value")

    def encode(self, blocks: Sequence[BarBlock], keys: Keys) -> list[Records]:
        """One message a bar, in each block's order."""
        if not blocks:
            return []
        texts = bar_frame(self._plan, self._calendar, keys, *blocks).select_seq(self._key, self._value)
        prefixes = self._prefixes.of(keys).of(np.concatenate([block.key for block in blocks]), keys)
        places, values = _behind(prefixes, texts["key"]), _behind(prefixes, texts["value"])
        ends = accumulate(map(len, blocks), initial=0)
        return [Records(places[begin:end], values[begin:end]) for begin, end in pairwise(ends)]

    def tombstones(self, gone: BarId, keys: Keys) -> list[bytes]:
        """The keys of the messages that take bars back."""
        starts = pl.Series(_START, gone.start).cast(TIME).to_frame().select(self._key)
        return _behind(self._prefixes.of(keys).of(gone.key, keys), starts["key"])


def _behind(prefixes: list[bytes], rest: pl.Series) -> list[bytes]:
    return [prefix + each for prefix, each in zip(prefixes, rest.to_list(), strict=True)]
