"""Local hours, weekly with exceptions, made into a table of sessions in UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from barloom.errors import CalendarError
from barloom.time.declared.hours import Phase
from barloom.time.instants import date_of
from barloom.time.table import SessionTable
from barloom.time.timeframe import MINUTE

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from barloom.time.calendar import Booleans, Integers
    from barloom.time.declared.hours import Hours
    from barloom.time.zones import Zone

__all__ = ["Pattern", "Week"]


class Week(NamedTuple):
    """The hours of Monday to Sunday, valid from a date (days since 1970-01-01)."""

    since: int
    hours: tuple[Hours, ...]


@dataclass(frozen=True)
class Pattern:
    """Everything that a table of sessions is made of; dates are days since 1970-01-01, `until` is inclusive.

    `holidays` are those of the exceptions on which there is a session although they are holidays.
    """

    zone: Zone
    weeks: Sequence[Week]
    since: int
    until: int
    exceptions: Mapping[int, Hours] = field(default_factory=dict)
    holidays: frozenset[int] = frozenset()

    def table(self, name: str) -> SessionTable:
        """The sessions of all dates; `CalendarError` where they overlap."""
        days = np.arange(self.since, self.until + 1, dtype=np.int64)
        usual = _usual(days, self.weeks)
        kinds = [hours for week in self.weeks for hours in week.hours]
        actual = usual.copy()
        numbers = {hours: number for number, hours in reversed(list(enumerate(kinds)))}
        for day, hours in self.exceptions.items():
            if self.since <= day <= self.until:
                if hours not in numbers:
                    numbers[hours] = len(kinds)
                    kinds.append(hours)
                actual[day - self.since] = numbers[hours]
        last = np.array([_last_close(hours) for hours in kinds], np.int64)
        early = (last[actual] < last[usual]) & ~np.isin(days, list(self.holidays))
        return self._built(name, days, actual, kinds, early)

    def _built(
        self, name: str, days: Integers, actual: Integers, kinds: Sequence[Hours], early: Booleans
    ) -> SessionTable:
        rows: list[tuple[Integers, Integers, Integers, Integers]] = []
        for number in np.unique(actual).tolist():
            dates = days[actual == number]
            midnights = dates * (1440 * MINUTE)
            for item in kinds[number]:
                opens = self.zone.to_utc(midnights + item.opens * MINUTE)
                closes = self.zone.to_utc(midnights + item.closes * MINUTE)
                rows.append((dates, opens, closes, np.full(len(dates), item.phase, np.int64)))
        if not rows:
            message = f"calendar {name!r} has no session; give it at least one"
            raise CalendarError(message)
        columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
        # A date whose hours a clock change swallows whole has no session.
        kept = columns[2] > columns[1]
        order = np.lexsort((columns[1][kept], columns[0][kept]))
        dates, opens, closes, phases = (column[kept][order] for column in columns)
        sessions, session_of = np.unique(dates, return_inverse=True)
        return SessionTable(
            name=name,
            opens=opens,
            closes=closes,
            session_of=session_of.astype(np.int64),
            dates=sessions,
            known_from=self.since,
            known_until=self.until,
            known_to=max(self._nothing_before(kinds), int(closes[-1])),
            zone=self.zone.name,
            phases=phases,
            early=early[sessions - self.since],
        )

    def _nothing_before(self, kinds: Sequence[Hours]) -> int:
        """No session of a date after `until` opens before this time."""
        earliest = min(0, *(item.opens for hours in kinds for item in hours))
        return int(self.zone.to_utc(np.array([(self.until + 1) * 1440 * MINUTE + earliest * MINUTE]))[0])

    def __str__(self) -> str:
        return f"{self.zone.name}, {date_of(self.since)} to {date_of(self.until)}"


def _usual(days: Integers, weeks: Sequence[Week]) -> Integers:
    """For each day the number of its weekly hours: seven of each week in turn."""
    since = np.array([week.since for week in weeks], np.int64)
    return np.maximum(np.searchsorted(since, days, "right") - 1, 0) * 7 + (days + 3) % 7


def _last_close(hours: Hours) -> int:
    """The regular close in minutes; long past for a closed day, so that nothing counts as earlier than it."""
    return max((item.closes for item in hours if item.phase is Phase.REGULAR), default=-(10**6))
