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
from barloom.source.open import open_source

pandas = pytest.importorskip("pandas")


class Trade(bl.Event):
    """A trade with a field of each type."""

    symbol: str = bl.key()
    at: datetime = bl.timestamp()
    price: Decimal = bl.decimal(18, 2)
    size: int | None = bl.field()
    odd: bool | None = bl.field()


def source(**settings: Any) -> bl.Bars:  # noqa: ANN401 - those of `Query.source`
    """Minutes, with some settings of the source."""
    made = bl.from_(Trade).tumbling("1m")
    columns = made.select(close=bl.last("price"), volume=bl.sum("size"), odds=bl.count(when="odd"))
    return columns.source(**settings).named("bars")


BARS = source()
NANOS = 1_762_765_200_123_456_789  # 2025-11-10T09:00:00.123456789Z


def minute(given: object, bars: bl.Bars = BARS) -> dict[str, Any]:
    """The one bar of a source."""
    computed = bl.compute(bars, given)
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
    """As pandas' users keep their times; a plain numbering is none, and a column goes before a level of its name."""
    other = pandas.Index(["not the time"], name="at")

    assert minute(frame().set_index("at")) == EXPECTED
    assert minute(frame().set_index(["symbol", "at"])) == EXPECTED
    assert minute(frame().set_index(pandas.Index([7]))) == EXPECTED
    assert minute(frame().set_index("at", drop=False)) == EXPECTED
    assert minute(frame().set_index(other)) == EXPECTED


def test_an_index_without_a_name_is_the_column_index_for_those_who_ask() -> None:
    """As `reset_index` calls it."""
    unnamed = frame().set_index("at").rename_axis(None)

    assert minute(unnamed, source(columns={"at": "index"})) == EXPECTED
    with pytest.raises(SourceError, match=r"has no column 'at' .*its columns are 'index', 'symbol'"):
        bl.compute(BARS, unnamed)


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_pandas_may_have_any_unit(unit: str) -> None:
    """With a zone or, where the definition states it, without; NaT is a missing time, which is told of its row."""
    at = pandas.Series(["2025-11-10T09:00:01", "NaT"]).astype(f"datetime64[{unit}]")
    two = pandas.DataFrame({"symbol": ["A", "A"], "price": ["1", "2"], "size": [3, 4], "odd": [True, True]})
    for given in (at, at.dt.tz_localize("UTC")):
        computed = bl.compute(source(zone="UTC"), two.assign(at=given))
        assert computed["1m"]["open_time"].to_physical().to_list() == [1_762_765_201_000_000_000]
        assert computed.rejected["message"].to_list() == ["at: the time is missing"]


def test_a_subclass_of_a_pandas_frame_is_one() -> None:
    """As the frames of geopandas are."""
    kind = type("Frame", (pandas.DataFrame,), {})

    assert minute(kind(frame())) == EXPECTED


def test_a_pandas_frame_with_two_columns_of_a_name_is_refused() -> None:
    """Nobody could say which is meant."""
    with pytest.raises(SourceError, match="the frame has two columns 'price'; rename one of them"):
        bl.compute(BARS, pandas.concat([frame(), frame()[["price"]]], axis=1))


class Stream:
    """Rows of any library: only the two capsules of Arrow's interface are known of it."""

    def __init__(self, rows: pl.DataFrame | pl.Series) -> None:
        self._rows = rows

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._rows.__arrow_c_stream__(requested_schema)


TICK = pl.DataFrame(
    {
        "symbol": pl.Series(["A"], dtype=pl.Categorical),
        "at": pl.Series([NANOS]).cast(pl.Datetime("ns", "America/New_York")),
        "price": pl.Series(["1.2500"], dtype=pl.Decimal(38, 4)),
        "size": pl.Series([3], dtype=pl.UInt8),
        "odd": [True],
    }
)


@pytest.mark.parametrize("given", [TICK, TICK.lazy(), Stream(TICK), [Stream(TICK)]])
def test_rows_by_arrows_interface_are_read_to_the_digit(given: object) -> None:
    """By Polars alone: pyarrow need not be there. Nanoseconds, decimals, categories and zones are kept."""
    assert minute(given) == EXPECTED


def test_an_arrow_column_is_no_rows() -> None:
    """Nor is what Polars cannot hold."""
    with pytest.raises(SourceError, match=r"a tests Stream gives no rows that Polars can hold .*give a table"):
        bl.compute(BARS, Stream(pl.Series([1])))


def test_a_relation_of_duckdb_is_read() -> None:
    """As it is asked for; a connection is told to give one."""
    duckdb = pytest.importorskip("duckdb")
    query = (
        f"select 'A' as symbol, make_timestamp_ns({NANOS}) as at, 1.25::decimal(18, 4) as price, "
        "3::hugeint as size, true as odd"
    )

    assert minute(duckdb.sql(query), source(zone="UTC")) == EXPECTED
    with pytest.raises(SourceError, match=r"a duckdb DuckDBPyConnection holds no rows .*connection\.sql\(query\)"):
        bl.compute(BARS, duckdb.connect())


def test_tables_and_readers_of_pyarrow_are_read() -> None:
    """And a part of one is told to be one; so is a type that Polars does not have."""
    pyarrow = pytest.importorskip("pyarrow")
    table = pyarrow.table(Stream(TICK))

    for given in (table, table.to_batches()[0], table.to_reader()):
        assert minute(given) == EXPECTED
    with pytest.raises(SourceError, match="a pyarrow ChunkedArray holds no rows that have names; give the table"):
        bl.compute(BARS, table["price"])
    with pytest.raises(SourceError, match="a pyarrow Table gives no rows that Polars can hold"):
        bl.compute(BARS, table.append_column("more", [pyarrow.array([1], pyarrow.decimal256(50, 2))]))


def test_a_lazy_frame_is_read_in_batches_from_any_row_on() -> None:
    """As any frame: none is larger than asked for, and no row is left out."""
    lazy = pl.concat([TICK] * 250).lazy()
    batches = list(open_source(BARS.plan, lazy).open({}, 100))
    rest = open_source(BARS.plan, lazy).open(batches[0].positions, 100)

    assert max(len(batch.ticks) for batch in batches) <= 100
    assert sum(len(batch.ticks) for batch in batches) == 250
    assert sum(len(batch.ticks) for batch in rest) == 250 - len(batches[0].ticks)


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
