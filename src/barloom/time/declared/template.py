"""Weekly templates: a market's hours as a definition states them, and the calendar they become."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Final, cast

from barloom.errors import CalendarError, DefinitionError
from barloom.time.declared.day_hours import DayHours, around
from barloom.time.declared.hours import CLOSED, WEEKDAYS, Hours, Phase, Stretch
from barloom.time.declared.nights import Nights
from barloom.time.declared.pattern import Pattern, Week
from barloom.time.declared.template_reading import PREFIX, Reading
from barloom.time.instants import days_of
from barloom.time.options import OPTIONS, Options
from barloom.time.shipped.snapshot import load_snapshot
from barloom.time.zones import FIRST_DATE, LAST_DATE, zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from barloom.time.table import SessionTable

__all__ = ["DayHours", "Template", "calendar_name", "with_options_behind"]

_DAY: Final = 24 * 60


def calendar_name(stated: Mapping[str, object], where: str = "calendar") -> str:
    """The name of a calendar that a definition states as a mapping: a template, and beside it the options of slots.

    Raises `DefinitionError` with everything that is wrong.

    Example::

        calendar_name({"zone": "America/New_York", "hours": "0930-1600", "pre": "0400-0930", "extended": True})
    """
    options, problems = Options.stated(stated, where)
    try:
        template = Template.of({key: value for key, value in stated.items() if key not in OPTIONS}, where)
    except DefinitionError as error:
        raise DefinitionError([*error.problems, *problems]) from None
    if problems:
        raise DefinitionError(problems)
    return f"{template.name}{options}"


def with_options_behind(name: str) -> str:
    """The canonical name of a template whose options may be among its keys: they come behind it.

    Raises `CalendarError` where an option is said twice, and as `Template.from_name`.
    """
    plain, behind = Options.split(name)
    stated = _stated(plain)
    inside = [key for key in OPTIONS if key in stated]
    if not inside:
        return name
    if str(behind):
        message = (
            f"calendar {name!r} has options among its keys ({', '.join(inside)}) and behind it ({behind}); "
            "write all of them in one place"
        )
        raise CalendarError(message)
    return calendar_name(stated)


def _stated(name: str) -> Mapping[str, object]:
    """The mapping that a template's name holds; `CalendarError` where it cannot be read."""
    try:
        stated = json.loads(name.removeprefix(PREFIX))
    except ValueError as error:
        stated, why = None, f" ({error})"
    else:
        why = ""
    if not isinstance(stated, dict):
        message = f'calendar {name[:40]!r}… holds no JSON object{why}; write {PREFIX}{{"zone": …, "hours": …}}'
        raise CalendarError(message)
    return cast("Mapping[str, object]", stated)


@dataclass(frozen=True)
class Template:
    """The hours of a market: by weekday (Monday first), with holidays and special dates. Hours are local to `zone`.

    `night_before_holidays` tells whether there is a night session on the evening before a holiday. `holidays_of` and
    `early_closes_of` name exchanges whose holidays are taken over, and whose early closes cut the day. Made by
    `Template.of`, which checks it.
    """

    zone: str
    week: tuple[DayHours, ...]
    holidays: tuple[date, ...] = ()
    special: tuple[tuple[date, DayHours], ...] = ()
    holidays_of: tuple[str, ...] = ()
    early_closes_of: tuple[str, ...] = ()
    since: date = FIRST_DATE
    until: date = LAST_DATE
    night_before_holidays: bool = False

    @classmethod
    def of(cls, stated: Mapping[str, object], where: str = "calendar") -> Template:
        """A template from a plain mapping, as it stands in TOML.

        Keys: ``zone`` and ``hours`` are needed; ``days`` (default ``"Mon-Fri"``), ``weekdays`` (``{ Fri = "…" }``),
        ``pre`` and ``post`` hours, ``night`` (hours of the evening of the trading date before) and
        ``night_before_holidays``, ``holidays`` (dates, and names of exchanges), ``early_closes`` (names of exchanges),
        ``special`` (hours by date), ``from`` and ``until`` (dates).

        Raises `DefinitionError` with everything that is wrong.

        Example::

            Template.of({"zone": "America/Chicago", "hours": "1700-1600", "holidays": ["2025-12-25"]})
        """
        reading = Reading(stated, where)
        week = reading.week()
        special = reading.special(week)
        holidays, holidays_of = reading.holidays()
        template = cls(
            reading.zone(),
            week,
            holidays,
            special,
            holidays_of,
            reading.early_closes(),
            *reading.range_of_dates(),
            reading.night_before_holidays(week),
        )
        reading.check_keys()
        if reading.problems:
            raise DefinitionError(reading.problems)
        template._check_overlaps(reading)
        return template

    @classmethod
    def from_name(cls, name: str) -> Template:
        """The template that a calendar's name ``template:{…}`` holds; `DefinitionError` where it cannot be read."""
        return cls.of(_stated(name))

    @cached_property
    def name(self) -> str:
        """The canonical text: equal for equal templates however they were written, and read by `resolve`."""
        return PREFIX + json.dumps(self.document(), sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def document(self) -> dict[str, object]:
        """The template as a plain mapping that `of` reads, with nothing in it that is a default."""
        main = self.week[0]
        usual = max(set(self.week), key=lambda item: (self.week.count(item) if item.regular else 0, item == main))
        weekdays = {
            WEEKDAYS[day]: _written(item, DayHours(item.regular))
            for day, (item, default) in enumerate(zip(self.week, _default_week(usual), strict=True))
            if item != default
        }
        document: dict[str, object] = {
            "zone": self.zone,
            "hours": usual.regular,
            "pre": usual.pre,
            "post": usual.post,
            "night": usual.night,
            "night_before_holidays": self.night_before_holidays,
            "weekdays": weekdays,
            "holidays": [*sorted(self.holidays_of), *sorted(str(day) for day in self.holidays)],
            "early_closes": sorted(self.early_closes_of),
            "special": {str(day): self._special(day, item, usual) for day, item in sorted(self.special)},
            "from": "" if self.since == FIRST_DATE else str(self.since),
            "until": "" if self.until == LAST_DATE else str(self.until),
        }
        return {key: value for key, value in document.items() if value}

    def _special(self, day: date, item: DayHours, usual: DayHours) -> str | dict[str, str]:
        of_weekday = self.week[day.weekday()]
        base = usual if of_weekday.closed else of_weekday
        return _written(item, base.with_regular(item.regular, day.weekday()))

    def table(self, name: str | None = None) -> SessionTable:
        """All sessions, those before and after regular hours included; `CalendarError` where they overlap."""
        return self._pattern().table(self.name if name is None else name)

    def _pattern(self) -> Pattern:
        since, until = days_of(self.since), days_of(self.until)
        exchanges = {name: load_snapshot(name) for name in {*self.holidays_of, *self.early_closes_of}}
        for snapshot in exchanges.values():
            since, until = max(since, snapshot.pattern.since), min(until, snapshot.pattern.until)
        exceptions: dict[int, Hours] = {}
        for name in self.early_closes_of:
            exceptions |= self._cut(exchanges[name].table, exceptions)
        for name in self.holidays_of:
            exceptions |= dict.fromkeys(exchanges[name].holidays(), CLOSED)
        exceptions |= {days_of(day): CLOSED for day in self.holidays}
        exceptions |= {days_of(day): item.hours(day.weekday()) for day, item in self.special}
        hours = self._hours
        if any(item.night for item in (*self.week, *(item for _, item in self.special))):
            nights = self._nights()
            hours, exceptions = nights.whole_week(), nights.exceptions(exceptions, since, until)
        return Pattern(zone(self.zone), [Week(since, hours)], since, until, exceptions)

    @cached_property
    def _hours(self) -> tuple[Hours, ...]:
        """The hours of each weekday, without nights."""
        return tuple(item.hours(day) for day, item in enumerate(self.week))

    def _nights(self) -> Nights:
        special = {days_of(day): item.night_hours for day, item in self.special}
        return Nights(self._hours, tuple(item.night_hours for item in self.week), special, self.night_before_holidays)

    def _cut(self, exchange: SessionTable, known: Mapping[int, Hours]) -> dict[int, Hours]:
        """The hours of the dates on which an exchange closes early, cut at that time; the hours after it follow it."""
        days = exchange.dates[exchange.early_closes]
        closes = zone(self.zone).to_local(exchange.session_closes[exchange.early_closes]) // (60 * 10**9) - days * _DAY
        cut: dict[int, Hours] = {}
        for day, close in zip(days.tolist(), closes.tolist(), strict=True):
            hours = known.get(day, self._hours[(day + 3) % 7])
            regular = tuple(
                Stretch(item.opens, min(item.closes, close))
                for item in hours
                if item.phase is Phase.REGULAR and item.opens < close
            )
            cut[day] = tuple(sorted(regular + around(hours, regular)))
        return cut

    def _check_overlaps(self, reading: Reading) -> None:
        """Sessions of neighbouring dates may touch, not overlap; neither may the phases of one date."""
        try:
            self.table("template")
        except CalendarError as error:
            reading.problem(str(error), "", "correct the hours, the weekdays or the special dates")
            raise DefinitionError(reading.problems) from error


def _default_week(usual: DayHours) -> tuple[DayHours, ...]:
    return (usual,) * 5 + (DayHours("closed"),) * 2


def _written(item: DayHours, meant: DayHours) -> str | dict[str, str]:
    """The text of the regular hours, where that stands for all of them, which is `meant`."""
    if item == meant:
        return item.regular
    return {key: value for key, value in item._asdict().items() if value}
