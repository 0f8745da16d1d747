"""A store at a glance."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from barloom.clock import Clock, SystemClock
from barloom.engine.engine import LEFT_OUT
from barloom.engine.market import OVERRIDES, overrides_taken, stored_overrides
from barloom.plan.identity import fingerprint
from barloom.read.key_stands import keys_of_store
from barloom.store.backend import Family
from barloom.store.refused import in_order
from barloom.time.about import short_name
from barloom.time.horizon import horizon_warning, last_known_date

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from barloom.read.key_stands import KeyStands
    from barloom.store.barstore import BarStore

__all__ = ["Overriding", "Status", "status"]


class Overriding(NamedTuple):
    """One content of the override file.

    `since` is the stream time at which it took effect (none: from the beginning), `changes` what it says, a text each.
    """

    since: int | None
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What a store holds.

    `finals` counts the bars ever written by timeframe (`compact` and retention may have removed some since), `open` the
    live bars now, `rows` input rows by what became of them, `rejected` refused rows by reason (all ever, also those no
    longer kept), `positions` how far each input was read (as the source writes it), `size` bytes on disk. Times are
    nanoseconds UTC, `first` that of the first accepted row. Where every key has a time of its own `stream_time` is the
    largest, and `keys` says where they stand, those furthest behind first.

    `calendar` is its name, `known_until` the last trading date it tells of, `days_left` how many days that is ahead of
    the clock (both none where there is no end), and `warning` what is said when that is near. `overrides` are the
    contents of override files that took effect, the last of them in force. `stopped` says by timeframe since when no
    bars are made because their slots reach beyond the calendar.
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
    calendar: str
    known_until: date | None
    days_left: int | None
    warning: str | None
    overrides: tuple[Overriding, ...]
    stopped: Mapping[str, int]
    keys: tuple[KeyStands, ...] = ()


def status(store: BarStore, *, clock: Clock | None = None) -> Status:
    """What a store holds; reads the small families only."""
    now = (SystemClock() if clock is None else clock).now()
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
        rejected=in_order(totals.rejected),
        positions={name: value.decode(errors="replace") for name, value in store.positions().items()},
        size=store.backend.size(),
        calendar=short_name(store.calendar),
        known_until=last_known_date(store.calendar),
        days_left=store.calendar.days_left(now),
        warning=horizon_warning(store.calendar, now),
        overrides=_overrides(store),
        stopped=_stopped(store),
        keys=keys_of_store(store),
    )


def _overrides(store: BarStore) -> tuple[Overriding, ...]:
    taken = overrides_taken(store.value(Family.ENTRIES, OVERRIDES))
    return tuple(Overriding(since, _changes(text)) for since, text in taken)


def _changes(text: str) -> tuple[str, ...]:
    content = stored_overrides(text)
    told = () if content.valid_until is None else (f"valid until {content.valid_until}",)
    return (*map(str, content.changes), *told)


def _stopped(store: BarStore) -> dict[str, int]:
    """The levels whose slots are left out, but for those that the calendar of today tells of."""
    left_out = msgspec.json.decode(store.value(Family.ENTRIES, LEFT_OUT) or b"{}", type=dict[int, int])
    timeframes = {store.plan.levels[position].timeframe: since for position, since in left_out.items()}
    return {
        str(timeframe): since
        for timeframe, since in timeframes.items()
        if not store.calendar.grid(timeframe).knows(np.array([since], dtype=np.int64))[0]
    }
