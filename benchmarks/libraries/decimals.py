"""Columns of text to exact decimals."""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import NamedTuple

import polars as pl

from libraries import ours
from libraries.contest import OURS, REFUSED, Case, Contest, Reader, as_answer
from libraries.ticks import written


class Text(NamedTuple):
    """A number as it is written, and the type that is asked for."""

    text: str
    precision: int
    scale: int


def _barloom(texts: pl.Series) -> pl.Series:
    return ours.numbers_from_text(texts, ours.NumberType(18, 6), ("",)).values


def _barloom_one(given: Text) -> str:
    number = ours.NumberType(given.precision, given.scale)
    found = ours.numbers_from_text(pl.Series([given.text], dtype=pl.String), number, ("",))
    return REFUSED if found.problems else as_answer(found.values[0])


def _polars(texts: pl.Series) -> pl.Series:
    return texts.cast(pl.Decimal(18, 6))


def _polars_one(given: Text) -> str:
    return as_answer(pl.Series([given.text]).cast(pl.Decimal(given.precision, given.scale))[0])


def _pyarrow(texts: pl.Series) -> object:
    import pyarrow as pa
    import pyarrow.compute as pc

    return pa.table({"0": pc.cast(texts.to_arrow(), pa.decimal128(18, 6))})


def _pyarrow_one(given: Text) -> str:
    import pyarrow as pa
    import pyarrow.compute as pc

    return as_answer(pc.cast(pa.array([given.text]), pa.decimal128(given.precision, given.scale))[0].as_py())


def _duckdb(texts: pl.Series) -> object:
    import duckdb

    table = texts.to_frame("text").to_arrow()
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("given", table)
        return connection.sql("SELECT CAST(text AS DECIMAL(18, 6)) FROM given").to_arrow_table()


def _duckdb_one(given: Text) -> str:
    import duckdb

    with duckdb.connect() as connection:
        query = f"SELECT CAST(? AS DECIMAL({given.precision}, {given.scale}))"
        [(value,)] = connection.execute(query, [given.text]).fetchall()
    return as_answer(value)


def _decimal(texts: pl.Series) -> pl.Series:
    exactly = Context(prec=18, traps=[Inexact, InvalidOperation])
    place = Decimal("0.000001")
    return pl.Series([Decimal(text).quantize(place, context=exactly) for text in texts], dtype=pl.Decimal(18, 6))


def _decimal_one(given: Text) -> str:
    exactly = Context(prec=given.precision, traps=[Inexact, InvalidOperation])
    return as_answer(Decimal(given.text).quantize(Decimal(1).scaleb(-given.scale), context=exactly))


def _pandas(texts: pl.Series) -> object:
    import pandas as pd

    return pl.Series(pd.to_numeric(texts.to_pandas()).to_numpy())


def _pandas_one(given: Text) -> str:
    import pandas as pd

    return as_answer(float(pd.to_numeric(pd.Series([given.text]))[0]))


def _text(text: str, precision: int = 18, scale: int = 1) -> Text:
    return Text(text, precision, scale)


_LONG = "1234567890123456789012345678901234567.8"

CONTEST = Contest(
    name="numbers",
    title="Numbers: text to decimals",
    make=lambda rows: written(rows)["bid"],
    rows=500_000,
    readers=(
        Reader(OURS, (), _barloom, _barloom_one),
        Reader("Polars", (), _polars, _polars_one),
        Reader("pyarrow", ("pyarrow",), _pyarrow, _pyarrow_one),
        Reader("DuckDB", ("duckdb", "pyarrow"), _duckdb, _duckdb_one),
        Reader("decimal", (), _decimal, _decimal_one),
        Reader("pandas", ("pandas", "pyarrow"), _pandas, _pandas_one),
    ),
    cases=(
        Case("1.50, one place", _text("1.50"), ("1.5",)),
        Case("1.55, one place", _text("1.55"), (REFUSED,)),
        Case("-0.05, one place", _text("-0.05"), (REFUSED,)),
        Case("38 digits", _text(_LONG, 38), (_LONG,)),
        Case("38 digits and a half", _text(f"{_LONG}5", 38), (REFUSED,)),
        Case("more digits than the type", _text("123456789012345678.0"), (REFUSED,)),
        Case("1.5 and 40 zeros", _text(f"1.5{'0' * 40}"), ("1.5",)),
        Case("1.5E3", _text("1.5E3"), ("1500",)),
        Case("155E-2, one place", _text("155E-2"), (REFUSED,)),
        Case("1E-400", _text("1E-400"), (REFUSED,)),
        Case("+.5", _text("+.5"), ("0.5",)),
        Case("NaN", _text("NaN"), (REFUSED,)),
        Case("nothing", _text(""), ("none",)),
        Case("spaces around", _text(" 1.5 "), ("1.5",)),
        Case("1,5", _text("1,5"), (REFUSED,)),
        Case("1_000", _text("1_000"), (REFUSED,)),
        Case("digits of other scripts", _text("\u0661.\u0665"), (REFUSED,)),
    ),
    notes=("*nothing* is no value where `null_values` says so; a library that refuses it needs a step before it.",),
)
