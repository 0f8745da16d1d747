"""The fields of a stored bar, each computed when it is asked for."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from barloom.engine.frames import PHASE, phase_of, tells_phase
from barloom.engine.values.exact import decimal_of
from barloom.engine.values.results import result_of_one
from barloom.store.lazy import LazyBar
from barloom.time.instants import date_of, to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from barloom.plan.barplan import BarPlan, Output
    from barloom.store.codec import Record
    from barloom.store.layout import Layout
    from barloom.time.calendar import Calendar

__all__ = ["StoredBar", "values_of"]

StoredBar: TypeAlias = "LazyBar[Record]"
"""One record and how to read it."""

_Reader: TypeAlias = "Callable[[StoredBar], object]"

_TOLD: dict[str, _Reader] = {
    "missing": lambda bar: bar.content.missing,
    "complete": lambda bar: bar.content.complete,
}


def values_of(layout: Layout, calendar: Calendar, level: int) -> Callable[[bytes, int, bytes, bool], StoredBar]:
    """What makes the values of one bar of a level from its encoded key, start, record and whether it is final."""
    return partial(LazyBar, _readers(layout, calendar, level), layout.records.decode_one)


def _readers(layout: Layout, calendar: Calendar, level: int) -> dict[str, _Reader]:
    """How each field is read, in the order in which a bar shows them."""
    plan, grid = layout.plan, calendar.grid(layout.plan.levels[level].timeframe)
    timeframe = str(plan.levels[level].timeframe)
    decode_key = layout.keys.decode
    keys: dict[str, _Reader] = {
        name: partial(_key_field, decode_key, position) for position, name in enumerate(plan.event.key)
    }
    outputs = {output.name: _output(plan, output) for output in plan.outputs}
    return {
        **keys,
        "start": lambda bar: to_datetime(bar.start),
        "end": lambda bar: to_datetime(bar.content.end),
        **outputs,
        "timeframe": lambda _: timeframe,
        "start_ns": lambda bar: bar.start,
        "end_ns": lambda bar: bar.content.end,
        "trading_date": lambda bar: date_of(int(grid.trading_date(np.array([bar.start]))[0])),
        **_phase(plan, calendar, level),
        "open_time": lambda bar: None if bar.content.synthetic else to_datetime(bar.content.open_time),
        "close_time": lambda bar: None if bar.content.synthetic else to_datetime(bar.content.close_time),
        "open_time_ns": lambda bar: None if bar.content.synthetic else bar.content.open_time,
        "close_time_ns": lambda bar: None if bar.content.synthetic else bar.content.close_time,
        "slots": lambda bar: bar.content.slots,
        "filled": lambda bar: bar.content.filled,
        "expected_slots": lambda bar: bar.content.expected,
        "final": lambda bar: bar.final,
        "synthetic": lambda bar: bar.content.synthetic,
        "partial": lambda bar: bar.content.partial,
        **({} if plan.event.sequence is None else _TOLD),
        "revision": lambda bar: bar.content.revision,
    }


def _phase(plan: BarPlan, calendar: Calendar, level: int) -> dict[str, _Reader]:
    if not tells_phase(plan):
        return {}
    timeframe = plan.levels[level].timeframe
    return {PHASE: lambda bar: phase_of(calendar, timeframe, np.array([bar.start]))[0]}


def _key_field(decode: Callable[[bytes], tuple[object, ...]], position: int, bar: StoredBar) -> object:
    return decode(bar.key)[position]


def _output(plan: BarPlan, output: Output) -> _Reader:
    real = result_of_one(plan, output, synthetic=False)
    synthetic = result_of_one(plan, output, synthetic=True)
    scale = output.number.scale

    def whole(bar: StoredBar) -> int | None:
        record = bar.content
        return (synthetic if record.synthetic else real)(record.partials)

    def exact(bar: StoredBar) -> Decimal | None:
        value = whole(bar)
        return None if value is None else decimal_of(value, scale)

    return whole if output.number.integer else exact
