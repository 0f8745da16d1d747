"""Promises 21 to 23: one base window, one event time, grouping by the key."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import barloom as bl
from plan.plan_cases import QUOTE_TOML, Quote, only_problem, problems_of, quotes


class Unstamped(bl.Event):
    """An event without a marked event time."""

    symbol: str = bl.key()
    at: datetime
    price: Decimal = bl.decimal(18, 6)


class TwiceStamped(bl.Event):
    """An event with two event times."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    seen: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 6)


def test_second_granularity_in_tumbling_points_to_rollup() -> None:
    """Promise 21: there is one base window; a second granularity belongs into rollup."""
    what, where, fix = only_problem(lambda: bl.from_(Quote).tumbling("1s", "1m").ohlcv(price="bid").named("bars"))

    assert "more than one granularity (1s, 1m)" in what
    assert "tumbling" == where
    assert 'tumbling("1s") and rollup("1m")' in fix


def test_list_of_granularities_is_the_same_error() -> None:
    """Promise 21 holds for a list as well."""
    query = bl.from_(Quote).tumbling(["5m", "1m"]).ohlcv(price="bid")  # type: ignore[arg-type]

    assert 'tumbling("1m") and rollup("5m")' in only_problem(lambda: query.named("bars"))[2]


def test_second_tumbling_points_to_rollup() -> None:
    """Promise 21: a second call of tumbling does not replace the first."""
    what, where, fix = only_problem(lambda: quotes().tumbling("1m").ohlcv(price="bid").named("bars"))

    assert ("a second base window (1m)", "tumbling") == (what, where)
    assert "rollup" in fix


def test_list_as_base_in_toml_is_the_same_error() -> None:
    """Promise 21 in TOML."""
    from barloom.plan.toml import read_toml  # noqa: PLC0415

    text = QUOTE_TOML + '[bars]\nname = "bars"\nbase = ["1s", "1m"]\nohlcv = { price = "bid" }\n'
    what, where, fix = only_problem(lambda: read_toml(text))

    assert "more than one granularity" in what
    assert "bars.base" == where
    assert "rollup" in fix


def test_event_time_by_field_or_by_on() -> None:
    """Promise 22: either place defines the event time."""
    by_on = bl.from_(Unstamped).tumbling("1s", on="at").ohlcv(price="price").named("bars")

    assert "at" == by_on.plan.event.timestamp
    assert "at" == quotes().ohlcv(price="bid").named("bars").plan.event.timestamp


def test_no_event_time_is_an_error() -> None:
    """Promise 22: neither place is an error."""
    what, where, fix = only_problem(lambda: bl.from_(Unstamped).tumbling("1s").ohlcv(price="price").named("bars"))

    assert ("no event time", "Unstamped") == (what, where)
    assert "bl.timestamp()" in fix
    assert "tumbling(on=…)" in fix


def test_event_time_in_both_places_is_an_error() -> None:
    """Promise 22: both places are an error, even where they agree."""
    query = bl.from_(Quote).tumbling("1s", on="at").ohlcv(price="bid")
    what, where, fix = only_problem(lambda: query.named("bars"))

    assert "the event time is defined twice: by at and by on='at'" == what
    assert "tumbling(on=…)" == where
    assert "keep one of the two" == fix


def test_two_event_times_are_an_error() -> None:
    """Promise 22: one field only."""
    what, where, _ = only_problem(lambda: bl.from_(TwiceStamped).tumbling("1s").ohlcv(price="price").named("bars"))

    assert ("more than one event time (at, seen)", "TwiceStamped") == (what, where)


def test_on_names_a_time_field() -> None:
    """Promise 22: on= names a field that exists and is a time."""
    unknown = only_problem(lambda: bl.from_(Unstamped).tumbling("1s", on="att").ohlcv(price="price").named("bars"))
    text = only_problem(lambda: bl.from_(Unstamped).tumbling("1s", on="symbol").ohlcv(price="price").named("bars"))

    assert "unknown field 'att'" == unknown[0]
    assert "did you mean 'at'?" in unknown[2]
    assert "the event time 'symbol' is of type string" == text[0]


def test_group_by_key_says_what_is_so_anyway() -> None:
    """Promise 23: group_by_key() changes nothing."""
    query = quotes().ohlcv(price="bid")

    assert query.named("bars").plan == query.group_by_key().named("bars").plan


def test_grouping_by_anything_else_is_an_error() -> None:
    """Promise 23: bars are grouped by the key fields only."""
    what, where, fix = only_problem(lambda: quotes().group_by_key("symbol", "start").ohlcv(price="bid").named("bars"))

    assert ("grouping by symbol, start", "group_by_key") == (what, where)
    assert "the key fields only (broker, symbol)" in fix


def test_all_problems_are_told_at_once() -> None:
    """Definition errors are collected, in one error."""
    query = bl.from_(TwiceStamped).tumbling("1s", "7s").where(bl.col("prize") > 0.5).rollup("24h")  # type: ignore[operator]
    found = problems_of(lambda: query.named(""))

    expected = ["TwiceStamped", "tumbling", "rollup('24h')", "select", "where", "where", "named"]
    assert expected == [problem.where for problem in found]
