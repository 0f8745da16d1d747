"""Exported files hold every digit, and are there whole or not at all."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

import polars as pl
import pytest

from barloom.read.exports.files import format_of, write_frames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NOON = 1_762_776_000 * 1_000_000_000
SCHEMA = pl.Schema({"start": pl.Datetime("ns", "UTC"), "price": pl.Decimal(38, 10), "count": pl.Int64()})


def chunk(start: int, price: str | None, count: int) -> pl.DataFrame:
    """One bar."""
    value = None if price is None else Decimal(price)
    return pl.DataFrame([(start, value, count)], schema={**SCHEMA, "start": pl.Int64}, orient="row").cast(SCHEMA)  # type: ignore[arg-type]


BARS = [chunk(NOON, "0.0000000001", 1), chunk(NOON + 1, "-1234567890123456789012345678.5", 2), chunk(NOON, None, 0)]


def test_csv_has_plain_decimals_and_utc_times(tmp_path: Path) -> None:
    """No exponent, no float; nine digits behind the second in every row, and Z."""
    out = tmp_path / "bars.csv"

    rows = write_frames(iter(BARS), SCHEMA, str(out), "csv")

    assert rows == 3
    assert (
        out.read_text() == "start,price,count\n2025-11-10T12:00:00.000000000Z,0.0000000001,1\n"
        "2025-11-10T12:00:00.000000001Z,-1234567890123456789012345678.5000000000,2\n2025-11-10T12:00:00.000000000Z,,0\n"
    )


def test_json_lines_hold_decimals_as_text(tmp_path: Path) -> None:
    """A JSON number would be read as a float by most programs."""
    out = tmp_path / "bars.jsonl"

    write_frames(iter(BARS[:1]), SCHEMA, str(out), "jsonl")

    assert out.read_text() == '{"start":"2025-11-10T12:00:00.000000000Z","price":"0.0000000001","count":1}\n'


def test_parquet_keeps_the_types(tmp_path: Path) -> None:
    """Decimals stay decimals and times nanoseconds, in the order given."""
    out = tmp_path / "bars.parquet"

    write_frames(iter(BARS), SCHEMA, str(out), "parquet")

    assert pl.read_parquet(out).equals(pl.concat(BARS))


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_no_bars_make_an_empty_file(tmp_path: Path, form: str) -> None:
    """The columns are there where the format has any."""
    out = tmp_path / f"bars.{form}"

    assert write_frames(iter(()), SCHEMA, str(out), form) == 0

    assert out.read_bytes() == b"" if form == "jsonl" else out.stat().st_size > 0


@pytest.mark.parametrize("form", ["csv", "jsonl", "parquet"])
def test_a_failed_export_leaves_the_old_file_and_nothing_else(tmp_path: Path, form: str) -> None:
    """Whatever goes wrong in the middle."""
    out = tmp_path / f"bars.{form}"
    out.write_text("before")

    def broken() -> Iterator[pl.DataFrame]:
        yield BARS[0]
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_frames(broken(), SCHEMA, str(out), form)

    assert [out] == list(tmp_path.iterdir())
    assert out.read_text() == "before"


def test_the_name_says_the_format(tmp_path: Path) -> None:
    """A name that says nothing is refused, unless a format is given."""
    assert ["csv", "parquet", "jsonl", "csv", "jsonl"] == [
        format_of("a.csv", None), format_of("a.parquet", None), format_of("a.jsonl", None), format_of("-", None),
        format_of("-", "jsonl"),
    ]  # fmt: skip
    with pytest.raises(ValueError, match="does not say the format"):
        format_of(str(tmp_path / "bars"), None)
