"""The declared calendar: a name that there is, or hours of one's own; and the grace that fits its pauses."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from barloom.errors import CalendarError, DefinitionError, Problem
from barloom.plan.ladder import written

if TYPE_CHECKING:
    from barloom.plan.draft import BarsDraft

__all__ = ["check_grace", "plan_calendar"]

_ALWAYS: Final = "24x7"


def plan_calendar(draft: BarsDraft, problems: list[Problem]) -> str:
    """The canonical name of the declared calendar; empty where there is no such calendar."""
    stated, where = draft.calendar.value, draft.calendar.where
    if isinstance(stated, Mapping):
        return _template(stated, where, problems)
    if not isinstance(stated, str) or not stated.strip():
        problems.append(Problem("the calendar has no name", where, "write '24x7', or leave it out"))
        return ""
    name = stated.strip()
    return name if _shortest_pause(name, where, problems) is not None else ""


def check_grace(name: str, grace: int, where: str, problems: list[Problem]) -> None:
    """The grace after the close ends before any next session opens. `name` is that of a planned calendar."""
    pause = _shortest_pause(name, where, problems)
    if pause is None or grace < pause:
        return
    fix = f"make it shorter than the shortest pause of {name!r}, {written(pause)}"
    if not pause:
        fix = f"leave it out: {name!r} never closes"
    problems.append(Problem(f"a grace of {written(grace)} after the close", where, fix))


def _shortest_pause(name: str, where: str, problems: list[Problem]) -> int | None:
    """For how long the calendar closes at least, in nanoseconds; none where there is no such calendar."""
    if name == _ALWAYS:
        return 0
    from barloom.time.calendars import resolve  # noqa: PLC0415 - loads numpy, for those who name another calendar only

    try:
        return resolve(name).shortest_pause
    except CalendarError as error:
        what, _, fix = str(error).rpartition("; ")
        problems.append(Problem(what or fix, where, fix))
    except DefinitionError as error:
        problems.extend(error.problems)
    return None


def _template(stated: Mapping[str, object], where: str, problems: list[Problem]) -> str:
    from barloom.time.template import calendar_name  # noqa: PLC0415 - loads numpy, for those who write hours only

    try:
        return calendar_name(stated, where)
    except DefinitionError as error:
        problems.extend(error.problems)
        return ""
