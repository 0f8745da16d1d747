"""Refused rows as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec

from barloom.errors import SourceError
from barloom.serde.json.text import FORMAT, LATE_VERSION, time_of, time_value
from barloom.serde.protocol import Records
from barloom.store.protocol import NUMBERS, SideRecord

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.json.text import JsonTimes

__all__ = ["JsonLateDecoder", "JsonLateEncoder"]


class JsonLateEncoder:
    """Writes refused rows: why, by how much (ns), the slots they missed, where they came from, and as they came.

    Where the event declares a sequence also which numbers it is about. ``event_time`` and ``until`` are in nanoseconds;
    the starts of missed slots are written as `JsonTimes` says.
    """

    def __init__(self, plan: BarPlan, times: JsonTimes) -> None:
        self._names = plan.event.key
        self._times = times
        self._tells_numbers = plan.event.sequence is not None

    def encode(self, side: Sequence[SideRecord]) -> Records:
        """One message a row."""
        encode = msgspec.json.encode
        keys = [{} if one.key is None else dict(zip(self._names, one.key, strict=True)) for one in side]
        return Records(
            [encode(key) if key else b"" for key in keys],
            [encode(self._document(one, key)) for one, key in zip(side, keys, strict=True)],
        )

    def _document(self, one: SideRecord, key: dict[str, object]) -> dict[str, object]:
        return {
            FORMAT: LATE_VERSION,
            "key": key or None,
            "event_time": one.event_time,
            "reason": one.reason,
            "by": one.by,
            "missed": {timeframe: time_value(start, self._times) for timeframe, start in one.missed.items()},
            "message": one.message,
            "origin": one.origin,
            "row": one.row,
            "offset": one.offset,
            "raw": one.raw,
            **(self._numbers(one) if self._tells_numbers else {}),
        }

    @staticmethod
    def _numbers(one: SideRecord) -> dict[str, object]:
        numbers = {"first_number": one.first_number, "last_number": one.last_number}
        return {**numbers, "until": one.until, "hole": one.hole}


class JsonLateDecoder:
    """Reads what `JsonLateEncoder` writes."""

    def __init__(self, plan: BarPlan, times: JsonTimes) -> None:
        self._names = plan.event.key
        self._times = times

    def decode(self, value: bytes) -> SideRecord:
        """One refused row."""
        try:
            return self._record(msgspec.json.decode(value))
        except (msgspec.DecodeError, ValueError, KeyError, TypeError, AttributeError) as error:
            message = f"the message holds no refused row of this definition: {error}: {value[:60]!r}"
            raise SourceError(message) from None

    def _record(self, told: dict[str, Any]) -> SideRecord:
        key = told["key"]
        numbers: dict[str, Any] = {name: told.get(name) for name in NUMBERS}
        return SideRecord(
            **{name: told[name] for name in ("offset", "origin", "row", "reason", "message", "raw", "by")},
            missed={name: time_of(start, self._times) for name, start in told["missed"].items()},
            key=None if key is None else tuple(key[name] for name in self._names),
            event_time=told["event_time"],
            **numbers,
        )
