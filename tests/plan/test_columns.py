"""Aggregates become partial columns without repetition, exact types, and the values of empty slots."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal

import pytest

import barloom as bl
from barloom.plan.barplan import Fold, NumberType, Partial
from barloom.plan.nodes import (
    NULL,
    Arithmetic,
    Column,
    Comparison,
    IsNull,
    Logical,
    Not,
    Number,
    Ratio,
    RootRatio,
)
from plan.plan_cases import Quote, only_problem, planned, problems_of, quotes

BID, ASK, SIZE = Column("bid"), Column("ask"), Column("size")
PRICE, VOLUME = NumberType(18, 6), NumberType(38, 2)
INTEGER = NumberType(19, 0, integer=True)
LARGE = Comparison(">=", SIZE, Number(Decimal(100)))


def test_ohlcv_is_a_preset_of_aggregates() -> None:
    """Ohlcv selects open, high, low, close, volume and count, which could be selected one by one."""
    preset = quotes().ohlcv(price="bid", size="size").named("bars").plan
    single = planned(
        open=bl.first("bid"),
        high=bl.max("bid"),
        low=bl.min("bid"),
        close=bl.last("bid"),
        volume=bl.sum("size"),
        count=bl.count(),
    )

    assert preset == single
    assert ["open", "high", "low", "close", "volume", "count"] == [output.name for output in preset.outputs]
    assert ["open", "high", "low", "close", "count"] == list(bl.ohlcv("bid"))


def test_first_last_min_max_carry_the_last() -> None:
    """In a carried bar O=H=L=C= the previous close; sums and counts are zero."""
    plan = quotes().ohlcv(price="bid", size="size").named("bars").plan

    expected = (
        Partial(Fold.LAST, BID, None, PRICE, carried=0),
        Partial(Fold.FIRST, BID, None, PRICE, carried=0),
        Partial(Fold.MAX, BID, None, PRICE, carried=0),
        Partial(Fold.MIN, BID, None, PRICE, carried=0),
        Partial(Fold.SUM, SIZE, None, VOLUME),
        Partial(Fold.COUNT, None, None, INTEGER),
    )
    assert expected == plan.partials


def test_equal_partials_are_kept_once() -> None:
    """Average, vwap and deviation share the sums and counts that others have."""
    plan = planned(
        total=bl.sum("bid"),
        volume=bl.sum("size"),
        rows=bl.count(),
        mean=bl.avg("bid"),
        vwap=bl.vwap("bid", "size"),
        spread=bl.stddev("bid"),
    )

    folded = [(partial.fold, partial.expression) for partial in plan.partials]
    expected = [
        (Fold.SUM, BID),
        (Fold.SUM, SIZE),
        (Fold.COUNT, None),
        (Fold.SUM, Arithmetic("*", BID, SIZE)),
        (Fold.SUM, Arithmetic("*", BID, BID)),
    ]
    assert expected == folded


def test_results_divide_as_declared() -> None:
    """Averages and vwap round to the declared scale, by default the price's, half-even."""
    plan = planned(mean=bl.avg("bid"), vwap=bl.vwap("bid", "size", scale=1, rounding="down"), whole=bl.avg("lots"))

    assert Ratio(Column("0"), Column("1"), 6, "half-even") == plan.outputs[0].result
    assert Ratio(Column("2"), Column("3"), 1, "down") == plan.outputs[1].result
    assert [NumberType(38, 6), NumberType(38, 1), NumberType(38, 0)] == [output.number for output in plan.outputs]


def test_sample_standard_deviation() -> None:
    """The root of (n*Σx² - (Σx)²) / (n*(n-1)), exact until it is rounded."""
    plan = planned(spread=bl.stddev("bid", scale=3))
    squares, total, number = Column("0"), Column("1"), Column("2")

    expected = RootRatio(
        Arithmetic("-", Arithmetic("*", number, squares), Arithmetic("*", total, total)),
        Arithmetic("*", number, Arithmetic("-", number, Number(Decimal(1)))),
        3,
        "half-even",
    )
    assert expected == plan.outputs[0].result
    assert NumberType(38, 3) == plan.outputs[0].number


def test_nullable_prices() -> None:
    """A row without price counts neither for an average's count nor for a vwap's volume."""
    plan = planned(mean=bl.avg("ask"), vwap=bl.vwap("ask", "size", when="size >= 100"), volume=bl.sum("size"))

    assert Partial(Fold.COUNT, ASK, None, INTEGER) == plan.partials[1]
    assert Logical("and", LARGE, Not(IsNull(ASK))) == plan.partials[3].when
    assert Partial(Fold.SUM, SIZE, None, VOLUME) == plan.partials[4]


def test_when_filters_the_rows_of_one_aggregate() -> None:
    """Odd lots may count for volume and not for high and low; a carried bar then takes the close of all rows."""
    plan = planned(high=bl.max("bid", when=bl.col("size") >= 100), close=bl.last("bid"), volume=bl.sum("size"))

    assert Partial(Fold.MAX, BID, LARGE, PRICE, carried=0) == plan.partials[1]
    assert plan.partials[2].when is None


def test_carried_is_the_last_of_the_same_rows_first() -> None:
    """A last over the same rows goes before a last over all rows."""
    plan = planned(close=bl.last("bid"), top=bl.max("bid", when="size >= 100"), lot=bl.last("bid", when="size >= 100"))

    assert [0, 1, 1] == [partial.carried for partial in plan.partials if partial.stamp_of is None]


def test_empty_carry_repeats_the_own_value() -> None:
    """`empty="carry"` on sums and averages repeats them, without touching others over the same column."""
    plan = planned(mean=bl.avg("bid", empty="carry"), again=bl.avg("bid", empty="carry"), total=bl.sum("bid"))

    assert [0, 1, None] == [partial.carried for partial in plan.partials]
    assert plan.outputs[0].result == plan.outputs[1].result
    assert Column("2") == plan.outputs[2].result


@pytest.mark.parametrize(
    ("rule", "expected"),
    [
        ("default", None),
        ("carry", None),
        ("null", NULL),
        (None, NULL),
        ("0", Number(Decimal(0))),
        (7, Number(Decimal(7))),
    ],
)
def test_stated_values_in_empty_slots(rule: bl.EmptyRule, expected: object) -> None:
    """A stated value stands in `Output.empty`, none as `nodes.NULL`."""

    assert expected == planned(mean=bl.avg("bid", empty=rule)).outputs[0].empty


def test_stated_value_needs_no_last() -> None:
    """An aggregate that states its value in an empty slot has nothing to carry."""
    query = quotes().select(close=bl.last("ask"), high=bl.max("bid", empty="null"))

    assert query.rollup(bl.timeframe("1m", gap="carry")).named("bars").plan.outputs[1].empty == NULL


def test_bars_as_input_carry_the_close() -> None:
    """Open, high and low of bars are other columns than the close, which a carried bar repeats in all four."""

    class Candle(bl.Event):
        symbol: str = bl.key()
        at: datetime = bl.timestamp()
        open: Decimal = bl.decimal(18, 6)
        high: Decimal = bl.decimal(18, 6)
        close: Decimal = bl.decimal(18, 6)

    query = bl.from_(Candle).bars("1m", delay="5s", stamped="end")
    query = query.select(open=bl.first("open"), high=bl.max("high"), close=bl.last("close"))
    plan = query.rollup(bl.timeframe("1h", gap="carry")).named("bars").plan

    assert [0, 0, 0] == [partial.carried for partial in plan.partials]
    assert (1,) == plan.published
    assert "end" == plan.stamped


def test_exact_types() -> None:
    """Sums keep the scale, products add scales, integers stay integers while they surely fit."""
    plan = planned(
        mid=bl.last((bl.col("bid") + bl.col("ask")) * "0.5"),
        turnover=bl.sum(bl.col("bid") * bl.col("size")),
        lots=bl.sum("lots"),
        twice=bl.max(bl.col("lots") * 2),
        most=bl.max("lots"),
        less=bl.min(-bl.col("bid")),
    )

    expected = {
        "mid": NumberType(20, 7),
        "turnover": NumberType(38, 8),
        "lots": NumberType(38, 0),
        "twice": NumberType(20, 0),
        "most": INTEGER,
        "less": PRICE,
    }
    assert expected == {output.name: output.number for output in plan.outputs}


def test_literals_have_one_form() -> None:
    """0.5, "0.50" and Decimal("0.500") are the same literal."""
    plans = [planned(m=bl.last(bl.col("bid") * half)) for half in ("0.50", Decimal("0.500"))]

    assert plans[0] == plans[1] == planned(m=bl.last("bid * 0.5"))
    assert NumberType(19, 7) == plans[0].outputs[0].number


def test_own_aggregate() -> None:
    """One's own aggregate is partials and an expression over them; it shares partials like the others."""
    spread = bl.aggregate(
        "spread", partials={"high": bl.max("bid"), "low": bl.min("bid")}, result=lambda p: p["high"] - p["low"]
    )
    plan = planned(high=bl.max("bid"), close=bl.last("bid"), range=spread)

    assert Arithmetic("-", Column("1"), Column("2")) == plan.outputs[2].result
    assert NumberType(19, 6) == plan.outputs[2].number
    assert "max(bid) - min(bid)" == plan.outputs[2].text.replace("`", "")


def test_own_ratio_takes_the_scale_it_names() -> None:
    """A ratio has a scale of its own or that of a column."""
    partials = {"up": bl.sum("bid"), "all": bl.sum("size")}
    scaled = bl.aggregate("x", partials, lambda p: bl.ratio(p["up"], p["all"], scale=4))
    like = bl.aggregate("x", partials, lambda p: bl.ratio(p["up"], p["all"]), scale_of="bid")
    none = bl.aggregate("x", partials, lambda p: bl.ratio(p["up"], p["all"]))

    assert [4, 6] == [planned(x=made).outputs[0].number.scale for made in (scaled, like)]
    assert "a ratio without a scale" == only_problem(lambda: planned(x=none))[0]


def test_own_result_that_names_no_partial() -> None:
    """An unknown partial is told with the known ones, together with everything else."""
    spread = bl.aggregate("spread", {"high": bl.max("bid"), "low": bl.min("ask")}, lambda p: p["hihg"] - p["lo"])
    found = problems_of(lambda: quotes().select(spread=spread, close=bl.last("bidd")).named("bars"))

    assert [
        ("unknown partial 'hihg' in the result of 'spread'", "select(spread=…)"),
        ("unknown partial 'lo' in the result of 'spread'", "select(spread=…)"),
        ("unknown column 'bidd'", "select(close=…)"),
    ] == [(item.what, item.where) for item in found]
    assert "did you mean 'high'? known are: high, low" == found[0].fix


def test_own_result_that_raises() -> None:
    """Whatever a result raises is a problem with its text, beside those of the partials."""
    ratio = bl.aggregate(
        "ratio", {"a": bl.sum("bidd"), "b": bl.count()}, lambda p: p["a"] / p["b"] if 1 // 0 else p["a"]
    )
    compared = bl.aggregate("larger", {"a": bl.sum("bid")}, lambda p: p["a"] if p["a"] > 0 else -p["a"])
    found = problems_of(lambda: quotes().select(ratio=ratio, larger=compared).named("bars"))
    whats = [item.what for item in found]

    assert "the result of 'ratio' raises ZeroDivisionError: integer division or modulo by zero" == whats[0]
    assert "unknown column 'bidd'" == whats[1]
    assert whats[2].startswith("the result of 'larger' raises TypeError: a condition over columns has no truth")
    assert "(known are: a, b)" in found[0].fix
    assert 3 == len(found)


def test_own_aggregate_over_composed_ones() -> None:
    """Partials are single columns, since an average of averages is wrong."""
    made = bl.aggregate("x", {"mean": bl.avg("bid")}, lambda p: p["mean"])

    assert "the partial 'mean' of 'x' is not a single column but 'avg'" == only_problem(lambda: planned(x=made))[0]


def test_texts_spell_every_choice() -> None:
    """The text of an output is the whole aggregate as the grammar writes it."""
    plan = planned(
        mid=bl.last((bl.col("bid") + bl.col("ask")) * "0.50"),
        mean=bl.avg("bid", when=bl.col("size") >= 100, empty="0"),
        rows=bl.count(),
    )

    expected = [
        "last((bid + ask) * 0.5)",
        "avg(bid, scale=6, rounding=half-even, empty=0) when size >= 100",
        "count()",
    ]
    assert expected == [output.text for output in plan.outputs]


def test_aggregates_over_constants() -> None:
    """A constant is no column of the market."""
    assert "1 names no column" == only_problem(lambda: planned(x=bl.sum(1)))[0]


def test_events_are_shared() -> None:
    """Steps of a declaration do not change the ones before."""
    start = bl.from_(Quote).tumbling("1s")
    start.ohlcv("bid")

    assert "no columns are selected" == only_problem(lambda: start.named("bars"))[0]
