"""JSON lines and JSON messages to columns whose numbers are exact."""

from __future__ import annotations

import io
import json
from decimal import Context, Decimal, Inexact, InvalidOperation
from typing import TYPE_CHECKING, Any

import polars as pl

from libraries import ours
from libraries.contest import OURS, Case, Contest, Reader
from libraries.scratch import file_of
from libraries.ticks import ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

PLACE = Decimal("0.000001")
EXACTLY = Context(prec=18, traps=[Inexact, InvalidOperation])
TYPES = {"symbol": pl.String, "at": pl.Int64, "bid": pl.Decimal(18, 6), "size": pl.Decimal(18, 2)}


def _make(rows: int) -> list[bytes]:
    frame = ticks(rows)
    columns = (frame[name].cast(pl.String) if name in ("bid", "size") else frame[name] for name in frame.columns)
    return [
        b'{"symbol":"%s","at":%d,"bid":%s,"size":%s}' % (symbol.encode(), at, bid.encode(), size.encode())
        for symbol, at, bid, size in zip(*columns, strict=True)
    ]


def _lines(messages: Sequence[bytes]) -> bytes:
    return b"\n".join([*messages, b""])


def _barloom(messages: Sequence[bytes]) -> pl.DataFrame:
    return ours.JsonEventDecoder(ours.plan()).decode(messages).frame.with_columns(pl.col("at") // 1_000)


def _barloom_one(messages: Sequence[bytes]) -> str:
    rows = ours.JsonEventDecoder(ours.plan()).decode(messages)
    return _told(rows.frame["bid"].to_list(), [*rows.problems])


def _frame(records: Sequence[dict[str, Any]]) -> pl.DataFrame:
    return pl.DataFrame({name: [each[name] for each in records] for name in TYPES}, schema=TYPES)


def _texts(records: Sequence[dict[str, Any]]) -> pl.DataFrame:
    frame = pl.DataFrame({name: [each[name] for each in records] for name in TYPES})
    return frame.cast(TYPES)


def _msgspec(messages: Sequence[bytes]) -> pl.DataFrame:
    import msgspec

    return _texts(msgspec.json.Decoder(float_hook=str).decode_lines(_lines(messages)))


def _msgspec_struct(messages: Sequence[bytes]) -> pl.DataFrame:
    import msgspec

    members = [("symbol", str), ("at", int), ("bid", Decimal), ("size", Decimal)]
    decoder = msgspec.json.Decoder(msgspec.defstruct("Tick", members, gc=False))
    found = list(map(decoder.decode, messages))
    return pl.DataFrame({name: [getattr(each, name) for each in found] for name in TYPES}, schema=TYPES)


def _orjson(messages: Sequence[bytes]) -> pl.DataFrame:
    import orjson

    return _texts([orjson.loads(message) for message in messages])


def _standard(messages: Sequence[bytes]) -> pl.DataFrame:
    return _frame([json.loads(message, parse_float=Decimal) for message in messages])


def _polars(messages: Sequence[bytes]) -> pl.DataFrame:
    return pl.Series(messages, dtype=pl.Binary).cast(pl.String).str.json_decode(pl.Struct(TYPES)).struct.unnest()


def _pyarrow(messages: Sequence[bytes]) -> object:
    import pyarrow as pa
    from pyarrow import json as arrow_json

    kinds = {"symbol": pa.string(), "at": pa.int64(), "bid": pa.decimal128(18, 6), "size": pa.decimal128(18, 2)}
    return arrow_json.read_json(
        io.BytesIO(_lines(messages)),
        read_options=arrow_json.ReadOptions(use_threads=False),
        parse_options=arrow_json.ParseOptions(explicit_schema=pa.schema(kinds), unexpected_field_behavior="ignore"),
    )


def _duckdb(messages: Sequence[bytes]) -> object:
    import duckdb

    columns = "{'symbol': 'VARCHAR', 'at': 'BIGINT', 'bid': 'DECIMAL(18, 6)', 'size': 'DECIMAL(18, 2)'}"
    path = file_of(_lines(messages), ".jsonl")
    with duckdb.connect(config={"threads": 1}) as connection:
        query = f"FROM read_json('{path}', format = 'newline_delimited', columns = {columns})"
        return connection.sql(query).to_arrow_table()


def _one_by_one(parse: Callable[[bytes], dict[str, Any]]) -> Callable[[Sequence[bytes]], str]:
    """As a careful user would: a message that raises is refused, and so is a bid that does not fit its type."""

    def answer(messages: Sequence[bytes]) -> str:
        bids, refused = [], []
        for row, message in enumerate(messages):
            try:
                bids.append(Decimal(str(parse(message)["bid"])).quantize(PLACE, context=EXACTLY))
            except Exception:  # noqa: BLE001 - whatever it raises
                refused.append(row)
        return _told(bids, refused)

    return answer


def _columns_of(read: Callable[[Sequence[bytes]], Any]) -> Callable[[Sequence[bytes]], str]:
    return lambda messages: _told(pl.DataFrame(read(messages))["bid"].to_list(), [])


def _msgspec_one(message: bytes) -> dict[str, Any]:
    import msgspec

    return msgspec.json.Decoder(float_hook=Decimal).decode(message)


def _orjson_one(message: bytes) -> dict[str, Any]:
    import orjson

    return orjson.loads(message)


def _told(bids: Sequence[Decimal | None], refused: Sequence[int]) -> str:
    said = " ".join("null" if bid is None else f"{bid.normalize():f}" for bid in bids)
    return said + "".join(f", {row + 1} refused" for row in refused)


def _with(bid: str, other: str = "") -> bytes:
    return f'{{"symbol":"A","at":1700000000000000,"bid":{bid},"size":1.00{other}}}'.encode()


def _among(message: bytes) -> list[bytes]:
    return [_with("1.5"), message, _with("2.5")]


_ONE_OUT = ("1.5 2.5, 2 refused",)

CONTEST = Contest(
    name="json",
    title="JSON messages to columns with exact decimals",
    make=_make,
    rows=200_000,
    unit="messages",
    readers=(
        Reader(OURS, (), _barloom, _barloom_one),
        Reader("msgspec, to texts", (), _msgspec, _one_by_one(_msgspec_one)),
        Reader("msgspec, to Decimal", (), _msgspec_struct),
        Reader("orjson", ("orjson",), _orjson, _one_by_one(_orjson_one)),
        Reader("json", (), _standard, _one_by_one(lambda message: json.loads(message, parse_float=Decimal))),
        Reader("Polars", (), _polars, _columns_of(_polars)),
        Reader("pyarrow", ("pyarrow",), _pyarrow, _columns_of(_pyarrow)),
        Reader("DuckDB", ("duckdb", "pyarrow"), _duckdb, _columns_of(_duckdb)),
    ),
    cases=(
        Case("0.1", _among(_with("0.1")), ("1.5 0.1 2.5",)),
        Case("123456789012.345678", _among(_with("123456789012.345678")), ("1.5 123456789012.345678 2.5",)),
        Case("1.0000001, six places", _among(_with("1.0000001")), _ONE_OUT),
        Case("1.5E3", _among(_with("1.5E3")), ("1.5 1500 2.5",)),
        Case('"1.25" in quotes', _among(_with('"1.25"')), ("1.5 1.25 2.5",)),
        Case("NaN", _among(_with("NaN")), _ONE_OUT),
        Case("01", _among(_with("01")), _ONE_OUT),
        Case("an object for a number", _among(_with('{"x":1}')), _ONE_OUT),
        Case("no bid at all", _among(b'{"symbol":"A","at":1700000000000000,"size":1}'), _ONE_OUT),
        Case("a comma too many", _among(_with("1.25", ",")), _ONE_OUT),
        Case("cut in the middle", _among(_with("1.25")[:-9]), _ONE_OUT),
        Case("no UTF-8 in a text", _among(_with("1.25").replace(b'"A"', b'"\xff"')), _ONE_OUT),
        Case("an unknown member", _among(_with("1.25", ',"more":[1,{}]')), ("1.5 1.25 2.5",)),
    ),
    notes=("orjson, msgspec and json are asked message by message here, as a careful user would; the others at once.",),
)


def _file(rows: int) -> bytes:
    return _lines(_make(rows))


def _barloom_lines(data: bytes) -> pl.DataFrame:
    reader = ours.JsonLines({name: name for name in TYPES}, [*TYPES], ours.TextFields(["symbol"]))
    reader.begin(b"", "the input")
    return pl.DataFrame(reader.parse(data).columns)


def _msgspec_lines(data: bytes) -> pl.DataFrame:
    import msgspec

    records = msgspec.json.Decoder(float_hook=str).decode_lines(data)
    return pl.DataFrame({name: [each[name] for each in records] for name in TYPES}).cast(pl.String)


def _polars_lines(data: bytes) -> pl.DataFrame:
    return pl.read_ndjson(io.BytesIO(data), schema=dict.fromkeys(TYPES, pl.String))


LINES = Contest(
    name="json-lines",
    title="JSON lines to columns of texts, as they are written",
    make=_file,
    rows=200_000,
    readers=(
        Reader(OURS, (), _barloom_lines),
        Reader("msgspec alone", (), _msgspec_lines),
        Reader("Polars", (), _polars_lines),
    ),
    notes=("barloom's is msgspec with what is about it: which row is refused, paths, types of texts.",),
)
