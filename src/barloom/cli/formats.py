"""How numbers, durations and times are written for people and scripts."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Final

from barloom.errors import BarloomError
from barloom.read.representable import slot_start
from barloom.time.instants import nanos_of, written
from barloom.time.timeframe import DAY, HOUR, MILLISECOND, MINUTE, SECOND

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = [
    "UsageError",
    "count",
    "duration",
    "instant",
    "moment",
    "on_the_grid",
    "plural",
    "rounded_told",
    "size",
]

_UNITS: Final = (
    ("w", 7 * DAY),
    ("d", DAY),
    ("h", HOUR),
    ("m", MINUTE),
    ("s", SECOND),
    ("ms", MILLISECOND),
    ("us", 1000),
)
_TIME: Final = re.compile(
    r"(?P<date>\d{4}-\d{2}-\d{2})"
    r"(?:[T ](?P<clock>\d{2}:\d{2}(?::\d{2})?)(?:\.(?P<fraction>\d{1,9}))?(?P<zone>Z|[+-]\d{2}:\d{2})?)?"
)


class UsageError(BarloomError, ValueError):
    """The command line asks for something that makes no sense."""


def count(number: int) -> str:
    """An integer with thousands apart: ``1,234,567``."""
    return f"{number:,}"


def plural(number: int, noun: str) -> str:
    """``1 tick``, ``2 ticks``."""
    return f"{count(number)} {noun}" if number == 1 else f"{count(number)} {noun}s"


def rounded_told(rounded: Mapping[str, int]) -> str:
    """How many values lost places, by field."""
    listed = ", ".join(f"{name} {count(number)}" for name, number in rounded.items())
    return f"Rounded to the field's places, as it says: {listed}."


def duration(nanos: int) -> str:
    """A duration in its largest two units: ``2s``, ``1m 30s``, ``1d``."""
    if nanos < 0:
        return f"-{duration(-nanos)}"
    parts = []
    for unit, size in _UNITS:
        whole, nanos = divmod(nanos, size)
        if whole:
            parts.append(f"{whole}{unit}")
    return " ".join(parts[:2]) if parts else "0s"


def size(number: float) -> str:
    """Bytes: ``1.4 MB``."""
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1000:  # noqa: PLR2004 - kilo
            return f"{number:.0f} {unit}" if unit == "B" else f"{number:.1f} {unit}"
        number /= 1000
    return f"{number:.1f} TB"


def moment(nanos: int | None) -> str:
    """An instant as ISO 8601 in UTC; a dash for none."""
    return "-" if nanos is None else written(nanos)


def instant(text: str, what: str) -> int:
    """Nanoseconds of a written time: a date (its UTC midnight) or an ISO 8601 time that states its zone."""
    at = _instant(text, what)
    try:
        return slot_start(at)
    except ValueError as error:
        message = f"{what}: {error}"
        raise UsageError(message) from error


def _instant(text: str, what: str) -> int:
    match = _TIME.fullmatch(text.strip())
    if match is None:
        message = f"{what}: {text!r} is not a time; write 2025-11-10T12:34:00Z, or 2025-11-10 for midnight UTC"
        raise UsageError(message)
    if match["clock"] is None:
        return _whole(match["date"], "00:00", "Z", what)
    if match["zone"] is None:
        message = f"{what}: {text!r} has no time zone; write {text.strip()}Z for UTC"
        raise UsageError(message)
    fraction = int((match["fraction"] or "0").ljust(9, "0"))
    return _whole(match["date"], match["clock"], match["zone"], what) + fraction


def _whole(day: str, clock: str, zone: str, what: str) -> int:
    try:
        return nanos_of(datetime.fromisoformat(f"{day}T{clock}{zone}"))
    except ValueError as error:
        message = f"{what}: {day} {clock} is not a time: {error}"
        raise UsageError(message) from error


@contextmanager
def on_the_grid() -> Iterator[None]:
    """A start that no slot has is the user's mistake."""
    try:
        yield
    except BarloomError:
        raise
    except ValueError as error:
        raise UsageError(str(error)) from error
