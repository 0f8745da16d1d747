"""One Avro message by itself, as Python values."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any, Final

from barloom.engine.values.exact import decimal_of, scaled_integer
from barloom.plan.barplan import FieldKind
from barloom.serde.avro.pieces import varint

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import Field
    from barloom.serde.avro.schema import AvroType

__all__ = ["read_one", "write_decimal", "write_key", "write_text"]

_CONTINUED: Final = 0x80
_WORD: Final = 8
_FLOATS: Final = {"float": struct.Struct("<f"), "double": struct.Struct("<d")}


def read_one(  # noqa: PLR0911 - one way out for each kind of type
    kind: AvroType, data: bytes, at: int
) -> tuple[Any, int]:
    """The value at a place of a message, and where it ends.

    Decimals are `Decimal`, records and maps dicts by name; other logical types are left as their numbers. Raises
    `IndexError`, `ValueError` or `struct.error` where the message is none of this schema.
    """
    match kind.kind:
        case "null":
            return None, at
        case "boolean":
            return data[at] == 1, at + 1
        case "int" | "long":
            return _number(data, at)
        case "float" | "double":
            packed = _FLOATS[kind.kind]
            return packed.unpack_from(data, at)[0], at + packed.size
        case "enum":
            code, at = _number(data, at)
            return kind.symbols[code], at
        case "union":
            branch, at = _number(data, at)
            return read_one(kind.branches[branch], data, at)
        case "record":
            fields: dict[str, object] = {}
            for each in kind.fields:
                fields[each.name], at = read_one(each.type, data, at)
            return fields, at
        case "array" | "map":
            return _items(kind, data, at)
        case _:
            return _bytes(kind, data, at)


def _number(data: bytes, at: int) -> tuple[int, int]:
    byte = data[at]
    raw, shift = byte & 0x7F, 7
    at += 1
    while byte >= _CONTINUED:
        byte = data[at]
        raw |= (byte & 0x7F) << shift
        shift += 7
        at += 1
    return raw >> 1 ^ -(raw & 1), at


def _bytes(kind: AvroType, data: bytes, at: int) -> tuple[object, int]:
    size = kind.size
    if kind.kind != "fixed":
        size, at = _number(data, at)
    end = at + size
    if not at <= end <= len(data):
        message = "the message ends within a value"
        raise ValueError(message)
    span = data[at:end]
    if kind.logical == "decimal":
        return decimal_of(int.from_bytes(span, "big", signed=True), kind.scale), end
    return span.decode() if kind.kind == "string" else span, end


def _items(kind: AvroType, data: bytes, at: int) -> tuple[object, int]:
    names: list[str] = []
    values: list[object] = []
    assert kind.items is not None  # noqa: S101 - of the types that have items
    count, at = _number(data, at)
    while count:
        if count < 0:
            _, at = _number(data, at)
        for _ in range(abs(count)):
            if kind.kind == "map":
                size, at = _number(data, at)
                names.append(data[at : at + size].decode())
                at += size
            value, at = read_one(kind.items, data, at)
            values.append(value)
        count, at = _number(data, at)
    return (dict(zip(names, values, strict=True)) if kind.kind == "map" else values), at


def write_key(fields: Sequence[Field], row: Sequence[object]) -> bytes:
    """The key fields, one behind the other."""
    return b"".join(_write(field, value) for field, value in zip(fields, row, strict=True))


def _write(field: Field, value: Any) -> bytes:  # noqa: ANN401 - of the field's type
    match field.kind:
        case FieldKind.STRING:
            return write_text(value)
        case FieldKind.BOOLEAN:
            return b"\1" if value else b"\0"
        case FieldKind.INTEGER | FieldKind.TIMESTAMP:
            return varint(value)
        case FieldKind.DECIMAL:
            scale = field.number.scale if field.number else 0
            return write_decimal(scaled_integer(value, scale) or 0)


def write_text(text: str) -> bytes:
    """A text and its length before it."""
    data = text.encode()
    return varint(len(data)) + data


def write_decimal(whole: int) -> bytes:
    """A scaled integer, as `avro_pieces.decimals` writes it."""
    magnitude = whole if whole >= 0 else ~whole
    size = magnitude.bit_length() // _WORD + 1
    size = size if size <= _WORD else 2 * _WORD
    return varint(size) + whole.to_bytes(size, "big", signed=True)
