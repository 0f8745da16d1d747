"""From declared timeframes to the ladder: order, children, delays and gap policies."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from math import gcd
from typing import TYPE_CHECKING, Final

from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import Gap, InputKind, LevelPlan
from barloom.plan.suggest import did_you_mean
from barloom.time.timeframe import DAY, MICROSECOND, Timeframe, likely_timeframes, parse_duration

if TYPE_CHECKING:
    from barloom.plan.draft import BarsDraft, LevelDraft

__all__ = ["duration", "ladder", "length_of", "written"]


_GAPS: Final = {
    **dict.fromkeys(("fill", "ffill", "forward", "pad", "last", "previous", "locf", "true"), "carry"),
    **dict.fromkeys(("skip", "drop", "none", "no", "off", "false"), "omit"),
    **dict.fromkeys(("nan", "na", "empty", "missing"), "null"),
}
"""What others call the policies."""


def duration(written: object, where: str, problems: list[Problem], *, positive: bool = False) -> int | None:
    """Nanoseconds of a declared duration; none where it is not one."""
    try:
        match written:
            case timedelta():
                nanos = (
                    written.days * 86_400_000_000 + written.seconds * 1_000_000 + written.microseconds
                ) * MICROSECOND
            case str():
                nanos = parse_duration(written)
            case _:
                nanos = parse_duration(str(written))
    except ValueError as error:
        problems.append(_told(error, where))
        return None
    if nanos < 0 or (positive and nanos == 0):
        fix = "give a time longer than zero" if positive else "give zero or more"
        problems.append(Problem(f"{written} is too short", where, fix))
        return None
    return nanos


def length_of(written: object, where: str) -> int:
    """Nanoseconds of a duration that is given by itself. Raises `DefinitionError` where it is none."""
    problems: list[Problem] = []
    nanos = duration(written, where, problems)
    if nanos is None:
        raise DefinitionError(problems)
    return nanos


def ladder(draft: BarsDraft, problems: list[Problem]) -> tuple[LevelPlan, ...]:
    """The levels from fine to coarse."""
    base = _base(draft, problems)
    rollups = [(frame, item) for item in draft.rollups if (frame := _timeframe(item, problems)) is not None]
    levels = [] if base is None else [base]
    for frame, item in sorted(rollups, key=lambda pair: pair[0].order):
        if levels and frame == levels[-1][0]:
            problems.append(
                Problem(
                    f"{item.timeframe!r} is {frame}, which is there already", item.where, "name each timeframe once"
                )
            )
        elif base is not None and frame.order < base[0].order:
            fix = f"make {frame} the base window, and roll up {base[0]} from it"
            problems.append(Problem(f"{item.timeframe!r} is finer than the base {base[0]}", item.where, fix))
        else:
            levels.append((frame, item))
    if draft.input is InputKind.BARS:
        _check_input(draft, problems)
    return _plan(levels, problems)


def _check_input(draft: BarsDraft, problems: list[Problem]) -> None:
    """Nothing but its delay can be chosen for a base that is not published again."""
    made = draft.keep.value == "last" or any(item.gap not in (None, "omit") for item in draft.bases)
    if not draft.rollups and not made:
        fix = "roll up at least one coarser timeframe, or let the base fill the holes of the input by its gap"
        problems.append(Problem("bars as input and no roll-up", draft.base_where, fix))
    for item in draft.bases:
        for setting in ("heartbeat",) if made else ("carry_limit", "heartbeat", "retention"):
            if getattr(item, setting) is not None:
                what = f"{setting} for the base {item.timeframe}, which is the input"
                problems.append(Problem(what, item.where, "give it to a rolled-up timeframe"))


def _base(draft: BarsDraft, problems: list[Problem]) -> tuple[Timeframe, LevelDraft] | None:
    if not draft.bases:
        fix = draft.either('declare one, such as tumbling("1s")', 'declare one, such as base = "1s"')
        problems.append(Problem("no base timeframe", draft.base_where, fix))
        return None
    found = [(frame, item) for item in draft.bases if (frame := _timeframe(item, problems)) is not None]
    if len(draft.bases) > 1:
        written = ", ".join(str(item.timeframe) for item in draft.bases)
        found.sort(key=lambda pair: pair[0].order)
        fix = "keep the finest and put the others into rollup"
        hint = f"{fix}: {_parted(draft, [frame for frame, _ in found])}" if len(found) > 1 else fix
        problems.append(
            Problem(f"more than one granularity ({written}), but there is one base window", draft.base_where, hint)
        )
    return found[0] if found else None


def _parted(draft: BarsDraft, frames: list[Timeframe]) -> str:
    """The finest as the base, and the others with what is rolled up already."""
    known = [frame for item in draft.rollups if (frame := _timeframe(item, [])) is not None]
    others = sorted({*frames[1:], *known} - {frames[0]}, key=lambda frame: frame.order)
    listed = ", ".join(f'"{frame}"' for frame in others)
    return draft.either(f'tumbling("{frames[0]}") and rollup({listed})', f'base = "{frames[0]}", rollup = [{listed}]')


def _timeframe(item: LevelDraft, problems: list[Problem]) -> Timeframe | None:
    try:
        return Timeframe.parse(item.timeframe)
    except TypeError:
        problems.append(Problem(f"{item.timeframe} is not a timeframe", item.where, _as_text(item)))
    except ValueError as error:
        told = _told(error, item.where)
        several = [f'"{part.strip()}"' for part in item.timeframe.split(",")]
        problems.append(
            told if len(several) == 1 else replace(told, fix=f"write each for itself: {', '.join(several)}")
        )
    return None


def _as_text(item: LevelDraft) -> str:
    """How a timeframe that is no text is written: 60 is "1m" where seconds are counted, and "1h" for minutes."""
    name, given = "base = " if item.where == "bars.base" else "", item.timeframe
    if isinstance(given, (list, tuple)) and given:
        several = [f'"{each}"' for each in given]
        return f"write each for itself: {', '.join(several)}"
    ways = [f'{name}"{fit}"' + ("" if fit == way else f" for {way}") for fit, way in likely_timeframes(given)]
    return f"write {', or '.join(ways)}" if ways else f'write it as text, such as {name}"5m"'


def _told(error: ValueError, where: str) -> Problem:
    """A message of the time room, which says what and, behind a semicolon or colon, how to mend it."""
    text = str(error)
    what, _, fix = text.partition("; " if "; " in text else ": ")
    return Problem(what, where, fix)


def _plan(levels: list[tuple[Timeframe, LevelDraft]], problems: list[Problem]) -> tuple[LevelPlan, ...]:
    planned: list[LevelPlan] = []
    for frame, item in levels:
        finer = [level.timeframe for level in planned]
        child = next((spot for spot in reversed(range(len(finer))) if frame.is_multiple_of(finer[spot])), None)
        if finer and child is None:
            problems.append(_no_child(frame, finer, item))
        level = _level(frame, child, item, planned, problems)
        if child is not None or not finer:
            planned.append(level)
    return tuple(planned)


def _no_child(frame: Timeframe, finer: list[Timeframe], item: LevelDraft) -> Problem:
    names = ", ".join(str(child) for child in finer)
    what = f"{frame} is no whole multiple of any finer timeframe ({names})"
    return Problem(what, item.where, _what_fits(frame, finer[0]))


def _what_fits(frame: Timeframe, base: Timeframe) -> str:
    if frame.intraday and base.intraday:
        below = frame.nanos // base.nanos * base.nanos
        near = [
            Timeframe.parse(f"{nanos // 1_000_000}ms")
            for nanos in (below, below + base.nanos)
            if base.nanos < nanos < DAY
        ]
        common = Timeframe.parse(f"{gcd(frame.nanos, base.nanos) // 1_000_000}ms")
        fits = f"roll up {' or '.join(map(str, near))} instead, or " if near else ""
        return f"{fits}make {common} the base, of which {base} and {frame} are multiples"
    if frame.regular != base.regular:
        return f"{frame} is not made of {base}: make a timeframe below a day the base, and roll up both from it"
    if base.counted:
        return f"make '1d' the base and roll up {base} and {frame} from it"
    if base.unit == "w":
        return f"{frame} is not made of weeks: make '1d' the base and roll up {base} and {frame} from it"
    return f"make '1mo' or '1d' the base, of which {base} and {frame} are made"


def _level(
    frame: Timeframe, child: int | None, item: LevelDraft, planned: list[LevelPlan], problems: list[Problem]
) -> LevelPlan:
    finer_delay = planned[-1].delay if planned else 0
    delay = finer_delay if item.delay is None else duration(item.delay, f"{item.where}: delay", problems)
    if delay is not None and delay < finer_delay:
        finer = f"{planned[-1].timeframe} ({written(finer_delay)})"
        what = f"the delay of {frame} ({written(delay)}) is shorter than that of {finer}"
        fix = f"delays must not shrink up the ladder: give {frame} at least {written(finer_delay)}, or leave it out"
        problems.append(Problem(what, item.where, fix))
    keep = (
        None
        if item.retention is None
        else duration(item.retention, f"{item.where}: retention", problems, positive=True)
    )
    limit = DAY
    if item.carry_limit is not None:
        limit = duration(item.carry_limit, f"{item.where}: carry_limit", problems, positive=True) or DAY
    beat = _boolean(item.heartbeat, f"{item.where}: heartbeat", problems)
    gap = _gap(item, problems)
    return LevelPlan(frame, child, finer_delay if delay is None else max(delay, finer_delay), gap, limit, beat, keep)


def _gap(item: LevelDraft, problems: list[Problem]) -> Gap:
    known = [gap.value for gap in Gap]
    if item.gap is None or item.gap in known:
        return Gap(item.gap or "omit")
    word = _GAPS.get(str(item.gap).lower(), str(item.gap))
    problems.append(Problem(f"unknown gap policy {item.gap!r}", f"{item.where}: gap", did_you_mean(word, known)))
    return Gap.OMIT


def _boolean(value: object, where: str, problems: list[Problem]) -> bool:
    if value is not None and not isinstance(value, bool):
        problems.append(Problem(f"{value!r} is not yes or no", where, "write true or false"))
    return value is True


def written(nanos: int) -> str:
    """A duration as people write it."""
    for unit, size in (("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000)):
        if nanos and nanos % size == 0:
            return f"{nanos // size}{unit}"
    return f"{nanos}ns" if nanos else "0s"
