"""Times that are written in conditions: text beside a time, such as ``at < "2030-01-01T00:00:00Z"``."""

from __future__ import annotations

import re
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Final

from barloom.time.instants import nanos_of_text, written

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["NO_TIME_FIX", "canonical_time", "nanos_of_literal", "time_hint"]

NO_TIME_FIX: Final = (
    'compare a time with another time, or with text: "2025-11-10T09:30:00Z", or "2025-11-10" for its midnight in UTC'
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_LARGEST: Final = (1 << 63) - 1
_UNITS: Final = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
_FIRST: Final = 315_532_800 * 10**9
_LAST: Final = 4_133_980_800 * 10**9
"""The years 1980 to 2100, whose numbers lie apart in the four units."""


def nanos_of_literal(text: str) -> int:
    """Nanoseconds since the epoch; `ValueError`, with how to mend it behind a semicolon, where a text is no time."""
    stripped = text.strip()
    zone: tzinfo | None = UTC if _DATE.fullmatch(stripped) else None
    try:
        nanos = nanos_of_text(stripped, zone)
    except ValueError as error:
        if "no time zone" in str(error):
            raise
        message = f"{text!r} is not a time; {NO_TIME_FIX}"
        raise ValueError(message) from None
    if abs(nanos) > _LARGEST:
        message = f"{text!r} lies outside the times that there can be; write one from 1677-09-21 to 2262-04-11"
        raise ValueError(message)
    return nanos


def canonical_time(text: str) -> str:
    """A time as it is always written: in UTC, with no more digits than it has."""
    return written(nanos_of_literal(text))


def time_hint(number: Decimal) -> str:
    """How to write a number since 1970 as a time, where it is one of the years 1980 to 2100."""
    for unit in _UNITS.values():
        nanos = int(number * unit)
        if _FIRST <= nanos < _LAST:
            return f'write the time as text: "{written(nanos)}"'
    return NO_TIME_FIX
