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
    from barloom.plan.load import load
    from barloom.read.bar import Bar
    from barloom.read.bucket import Found, NotFound, TimeBucket
    from barloom.runtime.compute import Computed, compute
    from barloom.runtime.embedded import RunReport, run

__all__ = [
    "Aggregate",
    "BadRow",
    "Bar",
    "BarPlan",
    "BarloomError",
    "Bars",
    "CalendarError",
    "Computed",
    "DefinitionError",
    "EmptyRule",
    "Event",
    "ExactnessError",
    "Expression",
    "Found",
    "MissingExtra",
    "NotFound",
    "Operand",
    "Problem",
    "Query",
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
    "Computed": "barloom.runtime.compute",
    "Found": "barloom.read.bucket",
    "NotFound": "barloom.read.bucket",
    "RunReport": "barloom.runtime.embedded",
    "TimeBucket": "barloom.read.bucket",
    "compute": "barloom.runtime.compute",
    "load": "barloom.plan.load",
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
