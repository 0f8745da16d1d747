"""One of several values, bits, elements of lists, and times: conditions with three values, against a plain loop."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from barloom.engine.values.evaluate import Columns, condition
from barloom.plan.barplan import EventPlan, Field, FieldKind, NumberType
from barloom.plan.language.grammar import parse_expression
from barloom.plan.language.render import render
from properties.quick import quick

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = EventPlan(
    "Trade",
    (
        Field("side", FieldKind.STRING, nullable=True),
        Field("lots", FieldKind.INTEGER, nullable=True),
        Field("price", FieldKind.DECIMAL, NumberType(38, 2), nullable=True),
        Field("at", FieldKind.TIMESTAMP, nullable=True),
        Field("cond", FieldKind.STRING, nullable=True, separator=","),
    ),
    ("side",),
    "at",
)
NOON = 1_762_776_000_000_000_000  # 2025-11-10T12:00:00Z
ROWS = [
    {"side": "b", "lots": 0x2000, "price": "1.50", "at": NOON, "cond": "37"},
    {"side": "s", "lots": 0x6001, "price": "2.00", "at": NOON + 1, "cond": "137,5"},
    {"side": "", "lots": -1, "price": "99999999999999999999999.00", "at": NOON - 1, "cond": "12,37,5"},
    {"side": None, "lots": None, "price": None, "at": None, "cond": None},
    {"side": "b", "lots": 0, "price": "-1.50", "at": 0, "cond": ""},
]


def columns() -> Columns:
    """The rows as the engine has them."""
    schema = {"side": pl.String(), "lots": pl.Int64(), "price": pl.String(), "at": pl.Int64(), "cond": pl.String()}
    frame = pl.DataFrame(ROWS, schema=schema)
    return Columns(frame.with_columns(pl.col("price").cast(pl.Decimal(38, 2))), EVENT)


@pytest.mark.parametrize(
    ("text", "fulfilled"),
    [
        ("side in ('b', 'x')", "10001"),
        ("side not in ('b', 'x')", "01100"),
        ("not (side in ('b'))", "01100"),
        ("side in ('b') or side is null", "10011"),
        ("coalesce(side, 'x') in ('x', '')", "00110"),
        ("lots in (0, -1, 0x2000)", "10101"),
        ("lots in (1.5, 0.0)", "00001"),
        ("lots * 2 in (0, 0x4000)", "10001"),
        ("price in (1.5, 2, 1.005)", "11000"),
        ("price in (99999999999999999999999, 1)", "00100"),
        ("price not in (99999999999999999999999, 1)", "11001"),
        ("at in ('2025-11-10T12:00:00Z', '1970-01-01')", "10001"),
        ("bits(lots, 0x2000)", "11100"),
        ("bits(lots, 0x6000)", "01100"),
        ("not bits(lots, 0x2000)", "00001"),
        ("bits(lots, 0x2000) or bits(lots, 1)", "11100"),
        ("cond contains any ('37', '5')", "11100"),
        ("cond contains all ('37', '5')", "00100"),
        ("cond contains '37'", "10100"),
        ("cond contains 37", "10100"),
        ("cond not contains any (37)", "01001"),
        ("not (cond contains any ('37'))", "01001"),
        ("cond is null or cond not contains any (37)", "01011"),
        ("at < '2025-11-10T12:00:00Z'", "00101"),
        ("at >= '2025-11-10T12:00:00Z'", "11000"),
        ("at > '2025-11-10T13:00:00+01:00'", "01000"),
        ("'2025-11-10' < at", "11100"),
        ("coalesce(at, '2030-01-01') > '2029-12-31'", "00010"),
    ],
)
def test_conditions(text: str, fulfilled: str) -> None:
    """Fulfilled or not by hand; the fourth row has no value, so that neither a condition nor its contrary is true."""
    assert fulfilled == "".join("01"[int(true)] for true in condition(parse_expression(text), columns()))
    assert parse_expression(text) == parse_expression(render(parse_expression(text)))


CODES = st.lists(st.sampled_from(["1", "2", "12", "21", "A", "@"]), max_size=4)
HOW: dict[str, Callable[[object], bool]] = {"any": any, "all": all}


@quick(100)
@given(st.lists(st.none() | CODES, min_size=1, max_size=8), CODES.filter(bool), st.sampled_from(["any", "all"]))
def test_elements_are_whole(lists: list[list[str] | None], asked: list[str], how: str) -> None:
    """1 is no element of 12, whatever stands beside it."""
    texts = [None if codes is None else "|".join(codes) for codes in lists]
    event = EventPlan("T", (Field("cond", FieldKind.STRING, nullable=True, separator="|"),), ("cond",), "at")
    written = f"cond contains {how} ({', '.join(map(repr, asked))})"
    found = condition(
        parse_expression(written), Columns(pl.DataFrame({"cond": pl.Series(texts, dtype=pl.String)}), event)
    )

    assert [codes is not None and HOW[how](code in codes for code in asked) for codes in lists] == found.tolist()
