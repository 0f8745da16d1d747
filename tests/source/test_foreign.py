"""Frames of pandas and Arrow are read as Polars frames of equal values; what looks like rows is told to be none."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import polars as pl
import pytest

import barloom as bl
from barloom.errors import SourceError

pandas = pytest.importorskip("pandas")


class Trade(bl.Event):
    """A trade with a field of each type."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 2)
    size: int | None = bl.field()
    odd: bool | None = bl.field()


BARS = (
    bl.from_(Trade)
    .tumbling("1m")
    .select(close=bl.last("price"), volume=bl.sum("size"), odds=bl.count(when="odd"))
    .named("bars")
)
NANOS = 1_762_765_200_123_456_789  # 2025-11-10T09:00:00.123456789Z


def minute(given: object) -> dict[str, Any]:
    """The one bar of a source."""
    computed = bl.compute(BARS, given)
    assert computed.rejected.rows() == []
    (bar,) = computed["1m"].with_columns(pl.col("open_time").to_physical()).rows(named=True)
    return {name: bar[name] for name in ("symbol", "close", "volume", "odds", "open_time")}


def frame(**columns: object) -> Any:  # noqa: ANN401 - pandas is no dependency
    """A pandas frame of one trade, with some of its columns given otherwise."""
    given = {"symbol": ["A"], "at": pandas.to_datetime([NANOS]).tz_localize("UTC"), "price": ["1.25"], "size": [3]}
    return pandas.DataFrame({**given, "odd": [True], **columns})


EXPECTED = {"symbol": "A", "close": Decimal("1.25"), "volume": 3, "odds": 1, "open_time": NANOS}


@pytest.mark.parametrize(
    ("columns", "differs"),
    [
        ({}, {}),
        ({"price": [Decimal("1.25")]}, {}),
        ({"price": [1.25]}, {}),
        ({"size": pandas.array([3], "Int64")}, {}),
        ({"size": pandas.array([None], "Int64")}, {"volume": 0}),
        ({"size": [float("nan")]}, {"volume": 0}),
        ({"size": [2**53 + 1]}, {"volume": 2**53 + 1}),
        ({"odd": pandas.array([None], "boolean")}, {"odds": 0}),
        ({"symbol": pandas.Categorical(["A"])}, {}),
        ({"symbol": pandas.array(["A"], "string")}, {}),
        ({"at": pandas.to_datetime([NANOS]).tz_localize("UTC").tz_convert("America/New_York")}, {}),
        ({"at": [pandas.Timestamp(NANOS, tz="UTC")]}, {}),
        ({"at": ["2025-11-10T09:00:00.123456789Z"]}, {}),
        ({"at": [datetime(2025, 11, 10, 9, tzinfo=UTC)]}, {"open_time": 1_762_765_200_000_000_000}),
    ],
)
def test_a_pandas_frame_is_read_to_the_digit(columns: dict[str, object], differs: dict[str, object]) -> None:
    """Times keep their nanoseconds, integers all digits, and what pandas takes for missing is null."""
    assert EXPECTED | differs == minute(frame(**columns))


def test_a_named_index_is_a_column() -> None:
    """As pandas' users keep their times; a plain numbering is none."""
    assert minute(frame().set_index("at")) == EXPECTED
    assert minute(frame().set_index(["symbol", "at"])) == EXPECTED
    assert minute(frame().set_index(pandas.Index([7]))) == EXPECTED


def test_pandas_frames_among_a_feeds_rows_are_read() -> None:
    """Like Polars frames there."""
    assert minute([frame()]) == EXPECTED


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (frame()["price"], "a pandas Series holds no rows that have names; give the frame"),
        (pl.Series([1]), "a polars Series holds no rows that have names; give the frame"),
        (np.zeros((1, 2)), r"a numpy ndarray holds no rows that have names; give its columns by name: pl\.DataFrame"),
        ({"symbol": ["A"]}, r"a mapping of columns is no input; make a frame of it: pl\.DataFrame\(columns\)"),
        ({"symbol": "A"}, r"a single mapping is no input; .* a list of mappings: \[row\]"),
        (
            Trade("A", datetime(2025, 1, 1, tzinfo=UTC), Decimal(1), None, None),
            r"a single Trade is no input; .*\[event\]",
        ),
        ([("A", 1)], r"the feed gave \('A', 1\), values without names; .*\{'symbol': …, 'at': …\}"),
        (iter(['{"symbol": "A"}']), "the feed gave JSON text, .*json.loads"),
        ([frame()["price"]], "a pandas Series holds no rows"),
        (b"symbol,at", "bytes are no input; give the path of the file"),
        (None, "None is no input; give a path"),
        (frame, "'frame' is a function; call it"),
    ],
)
def test_what_only_looks_like_rows_is_told_what_to_give(given: object, told: str) -> None:
    """By the line to write, where there is one."""
    with pytest.raises(SourceError, match=told):
        bl.compute(BARS, given)


def test_an_open_file_is_told_to_be_named(tmp_path: Any) -> None:  # noqa: ANN401 - a path
    """Its lines are no rows."""
    (tmp_path / "a.csv").write_text("symbol,at\n")
    with (
        (tmp_path / "a.csv").open() as file,
        pytest.raises(SourceError, match="an open file is no input; give the path"),
    ):
        bl.compute(BARS, file)
