"""A store at a glance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from barloom.plan.identity import fingerprint
from barloom.store.backend import Family

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.store.barstore import BarStore

__all__ = ["Status", "status"]


@dataclass(frozen=True, slots=True)
class Status:
    """What a store holds.

    `finals` counts the bars ever written by timeframe (`compact` and retention may have removed some since), `open` the
    live bars now, `rows` input rows by what became of them, `rejected` refused rows by reason (all ever, also those no
    longer kept), `positions` how far each input was read (as the source writes it), `size` bytes on disk. Times are
    nanoseconds UTC, `first` that of the first accepted row.
    """

    path: str
    definition: str
    fingerprint: str
    stream_time: int | None
    first: int | None
    finals: Mapping[str, int]
    open: Mapping[str, int]
    rows: Mapping[str, int]
    rejected: Mapping[str, int]
    positions: Mapping[str, str]
    size: int


def status(store: BarStore) -> Status:
    """What a store holds; reads the small families only."""
    plan, totals, times = store.plan, store.totals(), store.times()
    levels = {position: str(plan.levels[position].timeframe) for position in plan.published}
    live = Counter(place[0] for place, _ in store.backend.scan(Family.OPEN, b"", None))
    return Status(
        path=store.backend.name,
        definition=plan.name,
        fingerprint=fingerprint(plan),
        stream_time=times.stream_time,
        first=times.first,
        finals={name: totals.finals.get(str(position), 0) for position, name in levels.items()},
        open={name: live[position] for position, name in levels.items()},
        rows=totals.rows,
        rejected=totals.rejected,
        positions={name: value.decode(errors="replace") for name, value in store.positions().items()},
        size=store.backend.size(),
    )
