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

if TYPE_CHECKING:
    from barloom.embedded.compute import Computed
    from barloom.embedded.run import RunReport, run
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
        TooManyRejected,
        WaitTimeout,
    )
    from barloom.kafka.events.typed import EventReader, EventWriter
    from barloom.kafka.reader.messages import BarReader
    from barloom.kafka.reader.opening import open_reader
    from barloom.kafka.reader.reader import Reader
    from barloom.plan.aggregates import (
        Aggregate,
        EmptyRule,
        aggregate,
        avg,
        count,
        delta,
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
    from barloom.plan.events import Event, decimal, event_id, field, key, tiebreak, timestamp
    from barloom.plan.expressions import Expression, Operand, coalesce, col, lit
    from barloom.plan.load import load
    from barloom.plan.query import Bars, Query, from_, timeframe
    from barloom.plan.registry import register_aggregate
    from barloom.read.bar import Bar
    from barloom.read.bucket import Found, NotFound, TimeBucket
    from barloom.runtime.computing import compute
    from barloom.source.feeds.word import BEHIND, CAUGHT_UP, FeedState
    from barloom.time.timeframe import Timeframe

__all__ = [
    "BEHIND",
    "CAUGHT_UP",
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
    "FeedState",
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
    "TooManyRejected",
    "WaitTimeout",
    "aggregate",
    "avg",
    "coalesce",
    "col",
    "compute",
    "count",
    "decimal",
    "delta",
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
    "tiebreak",
    "timeframe",
    "timestamp",
    "vwap",
]

_HOMES = {
    "BEHIND": "barloom.source.feeds.word",
    "CAUGHT_UP": "barloom.source.feeds.word",
    "Aggregate": "barloom.plan.aggregates",
    "BadRow": "barloom.errors",
    "Bar": "barloom.read.bar",
    "BarPlan": "barloom.plan.barplan",
    "BarReader": "barloom.kafka.reader.messages",
    "BarloomError": "barloom.errors",
    "Bars": "barloom.plan.query",
    "CalendarError": "barloom.errors",
    "Computed": "barloom.embedded.compute",
    "DefinitionError": "barloom.errors",
    "EmptyRule": "barloom.plan.aggregates",
    "Event": "barloom.plan.events",
    "EventReader": "barloom.kafka.events.typed",
    "EventWriter": "barloom.kafka.events.typed",
    "ExactnessError": "barloom.errors",
    "Expression": "barloom.plan.expressions",
    "FeedState": "barloom.source.feeds.word",
    "Found": "barloom.read.bucket",
    "MissingExtra": "barloom.errors",
    "NotFound": "barloom.read.bucket",
    "Operand": "barloom.plan.expressions",
    "Problem": "barloom.errors",
    "Query": "barloom.plan.query",
    "Reader": "barloom.kafka.reader.reader",
    "RunReport": "barloom.embedded.run",
    "SourceError": "barloom.errors",
    "SourceReplaced": "barloom.errors",
    "StoreError": "barloom.errors",
    "StoreFormat": "barloom.errors",
    "StoreFull": "barloom.errors",
    "StoreLocked": "barloom.errors",
    "StoreMismatch": "barloom.errors",
    "StoreNotRunning": "barloom.errors",
    "TooManyRejected": "barloom.errors",
    "TimeBucket": "barloom.read.bucket",
    "Timeframe": "barloom.time.timeframe",
    "WaitTimeout": "barloom.errors",
    "aggregate": "barloom.plan.aggregates",
    "avg": "barloom.plan.aggregates",
    "coalesce": "barloom.plan.expressions",
    "col": "barloom.plan.expressions",
    "compute": "barloom.runtime.computing",
    "count": "barloom.plan.aggregates",
    "decimal": "barloom.plan.events",
    "delta": "barloom.plan.aggregates",
    "event_id": "barloom.plan.events",
    "field": "barloom.plan.events",
    "first": "barloom.plan.aggregates",
    "from_": "barloom.plan.query",
    "key": "barloom.plan.events",
    "last": "barloom.plan.aggregates",
    "lit": "barloom.plan.expressions",
    "load": "barloom.plan.load",
    "max": "barloom.plan.aggregates",
    "min": "barloom.plan.aggregates",
    "ohlcv": "barloom.plan.aggregates",
    "open_reader": "barloom.kafka.reader.opening",
    "ratio": "barloom.plan.aggregates",
    "register_aggregate": "barloom.plan.registry",
    "root_ratio": "barloom.plan.aggregates",
    "run": "barloom.embedded.run",
    "stddev": "barloom.plan.aggregates",
    "sum": "barloom.plan.aggregates",
    "tiebreak": "barloom.plan.events",
    "timeframe": "barloom.plan.query",
    "timestamp": "barloom.plan.events",
    "vwap": "barloom.plan.aggregates",
}
"""Where each name lives. Its module is imported when the name is first used, so that every command begins at once."""


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    from importlib import import_module  # noqa: PLC0415 - not before a name is used

    found: object = getattr(import_module(_HOMES[name]), name)
    globals()[name] = found
    return found


def __dir__() -> list[str]:
    return sorted(__all__)
