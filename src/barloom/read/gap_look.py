"""The gaps of whatever bars are read from, and what a bar says of the numbers of its rows."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from barloom.read.gaps import gaps_from, gaps_of_store
from barloom.store.barstore import BarStore
from barloom.time.instants import written

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.read.bar import StoredValues
    from barloom.read.gaps import Gap
    from barloom.read.readable import Readable

__all__ = ["Numbers", "gaps_in", "gaps_touching", "numbers_of", "told"]


def gaps_in(store: Readable, key: Mapping[str, object]) -> list[Gap]:
    """The gaps of all keys that have these fields, by key and number.

    Of a store they come from its state and the side output. A copy of topics has no state: what the topic of refused
    rows tells as found counts as open there until it is given up or its rows came too late.
    """
    if store.plan.event.sequence is None:
        return []
    names = store.plan.event.key
    whole = tuple(key[name] for name in names) if len(key) == len(names) else None
    if isinstance(store, BarStore):
        found = gaps_of_store(store, whole)
    else:
        records = (record for block in store.side() for record in block)
        found = gaps_from(store.plan, store.calendar, records, None, whole)
    return [gap for gap in found if _has(dict(zip(names, gap.key, strict=True)), key)]


def _has(fields: Mapping[str, object], wanted: Mapping[str, object]) -> bool:
    return all(fields[name] == value for name, value in wanted.items())


def gaps_touching(store: Readable, key: Sequence[object], timeframe: str, start: int) -> list[Gap]:
    """Those of a key whose numbers may lie in one slot, or may have when it was decided."""
    found = gaps_in(store, dict(zip(store.plan.event.key, key, strict=True)))
    touching = ((gap, gap.bars.get(timeframe)) for gap in found)
    return [gap for gap, bars in touching if bars is not None and bars[0] <= start <= bars[1]]


def told(gap: Gap) -> str:
    """A gap in words: ``17 to 19 (3), between … and …, given up``."""
    numbers = f"{gap.first}" if gap.count == 1 else f"{gap.first} to {gap.last} ({gap.count:,})"
    return f"{numbers}, between {written(gap.start)} and {written(gap.end)}, {gap.state}"


class Numbers(NamedTuple):
    """What a bar says of the numbers of its rows, as of when it was decided, or of now.

    `missing` is how many were absent, `complete` is ``yes``, ``no`` or ``unknown``, `gaps` those numbers that may lie
    in it, `refused` the rows of it that were refused, by reason.
    """

    missing: int
    complete: str
    gaps: tuple[Gap, ...] = ()
    refused: Mapping[str, int] = MappingProxyType({})

    @property
    def why(self) -> str:
        """Why it is not known to be complete; empty where it is."""
        if self.complete == "yes":
            return ""
        reasons = []
        if self.missing:
            reasons.append(f"{self.missing:,} number{'' if self.missing == 1 else 's'} missing")
        reasons += [f"{rows:,} {reason.replace('_', ' ')}" for reason, rows in self.refused.items()]
        if reasons:
            return ", ".join(reasons)
        if self.complete == "no":
            return "a row of it was refused"
        return (
            "the unbroken numbers of its key are not known to reach from before its start to beyond its end, or a row "
            "of it has no number"
        )


def numbers_of(
    store: Readable, level: int, key: Sequence[object], slot: tuple[int, int], record: StoredValues | None
) -> Numbers | None:
    """What the bar of a key in a slot says of its numbers; none where no sequence is declared, or there is no bar.

    The side output is read only where the bar is not known to be complete.
    """
    if store.plan.event.sequence is None or record is None:
        return None
    missing, complete = record.value("missing"), str(record.value("complete"))
    count = missing if isinstance(missing, int) else 0
    if complete == "yes":
        return Numbers(count, complete)
    timeframe = str(store.plan.levels[level].timeframe)
    gaps = tuple(gaps_touching(store, key, timeframe, slot[0]))
    return Numbers(count, complete, gaps, _refused(store, timeframe, key, slot) if complete == "no" else {})


def _refused(store: Readable, timeframe: str, key: Sequence[object], slot: tuple[int, int]) -> dict[str, int]:
    """The rows of a slot that were refused, by reason."""
    from barloom.read.verify.evidence import found_in  # noqa: PLC0415 - only where a bar lacks some

    texts = {name: str(value) for name, value in zip(store.plan.event.key, key, strict=True)}
    cells = pl.DataFrame(
        {**texts, "cell": slot[0], "lo": slot[0], "hi": slot[1], "wide_lo": slot[0], "wide_hi": slot[1]}
    )
    found = found_in(store.plan, timeframe, store.side(), cells)
    return {cause: rows for cause, rows in found.select("cause", "rows").iter_rows() if cause != "missing"}
