"""Refused rows as bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from barloom.store.protocol import SideRecord

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["decode_side", "encode_side"]


class _Stored(msgspec.Struct, array_like=True):
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


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(_Stored)


def encode_side(record: SideRecord, encode_key: Callable[[tuple[object, ...]], bytes]) -> bytes:
    """One refused row; `encode_key` is the definition's."""
    key = None if record.key is None else encode_key(record.key)
    return _ENCODER.encode(
        _Stored(
            record.offset,
            record.origin,
            record.row,
            record.reason,
            record.message,
            record.raw,
            record.by,
            dict(record.missed),
            key,
            record.event_time,
            record.by_clock,
        )
    )


def decode_side(data: bytes, decode_key: Callable[[bytes], tuple[object, ...]]) -> SideRecord:
    """The refused row of `encode_side`'s bytes."""
    stored = _DECODER.decode(data)
    return SideRecord(
        stored.offset,
        stored.origin,
        stored.row,
        stored.reason,
        stored.message,
        stored.raw,
        stored.by,
        stored.missed,
        None if stored.key is None else decode_key(stored.key),
        stored.event_time,
        stored.by_clock,
    )
