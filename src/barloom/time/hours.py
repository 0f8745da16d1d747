"""Hours of trading as people write them: ``0930-1600``, ``0900-1130,1230-1530``, overnight ``1700-1600``."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import Final, NamedTuple

__all__ = ["CLOSED", "Hours", "Phase", "Stretch", "parse_hours", "write_hours"]

_STRETCH: Final = re.compile(r"\s*(\d{2}):?(\d{2})\s*-\s*(\d{2}):?(\d{2})\s*")
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


def parse_hours(text: str, phase: Phase = Phase.REGULAR) -> Hours:
    """Read hours; ``closed`` is none.

    Times are local. The last time lies on the trading date; a time that is not before the one after it lies on the day
    before: ``1700-1600`` opens the evening before, ``1700-1700`` is a whole day. Raises `ValueError`.
    """
    if text.strip().lower() == "closed":
        return CLOSED
    times: list[int] = []
    for part in text.split(","):
        match = _STRETCH.fullmatch(part)
        if match is None:
            message = f"{text!r} are no hours; write such as '0930-1600', '0900-1130,1230-1530' or 'closed'"
            raise ValueError(message)
        times += [_minutes(text, match[1], match[2]), _minutes(text, match[3], match[4])]
    _into_the_day_before(times)
    if times[-1] - times[0] > _DAY:
        message = f"{text!r} overlaps itself: from first to last it takes more than 24 hours"
        raise ValueError(message)
    return tuple(Stretch(opens, closes, phase) for opens, closes in zip(times[::2], times[1::2], strict=True))


def _into_the_day_before(times: list[int]) -> None:
    for at in range(len(times) - 2, -1, -1):
        opens = at % 2 == 0
        while times[at] > times[at + 1] or (opens and times[at] == times[at + 1]):
            times[at] -= _DAY


def _minutes(text: str, hour: str, minute: str) -> int:
    minutes = int(hour) * 60 + int(minute)
    if int(minute) > 59 or minutes > _DAY:  # noqa: PLR2004 - minutes of an hour
        message = f"{text!r}: {hour}{minute} is no time of day; hours go from 0000 to 2400"
        raise ValueError(message)
    return minutes


def write_hours(hours: Hours) -> str:
    """The text of hours, as `parse_hours` reads it (without phases)."""
    return ",".join(f"{_clock(item.opens)}-{_clock(item.closes, end=True)}" for item in hours) or "closed"


def _clock(minutes: int, *, end: bool = False) -> str:
    hour, minute = divmod(minutes if end and minutes == _DAY else minutes % _DAY, 60)
    return f"{hour:02d}{minute:02d}"
