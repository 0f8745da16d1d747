"""A plan for people (tables) and for scripts (one object)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from barloom.cli.calendar.sheet import (
    calendar_body,
    calendar_sheet,
    calendar_warnings,
    checked_calendar,
    slots_of_a_year,
)
from barloom.cli.definition.clock_view import clock_body, clock_rows
from barloom.cli.formats import duration, moment
from barloom.cli.screen import Column, Sheet
from barloom.plan.barplan import FieldKind, Gap, InputKind
from barloom.plan.identity import number_text
from barloom.plan.language.nulls import unasked_nulls
from barloom.plan.language.render import render
from barloom.plan.nodes import columns_of
from barloom.plan.paths import shown_path
from barloom.plan.patterns import ISO, shown_form
from barloom.time.about import about, short_name

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.plan.barplan import BarPlan, EventPlan, Field, LevelPlan, Output, Partial, SourcePlan
    from barloom.time.calendar import Calendar

__all__ = ["plan_body", "plan_sheets", "plan_warnings"]


def plan_sheets(plan: BarPlan, now: int, *, topics: bool) -> Iterable[Sheet]:
    """The tables that ``check`` prints, one after the other; `now` tells how long the calendar is still known.

    The names of topics are for those who have `topics`: on Kafka, or with ksqlDB.
    """
    calendar = checked_calendar(plan)
    yield _outline(plan, calendar)
    sheet = calendar_sheet(calendar, now)
    if sheet is not None:
        yield sheet
    yield _fields(plan)
    yield _ladder(plan, calendar)
    yield _columns(plan)
    if topics:
        yield _topics(plan)


def plan_warnings(plan: BarPlan, now: int) -> list[str]:
    """What is allowed but worth knowing before the first run."""
    found = calendar_warnings(checked_calendar(plan), now)
    if plan.source.arrival is None:
        found.append(
            "no arrival column: in files, a tick is from the future when it is stamped after it was first read"
            " (name the column with the time of receipt as arrival in [source])"
        )
    if plan.base.delay == 0:
        found.append("the base has no delay: a tick that comes after a newer slot has begun is late")
    if plan.close_grace and plan.close_grace_when is None and _longer_hours(checked_calendar(plan)):
        found.append(
            f"in the {duration(plan.close_grace)} after the close every tick counts for the closing bar, those of the"
            " hours after it too (name the auction's by close_grace_when)"
        )
    return found + unasked_nulls(plan)


def _longer_hours(calendar: Calendar) -> bool:
    """Whether there is a session after the regular one."""
    known = about(calendar)
    return known is not None and known.extended and known.outside_hours


def _outline(plan: BarPlan, calendar: Calendar) -> Sheet:
    sheet = Sheet(f"Definition {plan.name!r}", (Column("", style="bold"), Column("")))
    sheet.add("input", _input(plan))
    if plan.input is InputKind.BARS:
        sheet.add("closing", _closing(plan))
    for heading, text in _event(plan.event):
        sheet.add(heading, text)
    sheet.add("calendar", short_name(calendar))
    if plan.close_grace:
        sheet.add("closing auction", f"counts up to {duration(plan.close_grace)} after a session's close")
    if plan.close_grace_when is not None:
        sheet.add("", f"where {render(plan.close_grace_when)}")
    if plan.where is not None:
        sheet.add("where", render(plan.where))
    if plan.source.arrival is not None:
        sheet.add("arrival", f"{plan.source.arrival} ({plan.source.arrival_unit})")
        sheet.add("from the future", f"more than {duration(plan.max_ahead)} ahead of its arrival")
    for name, bound in _bounds(plan):
        sheet.add(name.replace("_", " "), bound)
    sheet.add("time", _time(plan))
    for heading, text in _written(plan.source):
        sheet.add(heading, text)
    sheet.add("order", "as the rows stand" if plan.source.order == "row" else "sorted by event time first")
    for heading, text in clock_rows(plan):
        sheet.add(heading, text)
    return sheet


def _event(event: EventPlan) -> Iterable[tuple[str, str]]:
    yield "event", event.name
    yield "key", ", ".join(event.key)
    yield "event time", f"{event.timestamp} ({_type(event.by_name[event.timestamp])})"
    if event.event_id is not None:
        yield "event id", f"{event.event_id} (a second tick with the same id is a duplicate)"
    if event.tiebreak is not None:
        yield "tiebreak", f"{event.tiebreak} (orders ticks of equal event time)"
    if event.sequence is not None:
        fields = " to ".join(event.sequence.fields)
        yield "sequence", f"{fields} (by its numbers bars know whether they are complete)"


def _time(plan: BarPlan) -> str:
    if plan.by_key:
        return "each key has its own: what other keys do makes nothing late and closes nothing"
    return 'one for all keys of a partition: a key behind the others is late by theirs (time = "key": each its own)'


def _input(plan: BarPlan) -> str:
    """What the rows are."""
    if plan.input is InputKind.TICKS:
        return "ticks"
    states = ", of which the last state counts" if plan.forming else ""
    return f"bars of {plan.base.timeframe}, stamped by {plan.stamped}{states}"


def _closing(plan: BarPlan) -> str:
    """When bars of bars are final."""
    until = "a slot's end and the delay of the base" if plan.makes_base else "a slot's end and delay"
    if plan.finished:
        return f"when all children are there; at the latest when a bar ends beyond {until}"
    newer = f"{plan.base.timeframe} when a newer one of the key begins; others when all children are there"
    return f"{newer}; at the latest when a bar begins at {until}"


def _written(source: SourcePlan) -> Iterable[tuple[str, str]]:
    """What is declared of how records, times and numbers are written, beside the types of the fields."""
    if source.rows is not None:
        yield "ticks", f"what stands at {source.rows} in each record"
    if source.ambiguous != "refuse":
        rules = {"earlier": "the earlier one", "later": "the later one", "order": "by the order of the rows"}
        yield "an hour twice", f"{rules[source.ambiguous]}, where the clocks are set back"
    if source.thousands or source.decimal_separator != ".":
        yield "numbers", f"such as 1{source.thousands}234{source.decimal_separator}5"


def _bounds(plan: BarPlan) -> Iterable[tuple[str, str]]:
    """What is declared of the span of which the input has every row."""
    for name, edge in (("complete_from", "start"), ("complete_until", "end")):
        bound = getattr(plan.source, name)
        if bound is not None:
            row = "first" if edge == "start" else "last"
            yield name, moment(bound) if isinstance(bound, int) else f"the {edge} of the {bound} of the {row} row"


def _fields(plan: BarPlan) -> Sheet:
    sheet = Sheet(
        "Fields of a tick", (Column("field", style="bold"), Column("type"), Column("role"), Column("read from"))
    )
    for item in plan.event.fields:
        sheet.add(item.name, _type(item), _role(plan.event, item), _origin(plan, item))
    return sheet


def _type(item: Field) -> str:
    if item.kind is FieldKind.TIMESTAMP:
        unit = f"timestamp({item.time_unit})" if item.time_unit else "timestamp"
        text = unit if item.form == ISO else shown_form(item.form)
    elif item.kind is FieldKind.DECIMAL:
        text = number_text(item)
    elif item.separator is not None:
        text = f'list("{item.separator}")'
    else:
        text = item.kind.value
    return text + ("?" if item.nullable else "")


def _role(event: EventPlan, item: Field) -> str:
    if item.name in event.key:
        return "key"
    if item.name == event.timestamp:
        return "event time"
    roles = {"event id": event.event_id, "tiebreak": event.tiebreak}
    found = [role for role, name in roles.items() if name == item.name]
    numbered = event.sequence is not None and item.name in event.sequence.fields
    return ", ".join([*found, "sequence"] if numbered else found)


def _origin(plan: BarPlan, item: Field) -> str:
    return shown_path(plan.source.columns.get(item.name, item.name))


def _ladder(plan: BarPlan, calendar: Calendar) -> Sheet:
    columns = (
        Column("timeframe", style="bold"),
        Column("built from"),
        Column("slots", right=True),
        Column("delay", right=True),
        Column("gap"),
        Column("heartbeat"),
        Column("kept"),
    )
    sheet = Sheet("Ladder", columns)
    for level in plan.levels:
        sheet.add(
            str(level.timeframe),
            _child(plan, level),
            _expected(plan, level, calendar),
            duration(level.delay),
            _gap(level),
            "yes" if level.heartbeat else "no",
            "for ever" if level.retention is None else duration(level.retention),
        )
    return sheet


def _child(plan: BarPlan, level: LevelPlan) -> str:
    if level.child is not None:
        return str(plan.levels[level.child].timeframe)
    return "ticks" if plan.input is InputKind.TICKS else "input bars"


def _gap(level: LevelPlan) -> str:
    return f"carry up to {duration(level.carry_limit)}" if level.gap is Gap.CARRY else level.gap.value


def _expected(plan: BarPlan, level: LevelPlan, calendar: Calendar) -> str:
    if level.child is None:
        return "-"
    bounds, usual = _slots(plan, level, calendar)
    text = "-".join(str(bound) for bound in bounds) or "?"
    return f"{text}, mostly {usual}" if len(bounds) > 1 and level.timeframe.unit != "mo" else text


def _slots(plan: BarPlan, level: LevelPlan, calendar: Calendar) -> tuple[list[int], int | None]:
    """The least and most children that a slot of this level has within a year (one number where they are equal).

    And how many most slots have; nothing where the calendar does not hold one slot.
    """
    counts = slots_of_a_year(calendar, plan, level)
    if not len(counts):
        return [], None
    return sorted({int(counts.min()), int(counts.max())}), int(np.bincount(counts).argmax())


def _columns(plan: BarPlan) -> Sheet:
    columns = (Column("column", style="bold"), Column("type"), Column("aggregate"), Column("merged from"))
    sheet = Sheet("Columns of a bar", columns)
    for item in plan.outputs:
        sheet.add(item.name, str(item.number), item.text or item.aggregate, ", ".join(_partials(plan, item)))
    return sheet


def _partials(plan: BarPlan, item: Output) -> list[str]:
    positions = sorted(int(name) for name in columns_of(item.result))
    return [_partial(plan.partials[position]) for position in positions]


def _partial(partial: Partial) -> str:
    inner = "" if partial.expression is None else render(partial.expression)
    when = "" if partial.when is None else f" when {render(partial.when)}"
    return f"{partial.fold.value}({inner}){when}"


def _topics(plan: BarPlan) -> Sheet:
    sheet = Sheet("Topics", (Column("timeframe", style="bold"), Column("live"), Column("final")))
    for position in plan.published:
        timeframe = plan.levels[position].timeframe
        sheet.add(str(timeframe), plan.topic("live", timeframe), plan.topic("final", timeframe))
    return sheet


def plan_body(plan: BarPlan, now: int) -> dict[str, object]:
    """The plan as the JSON answer of ``check``."""
    calendar = checked_calendar(plan)
    return {
        "name": plan.name,
        "input": plan.input.value,
        "event": plan.event.name,
        "key": list(plan.event.key),
        "time": plan.time,
        "event_time": plan.event.timestamp,
        "calendar": calendar.name,
        "sessions": calendar_body(calendar, now),
        "close_grace_ns": plan.close_grace,
        "close_grace_when": None if plan.close_grace_when is None else render(plan.close_grace_when),
        **clock_body(plan),
        "where": None if plan.where is None else render(plan.where),
        "rows": plan.source.rows,
        "fields": [
            {"name": item.name, "type": _type(item), "role": _role(plan.event, item), "from": _origin(plan, item)}
            for item in plan.event.fields
        ],
        "timeframes": [_level_body(plan, level, calendar) for level in plan.levels],
        "columns": [
            {
                "name": item.name,
                "type": str(item.number),
                "aggregate": item.text or item.aggregate,
                "partials": _partials(plan, item),
            }
            for item in plan.outputs
        ],
        **dict(_bounds(plan)),
        "warnings": plan_warnings(plan, now),
    }


def _level_body(plan: BarPlan, level: LevelPlan, calendar: Calendar) -> dict[str, object]:
    bounds, usual = ([], None) if level.child is None else _slots(plan, level, calendar)
    return {
        "timeframe": str(level.timeframe),
        "child": None if level.child is None else str(plan.levels[level.child].timeframe),
        "expected_slots": bounds,
        "usual_slots": usual,
        "delay_ns": level.delay,
        "gap": level.gap.value,
        "carry_limit_ns": level.carry_limit if level.gap is Gap.CARRY else None,
        "heartbeat": level.heartbeat,
        "retention_ns": level.retention,
        "live_topic": plan.topic("live", level.timeframe),
        "final_topic": plan.topic("final", level.timeframe),
    }
