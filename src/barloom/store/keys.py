"""Keys of the store as bytes that sort as their values do: timeframe, key fields, start of the slot."""

from __future__ import annotations

import struct
from decimal import Decimal
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.engine.values.exact import decimal_of, scaled_integer
from barloom.plan.barplan import FieldKind

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import EventPlan, Field
    from barloom.time.calendar import Integers

__all__ = ["START_BYTES", "KeyCodec", "after", "decode_start", "decode_starts", "encode_start", "encode_starts"]

START_BYTES: Final = 8
_SIGN: Final = 1 << 63
_WIDE_SIGN: Final = 1 << 127
_WIDE_BYTES: Final = 16
_BIG: Final = struct.Struct(">Q")
_ESCAPED_ZERO: Final = b"\x00\xff"
_END_OF_TEXT: Final = b"\x00\x01"
_EXPECTED: Final = {
    FieldKind.STRING: str,
    FieldKind.INTEGER: int,
    FieldKind.TIMESTAMP: int,
    FieldKind.BOOLEAN: bool,
    FieldKind.DECIMAL: Decimal,
}


def encode_start(start: int) -> bytes:
    """A time as 8 bytes that sort in time order, negative ones first."""
    return _BIG.pack(start + _SIGN)


def decode_start(data: bytes) -> int:
    """The time in the last 8 bytes."""
    number: int = _BIG.unpack_from(data, len(data) - START_BYTES)[0]
    return number - _SIGN


def encode_starts(starts: Integers) -> list[bytes]:
    """`encode_start` of each time."""
    flipped = starts.astype(">i8")
    flipped.view("u1").reshape(-1, START_BYTES)[:, 0] ^= 0x80
    encoded: list[bytes] = flipped.view(f"V{START_BYTES}").tolist()
    return encoded


def decode_starts(places: Sequence[bytes]) -> Integers:
    """`decode_start` of each place."""
    tails = b"".join([place[-START_BYTES:] for place in places])
    flipped = np.frombuffer(tails, dtype=">u8") ^ np.uint64(_SIGN)
    return flipped.astype(np.uint64).view(np.int64)


def after(prefix: bytes) -> bytes | None:
    """The first bytes that sort after everything that begins with `prefix` (none: nothing does)."""
    trimmed = prefix.rstrip(b"\xff")
    return trimmed[:-1] + bytes([trimmed[-1] + 1]) if trimmed else None


class KeyCodec:
    """The key fields of one definition. An encoded key is never the beginning of another one."""

    def __init__(self, event: EventPlan) -> None:
        self._fields = tuple(event.by_name[name] for name in event.key)

    def encode(self, key: Sequence[object]) -> bytes:
        """The bytes of a key; `TypeError` where a field has another type than declared."""
        return b"".join(_encode_field(field, value) for field, value in zip(self._fields, key, strict=True))

    def prefix(self, text: str) -> bytes:
        """What the keys begin with whose first field begins with `text`; nothing where that field is no text."""
        if self._fields[0].kind is not FieldKind.STRING:
            return b""
        return _encode_field(self._fields[0], text).removesuffix(_END_OF_TEXT)

    def decode(self, data: bytes) -> tuple[object, ...]:
        """The key fields of `encode`'s bytes."""
        values: list[object] = []
        position = 0
        for field in self._fields:
            value, position = _decode_field(field, data, position)
            values.append(value)
        return tuple(values)


def _encode_field(field: Field, value: object) -> bytes:
    match field.kind, value:
        case FieldKind.STRING, str():
            return value.encode().replace(b"\x00", _ESCAPED_ZERO) + _END_OF_TEXT
        case FieldKind.BOOLEAN, bool():
            return b"\x01" if value else b"\x00"
        case ((FieldKind.INTEGER | FieldKind.TIMESTAMP), int()) if not isinstance(value, bool):
            return _encode_integer(field, value)
        case FieldKind.DECIMAL, (Decimal() | int()) if not isinstance(value, bool):
            return _encode_decimal(field, Decimal(value))
        case _:
            message = f"key field {field.name!r} is {value!r}, not {_EXPECTED[field.kind].__name__}"
            raise TypeError(message)


def _encode_integer(field: Field, value: int) -> bytes:
    if -_SIGN <= value < _SIGN:
        return encode_start(value)
    message = f"key field {field.name!r} is {value}, which leaves 64 bits"
    raise TypeError(message)


def _encode_decimal(field: Field, value: Decimal) -> bytes:
    whole = scaled_integer(value, _scale(field))
    if whole is None:
        message = f"key field {field.name!r} is {value}, which does not fit {field.number}"
        raise TypeError(message)
    return (whole + _WIDE_SIGN).to_bytes(_WIDE_BYTES, "big")


def _scale(field: Field) -> int:
    return 0 if field.number is None else field.number.scale


def _decode_field(field: Field, data: bytes, position: int) -> tuple[object, int]:
    match field.kind:
        case FieldKind.STRING:
            end = data.index(_END_OF_TEXT, position)
            return data[position:end].replace(_ESCAPED_ZERO, b"\x00").decode(), end + len(_END_OF_TEXT)
        case FieldKind.BOOLEAN:
            return data[position] == 1, position + 1
        case FieldKind.DECIMAL:
            whole = int.from_bytes(data[position : position + _WIDE_BYTES], "big") - _WIDE_SIGN
            return decimal_of(whole, _scale(field)), position + _WIDE_BYTES
        case FieldKind.INTEGER | FieldKind.TIMESTAMP:
            end = position + START_BYTES
            return decode_start(data[position:end]), end
