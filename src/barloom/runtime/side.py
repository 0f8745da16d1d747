"""Refused rows as records of the side output."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.engine.blocks import Reason
from barloom.engine.evaluate import Columns
from barloom.engine.intake import beyond_digits, computed
from barloom.plan.ladder import written as duration
from barloom.plan.render import render
from barloom.store.protocol import SideRecord
from barloom.time.instants import written as instant

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    import polars as pl

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
    nothing: dict[str, int] = {}
    for offset, (name, row, raw), message, key, event_time in rows:
        yield SideRecord(offset, name, row, "invalid", message, raw, 0, nothing, key, event_time)


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
    invalid = _invalid_messages(plan, rows, rejected)
    came = "its arrival" if ticks.limits is None or ticks.arrivals is not None else "it was first read"
    columns = zip(
        rejected.offset.tolist(),
        rejected.reason.tolist(),
        rejected.by.tolist(),
        origins,
        keys,
        times,
        missed,
        rejected.by_clock.tolist(),
        strict=True,
    )
    reasons = {int(reason): (reason, reason.name.lower()) for reason in Reason}
    for position, (offset, code, by, (origin, row, raw), key, time, slots, by_clock) in enumerate(columns):
        reason, name = reasons[code]
        message = invalid.get(position) or _message(reason, by, slots, came, by_clock=by_clock)
        yield SideRecord(offset, origin, row, name, message, raw, by, slots, key, time, by_clock)


def _missed(plan: BarPlan, rejected: Rejected) -> list[dict[str, int]]:
    """For each refused row the start of the slot it missed, by timeframe."""
    slots: list[dict[str, int]] = [{} for _ in range(len(rejected))]
    for position in plan.published:
        starts, valid = rejected.missed[position]
        where = range(len(rejected)) if valid is None else np.flatnonzero(valid).tolist()
        for row in where:
            slots[row][str(plan.levels[position].timeframe)] = int(starts[row])
    return slots


def _invalid_messages(plan: BarPlan, rows: pl.DataFrame, rejected: Rejected) -> dict[int, str]:
    """What is wrong with the rows, by position, that have the right types and are invalid all the same."""
    invalid = np.flatnonzero(rejected.reason == Reason.INVALID)
    if not len(invalid):
        return {}
    found = _off_boundaries(plan, rows, rejected, invalid)
    columns = Columns(rows, plan.event)
    for node in computed(plan):
        beyond = beyond_digits(node, columns)
        if beyond is not None:
            message = f"{render(node)} leaves 38 digits"
            found = dict.fromkeys(invalid[beyond[invalid]].tolist(), message) | found
    return found


def _off_boundaries(plan: BarPlan, rows: pl.DataFrame, rejected: Rejected, invalid: Integers) -> dict[int, str]:
    """Input bars stamped at a time at which no slot has that side."""
    if rejected.boundary is None:
        return {}
    times, nearest = rows[plan.event.timestamp].to_list(), rejected.boundary.tolist()
    return {
        row: _off_boundary(plan, times[row], nearest[row]) for row in invalid.tolist() if times[row] != nearest[row]
    }


def _off_boundary(plan: BarPlan, time: int, nearest: int) -> str:
    side = f"{plan.stamped} of a {plan.base.timeframe} slot"
    apart = f"{duration(abs(nearest - time))} {'later' if nearest > time else 'earlier'}"
    return f"{instant(time)} is no {side}; {instant(nearest)} is {apart}"


_MESSAGES = {
    Reason.OUT_OF_SESSION: "no session is open at its event time",
    Reason.DUPLICATE: "it was taken in before",
    Reason.CONFLICT: "it was taken in before with other values; the first stays",
    Reason.BEYOND_CALENDAR: "the calendar does not reach its event time",
}


def _message(reason: Reason, by: int, slots: Mapping[str, int], came: str, *, by_clock: bool) -> str:
    if reason is Reason.LATE:
        whose = " by the clock" if by_clock else ""
        return f"came {_seconds(by)} after its slot was decided{whose}; missing in {', '.join(slots)}"
    if reason is Reason.FUTURE:
        return f"its event time is {_seconds(by)} after {came}"
    return _MESSAGES[reason]


def _seconds(nanos: int) -> str:
    return f"{nanos / _SECOND:.3f} s"
