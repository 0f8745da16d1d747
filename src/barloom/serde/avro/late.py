"""Refused rows as Avro."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.serde.avro.one import write_key, write_text
from barloom.serde.avro.pieces import varint
from barloom.serde.protocol import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.avro.bars import Headers
    from barloom.store.protocol import SideRecord

__all__ = ["AvroLateEncoder"]

_NONE: Final = varint(0)
_SOME: Final = varint(1)
_MILLISECOND: Final = 1_000_000


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
