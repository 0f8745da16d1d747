"""Refused rows as Avro."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from barloom.errors import SourceError
from barloom.serde.avro.one import read_one, write_key, write_text
from barloom.serde.avro.pieces import varint
from barloom.serde.poll import FRAME
from barloom.serde.protocol import Records
from barloom.store.protocol import NUMBERS, SideRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.avro.bars import Headers
    from barloom.serde.schema_source import SchemaSource

__all__ = ["AvroLateDecoder", "AvroLateEncoder"]

_NONE: Final = varint(0)
_SOME: Final = varint(1)
_MILLISECOND: Final = 1_000_000
_UNREADABLE: Final = (IndexError, ValueError, KeyError, struct.error)


class AvroLateEncoder:
    """Writes refused rows by the schemas `late_key_schema` and `late_schema`, behind the topic's headers."""

    def __init__(self, plan: BarPlan, headers: Headers) -> None:
        self._fields = tuple(plan.event.by_name[name] for name in plan.event.key)
        self._key, self._value = headers
        self._tells_numbers = plan.event.sequence is not None

    def encode(self, side: Sequence[SideRecord]) -> Records:
        """One message a row."""
        keys = [b"" if one.key is None else write_key(self._fields, one.key) for one in side]
        values = [self._value + _row(one, key) + self._numbers(one) for one, key in zip(side, keys, strict=True)]
        return Records([self._key + key if key else b"" for key in keys], values)

    def _numbers(self, one: SideRecord) -> bytes:
        if not self._tells_numbers:
            return b""
        told = (one.first_number, one.last_number, one.until)
        numbers = b"".join(_NONE if value is None else _SOME + varint(value) for value in told)
        return numbers + (_NONE if one.hole is None else _SOME + write_text(one.hole))


def _row(one: SideRecord, key: bytes) -> bytes:
    missed = [write_text(timeframe) + varint(start // _MILLISECOND) for timeframe, start in one.missed.items()]
    return b"".join(
        (
            _NONE if one.key is None else _SOME + key,
            _NONE if one.event_time is None else _SOME + varint(one.event_time),
            write_text(one.reason),
            varint(one.by),
            varint(len(missed)) + b"".join(missed) if missed else b"",
            varint(0),
            write_text(one.message),
            write_text(one.origin),
            varint(one.row),
            varint(one.offset),
            write_text(one.raw),
        )
    )


class AvroLateDecoder:
    """Reads what `AvroLateEncoder` writes, also with the schemas of other versions; `framed` messages name theirs."""

    def __init__(self, plan: BarPlan, schemas: SchemaSource, *, framed: bool) -> None:
        self._names = plan.event.key
        self._schemas = schemas
        self._skipped = FRAME if framed else 0

    def decode(self, value: bytes) -> SideRecord:
        """One refused row."""
        number = int.from_bytes(value[1:FRAME], "big") if self._skipped else 0
        kind, _ = self._schemas.schema(number)
        try:
            fields, _ = read_one(kind, value, self._skipped)
            key = fields["key"]
            return SideRecord(
                **{name: fields[name] for name in ("offset", "origin", "row", "reason", "message", "raw", "by")},
                missed={name: start * _MILLISECOND for name, start in fields["missed"].items()},
                key=None if key is None else tuple(key[name] for name in self._names),
                event_time=fields["event_time"],
                **{name: fields.get(name) for name in NUMBERS},
            )
        except _UNREADABLE as error:
            message = f"the message holds no refused row of this definition: {error}: {value[:60]!r}"
            raise SourceError(message) from None
