"""Whatever stands in a declaration, only DefinitionError comes out, with what, where and how to mend it."""

from __future__ import annotations

import copy
import datetime as dt
from decimal import Decimal
from tomllib import loads
from typing import TYPE_CHECKING, Any

import pytest

import barloom as bl
from barloom.plan.build import build
from barloom.plan.toml import _Reader
from plan.plan_cases import QUOTE_TOML, Quote, problems_of, quotes

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FULL = (
    QUOTE_TOML
    + """
[source]
columns = { bid = "data.b" }
format = "csv"
delimiter = ","
null_values = [""]
zone = "UTC"
arrival = "a"
arrival_unit = "s"
order = "row"
names = ["a"]
[bars]
name = "bars"
where = "bid > 0.1"
base = "1s"
input = "ticks"
stamped = "end"
delay = "2s"
calendar = "24x7"
gap = "omit"
carry_limit = "1d"
heartbeat = true
retention = "1d"
clock = "on"
max_ahead = "1s"
live_within = "1s"
pass_headers = ["a"]
ohlcv = { price = "bid", size = "size" }
rollup = ["1m", "1h"]
select = { x = "vwap(bid, size, scale=1)" }
[bars.timeframes."1h"]
delay = "5m"
"""
)

WRONG = [5, -1, Decimal("0.5"), True, "", [], {}, [5], ["", ""], {"a": 1}, "x" * 200, dt.date(2024, 1, 1), "((", "\x00"]


def paths(table: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The place of every key in a document."""
    for name, value in table.items():
        yield (*above, name)
        if isinstance(value, dict):
            yield from paths(value, (*above, name))


def replaced(path: tuple[str, ...], value: object) -> dict[str, Any]:
    """The full document with another value at one place."""
    document: dict[str, Any] = copy.deepcopy(loads(FULL, parse_float=Decimal))
    table = document
    for name in path[:-1]:
        table = table[name]
    table[path[-1]] = value
    return document


@pytest.mark.parametrize("path", list(paths(loads(FULL))), ids=".".join)
def test_any_value_at_any_place_of_a_document(path: tuple[str, ...]) -> None:
    """A wrong value is a problem, or right; it is never another error."""
    for value in WRONG:
        document = replaced(path, value)
        found = problems_of(lambda document=document: build(_Reader().bars(document)))  # type: ignore[misc]
        assert all(problem.what and problem.where and problem.fix for problem in found)


@pytest.mark.parametrize(
    "declare",
    [
        lambda value: bl.from_(value).tumbling("1s").ohlcv("bid").named("b"),
        lambda value: bl.from_(Quote).tumbling("1s", value).ohlcv("bid").named("b"),
        lambda value: bl.from_(Quote).tumbling(value, delay=value, gap=value, heartbeat=value).ohlcv("bid").named("b"),
        lambda value: quotes().ohlcv("bid").rollup(value).named("b"),
        lambda value: quotes().select(x=value).named("b"),
        lambda value: quotes().where(value).ohlcv("bid").named("b"),
        lambda value: quotes().select(x=bl.first(value)).named("b"),
        lambda value: quotes().select(x=bl.sum(bl.col("bid") * value)).named("b"),
        lambda value: quotes().select(x=bl.avg("bid", rounding=value)).named("b"),
        lambda value: quotes().select(x=bl.aggregate("x", {"a": value}, lambda p: p["a"])).named("b"),
        lambda value: quotes().select(x=bl.aggregate("x", {"a": bl.last("bid")}, lambda _: value)).named("b"),
        lambda value: quotes().ohlcv("bid").source(columns=value, format=value, delimiter=value).named("b"),
        lambda value: quotes().ohlcv("bid").clock(value).named("b"),
        lambda value: quotes().ohlcv("bid").named(value),
    ],
)
def test_any_argument_in_python(declare: Callable[[object], object]) -> None:
    """Python without a type checker gets problems as well."""
    for value in (5, 0.5, True, [], {}, object(), b"x", ("a",), float("nan"), Decimal("nan"), "1e999999999"):
        found = problems_of(lambda value=value: declare(value))  # type: ignore[misc]
        assert found or value == 5
        assert all(problem.what and problem.where and problem.fix for problem in found)
