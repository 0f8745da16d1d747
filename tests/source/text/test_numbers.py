"""Numbers are read exactly or not at all, whatever they are written as."""

from __future__ import annotations

import math
from decimal import Decimal, InvalidOperation

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from barloom.plan.barplan import NumberType
from barloom.source.text.numbers import INTEGER, numbers_from_text, numbers_from_typed

PRICE = NumberType(9, 2)


def _decode(texts: list[str | None], number: NumberType = PRICE) -> tuple[list[object], dict[int, str]]:
    decoded = numbers_from_text(pl.Series(texts, dtype=pl.String), number, ("",))
    return decoded.values.to_list(), decoded.problems


def _fits(value: Decimal, number: NumberType) -> bool:
    """By definition: the value times ten to the scale is whole and has at most `precision` digits."""
    mantissa = value.scaleb(number.scale)
    return mantissa == mantissa.to_integral_value() and abs(mantissa) < Decimal(10) ** number.precision


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        ("1.5", "1.5"),
        ("1.500", "1.5"),
        ("-1.25", "-1.25"),
        ("+1.5", "1.5"),
        (".5", "0.5"),
        ("-.5", "-0.5"),
        ("5.", "5"),
        ("1E3", "1000"),
        ("25e-1", "2.5"),
        ("0e999999", "0"),
        (" 1.5\t", "1.5"),
        ("0001.50", "1.5"),
        ("0" * 60 + "1", "1"),
        ("1." + "0" * 60, "1"),
        ("9999999.99", "9999999.99"),
        ("-0", "0"),
    ],
)
def test_a_number_fits_by_its_value(text: str, value: str) -> None:
    """However it is written, a number that the type can hold is read as that very number."""

    assert ([Decimal(value)], {}) == _decode([text])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("1.555", "more than 2 digits behind the point"),
        ("1e-3", "more than 2 digits behind the point"),
        ("10000000", "more digits before the point"),
        ("1e7", "more digits before the point"),
        ("1e99999999999999999999", "exponent is out of range"),
        ("nan", "is not a number"),
        ("inf", "is not a number"),
        ("-Infinity", "is not a number"),
        ("1,5", "write the decimal point as '.'"),
        ("1_000", "is not a number"),
        ("1 000", "is not a number"),
        ("0x10", "is not a number"),
        ("٣", "is not a number"),
        ("1.5.5", "is not a number"),
        (".", "is not a number"),
        ("--1", "is not a number"),
        ("1e", "is not a number"),
    ],
)
def test_what_does_not_fit_is_refused_with_the_reason(text: str, why: str) -> None:
    """Nothing is rounded or cut to make it fit."""
    values, problems = _decode([text])

    assert [None] == values
    assert why in problems[0]


def test_an_empty_text_is_no_value() -> None:
    """What stands for no value is null, and no problem here."""

    assert ([None, None, None, Decimal(1)], {}) == _decode(["", None, "  ", "1"])


def test_one_bad_text_spoils_only_itself() -> None:
    """The rows around it are read."""
    values, problems = _decode(["1.5", "x", "+2.5", "3.5"])

    assert [Decimal("1.5"), None, Decimal("2.5"), Decimal("3.5")] == values
    assert [1] == list(problems)


_WRITTEN = st.one_of(
    st.decimals(allow_nan=False, allow_infinity=False, places=3, min_value=-(10**9), max_value=10**9).map(str),
    st.decimals(allow_nan=False, allow_infinity=False).map(str),
    st.from_regex(r"[+-]?[0-9]{0,8}\.?[0-9]{0,5}(e[+-]?[0-9]{1,2})?", fullmatch=True),
    st.text("0123456789.eE+-, nai_", max_size=12),
)
_NUMBERS = st.builds(lambda scale, more: NumberType(scale + more, scale), st.integers(0, 12), st.integers(1, 20))


@given(st.lists(_WRITTEN, min_size=1, max_size=20), _NUMBERS)
@settings(max_examples=200, deadline=None)
def test_texts_are_read_as_python_reads_them(texts: list[str], number: NumberType) -> None:
    """Against `Decimal`: the same value where it fits, a refusal where it does not or is no number."""
    values, problems = _decode(texts, number)

    for row, text in enumerate(texts):
        stripped = text.strip(" ")
        try:
            expected = None if "_" in stripped else Decimal(stripped)
        except InvalidOperation:
            expected = None
        if not stripped:
            assert (None, False) == (values[row], row in problems)
        elif expected is None or not expected.is_finite() or not _fits(expected, number):
            assert (None, True) == (values[row], row in problems)
        else:
            assert (expected, False) == (values[row], row in problems)


@given(
    st.lists(st.floats() | st.floats(-1e6, 1e6) | st.decimals(-1000, 1000, places=2).map(float), min_size=1), _NUMBERS
)
@settings(max_examples=200, deadline=None)
def test_a_float_is_its_shortest_decimal(floats: list[float], number: NumberType) -> None:
    """Against `repr`: the shortest decimal that reads as the float, refused where that does not fit."""
    decoded = numbers_from_typed(pl.Series(floats), number)

    for row, value in enumerate(floats):
        fits = math.isfinite(value) and _fits(Decimal(repr(value)), number)
        assert (Decimal(repr(value)) if fits else None) == decoded.values[row]
        assert fits is (row not in decoded.problems)


def test_narrow_floats_are_their_own_shortest_decimals() -> None:
    """A 32-bit 0.1 is 0.1, not the 64-bit float nearest to it."""
    decoded = numbers_from_typed(pl.Series([0.1, 2.25], dtype=pl.Float32), PRICE)

    assert ([Decimal("0.1"), Decimal("2.25")], {}) == (decoded.values.to_list(), decoded.problems)


def test_decimals_of_another_scale_fit_by_value() -> None:
    """A finer scale is taken where its excess digits are zero."""
    column = pl.Series([Decimal("1.5000"), Decimal("1.5550"), None], dtype=pl.Decimal(20, 4))
    decoded = numbers_from_typed(column, PRICE)

    assert [Decimal("1.5"), None, None] == decoded.values.to_list()
    assert [1] == list(decoded.problems)


def test_integers_become_decimals_where_they_fit() -> None:
    """An integer column is exact; one with too many digits is refused."""
    decoded = numbers_from_typed(pl.Series([5, 10_000_000, -3]), PRICE)

    assert [Decimal(5), None, Decimal(-3)] == decoded.values.to_list()
    assert [1] == list(decoded.problems)


def test_integers_are_read_by_value_within_64_bits() -> None:
    """``5.0`` and ``1e3`` are whole; the limits are those of 64 bits."""
    values, problems = _decode(["5.0", "1e3", "9223372036854775807", "9223372036854775808", "5.5"], INTEGER)

    assert [5, 1000, 2**63 - 1, None, None] == values
    assert [3, 4] == list(problems)
