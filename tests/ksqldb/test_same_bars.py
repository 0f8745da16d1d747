"""The embedded engine and the compiled SQL make the same bars of the same ticks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from barloom.front.bars import Bars
from barloom.ksqldb.compile.phases import compile_script
from barloom.plan.toml import read_toml
from ksqldb.running_sql import Record, Stamp, run
from properties.quick import quick

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan

DEFINITION = """
[event]
key = ["symbol"]
timestamp = "at"
[event.fields]
symbol = "string"
at = "timestamp"
bid = "decimal(10, 2)"
ask = "decimal(10, 2)?"
size = "int?"
side = "string?"
firm = "bool?"
[bars]
name = "bars"
base = "1m"
delay = "2h"
where = "not (side == 'x' and (ask - bid > 9 or firm)) and (bid != 5 or coalesce(ask, size * 2) is not null)"
rollup = ["15m"]
[bars.select]
open = "first(bid)"
high = "max(bid + 0.005)"
low = "min(-ask)"
close = "last(bid)"
mid = "last((bid + ask) * 0.5)"
asked = "first(ask) when side == 'b' or not firm"
size = "sum(size)"
turnover = "sum(bid * size) when not (ask < bid)"
sized = "count(size)"
known = "sum(coalesce(ask, 0))"
either = "last(coalesce(ask - bid, size, -1.5))"
paired = "max(coalesce(ask, size)) when coalesce(side, '') != 'b' or not (coalesce(size, ask) > 1)"
counted = "count(coalesce(ask, bid * size))"
among = "sum(bid) when side in ('b', 'y') or bid not in (5, 0.05)"
beside = "count() when not (size in (1, 2) or ask in (0, 5.5))"
early = "last(bid) when at < '2025-11-10T00:20:00.250Z' and at not in ('2025-11-10T00:00:01Z')"
range = "max(bid) - min(bid) * 2"
wide = "count() when ask - bid >= 1 or firm"
mean = "avg(bid, scale=1)"
rounded = "avg(ask, scale=1, rounding=half-up)"
vwap = "vwap(bid, size, scale=1)"
n = "count()"
"""
BEGIN = datetime(2025, 11, 10, tzinfo=UTC)
PRICES = st.sampled_from(["-1.50", "0", "0.05", "0.15", "0.25", "5", "5.00", "5.50", "12.35", "99999999.99"])
TICKS = st.lists(
    st.fixed_dictionaries(
        {
            "symbol": st.sampled_from(["A", "B", "A", "B", None]),
            "at": st.integers(0, 40 * 60 * 4).map(lambda quarters: BEGIN + timedelta(milliseconds=250 * quarters)),
            "bid": st.sampled_from([*["given"] * 6, None]).flatmap(
                lambda it: st.none() if it is None else PRICES.map(Decimal)
            ),
            "ask": st.none() | PRICES.map(Decimal),
            "size": st.none() | st.integers(-3, 5),
            "side": st.sampled_from(["b", "x", None]),
            "firm": st.sampled_from([True, False, None]),
        }
    ),
    min_size=1,
    max_size=40,
)


@pytest.fixture(scope="module")
def plan() -> BarPlan:
    """Filters, nulls, expressions, and quotients that often lie between two neighbours."""
    return read_toml(DEFINITION)


def milliseconds(at: datetime) -> int:
    """The time as ksqlDB keeps it."""
    return (at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1)


def by_sql(plan: BarPlan, ticks: list[dict[str, Any]]) -> dict[str, dict[tuple[str, int], dict[str, Any]]]:
    """The bars of the compiled script; ticks of another key, days later, close all windows."""
    later = [
        {**ticks[0], "symbol": "later", "at": BEGIN + timedelta(days=day), "side": "b", "bid": Decimal(1)}
        for day in (1, 2, 3)
    ]
    records = []
    for offset, tick in enumerate([*ticks, *later]):
        row = {name.upper(): value for name, value in tick.items()}
        records.append(Record(0, offset, {**row, "AT": Stamp(milliseconds(tick["at"]))}, milliseconds(tick["at"])))
    topics = run(compile_script(plan, allow_degraded=["all"]).text(), records)
    return {
        str(level.timeframe): {
            (row["SYMBOL"], row["BUCKET_START"]): {name: row[name.upper()] for name in names(plan)}
            for row in (record.row for record in topics.written[f"BARS_FINAL_{str(level.timeframe).upper()}"])
            if row["SYMBOL"] != "later"
        }
        for level in plan.levels
    }


def names(plan: BarPlan) -> list[str]:
    """The declared columns."""
    return [output.name for output in plan.outputs]


def by_engine(plan: BarPlan, ticks: list[dict[str, Any]]) -> dict[str, dict[tuple[str, int], dict[str, Any]]]:
    """The bars that the engine makes, synthetic ones there are none."""
    kinds = {"at": pl.Datetime("ns", "UTC"), "bid": pl.Decimal(10, 2), "ask": pl.Decimal(10, 2)}
    types = {**dict.fromkeys(("symbol", "side"), pl.String), "size": pl.Int64, "firm": pl.Boolean, **kinds}
    made = Bars(plan).compute(pl.DataFrame(ticks, schema={name: types[name] for name in ticks[0]}))
    return {
        timeframe: {
            (row["symbol"], milliseconds(row["start"])): {name: row[name] for name in names(plan)}
            for row in frame.iter_rows(named=True)
        }
        for timeframe, frame in made.finals.items()
    }


def tick(**more: object) -> dict[str, Any]:
    """A tick of ``A`` that the filter lets pass."""
    price = Decimal("0.15")
    return {"symbol": "A", "at": BEGIN, "bid": price, "ask": price, "size": 1, "side": "b", "firm": True, **more}


@example(ticks=[tick()])  # 0.15 lies between 0.1 and 0.2, but as a DOUBLE a little below
@example(ticks=[tick(), tick(bid=None), tick(symbol=None)])  # what must be there and is not
@example(ticks=[tick(bid=Decimal("0.25")), tick(side="x", ask=None)])
@quick(40)
@given(ticks=TICKS)
def test_the_compiled_sql_makes_the_bars_of_the_engine(plan: BarPlan, ticks: list[dict[str, Any]]) -> None:
    """Conditions with nulls, expressions, first and last of some rows, sums and quotients: value by value."""

    assert by_engine(plan, ticks) == by_sql(plan, ticks)
