"""Refused rows as bytes."""

from __future__ import annotations

import msgspec
import polars as pl

from barloom.store.protocol import SideRecord
from barloom.store.refused import COLUMNS, RefusedRows, first_of_each, reasons_of
from barloom.store.side import decode_side, encode_side

LATE = SideRecord(9, "ticks.csv", 4, "late", "came late", "A,1.00", 5, {"1m": 0}, ("A",), 7, by_clock=True)


def _encode_key(key: tuple[object, ...]) -> bytes:
    return str(key[0]).encode()


def _decode_key(key: bytes) -> tuple[object, ...]:
    return (key.decode(),)


def test_they_come_back() -> None:
    """All that is known of one."""
    bare = SideRecord(1, "ticks.csv", 2, "invalid", "no price", "A,")

    stored = list(encode_side([LATE, bare], _encode_key))

    assert [0, 1] == [each.last for each in stored]
    assert [LATE, bare] == [one for each in stored for one in decode_side(each.data, _decode_key)]


def test_what_an_older_version_wrote_is_read() -> None:
    """It did not say whether the clock had closed the slot."""
    written = msgspec.msgpack.encode([9, "ticks.csv", 4, "late", "came late", "A,1.00", 5, {"1m": 0}, b"A", 7])

    assert [LATE._replace(by_clock=False)] == decode_side(written, _decode_key)


def test_a_single_row_keeps_its_form() -> None:
    """What an older version does not know stands behind what it knows."""
    parts = msgspec.msgpack.decode(next(encode_side([LATE], _encode_key)).data)

    assert [9, "ticks.csv", 4, "late", "came late", "A,1.00", 5, {"1m": 0}, b"A", 7] == parts[:10]


def _many(count: int) -> tuple[list[SideRecord], RefusedRows]:
    """The same rows one by one and as columns: with and without key, time, and slots missed; texts of any length."""
    records = [
        SideRecord(
            offset=2 * n,
            origin=f"{n % 3}.csv",
            row=n + 1,
            reason=("late", "invalid")[n % 2],
            message=f"é {n}",
            raw="x" * (n % 50) + "\n\x00ü",
            by=-n,
            missed={name: n * every for name, every in (("1m", 1), ("1h", 4)) if n % every == 0},
            key=None if n % 5 == 4 else (f"S{n % 7}",),
            event_time=None if n % 4 == 3 else n,
            by_clock=n % 3 == 0,
        )
        for n in range(count)
    ]
    columns = {name: [getattr(record, name) for record in records] for name in COLUMNS}
    columns["key symbol"] = [None if record.key is None else record.key[0] for record in records]
    starts = {f"missed {name}": [record.missed.get(name) for record in records] for name in ("1m", "1h")}
    schema = {**COLUMNS, "key symbol": pl.String, **dict.fromkeys(starts, pl.Int64)}
    frame = pl.DataFrame({**columns, **starts}, schema=schema)
    return records, RefusedRows(frame, ("key symbol",), {"1m": "missed 1m", "1h": "missed 1h"})


def test_columns_are_the_same_rows() -> None:
    """Asked one by one, in parts or together, rows held as columns are the records they stand for."""
    records, columns = _many(40)

    assert records == list(columns)
    assert [records[7], records[-1]] == [columns[7], columns[-1]]
    assert records[10:20] == list(columns[10:20])
    assert records[:2] == list(first_of_each(columns)) == list(first_of_each(records))
    assert {"late": 20, "invalid": 20} == reasons_of(columns) == reasons_of(records)


def test_many_rows_come_back_from_blocks() -> None:
    """Many rows take one value for thousands of them, numbered by its last row; every row comes back as it was."""
    records, columns = _many(9_000)
    stored = list(encode_side(columns, _encode_key))

    assert [4_095, 8_191, 8_999] == [each.last for each in stored]
    assert records == [one for each in stored for one in decode_side(each.data, _decode_key)]


def test_long_records_make_small_blocks() -> None:
    """A block holds about a mebibyte of text, or a single row that has more."""
    _, columns = _many(20)
    long = RefusedRows(columns.frame.with_columns(raw=pl.lit("y" * 600_000)), columns.key, columns.missed)
    stored = list(encode_side(long, _encode_key))

    assert list(range(20)) == [each.last for each in stored]
    assert list(long) == [one for each in stored for one in decode_side(each.data, _decode_key)]
