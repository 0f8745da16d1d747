"""Night sessions: they open on the evening of the trading date before, Friday's for Monday, mostly not before holidays.

The futures exchanges of China are such markets. That of a Monday opens on Friday evening; where a holiday lies between
two trading dates, the second has no night. Elsewhere (``before_holidays``) the night is that of the last evening with a
session, however long ago.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from barloom.time.declared.day_hours import shifted

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.time.calendar import Booleans, Integers
    from barloom.time.declared.hours import Hours

__all__ = ["Nights"]

_LOOK_BACK: Final = 31
"""Days before the first date that are looked at: no market pauses for longer."""


@dataclass(frozen=True)
class Nights:
    """A week's hours and those of its nights by the weekday of the trading date, Monday first.

    `special` has the nights of single dates (days since 1970-01-01). The hours of a night count from the midnight
    before its evening.
    """

    week: tuple[Hours, ...]
    nights: tuple[Hours, ...]
    special: Mapping[int, Hours]
    before_holidays: bool

    def whole_week(self) -> tuple[Hours, ...]:
        """The hours of each weekday with its night, where no holiday is near."""
        return tuple(
            shifted(night, -back) + hours if hours else hours
            for hours, night, back in zip(self.week, self.nights, self._usually_back(), strict=True)
        )

    def exceptions(self, known: Mapping[int, Hours], since: int, until: int) -> dict[int, Hours]:
        """The hours of the dates that differ from their weekday, nights included; `known` has them without nights."""
        days = np.arange(since - _LOOK_BACK, until + 1, dtype=np.int64)
        usually = np.array(self._usually_back(), np.int64)[(days + 3) % 7]
        opened = self._opened(days, known)
        back = days - _last_before(days, opened)
        differing = (opened & (back != usually)) | np.isin(days, list(known))
        asked = np.flatnonzero(differing & (days >= since))
        rows = zip(days[asked].tolist(), back[asked].tolist(), usually[asked].tolist(), strict=True)
        return {day: self._hours(day, known, *lengths) for day, *lengths in rows}

    def _hours(self, day: int, known: Mapping[int, Hours], back: int, usually: int) -> Hours:
        """The hours of a date whose last session before is so many days back, where usually it is others."""
        weekday = (day + 3) % 7
        hours = known.get(day, self.week[weekday])
        if not hours or (back > usually and not self.before_holidays):
            return hours
        return shifted(self.special.get(day, self.nights[weekday]), -back) + hours

    def _usually_back(self) -> tuple[int, ...]:
        """How many days before each weekday the last one with hours is."""
        return tuple(next(back for back in range(1, 8) if self.week[(day - back) % 7]) for day in range(7))

    def _opened(self, days: Integers, known: Mapping[int, Hours]) -> Booleans:
        opened = np.array([bool(hours) for hours in self.week])[(days + 3) % 7]
        for day, hours in known.items():
            if days[0] <= day <= days[-1]:
                opened[day - int(days[0])] = bool(hours)
        return opened


def _last_before(days: Integers, opened: Booleans) -> Integers:
    """For each day the last one before it that has a session."""
    latest = np.maximum.accumulate(np.where(opened, days, days[0] - 1))
    return np.concatenate((days[:1] - 1, latest[:-1]))
