"""Refused rows as records of the side output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import Reason
from barloom.store.protocol import SideRecord

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from barloom.engine.blocks import Rejected, TickBatch
    from barloom.plan.barplan import BarPlan
    from barloom.source.protocol import InvalidRow, Origin, SourceBatch
    from barloom.time.calendar import Integers

__all__ = ["refused_rows", "side_records"]

_SECOND = 1_000_000_000


def side_records(plan: BarPlan, batch: SourceBatch, rejected: Rejected | None) -> tuple[SideRecord, ...]:
    """What a batch adds to the side output, in source order."""
    refused = refused_rows(plan, batch.ticks, batch.origins, rejected)
    return tuple(sorted([*_invalid(batch.invalid), *refused], key=lambda record: record.offset))


def _invalid(rows: Iterable[InvalidRow]) -> Iterator[SideRecord]:
    for row in rows:
        yield SideRecord(
            row.offset,
            row.origin.name,
            row.origin.row,
            "invalid",
            row.message,
            row.origin.raw,
            key=row.key,
            event_time=row.event_time,
        )


def refused_rows(
    plan: BarPlan, ticks: TickBatch, origins: Callable[[Integers], Sequence[Origin]], rejected: Rejected | None
) -> list[SideRecord]:
    """Rows that the engine did not take; `origins` says where given rows came from."""
    if rejected is None or not len(rejected):
        return []
    return list(_refused(plan, ticks, origins(rejected.row), rejected))


def _refused(plan: BarPlan, ticks: TickBatch, origins: Sequence[Origin], rejected: Rejected) -> Iterator[SideRecord]:
    rows = ticks.frame[rejected.row]
    keys = rows.select(plan.event.key).rows()
    times = rows[plan.event.timestamp].to_list()
    missed = _missed(plan, rejected)
    came = "its arrival" if ticks.limits is None or ticks.arrivals is not None else "it was first read"
    columns = zip(
        rejected.offset.tolist(),
        rejected.reason.tolist(),
        rejected.by.tolist(),
        origins,
        keys,
        times,
        missed,
        strict=True,
    )
    for offset, code, by, origin, key, time, slots in columns:
        reason = Reason(code)
        message = _message(reason, by, slots, came)
        name = reason.name.lower()
        yield SideRecord(offset, origin.name, origin.row, name, message, origin.raw, by, slots, key, time)


def _missed(plan: BarPlan, rejected: Rejected) -> list[dict[str, int]]:
    """For each refused row the start of the slot it missed, by timeframe."""
    slots: list[dict[str, int]] = [{} for _ in range(len(rejected))]
    for position in plan.published:
        starts, valid = rejected.missed[position]
        where = range(len(rejected)) if valid is None else np.flatnonzero(valid).tolist()
        for row in where:
            slots[row][str(plan.levels[position].timeframe)] = int(starts[row])
    return slots


_MESSAGES = {
    Reason.INVALID: "a product of its values leaves 38 digits, or (bars as input) its time is no boundary of a slot",
    Reason.OUT_OF_SESSION: "no session is open at its event time",
    Reason.DUPLICATE: "it was taken in before",
    Reason.CONFLICT: "it was taken in before with other values; the first stays",
    Reason.BEYOND_CALENDAR: "the calendar does not reach its event time",
}


def _message(reason: Reason, by: int, slots: Mapping[str, int], came: str) -> str:
    if reason is Reason.LATE:
        return f"came {_seconds(by)} after its slot was decided; missing in {', '.join(slots)}"
    if reason is Reason.FUTURE:
        return f"its event time is {_seconds(by)} after {came}"
    return _MESSAGES[reason]


def _seconds(nanos: int) -> str:
    return f"{nanos / _SECOND:.3f} s"
