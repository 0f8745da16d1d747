"""Refused rows as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from barloom.serde.json.text import FORMAT, LATE_VERSION, time_value
from barloom.serde.protocol import Records

if TYPE_CHECKING:
    from collections.abc import Sequence

    from barloom.plan.barplan import BarPlan
    from barloom.serde.json.text import JsonTimes
    from barloom.store.protocol import SideRecord

__all__ = ["JsonLateEncoder"]


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
