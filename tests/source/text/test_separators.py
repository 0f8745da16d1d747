"""Numbers with a decimal comma and separators between thousands are read exactly, where these are declared."""

from __future__ import annotations

from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.plan.barplan import Field, FieldKind, NumberType, SourcePlan
from barloom.source.fields import decode_field

PRICE = Field("price", FieldKind.DECIMAL, NumberType(18, 3))
COUNT = Field("count", FieldKind.INTEGER)


def _read(text: str, point: str, thousands: str, field: Field = PRICE) -> tuple[object, str]:
    source = SourcePlan(decimal_separator=point, thousands=thousands)
    values, problems = decode_field(pl.Series([text]), field, source)
    return values[0], problems.get(0, "")


@pytest.mark.parametrize(
    ("text", "point", "thousands", "value"),
    [
        ("1,5", ",", "", "1.5"),
        ("-1,5", ",", "", "-1.5"),
        ("+0,125", ",", "", "0.125"),
        (",5", ",", "", "0.5"),
        ("1,", ",", "", "1"),
        ("1,5E2", ",", "", "150"),
        ("17", ",", "", "17"),
        ("1.234.567,891", ",", ".", "1234567.891"),
        ("1234567,891", ",", ".", "1234567.891"),
        ("1.000", ",", ".", "1000"),
        ("1,234,567.5", ".", ",", "1234567.5"),
        ("12,34,567.5", ".", ",", "1234567.5"),
        ("1'234.5", ".", "'", "1234.5"),
        ("1\u2019234.5", ".", "'", "1234.5"),
        ("1 234,5", ",", " ", "1234.5"),
        ("1\u00a0234,5", ",", " ", "1234.5"),
        ("1\u202f234,5", ",", " ", "1234.5"),
        (" 1 234,5 ", ",", " ", "1234.5"),
        ("1_000", ".", "_", "1000"),
    ],
)
def test_read_to_the_digit(text: str, point: str, thousands: str, value: str) -> None:
    """The separators say nothing but where the decimals begin."""
    assert (Decimal(value), "") == _read(text, point, thousands)


@pytest.mark.parametrize(
    ("text", "point", "thousands"),
    [
        ("1.5", ",", ""),
        ("1.5", ",", "."),
        ("1.50", ",", "."),
        ("1.5000", ",", "."),
        (".500", ",", "."),
        ("1..000", ",", "."),
        ("1,000,5", ",", "."),
        ("1,000.5", ",", "."),
        ("1.000,5.0", ",", "."),
        ("1,5", ".", ","),
        ("12 34", ".", " "),
        ("1,5", ".", "'"),
        ("abc", ",", "."),
    ],
)
def test_what_stands_elsewhere_is_refused(text: str, point: str, thousands: str) -> None:
    """A separator in a place where it cannot be is never taken out: 1.5 would become 15."""
    value, problem = _read(text, point, thousands)

    assert value is None
    assert problem.startswith(f"{text!r} is not a number")


def test_missing_values_and_what_does_not_fit() -> None:
    """Empty is missing, digits behind the scale are refused as ever, and columns with types are as they are."""
    assert (None, "") == _read("", ",", ".")
    assert "does not fit decimal(18, 3)" in _read("1,2345", ",", ".")[1]
    assert (1234, "") == _read("1.234", ",", ".", COUNT)
    typed = decode_field(pl.Series([1.5]), PRICE, SourcePlan(decimal_separator=","))
    assert [Decimal("1.5")] == typed.values.to_list()


@given(st.lists(st.decimals(-(10**14), 10**14, places=3), min_size=1), st.sampled_from([",.", ".,", ".'", ", ", ",_"]))
def test_as_people_write_them(numbers: list[Decimal], separators: str) -> None:
    """Grouped by three, whole columns at once."""
    point, thousands = separators
    texts = [f"{number:,}".replace(",", "#").replace(".", point).replace("#", thousands) for number in numbers]
    source = SourcePlan(decimal_separator=point, thousands=thousands)

    assert numbers == decode_field(pl.Series(texts), PRICE, source).values.to_list()
