"""Refused rows say what is wrong with them, and as much of themselves as could be read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.runtime.side import side_records
from barloom.testing.log import Record
from barloom.testing.ticks import TickReader
from source.reading import DAY, SECOND, csv_of, iso, plan, put, read

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("order", ["row", "time"])
def test_key_and_time_of_a_refused_row(tmp_path: Path, order: str) -> None:
    """Each where it could be read."""
    rows = [("A", iso(1), "1", 1), ("B", iso(2), "x", 1), ("", iso(3), "1", 1), ("C", "never", "1", 1)]
    bars = plan(order=order)
    batch = read(bars, put(tmp_path / "a.csv", csv_of(rows) + "short\n")).batches[0]
    found = {record.row: (record.key, record.event_time) for record in side_records(bars, batch, None)}

    times = {2: DAY + 2 * SECOND, 3: DAY + 3 * SECOND}
    assert {2: (("B",), times[2]), 3: (None, times[3]), 4: (("C",), None), 5: (None, None)} == found


def test_what_is_no_number_in_parquet(tmp_path: Path) -> None:
    """The record shows it; null would say that nothing stood there."""
    prices = [float("nan"), float("inf"), float("-inf"), None]
    frame = pl.DataFrame({"symbol": "A", "at": iso(1), "price": pl.Series(prices, dtype=pl.Float64), "size": 1})
    frame.write_parquet(tmp_path / "a.parquet")
    reading = read(plan(), tmp_path / "a.parquet")

    shown = [origin.raw.partition('"price":')[2].partition(",")[0] for origin in reading.origins]
    assert ['"nan"', '"inf"', '"-inf"', "null"] == shown


@pytest.mark.parametrize("value", ["true", "7.0", "1e3", "-0.5"])
def test_json_that_is_no_string(tmp_path: Path, value: str) -> None:
    """A key is what was written as one; a text that looks like a number is a text."""
    line = f'{{"symbol":%s,"at":"{iso(1)}","price":1.5,"size":1}}\n'
    path = put(tmp_path / "a.jsonl", line % value + line % f'"{value}"' + line % "7")
    reading = read(plan(), path)

    assert [value, "7"] == [row[0] for row in reading.rows]
    assert f"'symbol' has the wrong type: {value} is no string" in reading.invalid[0][1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("20251110T090000Z", "with dashes and colons"),
        ("20251110", "with dashes and colons"),
        ("2025-11-10T09:00:00.1234567891Z", "digits below a nanosecond"),
        ("2025-11-10T09:00:00.1234567891+01:00", "digits below a nanosecond"),
    ],
)
def test_times_that_are_nearly_iso(tmp_path: Path, text: str, message: str) -> None:
    """The message says what is wrong."""
    reading = read(plan(), put(tmp_path / "a.csv", csv_of([("A", text, "1", 1)])))

    assert message in reading.invalid[0][1]


@pytest.mark.parametrize("value", [True, 7.0])
def test_what_a_test_feeds_is_no_string_either(value: object) -> None:
    """`barloom.testing` takes a mapping as JSON is taken: a whole number is a key, a truth value or a fraction none."""
    mapping = {"at": iso(1), "price": "1.50", "size": 1}
    records = [
        Record("ticks", 0, offset, None, {"symbol": key, **mapping}, 0) for offset, key in enumerate((value, "A", 7))
    ]
    batch, refused = TickReader(plan()).read(records)

    assert ["A", "7"] == batch.frame["symbol"].to_list()
    assert [f"'symbol' has the wrong type: {str(value).lower()} is no string"] == [text for _, text in refused]
