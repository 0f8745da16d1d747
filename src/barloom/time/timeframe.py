"""Timeframes: how long a bar is, and how that is written."""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Final, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "DAY",
    "HOUR",
    "MICROSECOND",
    "MILLISECOND",
    "MINUTE",
    "SECOND",
    "Timeframe",
    "likely_timeframes",
    "parse_duration",
]

MICROSECOND: Final = 1_000
MILLISECOND: Final = 1_000_000
SECOND: Final = 1_000 * MILLISECOND
MINUTE: Final = 60 * SECOND
HOUR: Final = 60 * MINUTE
DAY: Final = 24 * HOUR

Unit = Literal["ms", "s", "m", "h", "d", "w", "mo"]

_NANOSECONDS: Final[dict[str, int]] = {"ms": MILLISECOND, "s": SECOND, "m": MINUTE, "h": HOUR}
_WRITTEN: Final = re.compile(r"\s*(\d+)\s*(mo|ms|[smhdwy])\s*(-regular)?\s*")
_DURATION: Final = re.compile(r"\s*(\d+)\s*(ms|[smhdw])\s*")
_TIMEFRAMES: Final = "write a number and ms, s, m, h, d, w or mo"
_DURATIONS: Final = "write a number and ms, s, m, h, d or w"
_MONTHS: Final = (1, 2, 3, 4, 6, 12)
_DAYS: Final[dict[str, int]] = {"d": 1, "w": 7, "mo": 30}
"""About how many days a unit has: enough to sort by."""
_MOST_DAYS: Final = 92
"""More days than a quarter has are written as months."""


@dataclass(frozen=True, slots=False)
class Timeframe:
    """A length of bar: a number of nanoseconds below a day, else a number of days, weeks or months.

    Made by `Timeframe.parse`, which writes equal lengths equally (``60m`` is ``1h``). A `regular` one, written
    ``1d-regular``, is made of regular hours only where a calendar's extended hours count, too.
    """

    count: int
    unit: Unit
    regular: bool = False

    @classmethod
    def parse(cls, text: str) -> Timeframe:
        """Read ``100ms 5s 1m 65m 4h 1d 3d 1w 2w 3mo 1d-regular``.

        Several days or weeks are counted from a date that the calendar names. Raises `ValueError`, with a hint, for
        lengths without an anchor (``24h 5mo``) and for what is written as elsewhere (``1H 5min``), and `TypeError` for
        what is no text.
        """
        match = _WRITTEN.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            _refuse_other_bars(text)
            hint = _hint(text, lambda way: str(cls.parse(way)), f"{_TIMEFRAMES}, such as '5m' or '1d'")
            message = f"{text!r} is not a timeframe; {hint}"
            raise (ValueError if isinstance(text, str) else TypeError)(message)
        count, unit = int(match[1]), match[2]
        if count == 0:
            message = f"{text!r} is empty: a timeframe is longer than zero"
            raise ValueError(message)
        if unit in _NANOSECONDS:
            whole = cls._below_a_day(count * _NANOSECONDS[unit], text)
            if match[3]:
                message = f"{text!r}: bars below a day lie in one part of it anyway, and say which; write '{whole}'"
                raise ValueError(message)
            return whole
        return replace(cls._of_days(count, unit, text), regular=match[3] is not None)

    @classmethod
    def _below_a_day(cls, nanos: int, text: str) -> Timeframe:
        if nanos >= DAY:
            days = nanos // DAY
            hint = "'1d'" if nanos == DAY else "'1w'" if nanos == 7 * DAY else "at most '23h', or '1d', '1w', '1mo'"
            message = (
                f"{text!r} has no anchor ({days} d or more of hours): "
                f"a trading day is not always 24 hours; write {hint}"
            )
            raise ValueError(message)
        units: tuple[Unit, ...] = ("h", "m", "s", "ms")
        unit: Unit = next(unit for unit in units if nanos % _NANOSECONDS[unit] == 0)
        return cls(nanos // _NANOSECONDS[unit], unit)

    @classmethod
    def _of_days(cls, count: int, unit: str, text: str) -> Timeframe:
        if unit == "mo":
            if count in _MONTHS:
                return cls(count, "mo")
            message = f"{text!r} has no anchor: months are counted from January in steps of 1, 2, 3, 4, 6 or 12 mo"
            raise ValueError(message)
        if unit == "y":
            message = f"{text!r} has no anchor: write '12mo'"
            raise ValueError(message)
        if count * _DAYS[unit] > _MOST_DAYS:
            most = f"{_MOST_DAYS // _DAYS[unit]}{unit}"
            message = f"{text!r} is longer than a quarter of a year: write at most '{most}', or months such as '3mo'"
            raise ValueError(message)
        return cls(count, "d" if unit == "d" else "w")

    def __str__(self) -> str:
        return f"{self.count}{self.unit}{'-regular' if self.regular else ''}"

    @property
    def intraday(self) -> bool:
        """Whether slots lie within a trading day and are uniform in elapsed time."""
        return self.unit in _NANOSECONDS

    @cached_property
    def nanos(self) -> int:
        """The length of an intraday slot in nanoseconds; `ValueError` from one day up."""
        if not self.intraday:
            message = f"{self} has no fixed length"
            raise ValueError(message)
        return self.count * _NANOSECONDS[self.unit]

    @property
    def counted(self) -> bool:
        """Whether slots are counted from a date that the calendar has to name: several days or weeks."""
        return self.unit in ("d", "w") and self.count > 1

    @property
    def in_regular_hours(self) -> Timeframe:
        """The same length, of regular hours only; also below a day, where it is no timeframe to declare."""
        return replace(self, regular=True)

    @property
    def order(self) -> tuple[int, int, str]:
        """Sorts timeframes from fine to coarse."""
        if self.intraday:
            return (0, self.nanos, "")
        return (1, self.count * _DAYS[self.unit], f"{self.unit}{self.regular}")

    def is_multiple_of(self, child: Timeframe) -> bool:
        """Whether slots of `child` tile every slot of this one, on any calendar and for all dates.

        Intraday slots of both share the anchor (the session's open) and the cut (its close). Days,
        weeks and months are made of whole trading dates, so every intraday timeframe tiles them;
        months are never made of weeks, and several days or weeks only tile more of the same. What is
        made of regular hours is made of what is, too.
        """
        if child.order >= self.order:
            return False
        if self.intraday:
            return child.intraday and self.nanos % child.nanos == 0
        if child.intraday:
            return True
        if child.regular != self.regular:
            return False
        if child.unit == self.unit:
            return self.count % child.count == 0
        return child.unit == "d" and child.count == 1


def _refuse_other_bars(text: object) -> None:
    from barloom.time.other_bars import other_bars  # noqa: PLC0415 - only on the way to an error

    kind = other_bars(text) if isinstance(text, str) else None
    if kind is not None:
        message = (
            f"{text!r} asks for bars {kind}: bars are made by time only; write a timeframe such as '1m', "
            "or see 'What barloom does not make' in docs/concepts.md"
        )
        raise ValueError(message)


def parse_duration(text: str) -> int:
    """Nanoseconds of a written elapsed time such as ``0s 250ms 90s 5m 1h 1d 1w`` (a day is 24 hours here)."""
    match = _DURATION.fullmatch(text)
    if match is None:
        message = f"{text!r} is not a duration; {_hint(text, _checked_duration, _DURATIONS)}, such as '2s' or '5m'"
        raise ValueError(message)
    return int(match[1]) * {**_NANOSECONDS, "d": DAY, "w": 7 * DAY}[match[2]]


def _checked_duration(way: str) -> str:
    if _DURATION.fullmatch(way) is None:
        message = f"{way!r} is no fixed length; write days, such as '31d'"
        raise ValueError(message)
    return way


def likely_timeframes(written: object) -> list[tuple[str, str]]:
    """What may be meant by a timeframe that is no text: its name, and the length as it was counted.

    60 is ``1m`` (``60s``) or ``1h`` (``60m``), a `timedelta` what it says; nothing for what is not countable.
    """
    from barloom.time.spelling import meant  # noqa: PLC0415 - only on the way to an error

    found = []
    counted = f"{written // timedelta(milliseconds=1)}ms" if isinstance(written, timedelta) else str(written)
    countable = isinstance(written, int | timedelta) and not isinstance(written, bool)
    for way in meant(counted) if countable else ():
        with suppress(ValueError):
            found.append((str(Timeframe.parse(way)), way))
    return found


def _hint(written: object, check: Callable[[str], str], rule: str) -> str:
    """``did you mean '1h'? write a number and …``; the rule alone where nothing fits.

    Where the only length that may be meant has no anchor, `check` says so by its `ValueError`.
    """
    from barloom.time.spelling import meant  # noqa: PLC0415 - only on the way to an error

    ways = meant(str(written)) if isinstance(written, str | int) and not isinstance(written, bool) else ()
    fitting = []
    for way in ways:
        try:
            fit = check(way)
            fitting.append(repr(fit) if fit == way else f"{fit!r} ({way})")
        except ValueError:
            if len(ways) == 1:
                raise
    return f"did you mean {' or '.join(fitting)}? {rule}" if fitting else rule
