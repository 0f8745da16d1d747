"""How the rows of bars are stamped: with which side of their slot, with a date, or as a clock shows the hour."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Final

from barloom.errors import Problem
from barloom.plan.barplan import InputKind
from barloom.plan.ladder import written
from barloom.time.timeframe import DAY, MICROSECOND, Timeframe, parse_duration

if TYPE_CHECKING:
    from barloom.plan.barplan import LevelPlan, SourcePlan
    from barloom.plan.draft import BarsDraft

__all__ = ["Side", "Stamp", "plan_stamp", "with_zone_of_dates"]

_BEFORE_END: Final = re.compile(r"end\s*-\s*(?P<by>\d+\s*[a-z]+)")
_FINE: Final = {"us": MICROSECOND, "ns": 1}
_SIDES: Final = ("start", "end", "date", "clock")
_OTHERS: Final = {
    **dict.fromkeys(("open", "begin", "left", "open_time"), "start"),
    **dict.fromkeys(("close", "right", "last", "close_time"), "end"),
    **dict.fromkeys(("day", "trading_date", "dates"), "date"),
    **dict.fromkeys(("hour", "local", "wall"), "clock"),
}
"""Sides as others call them."""

_FIX: Final = "write 'start', 'end', 'end-1ms' (that much before the end), 'date' or 'clock'"


class Side(Enum):
    """What the time of a bar tells of its slot.

    ``date``: its trading date, as a midnight. ``clock``: when it begins by the clock, though the market opened later.
    """

    START = "start"
    END = "end"
    DATE = "date"
    CLOCK = "clock"


@dataclass(frozen=True, slots=True)
class Stamp:
    """A side of the slot, and for the end how long before it, in nanoseconds."""

    side: Side
    before: int = 0

    @classmethod
    def parse(cls, text: object) -> Stamp:
        """From ``start``, ``end``, ``end-1ms``, ``date`` or ``clock``; `ValueError` for another text."""
        if text in _SIDES:
            return cls(Side(text))
        match = _BEFORE_END.fullmatch(str(text))
        if match is None:
            near = _nearest(str(text).lower())
            raise ValueError(_FIX if near is None else f"did you mean {near!r}? {_FIX}")
        return cls(Side.END, _length(match["by"]))

    def __str__(self) -> str:
        if not self.before:
            return self.side.value
        fine = next((f"{self.before // size}{unit}" for unit, size in _FINE.items() if self.before % size == 0), "")
        return f"end-{fine if self.before % 1_000_000 else written(self.before)}"


def _nearest(text: str) -> str | None:
    """The side that may be meant by another word."""
    from difflib import get_close_matches  # noqa: PLC0415 - only on the way to an error

    return _OTHERS.get(text) or next(iter(get_close_matches(text, _SIDES, n=1)), None)


def _length(text: str) -> int:
    """Also the microseconds and nanoseconds by which databases stamp the last moment of a bar."""
    count, unit = re.findall(r"\d+|[a-z]+", text)
    return int(count) * _FINE[unit] if unit in _FINE else parse_duration(text)


def plan_stamp(draft: BarsDraft, levels: tuple[LevelPlan, ...], calendar: str, problems: list[Problem]) -> str:
    """The declared stamp in its canonical form."""
    stated, where = draft.stamped.value, draft.stamped.where
    try:
        stamp = Stamp.parse(stated)
    except ValueError as error:
        problems.append(Problem(f"unknown stamp {stated!r}", where, str(error)))
        return "start"
    if draft.input is InputKind.BARS and levels:
        problem = _unfit(stamp, levels[0].timeframe, calendar, where)
        problems.extend([] if problem is None else [problem])
    return str(stamp)


def _unfit(stamp: Stamp, base: Timeframe, calendar: str, where: str) -> Problem | None:
    """What is wrong with a stamp for bars of this length."""
    if stamp.before >= (base.nanos if base.intraday else DAY):
        return Problem(f"{stamp} lies outside of a {base} slot", where, "write 'start', or less than the slot is long")
    if stamp.side is Side.DATE and base.intraday:
        return Problem(f"a date names no {base} slot", where, "write the side that is stamped: 'start' or 'end'")
    if stamp.side is Side.CLOCK and not base.intraday:
        return Problem(f"a clock shows no {base} slot", where, "write 'date' for bars that have a date, or 'start'")
    if stamp.side is Side.CLOCK and calendar and not _is_anchored_by_clock(calendar):
        fix = f"have slots that begin by the clock, too: calendar = \"{_by_clock(calendar)}\"; or write 'start'"
        return Problem(f"the slots of {calendar} are counted from the open", where, fix)
    return None


def _is_anchored_by_clock(calendar: str) -> bool:
    """As the options behind the name of a planned calendar say."""
    return "anchor=clock" in calendar.rpartition("?")[2].split("&")


def _by_clock(calendar: str) -> str:
    return f"{calendar}{'&' if '?' in calendar else '?'}anchor=clock"


def with_zone_of_dates(source: SourcePlan, stamped: str) -> SourcePlan:
    """A date is the same in every zone: where none is stated, the midnights that stand for dates are those of UTC."""
    if stamped == Side.DATE.value and source.zone is None and source.arrival is None:
        return replace(source, zone="UTC")
    return source
