"""From a declaration to the plan: every check, all problems at once."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from barloom.errors import DefinitionError, Problem
from barloom.plan.barplan import BarPlan, EventPlan, FieldKind, Gap, InputKind, LevelPlan
from barloom.plan.columns import BAR_FIELDS, COMPLETENESS, Columns, plan_columns
from barloom.plan.events import list_problem
from barloom.plan.expressions import Expression
from barloom.plan.ladder import duration, ladder
from barloom.plan.language.types import Checker, Kind, Scope, field_type
from barloom.plan.language.written import condition
from barloom.plan.nodes import Logical, Node
from barloom.plan.reading import plan_source
from barloom.plan.sequence import plan_sequence
from barloom.plan.stamps import plan_stamp, with_zone_of_dates
from barloom.plan.suggest import did_you_mean
from barloom.plan.trading_hours import check_grace, check_timeframes, plan_calendar

if TYPE_CHECKING:
    from barloom.plan.draft import BarsDraft, ColumnDraft, Value
    from barloom.plan.events import EventDraft

__all__ = ["build", "renamed"]

_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
_TIMES: Final = ("partition", "key")
_UNFIT: Final = re.compile(r"[^A-Za-z0-9_.-]+")


def build(draft: BarsDraft) -> BarPlan:
    """The plan of a declaration; `DefinitionError` with every problem found."""
    problems = list(draft.problems)
    event = _event(draft, problems)
    scope = _scope(draft.event)
    levels = ladder(draft, problems)
    columns = plan_columns(draft.columns, scope, problems, of_bars=draft.input is InputKind.BARS)
    _check_names(draft, event, problems)
    _check_carry(draft, levels, columns, problems)
    where = _where(draft, scope, problems)
    knobs = _knobs(draft, problems)
    source = plan_source(draft.source, draft.event, problems)
    name, calendar, keep = _name(draft, problems), plan_calendar(draft, problems), _keep(draft, problems)
    stamped = plan_stamp(draft, levels, calendar, problems)
    _check_grace(draft, calendar, knobs, problems)
    check_timeframes(draft, calendar, levels, problems)
    _check_after(draft, knobs, problems)
    _check_idle(draft, knobs, problems)
    grace_when = _grace_when(draft, scope, problems)
    if draft.input is InputKind.BARS and any(partial.grown is not None for partial in columns.partials):
        fix = "sum the volumes of the bars, such as volume = sum(volume)"
        what = "delta follows a total from tick to tick, and bars are the input"
        problems.append(Problem(what, draft.columns_where, fix))
    if problems:
        raise DefinitionError(dict.fromkeys(problems))
    made = BarPlan(
        name=name,
        event=event,
        calendar=calendar,
        levels=levels,
        partials=tuple(columns.partials),
        outputs=tuple(columns.outputs),
        where=where,
        close_grace_when=grace_when,
        input=draft.input,
        stamped=stamped,
        keep=keep,
        source=with_zone_of_dates(source, stamped),
    )
    return replace(made, **knobs)


def renamed(plan: BarPlan, name: str) -> BarPlan:
    """The same bars under another name, which begins the names of their topics; `DefinitionError` for none."""
    problems: list[Problem] = []
    checked = _checked_name(name, "name", problems)
    if problems:
        raise DefinitionError(problems)
    return replace(plan, name=checked)


def _scope(event: EventDraft) -> Scope:
    known = {item.name: field_type(item.field) for item in event.fields if item.field is not None}
    return Scope(known, frozenset(item.name for item in event.fields if item.field is None))


def _event(draft: BarsDraft, problems: list[Problem]) -> EventPlan:
    event = draft.event
    problems.extend(event.problems)
    _check_keys(draft, problems)
    ids = event.having("event_id")
    if len(ids) > 1:
        names = ", ".join(item.name for item in ids)
        problems.append(Problem(f"more than one event id ({names})", event.where, "keep one"))
    return EventPlan(
        name=event.name,
        fields=tuple(item.field for item in event.fields if item.field is not None),
        key=tuple(item.name for item in event.having("key")),
        timestamp=_timestamp(draft, problems),
        event_id=ids[0].name if ids else None,
        tiebreak=_tiebreak(draft, problems),
        sequence=plan_sequence(draft, problems),
    )


def _tiebreak(draft: BarsDraft, problems: list[Problem]) -> str | None:
    """The field that orders rows of equal event time."""
    marked = draft.event.having("tiebreak")
    if not marked:
        return None
    item, where = marked[0], draft.either(marked[0].where, "event.tiebreak")
    if len(marked) > 1:
        names = ", ".join(each.name for each in marked)
        problems.append(Problem(f"more than one tiebreak ({names})", where, "keep the one that counts up"))
    if draft.input is InputKind.BARS:
        fix = "leave it out: a key has one bar a slot, so none are equal"
        problems.append(Problem("a tiebreak of bars as input", where, fix))
    if item.field is None:
        return None
    if item.field.kind in (FieldKind.STRING, FieldKind.BOOLEAN):
        fix = "declare it as int or decimal(38, 0): texts have no order of numbers ('10' would come before '9')"
        problems.append(Problem(f"the tiebreak {item.name!r} is of type {item.field.kind.value}", where, fix))
    if item.field.nullable:
        fix = draft.either("drop '| None'", "drop the '?': rows without one are then invalid")
        problems.append(Problem(f"the tiebreak {item.name!r} may be missing", where, fix))
    return item.name


def _check_keys(draft: BarsDraft, problems: list[Problem]) -> None:
    keys = draft.event.having("key")
    if not keys and not draft.told("event.key"):
        fix = draft.either(
            "mark at least one field as key, such as symbol: str = bl.key()",
            'name at least one text or int field as key, such as key = ["symbol"]',
        )
        problems.append(Problem("no key field", draft.event.where, fix))
    listed = [(item, "a key") for item in keys] + [(item, "an event id") for item in draft.event.having("event_id")]
    problems.extend(problem for item, role in listed if (problem := list_problem(item, role)) is not None)
    for item in keys:
        if item.field is None:
            continue
        if item.field.kind not in (FieldKind.STRING, FieldKind.INTEGER):
            what = f"a key field cannot be of type {item.field.kind.value}"
            problems.append(Problem(what, item.where, "keys are text or integers (str or int)"))
        if item.field.nullable:
            fix = draft.either("drop '| None'", "drop the '?'")
            problems.append(Problem("a key field cannot be nullable", item.where, fix))


def _timestamp(draft: BarsDraft, problems: list[Problem]) -> str:
    event, stamps = draft.event, draft.event.having("timestamp")
    names = ", ".join(item.name for item in stamps)
    if len(stamps) > 1:
        fix = draft.either("keep one timestamp() field", f'keep one: timestamp = "{stamps[0].name}"')
        problems.append(Problem(f"more than one event time ({names})", event.where, fix))
    if draft.on is None:
        if not stamps:
            if not draft.told("event.timestamp"):
                problems.append(Problem("no event time", event.where, _mark_time(draft)))
            return ""
        item = stamps[0]
    else:
        if stamps:
            what = f"the event time is defined twice: by {names} and by on={draft.on.value!r}"
            problems.append(Problem(what, draft.on.where, "keep one of the two"))
        found = next((item for item in event.fields if item.name == draft.on.value), None)
        if found is None:
            fix = did_you_mean(str(draft.on.value), [item.name for item in event.fields])
            problems.append(Problem(f"unknown field {draft.on.value!r}", draft.on.where, fix))
            return ""
        item = found
    if item.field is not None and item.field.kind is not FieldKind.TIMESTAMP:
        fix = draft.either(
            'annotate it datetime, or give an int its unit: bl.field(unit="ns")',
            f'declare {item.name} = "timestamp" for text, or "timestamp(ms)" for numbers (also s, us, ns)',
        )
        problems.append(Problem(f"the event time {item.name!r} is of type {item.field.kind.value}", item.where, fix))
    if item.field is not None and item.field.nullable:
        fix = draft.either("drop '| None'", "drop the '?'")
        problems.append(Problem("the event time cannot be nullable", item.where, fix))
    return item.name


def _mark_time(draft: BarsDraft) -> str:
    times = [item.name for item in draft.event.fields if item.field and item.field.kind is FieldKind.TIMESTAMP]
    return draft.either(
        "mark one field, at: datetime = bl.timestamp(), or name it by tumbling(on=…)",
        f'name its field: timestamp = "{times[0] if times else "at"}" under [event]',
    )


def _check_names(draft: BarsDraft, event: EventPlan, problems: list[Problem]) -> None:
    if not draft.columns and not draft.told("bars.ohlcv", "bars.select", "select("):
        fix = draft.either(
            'declare at least one, such as select(close=bl.last("bid")) or ohlcv(price="bid")',
            'declare some, such as ohlcv = { price = "bid" }, or [bars.select] with close = "last(bid)" below it',
        )
        problems.append(Problem("no columns are selected", draft.columns_where, fix))
    taken = BAR_FIELDS if event.sequence is None else (*BAR_FIELDS, *COMPLETENESS)
    seen: dict[str, ColumnDraft] = {}
    for column in draft.columns:
        if column.name in seen:
            what = f"the output {column.name!r} is declared twice, here and in {seen[column.name].where}"
            problems.append(Problem(what, column.where, "give each output its own name"))
        elif column.name in event.key:
            problems.append(
                Problem(f"the output {column.name!r} has the name of a key field", column.where, "rename it")
            )
        elif column.name in taken:
            fix = f"rename it; taken are {', '.join(taken)}"
            problems.append(Problem(f"every bar has a {column.name!r} of its own", column.where, fix))
        elif not column.name.isidentifier():
            fix = "use letters, digits and _, not beginning with a digit"
            problems.append(Problem(f"the output {column.name!r} is not a plain name", column.where, fix))
        seen.setdefault(column.name, column)
    problems.extend(
        Problem(f"every bar has a {name!r} of its own", f"{draft.event.where}.{name}", "rename the key field")
        for name in event.key
        if name in taken
    )


def _check_carry(draft: BarsDraft, levels: tuple[LevelPlan, ...], columns: Columns, problems: list[Problem]) -> None:
    carrying = [str(level.timeframe) for level in levels if level.gap is Gap.CARRY]
    if not carrying:
        return
    problems.extend(dict.fromkeys(columns.uncarried))
    if draft.columns and not columns.carries and not columns.uncarried and columns.outputs:
        what = f"gap carry ({', '.join(carrying)}) repeats the last price, but no output is a last(…)"
        problems.append(
            Problem(what, draft.columns_where, 'add one, such as close = last(bid), or use gap "null" or "omit"')
        )


def _where(draft: BarsDraft, scope: Scope, problems: list[Problem]) -> Node | None:
    joined: Node | None = None
    for item in draft.filters:
        node = _condition(item.condition, item.where, scope, problems)
        if node is not None:
            joined = node if joined is None else Logical("and", joined, node)
    return joined


def _condition(stated: Expression, where: str, scope: Scope, problems: list[Problem]) -> Node | None:
    """A condition on rows; none where something is wrong with it."""
    checker = Checker(scope, where)
    for flaw in stated.flaws:
        checker.problem(flaw.what, flaw.fix)
    unread = any(flaw.unread for flaw in stated.flaws)
    typed = None if unread else checker.condition(stated.node)
    problems.extend(checker.problems)
    return typed.node if typed is not None and typed.kind is Kind.CONDITION else None


def _knobs(draft: BarsDraft, problems: list[Problem]) -> dict[str, Any]:
    """The rarer settings, under their names in the plan."""
    readers = {
        "max_ahead": _positive,
        "live_within": _positive,
        "close_grace": _positive,
        "clock": _clock,
        "clock_after": _after,
        "time": _time,
        "idle_after": _positive,
        "pass_headers": _headers,
    }
    return {name: readers[name](knob, problems) for name, knob in draft.knobs if name in readers}


def _check_grace(draft: BarsDraft, calendar: str, knobs: dict[str, Any], problems: list[Problem]) -> None:
    stated = dict(draft.knobs).get("close_grace")
    if stated is None:
        return
    if draft.input is InputKind.BARS:
        what = "with bars as input there is no closing auction to wait for: each is the whole of its slot"
        fix = (
            "leave it out; a bar that is stamped at the close or later is out_of_session: add it to the last one before"
        )
        problems.append(Problem(what, stated.where, fix))
    elif calendar:
        check_grace(calendar, knobs["close_grace"], stated.where, problems)


def _grace_when(draft: BarsDraft, scope: Scope, problems: list[Problem]) -> Node | None:
    """Which ticks behind the close count, as a condition."""
    stated = dict(draft.knobs).get("close_grace_when")
    if stated is None:
        return None
    if "close_grace" not in dict(draft.knobs):
        fix = 'say for how long the auction is waited for, such as close_grace = "5m"'
        problems.append(Problem("it chooses among the ticks of a close_grace, and there is none", stated.where, fix))
    if not isinstance(stated.value, str | Expression):
        what = f"{stated.value!r} is not a condition"
        problems.append(Problem(what, stated.where, """write text, such as 'cond == "auction"'"""))
        return None
    return _condition(condition(stated.value), stated.where, scope, problems)


def _positive(knob: Value, problems: list[Problem]) -> int:
    return duration(knob.value, knob.where, problems, positive=True) or 1


def _clock(knob: Value, problems: list[Problem]) -> bool:
    if knob.value not in ("on", "off"):
        later = 'clock = { after = "30s" }, in Python clock(after="30s")'
        fix = f"write 'on' or 'off'; to let it close slots later than time passes: {later}"
        problems.append(Problem(f"unknown clock {knob.value!r}", knob.where, fix))
    return knob.value != "off"


def _time(knob: Value, problems: list[Problem]) -> str:
    if knob.value in _TIMES:
        return str(knob.value)
    fix = "write 'partition' (one stream time for all keys) or 'key' (each key's own)"
    near = did_you_mean(str(knob.value), _TIMES)
    problems.append(Problem(f"unknown time {knob.value!r}", knob.where, f"{near}; {fix}"))
    return _TIMES[0]


def _after(knob: Value, problems: list[Problem]) -> int:
    return duration(knob.value, knob.where, problems) or 0


def _check_after(draft: BarsDraft, knobs: dict[str, Any], problems: list[Problem]) -> None:
    stated = dict(draft.knobs).get("clock_after")
    if stated is not None and not knobs.get("clock", True):
        fix = "leave it out, or leave the clock on"
        problems.append(Problem("a clock that is off closes nothing, however much later", stated.where, fix))


def _check_idle(draft: BarsDraft, knobs: dict[str, Any], problems: list[Problem]) -> None:
    stated = dict(draft.knobs).get("idle_after")
    if stated is not None and knobs.get("time") != "key":
        fix = draft.either('add time="key", or leave it out', 'add time = "key", or leave it out')
        problems.append(Problem("one time is for all keys, so that none is waited for", stated.where, fix))


def _headers(knob: Value, problems: list[Problem]) -> tuple[str, ...]:
    names = knob.value
    if isinstance(names, (list, tuple)) and all(isinstance(name, str) and name for name in names):
        return tuple(names)
    problems.append(Problem(f"{names!r} is not a list of header names", knob.where, "write names as text"))
    return ()


def _name(draft: BarsDraft, problems: list[Problem]) -> str:
    return _checked_name(draft.name.value, draft.name.where, problems)


def _checked_name(name: object, where: str, problems: list[Problem]) -> str:
    if isinstance(name, str) and _NAME.fullmatch(name):
        return name
    what = f"{name!r} cannot name bars" if name else "the bars have no name"
    fitting = _UNFIT.sub("_", name)[:100] if isinstance(name, str) else ""
    near = f"did you mean {fitting!r}? " if _NAME.fullmatch(fitting) else ""
    fix = "use letters, digits, '_', '-' and '.', beginning with a letter, at most 100: it begins the names of topics"
    problems.append(Problem(what, where, near + fix))
    return ""


def _keep(draft: BarsDraft, problems: list[Problem]) -> str:
    """Which of several rows of one bar counts."""
    stated, where = draft.keep.value, draft.keep.where
    if stated not in ("first", "last"):
        fix = "write 'first' (a row is a finished bar) or 'last' (a row is the state of a bar that may still grow)"
        problems.append(Problem(f"{stated!r} is not possible", where, fix))
    elif stated == "last" and draft.input is InputKind.TICKS:
        fix = draft.either("read bars: .bars(…) in place of .tumbling(…)", 'write input = "bars", or leave it out')
        problems.append(Problem("ticks are not states of a bar: each of them counts", where, fix))
    return "last" if stated == "last" else "first"
