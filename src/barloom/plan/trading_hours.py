"""The declared calendar: a name that there is, or hours of one's own; and what has to fit it: grace and timeframes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from barloom.errors import CalendarError, DefinitionError, Problem
from barloom.plan.ladder import written

if TYPE_CHECKING:
    from barloom.plan.barplan import LevelPlan
    from barloom.plan.draft import BarsDraft
    from barloom.time.timeframe import Timeframe

__all__ = ["check_grace", "check_timeframes", "plan_calendar"]

_ALWAYS: Final = "24x7"
_TEMPLATE: Final = "template:"


def plan_calendar(draft: BarsDraft, problems: list[Problem]) -> str:
    """The canonical name of the declared calendar; empty where there is no such calendar."""
    stated, where = draft.calendar.value, draft.calendar.where
    if isinstance(stated, Mapping):
        return _template(stated, where, problems)
    if not isinstance(stated, str) or not stated.strip():
        problems.append(Problem("the calendar has no name", where, "write '24x7', or leave it out"))
        return ""
    name = stated.strip()
    if _shortest_pause(name, where, problems) is None:
        return ""
    return _with_options_behind(name) if name.startswith(_TEMPLATE) else name


def _with_options_behind(name: str) -> str:
    """So that whoever asks for a calendar's options finds those that are among the keys of a template, too."""
    from barloom.time.declared.template import with_options_behind  # noqa: PLC0415 - loads numpy, for those who write hours only

    return with_options_behind(name)


def check_grace(name: str, grace: int, where: str, problems: list[Problem]) -> None:
    """The grace after the close ends before any next session opens. `name` is that of a planned calendar."""
    pause = _shortest_pause(name, where, problems)
    if pause is None or grace < pause:
        return
    fix = f"make it shorter than the shortest pause of {name!r}, {written(pause)}"
    if not pause:
        fix = f"leave it out: {name!r} never closes"
    problems.append(Problem(f"a grace of {written(grace)} after the close", where, fix))


def check_timeframes(draft: BarsDraft, name: str, levels: tuple[LevelPlan, ...], problems: list[Problem]) -> None:
    """Several days or weeks have a date to be counted from, and regular hours others beside them.

    `name` is that of a planned calendar, or empty.
    """
    asking = [level for level in levels if level.timeframe.counted or level.timeframe.regular]
    if not name or not asking:
        return
    from barloom.time.options import Options  # noqa: PLC0415 - only for those who ask for such timeframes

    options = Options.split(name)[1]
    for level in asking:
        frame = level.timeframe
        if frame.counted and options.anchor_date is None:
            problems.append(Problem(f"'{frame}' has no anchor", _where(draft, frame), _anchored(draft, frame)))
        if frame.regular and (level.child is None or not options.extended):
            what, fix = _not_regular(level)
            problems.append(Problem(what, _where(draft, frame), fix))


def _not_regular(level: LevelPlan) -> tuple[str, str]:
    """Why a timeframe cannot be of regular hours only, and what to write."""
    frame = level.timeframe
    if level.child is None:
        return f"'{frame}' is the base, and takes all ticks of the session", "roll it up from a base below a day"
    plain = str(frame).partition("-")[0]
    fix = f"write '{plain}', which is made of them, or let the others count: extended = true in the calendar"
    return f"'{frame}' where only regular hours count", fix


def _where(draft: BarsDraft, frame: Timeframe) -> str:
    """Where a timeframe is declared."""
    written_as = {str(item.timeframe).replace(" ", ""): item.where for item in (*draft.bases, *draft.rollups)}
    return written_as.get(str(frame), draft.base_where)


def _anchored(draft: BarsDraft, frame: Timeframe) -> str:
    """How to say from when several days or weeks are counted."""
    stated = draft.calendar.value
    if isinstance(stated, Mapping):
        said = draft.either('"anchor_date": "2025-01-06" in the calendar', "anchor_date = 2025-01-06 in the calendar")
    else:
        behind = "&" if "?" in str(stated) else "?"
        name = f'"{stated}{behind}anchor_date=2025-01-06"'
        said = draft.either(f"calendar={name}", f"calendar = {name}")
    usual = "'1d', or '1w' for a week" if frame.unit == "d" else "'1w', or '1mo' for a month"
    return f"say from which date it is counted, such as {said}; or write {usual}"


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
    from barloom.time.declared.template import calendar_name  # noqa: PLC0415 - loads numpy, for those who write hours only

    try:
        return calendar_name(stated, where)
    except DefinitionError as error:
        problems.extend(error.problems)
        return ""
