"""Places that a field does not have are rounded off where it says so, counted, and never otherwise."""

from __future__ import annotations

import base64
import decimal
import json
from dataclasses import replace
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import barloom as bl
from barloom.plan.barplan import NumberType
from barloom.runtime.report import RunReport
from barloom.source.decode import Decoder
from barloom.source.open import open_source
from barloom.source.text.rounding import rounded
from source.reading import AT, PRICE, SYMBOL, collect, csv_of, iso, plan, put, read, tick

if TYPE_CHECKING:
    from pathlib import Path

    from barloom.plan.nodes import Rounding

NUMBER = NumberType(12, 2)
MODES: dict[Rounding, str] = {
    "half-even": decimal.ROUND_HALF_EVEN,
    "half-up": decimal.ROUND_HALF_UP,
    "down": decimal.ROUND_DOWN,
    "up": decimal.ROUND_UP,
    "floor": decimal.ROUND_FLOOR,
    "ceiling": decimal.ROUND_CEILING,
}
ROUNDED = plan(SYMBOL, AT, replace(PRICE, rounding="half-even"))
ENCODED = plan(SYMBOL, AT, replace(PRICE, encoding="base64"))


@pytest.mark.parametrize(
    ("text", "mode", "value"),
    [
        ("0.125", "half-even", "0.12"),
        ("0.135", "half-even", "0.14"),
        ("-0.125", "half-even", "-0.12"),
        ("0.1250000000001", "half-even", "0.13"),
        ("0.30000000000000004", "half-even", "0.30"),
        ("0.000045000000682193786", "half-even", "0.00"),
        ("0.125", "half-up", "0.13"),
        ("-0.125", "half-up", "-0.13"),
        ("0.129", "down", "0.12"),
        ("0.121", "up", "0.13"),
        ("-0.121", "floor", "-0.13"),
        ("-0.129", "ceiling", "-0.12"),
        ("4.5e-5", "up", "0.01"),
        ("+1.005", "half-even", "1.00"),
        (".995", "half-even", "1.00"),
        ("9.995", "half-up", "10.00"),
        (" 1.999 ", "half-even", "2.00"),
    ],
)
def test_a_text_is_rounded(text: str, mode: Rounding, value: str) -> None:
    """By the digits that are written, in the way that is declared, a half to the even place."""
    column, rows = rounded(pl.Series([text]), NUMBER, mode)
    assert ([0], Decimal(value)) == (rows.tolist(), Decimal(column[0]))


@pytest.mark.parametrize(
    "text", ["1", "1.5", "1.50", "1.5000", "-0.00", "1E2", "x", "", "1.2.345", "1,234", "NaN", "1e999"]
)
def test_what_has_the_places_is_left(text: str) -> None:
    """And what is no number is left to be refused."""
    column, rows = rounded(pl.Series([text]), NUMBER, "half-even")
    assert ([], text) == (rows.tolist(), column[0])


@given(
    st.lists(st.decimals(-(10**9), 10**9, allow_nan=False, places=5), min_size=1, max_size=30),
    st.sampled_from(sorted(MODES)),
)
def test_as_python_rounds(values: list[Decimal], mode: Rounding) -> None:
    """In each mode, for numbers of either sign."""
    column, _ = rounded(pl.Series([f"{value:f}" for value in values]), NUMBER, mode)
    expected = [value.quantize(Decimal("0.01"), MODES[mode]) for value in values]
    assert expected == [Decimal(text) for text in column.to_list()]


@given(st.lists(st.floats(-1e8, 1e8), min_size=1, max_size=30))
def test_floats_by_their_shortest_text(values: list[float]) -> None:
    """A float is the decimal that its shortest text says, and that is rounded."""
    column, _ = rounded(pl.Series(values), NUMBER, "half-even")
    expected = [Decimal(repr(value)).quantize(Decimal("0.01"), decimal.ROUND_HALF_EVEN) for value in values]
    assert expected == [Decimal(str(value)).quantize(Decimal("0.01")) for value in column.to_list()]


def test_rounded_values_are_counted(tmp_path: Path) -> None:
    """Of ticks that were taken, whatever the batches are; a refused row's do not count, and neither do whole ones."""
    rows = [("A", iso(1), "1.505"), ("A", iso(2), "2.25"), ("", iso(3), "1.111"), ("A", iso(4), "0.30000000000000004")]
    path = put(tmp_path / "a.csv", csv_of(rows, "symbol,at,price"))
    for size in (1, 2, 1000):
        report = RunReport()
        found = collect(open_source(ROUNDED, path).open({}, size))
        for batch in found.batches:
            report.add_rounded(batch.rounded)
        assert [Decimal("1.50"), Decimal("2.25"), Decimal("0.30")] == [row[2] for row in found.rows]
        assert {"price": 2} == report.rounded
    assert "does not fit" in read(plan(SYMBOL, AT, PRICE), path).invalid[0][1]


def test_frames_of_floats() -> None:
    """Computed prices are kept; what is too large stays refused, and no number is none."""
    frame = pl.DataFrame(
        {"symbol": "A", "at": [iso(second) for second in (1, 2, 3, 4)], "price": [0.1 + 0.2, 1e17, float("nan"), 1.5]}
    )
    found = read(ROUNDED, frame)

    assert [Decimal("0.30"), Decimal("1.50")] == [row[2] for row in found.rows]
    assert [1, 2] == [row for row, _ in found.invalid]
    assert [{"price": 1}] == [batch.rounded for batch in found.batches if batch.rounded]
    exact = frame.with_columns(price=pl.Series(["1.125", "1.12", "2", "3"]).cast(pl.Decimal(20, 5)))
    assert [Decimal("1.12"), Decimal("1.12"), Decimal(2), Decimal(3)] == [row[2] for row in read(ROUNDED, exact).rows]


def test_a_value_that_means_none_is_not_rounded(tmp_path: Path) -> None:
    """It is looked for as it is written."""
    bars = plan(SYMBOL, AT, replace(PRICE, rounding="half-even", nullable=True), null_values=("", "-999.999"))
    found = read(bars, put(tmp_path / "a.csv", csv_of([("A", iso(1), "-999.999")], "symbol,at,price")))

    assert [None] == [row[2] for row in found.rows]
    assert [{}] == [batch.rounded for batch in found.batches if len(batch.ticks)]


def _bytes_of(value: int) -> str:
    """As Java's ``BigInteger.toByteArray`` writes it: the fewest bytes that hold the number and its sign."""
    size = (value + (value < 0)).bit_length() // 8 + 1
    return base64.b64encode(value.to_bytes(size, "big", signed=True)).decode()


@given(st.lists(st.integers(-(10**18) + 1, 10**18 - 1), min_size=1, max_size=20))
def test_bytes_of_decimals(values: list[int]) -> None:
    """Base64 of big-endian two's complement, of any length and sign; the bytes themselves where they are bytes."""
    texts = [_bytes_of(value) for value in values]
    expected = [Decimal(value).scaleb(-2) for value in values]
    for column in (pl.Series(texts), pl.Series([base64.b64decode(text) for text in texts])):
        columns = {"symbol": pl.Series(["A"] * len(values)), "at": pl.Series([iso(1)] * len(values)), "price": column}
        rows = Decoder(ENCODED).decode(columns, len(values), {}, "here")
        assert expected == rows.frame["price"].to_list()


def test_what_is_no_decimal_in_base64(tmp_path: Path) -> None:
    """Is refused by itself: other letters, numbers, too many digits; nothing is a missing value."""
    prices = ["AN8=", "A", 1234, 2.23, _bytes_of(10**18), base64.b64encode(bytes(40)).decode(), "", None, "/w=="]
    lines = [json.dumps({"symbol": "A", "at": iso(1), "price": price}) for price in prices]
    found = read(ENCODED, put(tmp_path / "a.jsonl", "".join(f"{line}\n" for line in lines)))

    assert [Decimal("2.23"), Decimal("-0.01")] == [row[2] for row in found.rows]
    told = dict(found.invalid)
    assert [1, 2, 3, 4, 5, 6, 7] == sorted(told)
    assert "price: 'A' holds no bytes of a decimal in base64" == told[1]
    assert "'price' has the wrong type: 1234 is no string" == told[2]
    assert told[4].endswith("does not fit decimal(18, 2): its bytes have more digits")
    assert ["price: the value is missing"] * 2 == [told[6], told[7]]
    assert [tick("A", 1, "2.23", 0)[:3]] == read(ENCODED, [{"symbol": "A", "at": iso(1), "price": "AN8="}]).rows


@pytest.mark.parametrize("order", ["row", "time"])
@pytest.mark.parametrize("batch_rows", [1, 3, 100])
def test_each_rounded_value_is_counted_once(tmp_path: Path, order: str, batch_rows: int) -> None:
    """Sorted or not, however the rows are cut into batches, and never where the row itself is refused."""
    prices = ["1.005", "2.00", "x", "3.014", "4.1", "5.009", "1e99"]
    rows = [
        (f"2025-01-01T00:00:{second:02}Z", price) for second, price in zip((5, 4, 3, 2, 1, 0, 6), prices, strict=True)
    ]
    files = [tmp_path / f"{name}.csv" for name in "ab"]
    for file in files:
        file.write_text("symbol,at,price\n" + "".join(f"{file.stem},{at},{price}\n" for at, price in rows))
    event = '[event]\nkey = "symbol"\ntimestamp = "at"\n[event.fields]\nsymbol = "string"\nat = "timestamp"\n'
    event += 'price = "decimal(12, 2, round=half-even)"\n'
    bars = f'[source]\norder = "{order}"\n[bars]\nname = "b"\nbase = "1m"\ndelay = "1m"\n'
    bars += 'select = { last = "last(price)" }\n'
    (tmp_path / "b.toml").write_text(event + bars)
    report = bl.run(tmp_path / "b.toml", files, tmp_path / "state", batch_rows=batch_rows)

    assert {"price": 6} == report.rounded
