"""Hours of trading as people write them: ``0930-1600``, ``0900-1130,1230-1530``, overnight ``1700-1600``.

Where the weekday of the trading date is known, a time may name its own: ``Sun 1700-Mon 1200,Mon 1700-1600``.
"""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import pairwise
from typing import Final, NamedTuple

__all__ = ["CLOSED", "WEEKDAYS", "Hours", "Phase", "Stretch", "parse_hours", "write_hours"]

WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_TIME: Final = rf"(?:({'|'.join(WEEKDAYS)})\s*)?(\d{{2}}):?(\d{{2}})"
_STRETCH: Final = re.compile(rf"\s*{_TIME}\s*-\s*{_TIME}\s*")
_DAY: Final = 24 * 60


class Phase(IntEnum):
    """The part of a trading day that a stretch of open time belongs to."""

    REGULAR = 0
    PRE = 1
    POST = 2

    def __str__(self) -> str:
        return self.name.lower()


class Stretch(NamedTuple):
    """Open time on a trading date, in minutes from its local midnight; negative on the day before."""

    opens: int
    closes: int
    phase: Phase = Phase.REGULAR


Hours = tuple[Stretch, ...]
"""The stretches of one trading date in order; none when it is closed."""

CLOSED: Final[Hours] = ()


class _Time(NamedTuple):
    """A written time of day in minutes, and the day it names: 0 is the trading date, -1 the day before."""

    minutes: int
    day: int | None


def parse_hours(text: str, phase: Phase = Phase.REGULAR, weekday: int | None = None) -> Hours:
    """Read hours; ``closed`` is none.

    Times are local. The last time lies on the trading date; a time that is not before the one after it lies on the day
    before: ``1700-1600`` opens the evening before, ``1700-1700`` is a whole day. A time that names its weekday lies on
    the last such day that is no later than the trading date, whose own is `weekday` (0 is Monday). Raises `ValueError`.
    """
    if text.strip().lower() == "closed":
        return CLOSED
    written: list[_Time] = []
    for part in text.split(","):
        match = _STRETCH.fullmatch(part)
        if match is None:
            message = f"{text!r} are no hours; write such as '0930-1600', '0900-1130,1230-1530' or 'closed'"
            raise ValueError(message)
        written += [_time(text, weekday, *match.groups()[:3]), _time(text, weekday, *match.groups()[3:])]
    times = _since_midnight(written)
    _check_order(text, written, times)
    return tuple(Stretch(opens, closes, phase) for opens, closes in zip(times[::2], times[1::2], strict=True))


def _time(text: str, weekday: int | None, name: str | None, hour: str, minute: str) -> _Time:
    if name is not None and weekday is None:
        message = f"{text!r} names a weekday; a time can where it is of one date or weekday only"
        raise ValueError(message)
    day = None if name is None or weekday is None else -((weekday - WEEKDAYS.index(name)) % 7)
    return _Time(_minutes(text, hour, minute), day)


def _since_midnight(written: list[_Time]) -> list[int]:
    """Minutes from the trading date's midnight: days that are not named follow from the last time backwards."""
    times = [item.minutes for item in written]
    day = 0
    for at in reversed(range(len(written))):
        named, opens, last = written[at].day, at % 2 == 0, at == len(written) - 1
        times[at] += _DAY * (day if named is None else named)
        if named is None and not last and (times[at] > times[at + 1] or (opens and times[at] == times[at + 1])):
            times[at] -= _DAY
        day = (times[at] - written[at].minutes) // _DAY
    return times


def _check_order(text: str, written: list[_Time], times: list[int]) -> None:
    named = any(item.day is not None for item in written)
    if not named and times[-1] - times[0] > _DAY:
        message = (
            f"{text!r} overlaps itself: from first to last it takes more than 24 hours; "
            "name the weekdays of single dates, such as 'Sun 1700-Mon 1200,Mon 1700-1600'"
        )
        raise ValueError(message)
    for at, (before, after) in enumerate(pairwise(times)):
        if after < before or (after == before and at % 2 == 0):
            message = f"{text!r} overlaps itself; write its times in order, the trading date's last"
            raise ValueError(message)


def _minutes(text: str, hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > _DAY:  # noqa: PLR2004 - minutes of an hour
        message = f"{text!r}: {hour}{minute} is no time of day; hours go from 0000 to 2400"
        raise ValueError(message)
    return minutes


def write_hours(hours: Hours, weekday: int | None = None) -> str:
    """The text of hours, as `parse_hours` reads it (without phases) with the same `weekday`."""
    plain = ",".join(f"{_clock(item.opens)}-{_clock(item.closes, end=True)}" for item in hours) or "closed"
    if weekday is None or _same(plain, hours):
        return plain
    return ",".join(f"{_named(item.opens, weekday)}-{_named(item.closes, weekday, end=True)}" for item in hours)


def _same(text: str, hours: Hours) -> bool:
    try:
        return [item[:2] for item in parse_hours(text)] == [item[:2] for item in hours]
    except ValueError:
        return False


def _named(minutes: int, weekday: int, *, end: bool = False) -> str:
    """A time with its weekday, where that is not the trading date's."""
    day = (minutes - end) // _DAY
    clock = _clock(minutes - day * _DAY, end=end)
    return f"{WEEKDAYS[(weekday + day) % 7]} {clock}" if day else clock


def _clock(minutes: int, *, end: bool = False) -> str:
    hour, minute = divmod(minutes if end and minutes == _DAY else minutes % _DAY, 60)
    return f"{hour:02d}{minute:02d}"
