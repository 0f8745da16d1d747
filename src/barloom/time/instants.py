"""Instants as nanoseconds since the epoch: into and out of `datetime`, and a check of what a calendar knows."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final

from barloom.errors import CalendarError
from barloom.time.timeframe import MICROSECOND, SECOND

if TYPE_CHECKING:
    from barloom.time.calendar import Integers

__all__ = [
    "check_range",
    "date_of",
    "days_of",
    "nanos_of",
    "nanos_of_text",
    "slot_text",
    "stamped",
    "to_datetime",
    "written",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = _EPOCH.date().toordinal()
_TO_THE_SECOND: Final = len("2025-11-10T12:34:56")
_FINE: Final = re.compile(r"[.,]\d{6}(\d+)")


def nanos_of(at: datetime) -> int:
    """Nanoseconds since the epoch of a `datetime` that states its zone; `ValueError` where it does not."""
    if at.tzinfo is None:
        message = f"{at.isoformat()} has no time zone; write one, such as {at.isoformat()}+00:00"
        raise ValueError(message)
    return (at - _EPOCH) // timedelta(microseconds=1) * MICROSECOND


def nanos_of_text(text: str, zone: tzinfo | None = None) -> int:
    """Nanoseconds since the epoch of ISO 8601 text; one that states no zone is of `zone`, or a `ValueError`."""
    at = datetime.fromisoformat(text)
    if at.tzinfo is None and zone is not None:
        at = at.replace(tzinfo=zone)
    return nanos_of(at) + _beyond_microseconds(text)


def _beyond_microseconds(text: str) -> int:
    """What a text says below the microsecond, which a `datetime` leaves out: nanoseconds."""
    match = _FINE.search(text)
    if match is None:
        return 0
    if match[1][3:].strip("0"):
        message = "it is finer than a nanosecond"
        raise ValueError(message)
    return int(match[1][:3].ljust(3, "0"))


def to_datetime(nanos: int) -> datetime:
    """The UTC `datetime` of an instant, down to the microsecond that holds it."""
    return _EPOCH + timedelta(microseconds=nanos // MICROSECOND)


def days_of(day: date) -> int:
    """Days since 1970-01-01."""
    return day.toordinal() - _EPOCH_DAY


def date_of(days: int) -> date:
    """The date that is this many days after 1970-01-01."""
    return date.fromordinal(days + _EPOCH_DAY)


def written(nanos: int) -> str:
    """An instant as ISO 8601 in UTC, with as many digits as it has: seconds or nanoseconds."""
    whole, fraction = divmod(nanos, SECOND)
    text = (_EPOCH + timedelta(seconds=whole)).isoformat()[:_TO_THE_SECOND]
    return f"{text}.{fraction:09d}Z" if fraction else f"{text}Z"


def stamped(nanos: int) -> str:
    """An instant as ISO 8601 in UTC, always with nine digits: the times of ticks, which one column holds alike."""
    whole, fraction = divmod(nanos, SECOND)
    return f"{written(whole * SECOND)[:-1]}.{fraction:09d}Z"


def slot_text(nanos: int, timeframe: str) -> str:
    """A bound of a slot: with nine digits where the timeframe is of milliseconds, and none where it is not."""
    return stamped(nanos) if timeframe.endswith("ms") else written(nanos)


def check_range(  # noqa: PLR0913 - the parts of one message
    times: Integers, first: int, last: int, *, calendar: str, known: str, fix: str
) -> None:
    """Raise `CalendarError` where a time is before `first` or after `last`."""
    if len(times) == 0:
        return
    lowest, highest = int(times.min()), int(times.max())
    if first <= lowest and highest <= last:
        return
    outlier = lowest if lowest < first else highest
    side = "begins after" if lowest < first else "ends before"
    message = f"calendar {calendar!r} {side} {written(outlier)}: it {known}; {fix}"
    raise CalendarError(message)
