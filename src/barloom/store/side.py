"""Refused rows as bytes: a few each by itself, many as blocks of columns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl

from barloom.store.protocol import SideRecord
from barloom.store.refused import RefusedRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from barloom.time.calendar import Integers

__all__ = ["Stored", "decode_side", "encode_side"]

_FEW: Final = 16
_MOST_ROWS: Final = 4096
_MOST_BYTES: Final = 1 << 20
_BLOCK: Final = b"\xc1"
"""Before a block: no MessagePack begins so, and a single row is one."""


class _Stored(msgspec.Struct, array_like=True):
    """A single row."""

    offset: int
    origin: str
    row: int
    reason: str
    message: str
    raw: str
    by: int
    missed: dict[str, int]
    key: bytes | None
    event_time: int | None
    by_clock: bool = False


class _Texts(msgspec.Struct, array_like=True):
    """A column of texts: all one behind the other, and how many bytes each has."""

    joined: bytes
    lengths: bytes


class _Words(msgspec.Struct, array_like=True):
    """A column of few values: these, and which one stands in each row (-1: none)."""

    values: list[bytes]
    codes: bytes


class _Times(msgspec.Struct, array_like=True):
    """A column of times that are not in every row: int64, and a byte each that says whether there is one."""

    values: bytes
    there: bytes


class _Block(msgspec.Struct, array_like=True):
    """Many rows. Integers are little-endian int64, but for lengths and codes, which are int32."""

    offset: bytes
    origin: _Words
    row: bytes
    reason: _Words
    message: _Texts
    raw: _Texts
    by: bytes
    missed: dict[str, _Times]
    key: _Words
    event_time: _Times
    by_clock: bytes


class Stored(NamedTuple):
    """Encoded rows, `count` of them, the last one's number among the refused rows of a commit being `last`."""

    last: int
    data: bytes


_ENCODER = msgspec.msgpack.Encoder()
_ROWS = msgspec.msgpack.Decoder(_Stored)
_BLOCKS = msgspec.msgpack.Decoder(_Block)


def encode_side(side: Sequence[SideRecord], encode_key: Callable[[tuple[object, ...]], bytes]) -> Iterator[Stored]:
    """Refused rows in their order; `encode_key` is the definition's."""
    if not isinstance(side, RefusedRows) or len(side) < _FEW:
        for place, record in enumerate(side):
            yield Stored(place, _one(record, encode_key))
        return
    for start, stop in _cuts(side.frame):
        yield Stored(stop - 1, _BLOCK + _ENCODER.encode(_block(side[start:stop], encode_key)))


def decode_side(data: bytes, decode_key: Callable[[bytes], tuple[object, ...]]) -> list[SideRecord]:
    """The refused rows of `encode_side`'s bytes, or of what an older version wrote."""
    if data[:1] == _BLOCK:
        return list(_rows(_BLOCKS.decode(memoryview(data)[1:]), decode_key))
    one = _ROWS.decode(data)
    key = None if one.key is None else decode_key(one.key)
    before = (one.offset, one.origin, one.row, one.reason, one.message, one.raw, one.by, one.missed)
    return [SideRecord(*before, key, one.event_time, one.by_clock)]


def _one(record: SideRecord, encode_key: Callable[[tuple[object, ...]], bytes]) -> bytes:
    offset, origin, row, reason, message, raw, by, missed, key, event_time, by_clock = record
    encoded = None if key is None else encode_key(key)
    before = (offset, origin, row, reason, message, raw, by, dict(missed))
    return _ENCODER.encode(_Stored(*before, encoded, event_time, by_clock))


def _cuts(frame: pl.DataFrame) -> Iterator[tuple[int, int]]:
    """Where blocks begin and end: each is of so many rows or so much text, or of one row that has more."""
    sizes = (frame["raw"].str.len_bytes() + frame["message"].str.len_bytes()).to_numpy()
    ends = np.cumsum(sizes, dtype=np.int64)
    start, before = 0, 0
    while start < len(ends):
        full = int(np.searchsorted(ends, before + _MOST_BYTES, "right"))
        stop = min(max(full, start + 1), start + _MOST_ROWS)
        yield start, stop
        start, before = stop, int(ends[stop - 1])


def _block(side: RefusedRows, encode_key: Callable[[tuple[object, ...]], bytes]) -> _Block:
    frame = side.frame
    return _Block(
        _integers(frame["offset"]),
        _words(frame.select("origin"), lambda value: str(value[0]).encode()),
        _integers(frame["row"]),
        _words(frame.select("reason"), lambda value: str(value[0]).encode()),
        _texts(frame["message"]),
        _texts(frame["raw"]),
        _integers(frame["by"]),
        {timeframe: _times(frame[name]) for timeframe, name in side.missed.items() if frame[name].count()},
        _words(frame.select(side.key), encode_key),
        _times(frame["event_time"]),
        np.packbits(frame["by_clock"].to_numpy()).tobytes(),
    )


def _integers(column: pl.Series) -> bytes:
    return column.to_numpy().astype("<i8", copy=False).tobytes()


def _times(column: pl.Series) -> _Times:
    there = b"" if not column.null_count() else np.packbits(column.is_not_null().to_numpy()).tobytes()
    return _Times(_integers(column.fill_null(0)), there)


def _texts(column: pl.Series) -> _Texts:
    return _Texts(str(column.str.join("")[0]).encode(), column.str.len_bytes().to_numpy().astype("<i4").tobytes())


def _words(columns: pl.DataFrame, encode: Callable[[tuple[object, ...]], bytes]) -> _Words:
    distinct = columns.unique(maintain_order=True)
    if distinct.height == 1:
        codes = np.zeros(columns.height, "<i4")
    else:
        numbered = distinct.with_columns(pl.int_range(distinct.height, dtype=pl.Int32).alias(" number"))
        found = columns.join(numbered, on=columns.columns, how="left", nulls_equal=True, maintain_order="left")
        codes = found[" number"].to_numpy().astype("<i4")
    values = distinct.rows()
    whole = [None not in value for value in values]
    if not all(whole):
        codes = np.where(whole, np.cumsum(whole) - 1, -1).astype("<i4")[codes]
    return _Words([encode(value) for value, there in zip(values, whole, strict=True) if there], codes.tobytes())


def _rows(block: _Block, decode_key: Callable[[bytes], tuple[object, ...]]) -> Iterator[SideRecord]:
    offsets = _numbers(block.offset)
    count = len(offsets)
    missed = {timeframe: _times_of(times, count) for timeframe, times in block.missed.items()}
    keys = [decode_key(value) for value in block.key.values]
    origins, reasons = ([value.decode() for value in words.values] for words in (block.origin, block.reason))
    columns = zip(
        offsets,
        _numbers(block.origin.codes, "<i4"),
        _numbers(block.row),
        _numbers(block.reason.codes, "<i4"),
        _texts_of(block.message),
        _texts_of(block.raw),
        _numbers(block.by),
        zip(*missed.values(), strict=True) if missed else [()] * count,
        _numbers(block.key.codes, "<i4"),
        _times_of(block.event_time, count),
        np.unpackbits(np.frombuffer(block.by_clock, np.uint8), count=count).astype(np.bool_).tolist(),
        strict=True,
    )
    for offset, origin, row, reason, message, raw, by, starts, key, event_time, by_clock in columns:
        slots = {name: start for name, start in zip(missed, starts, strict=True) if start is not None}
        known = None if key < 0 else keys[key]
        before = (offset, origins[origin], row, reasons[reason], message, raw, by, slots)
        yield SideRecord(*before, known, event_time, by_clock)


def _numbers(data: bytes, kind: str = "<i8") -> list[int]:
    numbers: list[int] = np.frombuffer(data, kind).tolist()
    return numbers


def _texts_of(texts: _Texts) -> list[str]:
    ends: Integers = np.cumsum(np.frombuffer(texts.lengths, "<i4"), dtype=np.int64)
    spans = zip([0, *ends[:-1].tolist()], ends.tolist(), strict=True)
    return [texts.joined[start:end].decode() for start, end in spans]


def _times_of(times: _Times, count: int) -> list[int | None]:
    values = _numbers(times.values)
    if not times.there:
        return list(values)
    there = np.unpackbits(np.frombuffer(times.there, np.uint8), count=count).tolist()
    return [value if known else None for value, known in zip(values, there, strict=True)]
