"""Rows of a ksqlDB pipeline to the values of bars, one by one.

Every output is computed from the partials in the row, as barloom's own engine does it, so that quotients have all the
digits that the definition asks for and not only those of ksqlDB's DOUBLE.
"""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from barloom.engine.values.exact import decimal_of, scaled_integer
from barloom.engine.values.results import result_of_one
from barloom.ksqldb.compile.layout import CLOSE_TIME, OPEN_TIME
from barloom.ksqldb.reader.held import held_partials
from barloom.plan.nodes import columns_of
from barloom.time.instants import nanos_of, to_datetime
from barloom.time.timeframe import DAY, MILLISECOND

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.plan.barplan import BarPlan, NumberType

__all__ = ["BarValues", "window_nanos"]


def window_nanos(plan: BarPlan, level: int) -> int:
    """The length of a level's windows in nanoseconds."""
    frame = plan.levels[level].timeframe
    return DAY if frame.unit == "d" else frame.nanos


class BarValues:
    """Makes the values of bars of one level; what ksqlDB does not keep (`slots`, `revision`, …) is not among them."""

    def __init__(self, plan: BarPlan, level: int) -> None:
        self.timeframe = str(plan.levels[level].timeframe)
        self.length = window_nanos(plan, level)
        self._keys = plan.event.key
        self._partials = plan.partials
        self._held = held_partials(plan)
        self._outputs = {
            output.name: (result_of_one(plan, output, synthetic=False), output.number)
            for output in plan.outputs
            if all(int(name) in self._held for name in columns_of(output.result))
        }

    def values(self, key: Sequence[object], start: int, row: Mapping[str, object], *, final: bool) -> dict[str, object]:
        """The fields of the bar that a row of columns is, in the slot that begins at `start` (nanoseconds)."""
        partials = [
            _whole(row.get(self._held.get(position, "")), partial.number)
            for position, partial in enumerate(self._partials)
        ]
        outputs = {name: _read(compute(partials), number) for name, (compute, number) in self._outputs.items()}
        begin, opened, closed = to_datetime(start), _nanos(row.get(OPEN_TIME)), _nanos(row.get(CLOSE_TIME))
        return {
            **dict(zip(self._keys, key, strict=True)),
            "start": begin,
            "end": to_datetime(start + self.length),
            **outputs,
            "timeframe": self.timeframe,
            "start_ns": start,
            "end_ns": start + self.length,
            "trading_date": begin.date(),
            "open_time": None if opened is None else to_datetime(opened),
            "close_time": None if closed is None else to_datetime(closed),
            "open_time_ns": opened,
            "close_time_ns": closed,
            "final": final,
            "synthetic": False,
        }


def _whole(value: object, number: NumberType) -> int | None:
    """A value as the engine has it: an integer at the scale of its type."""
    match value:
        case Decimal():
            return scaled_integer(value, number.scale)
        case datetime():
            return nanos_of(value)
        case int():
            return value
        case _:
            return None


def _read(value: int | None, number: NumberType) -> int | Decimal | None:
    return value if value is None or number.integer else decimal_of(value, number.scale)


def _nanos(value: object) -> int | None:
    """A time as a query answers it, or in the milliseconds of a message."""
    match value:
        case datetime():
            return nanos_of(value)
        case int():
            return value * MILLISECOND
        case _:
            return None
