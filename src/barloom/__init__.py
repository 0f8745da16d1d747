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

    bars = bl.load("ticks.toml")
    bars.run("ticks/*.csv.gz", "state")
    bars.run(bl.feed.open("kraken", ["BTC/USD"]), "state")
    bars.kafka(brokers="localhost:9092", input="ticks").run()

What is for one place where bars are made stands in `bl.kafka` and `bl.ksqldb`, live feeds of venues in `bl.feed`, bars
over HTTP in `bl.serve`, slots and calendars in `bl.time`, doubles for tests in `bl.testing`, and a made-up market in
`bl.simulate`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.lazy import lazily

if TYPE_CHECKING:
    from barloom import feed, kafka, ksqldb, serve, simulate, testing, time
    from barloom.embedded.compute import Computed, compute
    from barloom.embedded.run import run
    from barloom.environment import Secret
    from barloom.errors import (
        AddressUnusable,
        BadArguments,
        BadRow,
        BarloomError,
        CalendarError,
        DefinitionError,
        ExactnessError,
        MissingExtra,
        PositionGone,
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
    from barloom.front.bars import Bars
    from barloom.front.init import init
    from barloom.front.load import load
    from barloom.front.query import Query, from_, timeframe
    from barloom.front.store import Store
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
    from barloom.plan.events import Event, decimal, event_id, field, key, sequence, tiebreak, timestamp
    from barloom.plan.expressions import Expression, Operand, coalesce, col, lit
    from barloom.plan.language.registry import register_aggregate
    from barloom.read.answers import Found, NotFound, Why
    from barloom.read.bar import Bar
    from barloom.read.bucket import TimeBucket
    from barloom.read.events import Closed, FinalBar
    from barloom.read.explain import Explanation
    from barloom.read.gaps import Gap
    from barloom.read.verify.verification import Verification
    from barloom.runtime.report import RunProgress, RunReport
    from barloom.source.feeds.word import BEHIND, CAUGHT_UP, CompleteTo, FeedState
    from barloom.store.protocol import SideRecord
    from barloom.time.timeframe import Timeframe

__all__ = [
    "BEHIND",
    "CAUGHT_UP",
    "AddressUnusable",
    "Aggregate",
    "BadArguments",
    "BadRow",
    "Bar",
    "BarPlan",
    "BarloomError",
    "Bars",
    "CalendarError",
    "Closed",
    "CompleteTo",
    "Computed",
    "DefinitionError",
    "EmptyRule",
    "Event",
    "ExactnessError",
    "Explanation",
    "Expression",
    "FeedState",
    "FinalBar",
    "Found",
    "Gap",
    "MissingExtra",
    "NotFound",
    "Operand",
    "PositionGone",
    "Problem",
    "Query",
    "RunProgress",
    "RunReport",
    "Secret",
    "SideRecord",
    "SourceError",
    "SourceReplaced",
    "Store",
    "StoreError",
    "StoreFormat",
    "StoreFull",
    "StoreLocked",
    "StoreMismatch",
    "StoreNotRunning",
    "TimeBucket",
    "Timeframe",
    "TooManyRejected",
    "Verification",
    "WaitTimeout",
    "Why",
    "aggregate",
    "avg",
    "coalesce",
    "col",
    "compute",
    "count",
    "decimal",
    "delta",
    "event_id",
    "feed",
    "field",
    "first",
    "from_",
    "init",
    "kafka",
    "key",
    "ksqldb",
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
    "sequence",
    "serve",
    "simulate",
    "stddev",
    "sum",
    "testing",
    "tiebreak",
    "time",
    "timeframe",
    "timestamp",
    "vwap",
]

_HOMES = {
    "barloom.store.protocol": "SideRecord",
    "barloom.read.explain": "Explanation",
    "barloom.read.gaps": "Gap",
    "barloom.read.verify.verification": "Verification",
    "barloom.embedded.compute": "Computed compute",
    "barloom.embedded.run": "run",
    "barloom.environment": "Secret",
    "barloom.errors": (
        "BadRow BarloomError CalendarError DefinitionError ExactnessError MissingExtra PositionGone Problem "
        "SourceError "
        "SourceReplaced StoreError StoreFormat StoreFull StoreLocked StoreMismatch StoreNotRunning "
        "TooManyRejected WaitTimeout"
        " AddressUnusable BadArguments"
    ),
    "barloom.front.bars": "Bars",
    "barloom.front.init": "init",
    "barloom.front.load": "load",
    "barloom.front.store": "Store",
    "barloom.front.query": "Query from_ timeframe",
    "barloom.plan.aggregates": (
        "Aggregate EmptyRule aggregate avg count delta first last max min ohlcv ratio root_ratio stddev sum vwap"
    ),
    "barloom.plan.barplan": "BarPlan",
    "barloom.plan.events": "Event decimal event_id field key sequence tiebreak timestamp",
    "barloom.plan.expressions": "Expression Operand coalesce col lit",
    "barloom.plan.language.registry": "register_aggregate",
    "barloom.read.answers": "Found NotFound Why",
    "barloom.read.bar": "Bar",
    "barloom.read.bucket": "TimeBucket",
    "barloom.read.events": "Closed FinalBar",
    "barloom.runtime.report": "RunReport RunProgress",
    "barloom.source.feeds.word": "BEHIND CAUGHT_UP CompleteTo FeedState",
    "barloom.time.timeframe": "Timeframe",
}

__getattr__, __dir__ = lazily(globals(), _HOMES, ("feed", "kafka", "ksqldb", "serve", "simulate", "testing", "time"))
