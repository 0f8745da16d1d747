"""Parquet files and frames: typed columns are taken exactly, or refused where their type cannot be meant."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from barloom.errors import SourceError
from barloom.source.open import open_source
from source.reading import DAY, SECOND, iso, plan, put, read, tick, with_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _frame(**columns: object) -> pl.DataFrame:
    usual = {"symbol": ["A", "B"], "at": [iso(1), iso(2)], "price": ["1.50", "2.25"], "size": [3, 4]}
    return pl.DataFrame({**usual, **columns})


TICKS = [tick("A", 1, "1.50", 3), tick("B", 2, "2.25", 4)]
_TIMES = pl.Series([DAY + SECOND, DAY + 2 * SECOND])


@pytest.mark.parametrize(
    "columns",
    [
        {},
        {"price": [1.5, 2.25]},
        {"price": pl.Series([1.5, 2.25], dtype=pl.Float32)},
        {"price": pl.Series([Decimal("1.50"), Decimal("2.25")], dtype=pl.Decimal(38, 10))},
        {"size": pl.Series([3, 4], dtype=pl.UInt8)},
        {"size": [3.0, 4.0]},
        {"symbol": pl.Series(["A", "B"], dtype=pl.Categorical)},
        {"at": _TIMES.cast(pl.Datetime("ns", "UTC"))},
        {"at": (_TIMES // 1000).cast(pl.Datetime("us", "Asia/Tokyo"))},
    ],
    ids=["text", "float", "float32", "decimal", "uint8", "whole floats", "categorical", "utc", "tokyo"],
)
def test_the_same_rows_from_columns_of_any_fitting_type(tmp_path: Path, columns: dict[str, Any]) -> None:
    """From a file, a frame and a lazy frame."""
    frame = _frame(**columns)
    frame.write_parquet(tmp_path / "a.parquet")

    for spec in (tmp_path / "a.parquet", frame, frame.lazy()):
        reading = read(plan(), spec)
        assert (TICKS, []) == (reading.rows, reading.invalid)


def test_batches_are_as_large_as_asked(tmp_path: Path) -> None:
    """Where one file is read, only its last batch is smaller: what is read together never cuts a batch."""
    rows = 250_000
    size = pl.int_range(rows, eager=True)
    usual = _frame().head(1).drop("size").join(size.alias("size").to_frame(), how="cross")
    usual.write_parquet(tmp_path / "a.parquet", row_group_size=30_000)

    for asked, expected in ((100_000, [100_000, 100_000, 50_000]), (120_000, [120_000, 120_000, 10_000])):
        batches = list(open_source(plan(), tmp_path / "a.parquet").open({}, asked))
        assert expected == [len(batch.ticks) for batch in batches]
        assert size.to_list() == [size for batch in batches for size in batch.ticks.frame["size"]]
        assert list(range(rows)) == [offset for batch in batches for offset in batch.ticks.offsets.tolist()]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_numbers_as_times(unit: str) -> None:
    """Integers and floats since the epoch, in the declared unit."""
    divided = {"s": SECOND, "ms": 10**6, "us": 1000, "ns": 1}[unit]

    assert TICKS == read(with_time(unit), _frame(at=_TIMES // divided)).rows
    if unit != "ns":
        assert TICKS == read(with_time(unit), _frame(at=_TIMES / divided)).rows


@pytest.mark.parametrize(
    ("columns", "why"),
    [
        ({"price": [True, False]}, "'price' is Boolean, which is no decimal"),
        ({"symbol": [1.5, 2.5]}, "'symbol' is Float64, which is no string"),
        ({"at": [True, False]}, "'at' is Boolean, which is no time"),
        ({"at": [1, 2]}, r"declare timestamp\(s\)"),
        ({"at": [datetime(2025, 1, 1)] * 2}, "without a zone"),  # noqa: DTZ001 - that is the point
        ({"size": [[1], [2]]}, "'size' is List"),
    ],
)
def test_a_column_of_the_wrong_type_is_refused(columns: dict[str, Any], why: str) -> None:
    """As a whole, since no row of it can be read."""
    with pytest.raises(SourceError, match=why):
        read(plan(), _frame(**columns))


def test_values_that_do_not_fit_are_refused_by_row(tmp_path: Path) -> None:
    """A float with too many digits, NaN, a null key; the record is kept as JSON."""
    frame = _frame(symbol=["A", None], price=[0.1 + 0.2, 2.25]).vstack(_frame(price=[float("nan"), 2.25]))
    frame.write_parquet(tmp_path / "a.parquet")
    reading = read(plan(), tmp_path / "a.parquet")

    assert [TICKS[1]] == reading.rows
    assert [
        (0, "price: '0.30000000000000004' does not fit decimal(18, 2): it has more than 2 digits behind the point"),
        (1, "symbol: the key is missing"),
        (2, "price: 'NaN' is not a number"),
    ] == reading.invalid
    assert (2, '{"symbol":null,"at":"2025-01-01T00:00:02.000Z","price":2.25,"size":4}') == reading.origins[1][1:]


def test_paths_go_into_structs_and_lists() -> None:
    """As in JSON: by field name and by position."""
    frame = pl.DataFrame({"d": [{"s": "A", "p": ["1.5", "9"]}], "at": [iso(1)], "size": [3]})
    mapped = plan(columns={"symbol": "d.s", "price": "d.p.0"})

    assert [tick("A", 1, "1.5", 3)] == read(mapped, frame).rows
    with pytest.raises(SourceError, match=r"'d\.q'.*its columns are 'd\.s', 'd\.p'"):
        read(plan(columns={"symbol": "d.s", "price": "d.q"}), frame)


@pytest.mark.parametrize(
    ("mark", "told"),
    [
        (lambda whole: whole[:-20], "cut short"),
        (lambda whole: whole[:4], "cut short"),
        (lambda whole: whole[:-30] + b"?" * 22 + whole[-8:], "damaged"),
        (lambda _: b"symbol,at,price,size\n", "no Parquet file"),
        (lambda _: b"", "empty"),
    ],
    ids=["without its end", "its first bytes", "its index overwritten", "text", "nothing"],
)
def test_a_parquet_file_that_cannot_be_read_is_told_why(
    tmp_path: Path, mark: Callable[[bytes], bytes], told: str
) -> None:
    """Its index stands at its end: nothing of it can be read without."""
    _frame().write_parquet(tmp_path / "a.parquet")
    put(tmp_path / "b.parquet", mark((tmp_path / "a.parquet").read_bytes()))

    with pytest.raises(SourceError, match=rf"b\.parquet is {told} \("):
        read(plan(), tmp_path / "b.parquet")


def test_a_missing_column_is_told(tmp_path: Path) -> None:
    """With the nearest name and those there are."""
    _frame().rename({"price": "Price"}).write_parquet(tmp_path / "a.parquet")

    with pytest.raises(SourceError, match=r"a\.parquet has no column 'price'.*did you mean 'Price'"):
        read(plan(), tmp_path / "a.parquet")


def test_an_empty_frame_has_no_rows() -> None:
    """It is no error to compute bars of nothing."""

    assert [] == read(plan(), _frame().clear()).rows


def test_batches_hold_at_most_what_was_asked(tmp_path: Path) -> None:
    """And the rows come in order."""
    rows = 1000
    times = pl.Series([DAY + row * SECOND for row in range(rows)]).cast(pl.Datetime("ns", "UTC"))
    frame = pl.DataFrame({"symbol": "A", "at": times, "price": "1", "size": pl.Series(range(rows))})
    frame.write_parquet(tmp_path / "a.parquet", row_group_size=300)
    reading = read(plan(), tmp_path / "a.parquet", rows=70)

    assert max(len(batch.ticks) for batch in reading.batches) <= 70
    assert list(range(rows)) == [row[3] for row in reading.rows] == reading.offsets
    assert datetime(2025, 1, 1, tzinfo=UTC).timestamp() * SECOND == reading.rows[0][1]
