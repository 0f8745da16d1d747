"""`null_values` mean that there is none, whatever the input is and whatever type its columns have."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

import barloom as bl
from barloom.plan.barplan import Field, FieldKind, NumberType
from source.reading import AT, SYMBOL, csv_of, iso, plan, put, read

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

HIGHEST = 2**63 - 1
PRICE = Field("price", FieldKind.DECIMAL, NumberType(10, 2), nullable=True)
SIZE = Field("size", FieldKind.INTEGER, nullable=True)
NOTE = Field("note", FieldKind.STRING, nullable=True)
BARS = plan(SYMBOL, AT, PRICE, SIZE, NOTE, null_values=(str(HIGHEST), "-999", "NA", "NaN"))
NAMES = ("symbol", "at", "price", "size", "note")
ROWS = [("A", iso(1), HIGHEST, HIGHEST, "x"), ("A", iso(2), -999, -999, "NA"), ("A", iso(3), 7, 8, "9")]
EXPECTED = [(None, None, "x"), (None, None, None), (Decimal("7.00"), 8, "9")]


def _lines(rows: Iterable[tuple[object, ...]]) -> str:
    shown = ([f'"{each}"' if isinstance(each, str) else each for each in row] for row in rows)
    return "".join(
        "{" + ",".join(f'"{name}":{each}' for name, each in zip(NAMES, row, strict=True)) + "}\n" for row in shown
    )


def _inputs(folder: Path) -> dict[str, object]:
    frame = pl.DataFrame(ROWS, schema=NAMES, orient="row")
    frame.write_parquet(folder / "a.parquet")
    mappings = [dict(zip(NAMES, row, strict=True)) for row in ROWS]
    return {
        "csv": put(folder / "a.csv", csv_of(ROWS, ",".join(NAMES))),
        "jsonl": put(folder / "a.jsonl", _lines(ROWS)),
        "parquet": folder / "a.parquet",
        "frame": frame,
        "mappings": mappings,
        "frames": iter([frame]),
        "decimals": frame.with_columns(pl.col("price").cast(pl.Decimal(38, 4))),
        "wide": frame.with_columns(pl.col("size").cast(pl.Int128)),
    }


def test_they_hold_for_every_source(tmp_path: Path) -> None:
    """The largest integer is no high, -999 no size, and a text is none where it is written so."""
    for name, spec in _inputs(tmp_path).items():
        found = read(BARS, spec)
        assert (EXPECTED, []) == ([row[2:] for row in found.rows], found.invalid), name


@pytest.mark.parametrize("written", ["-999", "-999.0", "-999.00", "-9.99e2", " -999 "])
def test_a_number_is_told_by_its_value(tmp_path: Path, written: str) -> None:
    """However it is written: with more places, an exponent, as a float."""
    text = csv_of([("A", iso(1), written, written, "x")], ",".join(NAMES))
    json = f'{{"symbol":"A","at":"{iso(1)}","price":{written.strip()},"size":null,"note":"x"}}\n'
    frame = pl.DataFrame([("A", iso(1), float(written), None, "x")], schema=NAMES, orient="row")

    assert [(None, None, "x")] == [row[2:] for row in read(BARS, put(tmp_path / "a.csv", text)).rows]
    assert [(None, None, "x")] == [row[2:] for row in read(BARS, put(tmp_path / "a.jsonl", json)).rows]
    assert [(None, None, "x")] == [row[2:] for row in read(BARS, frame).rows]


def test_a_float_may_be_no_number(tmp_path: Path) -> None:
    """NaN is refused, unless it is declared to mean no value."""
    frame = pl.DataFrame([("A", iso(1), float("nan"), 1, "x")], schema=NAMES, orient="row")
    frame.write_parquet(tmp_path / "a.parquet")

    assert [(None, 1, "x")] == [row[2:] for row in read(BARS, tmp_path / "a.parquet").rows]
    assert ["price: 'NaN' is not a number"] == [text for _, text in read(_with(()), frame).invalid]


def _with(null_values: tuple[str, ...]) -> bl.BarPlan:
    return replace(BARS, source=replace(BARS.source, null_values=null_values))


def test_a_missing_key_or_time_is_refused(tmp_path: Path) -> None:
    """A sentinel in a typed key or time is a missing one: the row is invalid."""
    key = plan(Field("symbol", FieldKind.INTEGER), AT, null_values=("-1", "1970-01-01T00:00:00Z", "1900-01-01"))
    noon = datetime(2025, 1, 1, 12, tzinfo=UTC)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    frame = pl.DataFrame({"symbol": [-1, 5, 6], "at": [noon, epoch, noon]})
    frame.write_parquet(tmp_path / "a.parquet")
    dates = pl.DataFrame({"symbol": [1, 2], "at": [date(1900, 1, 1), date(2025, 1, 1)]})

    for spec in (frame, tmp_path / "a.parquet", frame.to_dicts()):
        found = read(key, spec)
        assert [6] == [row[0] for row in found.rows]
        assert ["symbol: the key is missing", "at: the time is missing"] == [text for _, text in found.invalid]
    zoned = replace(key, source=replace(key.source, zone="UTC"))
    assert ["at: the time is missing"] == [text for _, text in read(zoned, dates).invalid]


def test_a_number_since_1970_may_mean_that_there_is_no_time() -> None:
    """0 and -1 are what many write there."""
    bars = plan(SYMBOL, replace(AT, time_unit="ms"), null_values=("0", "-1"))
    frame = pl.DataFrame({"symbol": ["A", "B"], "at": [0, -1]})

    for spec in (frame, frame.to_dicts()):
        assert ["at: the time is missing"] * 2 == [text for _, text in read(bars, spec).invalid]


def test_they_hold_for_messages() -> None:
    """JSON of Kafka, whether it is read side by side or one by one."""
    from barloom.serde.formats import Format  # noqa: PLC0415
    from barloom.serde.open import open_serde  # noqa: PLC0415
    from serde.material import CALENDAR, quotes  # noqa: PLC0415

    bars = quotes(null_values=[str(HIGHEST), "-999", "7"])
    decoder = open_serde(bars, CALENDAR, format=Format.JSON).events
    ask = ["7", "7.00", "-999", str(HIGHEST), "8"]
    message = '{"broker":"B","number":5,"at":1700000040000,"bid":"1.5","ask":%s,"size":"2","buy":true}'
    alike = decoder.decode([(message % each).encode() for each in ("7.00", "8.00", "9.00")])
    mixed = decoder.decode([(message % each).encode() for each in ask])

    assert [None, Decimal(8), Decimal(9)] == alike.frame["ask"].to_list()
    assert [None, None, None, None, Decimal(8)] == mixed.frame["ask"].to_list()


class _Trade(bl.Event):
    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal | None = bl.decimal(10, 2)


def test_they_hold_for_events_and_compute() -> None:
    """Objects of a feed, and a frame that is computed at once: the sentinel is no high."""
    bars = (
        bl.from_(_Trade)
        .source(null_values=["999.99"])
        .tumbling("1m")
        .select(high=bl.max("price"), count=bl.count())
        .named("b")
    )
    at = datetime(2025, 1, 1, 12, tzinfo=UTC)
    trades = [_Trade(symbol="A", at=at, price=Decimal(price)) for price in ("1.00", "999.99")]
    frame = pl.DataFrame({"symbol": ["A", "A"], "at": [at, at], "price": [1.0, 999.99]})

    assert [Decimal("1.00"), None] == [row[2] for row in read(bars.plan, trades).rows]
    assert [(Decimal("1.00"), 2)] == bars.compute(frame)["1m"].select("high", "count").rows()


@pytest.mark.parametrize("written", ["1e30", "1E30", "1.0e+30", f" {10**30} ", f"{10**30}.00"])
def test_a_number_that_no_value_could_be_means_none(tmp_path: Path, written: str) -> None:
    """A sentinel beyond the type's digits is no complaint, in text, JSON and Python's floats as in frames."""
    bars = _with(("1e30",))
    text = csv_of([("A", iso(1), written, written, "x")], ",".join(NAMES))
    json = f'{{"symbol":"A","at":"{iso(1)}","price":{written.strip()},"size":{written.strip()},"note":"x"}}\n'
    rows = [("A", iso(1), 1e30, 1e30, "x"), ("A", iso(2), 1e29, None, "y"), ("A", iso(3), 2.5, None, "z")]
    mappings = [dict(zip(NAMES, row, strict=True)) for row in rows]
    frame = pl.DataFrame(rows, schema=NAMES, orient="row")

    for spec in (put(tmp_path / "a.csv", text), put(tmp_path / "a.jsonl", json)):
        assert ([(None, None, "x")], []) == ([row[2:] for row in read(bars, spec).rows], read(bars, spec).invalid)
    for given in (mappings, frame):
        found = read(bars, given)
        assert [(None, None, "x"), (Decimal("2.50"), None, "z")] == [row[2:] for row in found.rows]
        assert [1] == [offset for offset, _ in found.invalid]
