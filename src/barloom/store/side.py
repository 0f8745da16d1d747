"""Refused rows as bytes: a few each by itself, many as blocks of columns."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec
import numpy as np
import polars as pl

from barloom.store.protocol import SideRecord
from barloom.store.refused import COLUMNS, RefusedRows

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

__all__ = ["Stored", "decode_side", "encode_side"]

_FEW: Final = 16
_MOST_ROWS: Final = 4096
_MOST_BYTES: Final = 1 << 20
_BLOCK: Final = b"\xc1"
"""Before a block: no MessagePack begins so, and a single row is one."""

_MISSED_AT: Final = SideRecord._fields.index("missed")
_KEY_AT: Final = SideRecord._fields.index("key")
_KEY: Final = "key "
_MISSED: Final = "missed "
"""Before the place of a field of the key, and before a timeframe: the names of columns of a block."""


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
    first_number: int | None = None
    last_number: int | None = None
    until: int | None = None
    hole: str | None = None


class Stored(NamedTuple):
    """Encoded rows, `count` of them, the last one's number among the refused rows of a commit being `last`."""

    last: int
    data: bytes


_ENCODER = msgspec.msgpack.Encoder()
_ROWS = msgspec.msgpack.Decoder(_Stored)


def encode_side(side: Sequence[SideRecord], encode_key: Callable[[tuple[object, ...]], bytes]) -> Iterator[Stored]:
    """Refused rows in their order; `encode_key` is the definition's."""
    if not isinstance(side, RefusedRows) or len(side) < _FEW:
        for place, record in enumerate(side):
            yield Stored(place, _one(record, encode_key))
        return
    for start, stop in _cuts(side.frame):
        yield Stored(stop - 1, _block(side[start:stop]))


def decode_side(data: bytes, decode_key: Callable[[bytes], tuple[object, ...]]) -> Sequence[SideRecord]:
    """The refused rows of `encode_side`'s bytes, or of what an older version wrote: `RefusedRows` where many are."""
    if data[:1] == _BLOCK:
        return _rows(data[1:])
    one = _ROWS.decode(data)
    key = None if one.key is None else decode_key(one.key)
    before = (one.offset, one.origin, one.row, one.reason, one.message, one.raw, one.by, one.missed)
    numbers = (one.first_number, one.last_number, one.until, one.hole)
    return [SideRecord(*before, key, one.event_time, one.by_clock, *numbers)]


def _one(record: SideRecord, encode_key: Callable[[tuple[object, ...]], bytes]) -> bytes:
    encoded = None if record.key is None else encode_key(record.key)
    told: list[Any] = [*record[:_MISSED_AT], dict(record.missed), encoded, *record[_KEY_AT + 1 :]]
    return _ENCODER.encode(_Stored(*told))


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


def _block(side: RefusedRows) -> bytes:
    """Many rows as an Arrow stream: their columns, without those of slots that none of them missed."""
    missed = {timeframe: name for timeframe, name in side.missed.items() if side.frame[name].count()}
    starts = [pl.col(name).alias(f"{_MISSED}{timeframe}") for timeframe, name in missed.items()]
    keys = [pl.col(name).alias(f"{_KEY}{place}") for place, name in enumerate(side.key)]
    sink = BytesIO()
    side.frame.select(*COLUMNS, *keys, *starts).write_ipc_stream(sink, compression="zstd")
    return _BLOCK + sink.getvalue()


def _rows(block: bytes) -> RefusedRows:
    frame = pl.read_ipc_stream(BytesIO(block))
    keys = [name for name in frame.columns if name.startswith(_KEY)]
    missed = {name.removeprefix(_MISSED): name for name in frame.columns if name.startswith(_MISSED)}
    lacking = [pl.lit(None, kind).alias(name) for name, kind in COLUMNS.items() if name not in frame.columns]
    return RefusedRows(frame.with_columns(lacking), keys, missed)
