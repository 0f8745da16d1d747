"""The fields of a bar that stands as the message it came in."""

from __future__ import annotations

from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

from barloom.engine.frames import PHASE, tells_phase
from barloom.plan.columns import COMPLETENESS
from barloom.read.bar import STANDARD_FIELDS
from barloom.store.lazy import LazyBar
from barloom.time.instants import nanos_of, to_datetime

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from barloom.plan.barplan import BarPlan
    from barloom.serde.protocol import BarDecoder


__all__ = ["MessageBar", "message_values"]

MessageBar: TypeAlias = LazyBar[dict[str, object]]
"""One message and how to read it."""

_Reader: TypeAlias = "Callable[[MessageBar], object]"

_SLOT: Final = ("start", "end")
_AFTER_OUTPUTS: Final = ("timeframe", "start_ns", "end_ns", "trading_date")
_OWN: Final[Mapping[str, _Reader]] = {
    "start": lambda bar: to_datetime(bar.start),
    "start_ns": lambda bar: bar.start,
    "end_ns": lambda bar: _nanos(bar.content["end"]),
    "open_time": lambda bar: _moment(bar.content["open_time"]),
    "close_time": lambda bar: _moment(bar.content["close_time"]),
    "open_time_ns": lambda bar: _nanos(bar.content["open_time"]),
    "close_time_ns": lambda bar: _nanos(bar.content["close_time"]),
    "final": lambda bar: bar.final,
}
"""Fields that a place says, or that a bar has beside the columns of its message."""


def message_values(plan: BarPlan, decoder: BarDecoder, level: int) -> Callable[[bytes, int, bytes, bool], MessageBar]:
    """What makes the values of one bar of a level from its encoded key, start, message value and whether it is final.

    A message is decoded when the first of its fields is asked for.
    """
    readers = {name: _OWN.get(name) or partial(_column, name) for name in _names(plan) if name not in decoder.lacks}
    return partial(LazyBar, readers, partial(decoder.one, level, b""))


def _names(plan: BarPlan) -> list[str]:
    """The order in which every bar shows its fields."""
    outputs = [output.name for output in plan.outputs]
    phase = [PHASE] if tells_phase(plan) else []
    rest = [name for name in STANDARD_FIELDS if name not in (*_SLOT, *_AFTER_OUTPUTS)]
    if plan.event.sequence is not None:
        place = rest.index("partial") + 1
        rest[place:place] = COMPLETENESS
    return [*plan.event.key, *_SLOT, *outputs, *_AFTER_OUTPUTS, *phase, *rest]


def _column(name: str, bar: MessageBar) -> object:
    return bar.content[name]


def _moment(time: object) -> object:
    return to_datetime(time) if isinstance(time, int) else time


def _nanos(time: object) -> object:
    """A time of a decoded message, whose datetimes are exact to what their topic holds."""
    return nanos_of(time) if isinstance(time, datetime) else time
