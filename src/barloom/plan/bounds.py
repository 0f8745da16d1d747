"""From when, and until when, the input is complete: a time, or a timeframe whose slot holds its first or last row."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime, time, tzinfo
from typing import TYPE_CHECKING, Final, TypeAlias

from barloom.errors import Problem
from barloom.time.instants import nanos_of, nanos_of_text, written
from barloom.time.timeframe import Timeframe

if TYPE_CHECKING:
    from barloom.plan.barplan import BarPlan, SourcePlan

__all__ = ["BOUNDS", "Bound", "bound", "bounded", "order_problem"]

BOUNDS: Final = ("complete_from", "complete_until")

Bound: TypeAlias = "datetime | date | int | str"
"""How a bound is given: a `datetime` or ISO 8601 text with a zone, a date, nanoseconds, or a timeframe (``"1d"``)."""

_TIMEFRAME: Final = re.compile(r"\d+\s*[A-Za-z]+")
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_EARLIEST: Final = -(1 << 63)
_LATEST: Final = (1 << 63) - 1


def bound(given: object, zone: str | None = None) -> int | str:
    """Nanoseconds UTC, or the name of a timeframe; `ValueError` for what is neither.

    A date is its midnight, in `zone` or else in UTC; a time without a zone is one in `zone`.
    """
    if isinstance(given, str) and _TIMEFRAME.fullmatch(given.strip()):
        return str(Timeframe.parse(given))
    at = _instant(given, _zone(zone))
    if not _EARLIEST < at < _LATEST:
        message = f"{given!r} lies outside the times that bars can have: 1677-09-21 to 2262-04-11"
        raise ValueError(message)
    return at


def _zone(name: str | None) -> tzinfo | None:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - only where a bound is declared

    return None if name is None else ZoneInfo(name)


def _instant(given: object, zone: tzinfo | None) -> int:
    match given:
        case bool():
            raise ValueError(_neither(given))
        case int():
            return given
        case datetime():
            return nanos_of(given if given.tzinfo is not None or zone is None else given.replace(tzinfo=zone))
        case date():
            return nanos_of(datetime.combine(given, time(), zone or UTC))
        case str():
            return _written(given.strip(), zone)
        case _:
            raise ValueError(_neither(given))


def _written(text: str, zone: tzinfo | None) -> int:
    try:
        return nanos_of_text(text, (zone or UTC) if _DATE.fullmatch(text) else zone)
    except ValueError as error:
        if "no time zone" in str(error) or "nanosecond" in str(error):
            raise
        raise ValueError(_neither(text)) from error


def _neither(given: object) -> str:
    return (
        f"{given!r} is neither a time nor a timeframe; write 2025-01-01T00:00:00Z, 2025-01-01 for its midnight, or '1d'"
        " for the day that holds the first or last row"
    )


def order_problem(source: SourcePlan, where: str = "source") -> Problem | None:
    """What is wrong with the two bounds together."""
    begin, end = source.complete_from, source.complete_until
    if isinstance(begin, int) and isinstance(end, int) and end <= begin:
        what = f"{written(end)} does not lie after complete_from, {written(begin)}"
        return Problem(what, f"{where}.complete_until", "write the end of what the input holds, which lies later")
    return None


def bounded(plan: BarPlan, complete_from: object = None, complete_until: object = None) -> BarPlan:
    """The plan with the bounds of one run in place of the declared ones; `ValueError` says what is wrong with them."""
    given = {"complete_from": complete_from, "complete_until": complete_until}
    source = plan.source
    for name, value in given.items():
        if value is not None:
            try:
                source = replace(source, **{name: bound(value, source.zone)})  # type: ignore[arg-type]
            except ValueError as error:
                message = f"{name}: {error}"
                raise ValueError(message) from error
    problem = order_problem(source)
    if problem is not None and source is not plan.source:
        message = f"complete_until: {problem.what}; {problem.fix}"
        raise ValueError(message)
    return replace(plan, source=source)
