"""Column arithmetic is exact: the same numbers as Python's integers, in 64 bits wherever they fit."""

from __future__ import annotations

import decimal
from decimal import Decimal
from itertools import pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.engine.blocks import Numbers, Values
from barloom.engine.values import exact
from barloom.errors import ExactnessError
from barloom.plan.barplan import NumberType

EDGE = st.sampled_from([0, 1, -1, 2**31, 2**62, 2**63 - 1, -(2**63), 2**63, 10**38 - 1, 1 - 10**38])
NUMBER = st.integers(-(10**6), 10**6) | st.integers(-(2**63), 2**63 - 1) | EDGE
PAIRS = st.lists(st.tuples(NUMBER, NUMBER), max_size=6)
ROUNDINGS = {
    "half-even": decimal.ROUND_HALF_EVEN,
    "half-up": decimal.ROUND_HALF_UP,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
}
WIDE = decimal.Context(prec=200)


def column(values: list[int]) -> Numbers:
    """A column of integers as the engine has it."""
    return exact.narrow(np.array(values, dtype=object))


@given(PAIRS)
def test_sums_differences_and_products(pairs: list[tuple[int, int]]) -> None:
    """As Python calculates, whatever the size."""
    left, right = column([pair[0] for pair in pairs]), column([pair[1] for pair in pairs])

    assert [one + other for one, other in pairs] == exact.add(left, right).tolist()
    assert [one - other for one, other in pairs] == exact.subtract(left, right).tolist()
    assert [one * other for one, other in pairs] == exact.multiply(left, right).tolist()
    assert [-one for one, _ in pairs] == exact.negate(left).tolist()
    assert [min(pair) for pair in pairs] == exact.minimum(left, right).tolist()
    assert [max(pair) for pair in pairs] == exact.maximum(left, right).tolist()
    assert [one < other for one, other in pairs] == exact.compare("<", left, right).tolist()


@given(st.lists(NUMBER, max_size=6), st.integers(0, 25))
def test_a_larger_scale(numbers: list[int], power: int) -> None:
    """The same values with more digits behind the point."""
    assert [number * 10**power for number in numbers] == exact.rescale(column(numbers), power).tolist()


def test_a_smaller_scale_would_round() -> None:
    """Digits are never cut in passing."""
    with pytest.raises(ValueError, match="cannot shrink by 2 digits"):
        exact.rescale(column([100]), -2)


@given(st.lists(NUMBER, min_size=1, max_size=30), st.data())
def test_sums_of_runs(numbers: list[int], data: st.DataObject) -> None:
    """Each run is summed exactly, also where a sum leaves 64 bits and no number does."""
    inner = data.draw(st.sets(st.integers(0, len(numbers) - 1)))
    starts = sorted({0, *inner})

    expected = [sum(numbers[first:last]) for first, last in pairwise([*starts, len(numbers)])]
    assert expected == exact.sum_runs(column(numbers), np.array(starts)).tolist()


def test_sums_stay_in_64_bits_where_they_fit() -> None:
    """Python integers are only used where a result needs them."""
    fits = exact.sum_runs(np.full(10, 2**59), np.array([0, 5]))
    leaves = exact.sum_runs(np.full(10, 2**62), np.array([0, 5]))

    assert (fits.dtype, leaves.dtype) == (np.dtype(np.int64), np.dtype(object))
    assert [5 * 2**62] * 2 == leaves.tolist()


@pytest.mark.parametrize("rounding", ROUNDINGS)
@given(pairs=PAIRS)
def test_rounded_quotients(rounding: str, pairs: list[tuple[int, int]]) -> None:
    """Each quotient is rounded once, as the decimal module rounds it; of a zero denominator it is null."""
    tops, bottoms = column([pair[0] for pair in pairs]), column([pair[1] for pair in pairs])

    numbers, valid = exact.round_divide(tops, bottoms, rounding)  # type: ignore[arg-type]

    for place, (top, bottom) in enumerate(pairs):
        one = exact.divide_one(top, bottom, rounding)  # type: ignore[arg-type]
        if bottom == 0:
            assert one is None
            assert valid is not None
            assert not valid[place]
        else:
            quotient = WIDE.divide(Decimal(top), Decimal(bottom))
            assert int(quotient.quantize(Decimal(1), ROUNDINGS[rounding], WIDE)) == one == numbers[place]


@pytest.mark.parametrize(
    ("rounding", "rounded"),
    [
        ("half-even", [-2, -2, 0, 0, 2, 2]),
        ("half-up", [-3, -2, -1, 1, 2, 3]),
        ("down", [-2, -1, 0, 0, 1, 2]),
        ("up", [-3, -2, -1, 1, 2, 3]),
        ("floor", [-3, -2, -1, 0, 1, 2]),
        ("ceiling", [-2, -1, 0, 1, 2, 3]),
    ],
)
def test_halves(rounding: str, rounded: list[int]) -> None:
    """-2.5, -1.5, -0.5, 0.5, 1.5, 2.5, by hand."""
    halves = np.array([-5, -3, -1, 1, 3, 5])

    assert rounded == exact.round_divide(halves, np.full(6, 2), rounding).numbers.tolist()  # type: ignore[arg-type]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@given(pairs=PAIRS)
def test_rounded_roots(rounding: str, pairs: list[tuple[int, int]]) -> None:
    """The root of a quotient is rounded once; it is null where the denominator is not positive."""
    tops, bottoms = column([pair[0] for pair in pairs]), column([pair[1] for pair in pairs])

    numbers, valid = exact.round_root(tops, bottoms, rounding)  # type: ignore[arg-type]

    for place, (top, bottom) in enumerate(pairs):
        if bottom <= 0 or top < 0:
            assert valid is not None
            assert not valid[place]
        else:
            root = WIDE.sqrt(WIDE.divide(Decimal(top), Decimal(bottom)))
            assert int(root.quantize(Decimal(1), ROUNDINGS[rounding], WIDE)) == numbers[place]


def test_a_root_that_is_a_half_rounds_by_the_rule() -> None:
    """The root of 1/4 lies between 0 and 1: half-even gives 0, half-up 1; of 9/4 both give 2."""
    tops, bottoms = np.array([1, 9]), np.array([4, 4])

    assert [0, 2] == exact.round_root(tops, bottoms, "half-even").numbers.tolist()
    assert [1, 2] == exact.round_root(tops, bottoms, "half-up").numbers.tolist()


def test_more_than_38_digits_are_an_error() -> None:
    """The message names the column."""
    exact.check_digits(column([10**38 - 1, 1 - 10**38]), "volume")
    with pytest.raises(ExactnessError, match="volume leaves 38 digits"):
        exact.check_digits(column([-(10**38)]), "volume")


@given(st.lists(st.none() | st.integers(1 - 10**38, 10**38 - 1), max_size=6))
def test_decimal_columns_come_back(numbers: list[int | None]) -> None:
    """Into integers and out again, nulls too."""
    series = pl.Series("price", numbers, dtype=pl.Int128).reinterpret(dtype=pl.Decimal(38, 6))

    values = exact.to_numbers(series)

    assert [0 if number is None else number for number in numbers] == values.numbers.tolist()
    assert series.equals(exact.to_series("price", values, NumberType(38, 6)), null_equal=True)


def test_integers_that_leave_64_bits_are_an_error() -> None:
    """An integer column cannot hold them."""
    with pytest.raises(ExactnessError, match="count leaves 64 bits"):
        exact.to_series("count", Values(column([2**63]), None), NumberType(19, 0, integer=True))


@pytest.mark.parametrize(
    ("written", "scale", "whole"),
    [("1.50", 1, 15), ("-0.001", 3, -1), ("1.55", 1, None), ("1e20", 0, 10**20), ("1e38", 0, None), ("NaN", 2, None)],
)
def test_a_decimal_fits_by_value(written: str, scale: int, whole: int | None) -> None:
    """What has more digits behind the point than the scale, or more than 38, does not fit."""
    assert whole == exact.scaled_integer(Decimal(written), scale)
    if whole is not None:
        assert Decimal(written) == exact.decimal_of(whole, scale)
