"""Every mistake in a declaration says what is wrong, where, and how to mend it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

import pytest

import barloom as bl
from barloom.time.timeframe import SECOND
from plan.plan_cases import Quote, only_problem, problems_of, quotes

if TYPE_CHECKING:
    from barloom.front.bars import Bars


class Deep(bl.Event):
    """Numbers with many digits behind the point."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(38, 20)
    size: Decimal = bl.decimal(38, 19)


def select(**columns: bl.Aggregate) -> Bars:
    """Bars of one second with these columns."""
    return quotes().select(**columns).named("bars")


def test_unknown_column() -> None:
    """An unknown column is told with the nearest known one."""
    what, where, fix = only_problem(lambda: select(close=bl.last("bidd")))

    assert ("unknown column 'bidd'", "select(close=…)") == (what, where)
    assert fix.startswith("did you mean 'bid'? known are: active, ask, at,")


def test_unknown_column_in_where() -> None:
    """The filter is checked like the columns."""
    query = quotes().where("sise > 1").ohlcv(price="bid")

    assert ("unknown column 'sise'", "where") == only_problem(lambda: query.named("bars"))[:2]


def test_product_that_leaves_38_digits() -> None:
    """A product whose scale leaves 38 digits is a declaration error, not a cut number."""
    query = bl.from_(Deep).tumbling("1s").select(turnover=bl.sum(bl.col("price") * bl.col("size")))
    what, where, fix = only_problem(lambda: query.named("bars"))

    assert "price * size has 20 + 19 = 39 digits behind the point" == what
    assert "select(turnover=…)" == where
    assert "at most 38 digits" in fix


def test_vwap_whose_turnover_leaves_38_digits() -> None:
    """The hidden product of a vwap counts as well."""
    query = bl.from_(Deep).tumbling("1s").select(vwap=bl.vwap("price", "size"))

    assert "39 digits" in only_problem(lambda: query.named("bars"))[0]


@pytest.mark.parametrize(
    ("declare", "where"),
    [
        (lambda: quotes().where(bl.col("bid") > 0.1).ohlcv(price="bid").named("bars"), "where"),  # type: ignore[operator]
        (lambda: select(mid=bl.last(bl.col("bid") * 0.1)), "select(mid=…)"),  # type: ignore[operator]
        (lambda: select(mid=bl.last(0.1 * bl.col("bid"))), "select(mid=…)"),  # type: ignore[operator]
        (lambda: select(mid=bl.count(when=bl.col("bid") == 0.1)), "select(mid=…)"),  # type: ignore[arg-type]
    ],
)
def test_float_literal(declare: object, where: str) -> None:
    """A float literal is not exact, wherever it stands."""
    assert callable(declare)
    what, place, fix = only_problem(declare)

    assert ("the float 0.1 is not an exact number", where) == (what, place)
    assert 'write it as text or a Decimal: "0.1"' == fix


def test_text_compared_with_number() -> None:
    """Text and numbers are not compared."""
    what, _, fix = only_problem(lambda: select(n=bl.count(when=bl.col("side") > 1)))
    words = only_problem(lambda: select(n=bl.count(when=bl.col("bid") == "buy")))[0]

    assert "side > 1 compares text with a number" == what
    assert "text with text in quotes" in fix
    assert 'bid == "buy" compares a number with text' == words


def test_text_has_no_order() -> None:
    """Only equality of text is the same everywhere."""
    assert 'side < "z" orders text' == only_problem(lambda: select(n=bl.count(when=bl.col("side") < "z")))[0]


def test_calculating_with_what_is_no_number() -> None:
    """Text, booleans and times are no numbers."""
    what, _, fix = only_problem(lambda: select(s=bl.sum(bl.col("bid") + bl.col("side"))))

    assert "cannot calculate with side, which is text" == what
    assert "decimal and integer fields" in fix
    assert "side is text, not a number" == only_problem(lambda: select(s=bl.last("side")))[0]
    assert "at is a time, not a number" == only_problem(lambda: select(s=bl.max("at")))[0]


def test_filter_that_is_no_condition() -> None:
    """A filter is a condition."""
    query = quotes().where("bid * 2").ohlcv(price="bid")

    assert "bid * 2 is a number, not a condition" == only_problem(lambda: query.named("bars"))[0]


def test_conditions_where_values_are_asked_for() -> None:
    """A count of a condition and a null condition are likely not what was meant."""
    counted = only_problem(lambda: select(n=bl.count("ask > 1")))
    asked = only_problem(lambda: select(n=bl.count(when="(ask > 1) is null")))
    none = only_problem(lambda: select(n=bl.count(when=bl.col("ask") == None)))  # type: ignore[arg-type]  # noqa: E711

    assert "ask > 1 is a condition" == counted[0]
    assert "count() when" in counted[2]
    assert "asks whether the condition ask > 1 is null" == asked[0]
    assert "is_null()" in none[2]


def test_constants() -> None:
    """A comparison looks at a column."""
    assert '"a" == "b" compares constants' == only_problem(lambda: select(n=bl.count(when="active and 'a' == 'b'")))[0]


def test_division() -> None:
    """Expressions have no division, since it rounds."""
    what, _, fix = only_problem(lambda: select(mid=bl.last(bl.col("bid") / 2)))

    assert "division is not exact, so expressions have none" == what
    assert "ratio" in fix


def test_ratio_outside_a_result() -> None:
    """A ratio rounds, so it stands in results only."""
    made = bl.last(bl.ratio(bl.col("bid"), bl.col("size"), scale=2))

    assert "a ratio rounds" in only_problem(lambda: select(mid=made))[0]


def test_carry_without_last() -> None:
    """Carrying needs a last price to carry."""
    query = quotes().select(high=bl.max("bid"), count=bl.count()).rollup(bl.timeframe("1m", gap="carry"))
    what, where, fix = only_problem(lambda: query.named("bars"))

    assert "gap carry repeats the last price, but 'high' (max) has no last(bid) to take it from" == what
    assert "select(high=…)" == where
    assert "add close = last(bid)" in fix


def test_carry_of_nothing() -> None:
    """Sums and counts alone give carrying no meaning."""
    query = bl.from_(Quote).tumbling("1s", gap="carry").select(count=bl.count())

    assert "no output is a last(…)" in only_problem(lambda: query.named("bars"))[0]


def test_delay_that_shrinks() -> None:
    """A coarser timeframe cannot close before a finer one."""
    query = bl.from_(Quote).tumbling("1s", delay="5s").ohlcv(price="bid").rollup(bl.timeframe("1m", delay="2s"))
    what, where, fix = only_problem(lambda: query.named("bars"))

    assert "the delay of 1m (2s) is shorter than that of 1s (5s)" == what
    assert "rollup('1m')" == where
    assert "give 1m at least 5s" in fix


@pytest.mark.parametrize(
    ("base", "rollup", "what", "fits"),
    [
        ("5s", "7s", "7s is no whole multiple of any finer timeframe (5s)", "roll up 10s instead, or make 1s the base"),
        ("7m", "1h", "1h is no whole multiple of any finer timeframe (7m)", "roll up 56m or 63m instead"),
        (
            "1w",
            "1mo",
            "1mo is no whole multiple of any finer timeframe (1w)",
            "1mo is not made of weeks: make '1d'",
        ),
        ("2mo", "3mo", "3mo is no whole multiple of any finer timeframe (2mo)", "make '1mo' or '1d' the base"),
    ],
)
def test_rollup_that_is_no_whole_multiple(base: str, rollup: str, what: str, fits: str) -> None:
    """A roll-up that finer bars do not tile is refused with what would fit."""
    query = bl.from_(Quote).tumbling(base).ohlcv(price="bid").rollup(rollup)
    found = only_problem(lambda: query.named("bars"))

    assert (what, f"rollup({rollup!r})") == found[:2]
    assert fits in found[2]


def test_rollup_twice() -> None:
    """Each timeframe once, however it is written."""
    query = quotes().ohlcv(price="bid").rollup("1h", "60m")
    what, where, fix = only_problem(lambda: query.named("bars"))

    assert ("'60m' is 1h, which is there already", "rollup('60m')") == (what, where)
    assert "name each timeframe once" == fix


def test_rollup_finer_than_the_base() -> None:
    """The base is the finest."""
    query = bl.from_(Quote).tumbling("1m").ohlcv(price="bid").rollup("1s")
    what, _, fix = only_problem(lambda: query.named("bars"))

    assert "'1s' is finer than the base 1m" == what
    assert "make 1s the base window" in fix


@pytest.mark.parametrize("name", ["24h", "2d", "2w", "5mo", "1y", "0s", "soon", ""])
def test_timeframe_without_anchor(name: str) -> None:
    """Lengths that no calendar anchors are refused with a hint."""
    found = only_problem(lambda: quotes().ohlcv(price="bid").rollup(name).named("bars"))

    assert repr(name) in found[0]
    assert found[2]


def test_duplicate_output() -> None:
    """Each output has its own name."""
    query = quotes().ohlcv(price="bid").select(open=bl.first("ask"))

    what, where, _ = only_problem(lambda: query.named("bars"))
    assert ("the output 'open' is declared twice, here and in ohlcv", "select(open=…)") == (what, where)


def test_output_named_like_a_key_field() -> None:
    """Bars carry their key fields."""
    what = only_problem(lambda: select(symbol=bl.last("bid")))[0]

    assert "the output 'symbol' has the name of a key field" == what


@pytest.mark.parametrize("name", ["start", "end", "timeframe", "open_time", "slots", "final", "revision", "partial"])
def test_output_named_like_a_bar_field(name: str) -> None:
    """Bars carry fields of their own."""
    assert f"every bar has a {name!r} of its own" == only_problem(lambda: select(**{name: bl.last("bid")}))[0]


def test_output_that_is_no_name() -> None:
    """Outputs become columns and attributes."""
    assert (
        "the output 'mid price' is not a plain name" == only_problem(lambda: select(**{"mid price": bl.last("bid")}))[0]
    )


def test_no_columns() -> None:
    """Bars without columns say nothing."""
    assert ("no columns are selected", "select") == only_problem(lambda: quotes().named("bars"))[:2]


def test_no_base() -> None:
    """A declaration has a base window."""
    what, _, fix = only_problem(lambda: bl.from_(Quote).ohlcv(price="bid").named("bars"))

    assert "no base timeframe" == what
    assert 'tumbling("1s")' in fix


@pytest.mark.parametrize("name", ["", "my bars", "1bars", "b/ars", "x" * 101])
def test_name_that_begins_no_topic(name: str) -> None:
    """The name of bars begins the names of topics."""
    assert "named" == only_problem(lambda: quotes().ohlcv(price="bid").named(name))[1]


def test_calendar_without_name() -> None:
    """The calendar has a name."""
    query = bl.from_(Quote).tumbling("1s", calendar=" ").ohlcv(price="bid")

    assert "tumbling(calendar=…)" == only_problem(lambda: query.named("bars"))[1]


def test_wrong_durations() -> None:
    """Durations are text or timedelta, limits longer than zero."""
    query = bl.from_(Quote).tumbling("1s", delay="2 seconds", retention="0s", carry_limit=timedelta(days=-1))
    found = problems_of(lambda: query.ohlcv(price="bid").named("bars"))

    assert ["tumbling: delay", "tumbling: retention", "tumbling: carry_limit"] == [item.where for item in found]
    assert "'2 seconds' is not a duration" == found[0].what


def test_timedelta_is_a_duration() -> None:
    """A timedelta means the same as text."""
    written = quotes().ohlcv(price="bid").rollup(bl.timeframe("1m", delay="90s")).named("bars")
    counted = quotes().ohlcv(price="bid").rollup(bl.timeframe("1m", delay=timedelta(minutes=1.5))).named("bars")

    assert 90 * SECOND == counted.plan.levels[1].delay
    assert written.plan == counted.plan


def test_unknown_gap_policy() -> None:
    """Gap policies are omit, carry and null."""
    query = quotes().ohlcv(price="bid").rollup(bl.timeframe("1m", gap="carri"))  # type: ignore[arg-type]
    what, where, fix = only_problem(lambda: query.named("bars"))

    assert ("unknown gap policy 'carri'", "rollup('1m'): gap") == (what, where)
    assert "did you mean 'carry'?" in fix


def test_scale_and_rounding() -> None:
    """Scale is a number of digits, rounding one of six words."""
    scale = only_problem(lambda: select(v=bl.vwap("bid", "size", scale=39)))
    rounding = only_problem(lambda: select(v=bl.avg("bid", rounding="downn")))  # type: ignore[arg-type]

    assert "the scale 39 is not a number of digits" == scale[0]
    assert "unknown rounding 'downn'" == rounding[0]
    assert "did you mean 'down'?" in rounding[2]


@pytest.mark.parametrize("empty", ["nothing", "0.0000001", True])
def test_value_of_an_empty_slot_that_does_not_fit(empty: str) -> None:
    """A stated value in an empty slot is a number of the output's type."""
    assert "select(v=…)" == only_problem(lambda: select(v=bl.avg("bid", empty=empty)))[1]


def test_ohlcv_over_bars() -> None:
    """Bars as input have their own highs and lows."""
    query = bl.from_(Quote).bars("1m").ohlcv(price="bid").rollup("1h")

    assert "ohlcv over bars would lose their highs and lows" == only_problem(lambda: query.named("bars"))[0]


def test_bars_as_input_without_rollup() -> None:
    """The bars that come in are not published again."""
    query = bl.from_(Quote).bars("1m").select(close=bl.last("bid"))

    assert "bars as input and no roll-up" == only_problem(lambda: query.named("bars"))[0]


def test_source_settings() -> None:
    """The way of reading is checked against the event."""
    query = quotes().ohlcv(price="bid").source(columns={"bidd": "b", "ask": ""}, zone="Europe/Nowhere", delimiter="::")
    found = problems_of(lambda: query.named("bars"))

    assert ["source.columns", "source.columns.ask", "source.delimiter", "source.zone"] == [item.where for item in found]
    assert "did you mean 'bid'?" in found[0].fix


def test_condition_has_no_truth() -> None:
    """`and`, `or` and chained comparisons cannot be seen by an expression, so they are refused at once."""
    with pytest.raises(TypeError, match=r"combine conditions with & \| ~"):
        bool(bl.col("bid") > 1)


def test_message_as_a_whole() -> None:
    """One problem a paragraph: place, what, and how to mend it."""
    with pytest.raises(bl.DefinitionError) as caught:
        quotes().where("bid > ").ohlcv(price="bidd").named("bars")

    expected = [
        "2 problems in the definition",
        "  1. ohlcv: unknown column 'bidd'",
        "    fix: did you mean 'bid'? known are: active, ask, at, bid, broker, lots, side, size, symbol",
        "  2. where: the text ends at character 7",
        "        bid > ",
        "              ^",
        "    fix: a column, a number, text or '(' should stand here",
    ]
    assert expected == str(caught.value).splitlines()
