"""Avro messages of one schema, without frames, to columns."""

from __future__ import annotations

import io
import json
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import polars as pl

from libraries import ours
from libraries.contest import OURS, Case, Contest, Reader
from libraries.ticks import ticks

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

SCHEMA = {
    "type": "record",
    "name": "Tick",
    "fields": [
        {"name": "symbol", "type": "string"},
        {"name": "at", "type": "long"},
        {"name": "bid", "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 6}},
        {"name": "size", "type": {"type": "bytes", "logicalType": "decimal", "precision": 18, "scale": 2}},
    ],
}
PLAIN = {
    **SCHEMA,
    "fields": [*SCHEMA["fields"][:2], {"name": "bid", "type": "bytes"}, {"name": "size", "type": "bytes"}],
}
SYNC = b"s" * 16


def _varint(number: int) -> bytes:
    left, written = (number << 1) ^ (number >> 63), b""
    while left > 0x7F:  # noqa: PLR2004 - seven bits a byte
        written += bytes([left & 0x7F | 0x80])
        left >>= 7
    return written + bytes([left])


def _sized(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _whole(scaled: int) -> bytes:
    return scaled.to_bytes(scaled.bit_length() // 8 + 1, "big", signed=True)


def _message(symbol: bytes, at: int, bid: int, size: int) -> bytes:
    """A message, written by hand: no library's idea of Avro is asked."""
    return _sized(symbol) + _varint(at) + _sized(_whole(bid)) + _sized(_whole(size))


def _make(rows: int) -> list[bytes]:
    frame = ticks(rows).with_columns(pl.col("bid", "size").to_physical())
    scaled = zip(frame["symbol"], frame["at"], frame["bid"], frame["size"], strict=True)
    return [_message(symbol.encode(), at, int(bid), int(size)) for symbol, at, bid, size in scaled]


def _container(messages: Sequence[bytes], schema: object = SCHEMA) -> io.BytesIO:
    """The messages as the one block of a file, as if they had been written so."""
    head = b"Obj\x01" + _varint(2) + _sized(b"avro.schema") + _sized(json.dumps(schema).encode())
    body = b"".join(messages)
    block = _varint(len(messages)) + _sized(body) + SYNC
    return io.BytesIO(head + _sized(b"avro.codec") + _sized(b"null") + _varint(0) + SYNC + block)


def _decoder() -> ours.AvroEventDecoder:
    schema = ours.parse_schema(json.dumps(SCHEMA), "the schema")
    return ours.AvroEventDecoder(ours.plan(), ours.OneSchema(schema, "the schema"), framed=False)


def _barloom(messages: Sequence[bytes]) -> pl.DataFrame:
    frame = _decoder().decode(messages).frame
    return frame.select("symbol", pl.col("at") // 1_000, "bid", "size")


def _barloom_one(messages: Sequence[bytes]) -> str:
    rows = _decoder().decode(messages)
    return _told(rows.frame["symbol"].to_list(), [*rows.problems], rows.frame["bid"].to_list())


def _frame(records: Sequence[dict[str, Any]]) -> pl.DataFrame:
    types = {"symbol": pl.String, "at": pl.Int64, "bid": pl.Decimal(18, 6), "size": pl.Decimal(18, 2)}
    return pl.DataFrame({name: [each[name] for each in records] for name in types}, schema=types)


def _fastavro(messages: Sequence[bytes]) -> pl.DataFrame:
    return _frame(_fastavro_records(messages))


def _fastavro_records(messages: Sequence[bytes], schema: object = SCHEMA) -> list[dict[str, Any]]:
    import fastavro

    parsed = fastavro.parse_schema(schema)
    return [fastavro.schemaless_reader(io.BytesIO(message), parsed, None) for message in messages]


def _fastavro_one(messages: Sequence[bytes]) -> str:
    """One by one, as a careful user would: a message that raises is refused, and so is one with bytes left over."""
    import fastavro

    parsed = fastavro.parse_schema(SCHEMA)
    good, refused = [], []
    for row, message in enumerate(messages):
        stream = io.BytesIO(message)
        try:
            record = fastavro.schemaless_reader(stream, parsed, None)
        except Exception:  # noqa: BLE001 - whatever it raises
            refused.append(row)
            continue
        if stream.tell() < len(message):
            refused.append(row)
        else:
            good.append(record)
    return _told([each["symbol"] for each in good], refused, [each["bid"] for each in good])


def _fastavro_file(messages: Sequence[bytes]) -> pl.DataFrame:
    import fastavro

    return _frame(list(fastavro.reader(_container(messages))))


def _polars(messages: Sequence[bytes]) -> pl.DataFrame:
    return pl.read_avro(_container(messages))


def _avro_to_arrow(messages: Sequence[bytes]) -> object:
    """Records of fastavro to a table. It knows no logical types, so decimals stay bytes."""
    import avro_to_arrow

    table, _ = avro_to_arrow.avro_to_arrow(PLAIN, _fastavro_records(messages, PLAIN))
    return table


def _columns_of(read: Callable[[Sequence[bytes]], Any]) -> Callable[[Sequence[bytes]], str]:
    def answer(messages: Sequence[bytes]) -> str:
        frame = pl.DataFrame(read(messages))
        return _told(frame["symbol"].to_list(), [], frame["bid"].to_list())

    return answer


def _told(symbols: Sequence[str], refused: Sequence[int], bids: Sequence[Decimal]) -> str:
    """Which messages were read and which refused; a bid of another value than was written is named."""
    wrong = [str(bid) for bid in bids if not isinstance(bid, Decimal) or bid != BID]
    said = " ".join(symbols) + "".join(f", {row + 1} refused" for row in refused)
    return said + (f", bids {' '.join(wrong)}" if wrong else "")


BID = Decimal("1.234567")


def _good(symbol: str, bid: bytes = _whole(1_234_567)) -> bytes:
    return _sized(symbol.encode()) + _varint(1_700_000_000_000_000) + _sized(bid) + _sized(_whole(100))


A, B, C = map(_good, "ABC")
_ONE_OUT = ("A C, 2 refused",)

CONTEST = Contest(
    name="avro",
    title="Avro messages to columns",
    make=_make,
    rows=200_000,
    unit="messages",
    readers=(
        Reader(OURS, (), _barloom, _barloom_one),
        Reader("Polars, wrapped", (), _polars, _columns_of(_polars)),
        Reader("fastavro, one by one", ("fastavro",), _fastavro, _fastavro_one),
        Reader("fastavro, wrapped", ("fastavro",), _fastavro_file, _columns_of(_fastavro_file)),
        Reader("avro-to-arrow", ("fastavro", "pyarrow", "avro_to_arrow"), _avro_to_arrow, _columns_of(_avro_to_arrow)),
    ),
    cases=(
        Case("three good ones", [A, B, C], ("A B C",)),
        Case("the second is cut", [A, B[:-2], C], _ONE_OUT),
        Case("the second is cut, the third is longer by that", [A, B[:-2], B[-2:] + C], ("A, 2 refused, 3 refused",)),
        Case("bytes behind the second", [A, B + b"\0\0", C], _ONE_OUT),
        Case("the second is empty", [A, b"", C], _ONE_OUT),
        Case("a length beyond the end", [A, _varint(1_000) + B[1:], C], _ONE_OUT),
        Case("a negative length", [A, _varint(-1) + B[1:], C], _ONE_OUT),
        Case("a number of more than 64 bits", [A, B[:2] + b"\xff" * 9 + b"\x7f" + B[10:], C], _ONE_OUT),
        Case("a text that is no UTF-8", [A, _sized(b"\xff") + B[2:], C], _ONE_OUT),
        Case("a decimal without bytes", [A, _good("B", b""), C], _ONE_OUT),
        Case("a decimal in 20 bytes", [A, _good("B", (1_234_567).to_bytes(20, "big")), C], ("A B C",)),
        Case("a decimal of 40 digits", [A, _good("B", _whole(10**40)), C], _ONE_OUT),
    ),
    notes=(
        "*Wrapped*: the messages joined as the one block of an Avro file. pyarrow reads no Avro.",
        "DuckDB's extension for Avro reads files only, and is fetched over the network when it is first used.",
    ),
)
