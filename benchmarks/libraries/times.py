"""Columns of ISO 8601 text to nanoseconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl

from libraries import ours
from libraries.contest import OURS, REFUSED, Case, Contest, Reader
from libraries.ticks import written

if TYPE_CHECKING:
    from collections.abc import Callable

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _barloom(texts: pl.Series) -> pl.Series:
    return ours.times_from_text(texts, "iso", None, ("",)).values


def _barloom_one(text: str) -> str:
    found = ours.times_from_text(pl.Series([text]), "iso", None, ("",))
    return REFUSED if found.problems else str(found.values[0])


def _polars(texts: pl.Series) -> pl.Series:
    return texts.str.to_datetime(time_unit="ns", time_zone="UTC").to_physical()


def _polars_told(texts: pl.Series) -> pl.Series:
    return texts.str.to_datetime("%Y-%m-%dT%H:%M:%S%.fZ", time_unit="ns").to_physical()


def _pyarrow(texts: pl.Series) -> pl.Series:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pl.Series(pc.cast(texts.to_arrow(), pa.timestamp("ns", "UTC"))).to_physical()


def _duckdb(texts: pl.Series) -> pl.Series:
    import duckdb

    table = texts.to_frame("text").to_arrow()
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.register("given", table)
        found = connection.sql("SELECT epoch_ns(CAST(text AS TIMESTAMPTZ_NS)) FROM given").to_arrow_table()
    return pl.Series(found.column(0))


def _pandas(texts: pl.Series) -> pl.Series:
    import pandas as pd

    stamps = pd.to_datetime(texts.to_pandas(), utc=True, format="ISO8601").astype("datetime64[ns, UTC]")
    return pl.Series(stamps.astype("int64").to_numpy())


def _each(parse: Callable[[str], datetime]) -> Callable[[pl.Series], pl.Series]:
    """A column by way of objects, one by one."""

    def read(texts: pl.Series) -> pl.Series:
        tick = timedelta(microseconds=1)
        return pl.Series([(parse(text) - _EPOCH) // tick * 1_000 for text in texts], dtype=pl.Int64)

    return read


def _ciso8601(texts: pl.Series) -> pl.Series:
    import ciso8601

    return _each(ciso8601.parse_datetime)(texts)


def _dateutil(texts: pl.Series) -> pl.Series:
    from dateutil.parser import isoparse

    return _each(isoparse)(texts)


def _standard(texts: pl.Series) -> pl.Series:
    return _each(datetime.fromisoformat)(texts)


def _one(read: Callable[[pl.Series], pl.Series]) -> Callable[[str], str]:
    return lambda text: str(read(pl.Series([text]))[0])


def _nanos(stamp: str, nanos: int = 0) -> str:
    """The answer, as Python's calendar counts whole seconds."""
    return str((datetime.fromisoformat(f"{stamp}+00:00") - _EPOCH) // timedelta(seconds=1) * 10**9 + nanos)


CONTEST = Contest(
    name="times",
    title="Times: ISO 8601 text to nanoseconds",
    make=lambda rows: written(rows)["at"],
    rows=500_000,
    readers=(
        Reader(OURS, (), _barloom, _barloom_one),
        Reader("Polars", (), _polars, _one(_polars)),
        Reader("Polars, told the format", (), _polars_told),
        Reader("pyarrow", ("pyarrow",), _pyarrow, _one(_pyarrow)),
        Reader("DuckDB", ("duckdb", "pyarrow"), _duckdb, _one(_duckdb)),
        Reader("pandas", ("pandas", "pyarrow"), _pandas, _one(_pandas)),
        Reader("ciso8601", ("ciso8601",), _ciso8601, _one(_ciso8601)),
        Reader("dateutil", ("dateutil",), _dateutil, _one(_dateutil)),
        Reader("datetime", (), _standard, _one(_standard)),
    ),
    cases=(
        Case("nanoseconds", "2025-11-10T12:34:56.123456789Z", (_nanos("2025-11-10T12:34:56", 123_456_789),)),
        Case("ten digits of a second", "2025-11-10T12:34:56.1234567891Z", (REFUSED,)),
        Case("+05:30", "2025-11-10T12:34:56+05:30", (_nanos("2025-11-10T07:04:56"),)),
        Case("+01, a space", "2025-11-10 12:34:56+01", (_nanos("2025-11-10T11:34:56"),)),
        Case("+0530", "2025-11-10T12:34:56+0530", (_nanos("2025-11-10T07:04:56"),)),
        Case("+25:00", "2025-11-10T12:34:56+25:00", (REFUSED,)),
        Case("t and z", "2025-11-10t12:34:56z", (_nanos("2025-11-10T12:34:56"),)),
        Case("no zone, none stated", "2025-11-10T12:34:56", (REFUSED,)),
        Case("24:00", "2025-11-10T24:00:00Z", (REFUSED, _nanos("2025-11-11T00:00:00"))),
        Case("a leap second", "2016-12-31T23:59:60Z", (REFUSED,)),
        Case("29 February 2025", "2025-02-29T00:00:00Z", (REFUSED,)),
        Case("the year 1678", "1678-01-01T00:00:00.000000001Z", (_nanos("1678-01-01T00:00:00", 1),)),
        Case("the end of 2261", "2261-12-31T23:59:59.999999999Z", (_nanos("2261-12-31T23:59:59", 999_999_999),)),
        Case("the year 2300", "2300-01-01T00:00:00Z", (REFUSED,)),
        Case("the year 1600", "1600-01-01T00:00:00Z", (REFUSED,)),
    ),
    notes=("ciso8601, dateutil and datetime make objects of microseconds, which are then counted.",),
)
