"""barloom turns market ticks into exact live and final OHLCV bars, from one typed declaration.

::

    import barloom as bl

    class Trade(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()
        price: Decimal = bl.decimal(18, 6)
        size: Decimal = bl.decimal(18, 2)

    bars = bl.from_(Trade).tumbling("1s").ohlcv(price="price", size="size").rollup("1m", "1h").named("bars")
    bars.compute(frame)["1m"]
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.errors import (
    BadRow,
    BarloomError,
    CalendarError,
    DefinitionError,
    ExactnessError,
    MissingExtra,
    Problem,
    SourceError,
    SourceReplaced,
    StoreError,
    StoreFormat,
    StoreFull,
    StoreLocked,
    StoreMismatch,
    StoreNotRunning,
    WaitTimeout,
)
from barloom.plan.aggregates import (
    Aggregate,
    EmptyRule,
    aggregate,
    avg,
    count,
    first,
    last,
    max,  # noqa: A004 - read as bl.max
    min,  # noqa: A004 - read as bl.min
    ohlcv,
    ratio,
    root_ratio,
    stddev,
    sum,  # noqa: A004 - read as bl.sum
    vwap,
)
from barloom.plan.barplan import BarPlan
from barloom.plan.events import Event, decimal, event_id, field, key, timestamp
from barloom.plan.expressions import Expression, Operand, col, lit
from barloom.plan.query import Bars, Query, from_, timeframe
from barloom.plan.registry import register_aggregate
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from barloom.kafka.events import EventReader, EventWriter
    from barloom.plan.load import load
    from barloom.read.bar import Bar
    from barloom.read.bucket import Found, NotFound, TimeBucket
    from barloom.read.kafka.messages import BarReader
    from barloom.read.kafka.opening import open_reader
    from barloom.read.kafka.reader import Reader
    from barloom.runtime.compute import Computed, compute
    from barloom.runtime.embedded import RunReport, run

__all__ = [
    "Aggregate",
    "BadRow",
    "Bar",
    "BarPlan",
    "BarReader",
    "BarloomError",
    "Bars",
    "CalendarError",
    "Computed",
    "DefinitionError",
    "EmptyRule",
    "Event",
    "EventReader",
    "EventWriter",
    "ExactnessError",
    "Expression",
    "Found",
    "MissingExtra",
    "NotFound",
    "Operand",
    "Problem",
    "Query",
    "Reader",
    "RunReport",
    "SourceError",
    "SourceReplaced",
    "StoreError",
    "StoreFormat",
    "StoreFull",
    "StoreLocked",
    "StoreMismatch",
    "StoreNotRunning",
    "TimeBucket",
    "Timeframe",
    "WaitTimeout",
    "aggregate",
    "avg",
    "col",
    "compute",
    "count",
    "decimal",
    "event_id",
    "field",
    "first",
    "from_",
    "key",
    "last",
    "lit",
    "load",
    "max",
    "min",
    "ohlcv",
    "open_reader",
    "ratio",
    "register_aggregate",
    "root_ratio",
    "run",
    "stddev",
    "sum",
    "timeframe",
    "timestamp",
    "vwap",
]

_LAZY = {
    "Bar": "barloom.read.bar",
    "BarReader": "barloom.read.kafka.messages",
    "Computed": "barloom.runtime.compute",
    "EventReader": "barloom.kafka.events",
    "EventWriter": "barloom.kafka.events",
    "Found": "barloom.read.bucket",
    "NotFound": "barloom.read.bucket",
    "Reader": "barloom.read.kafka.reader",
    "RunReport": "barloom.runtime.embedded",
    "TimeBucket": "barloom.read.bucket",
    "compute": "barloom.runtime.compute",
    "load": "barloom.plan.load",
    "open_reader": "barloom.read.kafka.opening",
    "run": "barloom.runtime.embedded",
}
"""Names whose modules are imported when first used, so that the import is quick: most of them load polars."""


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - only for the lazy names

    found: object = getattr(import_module(_LAZY[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
