"""What a definition asks for and ksqlDB cannot do: all of it at once, each with the reason and the way out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile.layout import BUCKET_END, BUCKET_START, CLOSE_TIME, OPEN_TIME
from barloom.ksqldb.compile.names import FORBIDDEN_COLUMNS, stored
from barloom.ksqldb.compile.types import EVENT_UNITS
from barloom.plan.barplan import Gap, InputKind
from barloom.plan.patterns import ISO, shown_form
from barloom.time.timeframe import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from barloom.plan.barplan import BarPlan, LevelPlan

__all__ = ["STANDING", "Refusal", "divides_a_day", "refusals", "standing"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """One thing that has no form in ksqlDB.

    `name` is what ``--allow-degraded`` calls it, where leaving it out makes no bar wrong (`droppable`).
    """

    name: str
    what: str
    fix: str
    droppable: bool = False


STANDING: Final = (
    Refusal(
        "clock",
        "ksqlDB closes a bar only when a later tick arrives in the same partition, never by the clock",
        'write clock = "off", or run the definition on Kafka, where the clock closes quiet bars',
        droppable=True,
    ),
    Refusal(
        "completeness",
        "ksqlDB does not know how many children a bar should have: no slots, filled, expected_slots, partial, revision",
        "run the definition embedded or on Kafka where these columns are needed",
        droppable=True,
    ),
    Refusal(
        "side-output",
        "ksqlDB drops late and unreadable ticks without a record of them",
        "run the definition on Kafka, whose late topic and dead letters keep them",
        droppable=True,
    ),
)
"""What every definition promises by itself and no ksqlDB pipeline keeps. Leaving these out makes no bar wrong."""


def divides_a_day(level: LevelPlan) -> bool:
    """Whether the slots of a timeframe are windows counted from 1970 in UTC."""
    frame = level.timeframe
    return str(frame) == "1d" or (frame.intraday and DAY % frame.nanos == 0)


def refusals(plan: BarPlan) -> list[Refusal]:
    """Everything that a definition asks for, outside of single columns, and that has no form in ksqlDB."""
    return [*_time(plan), *_levels(plan), *_input(plan), *_names(plan)]


def standing(plan: BarPlan) -> list[Refusal]:
    """What a definition promises without saying so. One whose clock is off is not closed by it anywhere."""
    return [item for item in STANDING if item.name != "clock" or plan.clock]


def _time(plan: BarPlan) -> Iterator[Refusal]:
    if plan.calendar != "24x7":
        what = f"{plan.calendar}: windows of ksqlDB are counted from 1970 in UTC, without sessions or zones"
        yield Refusal("calendar", what, 'use calendar = "24x7", or run the definition embedded or on Kafka')
    if plan.by_key:
        what = 'time = "key": a partition of ksqlDB has one stream time for all its keys'
        yield Refusal("time", what, 'use time = "partition", or run the definition embedded or on Kafka')
    unit = plan.event.by_name[plan.event.timestamp].time_unit or "iso"
    if unit not in EVENT_UNITS:
        what = f"the event time is written in {unit}, and ksqlDB orders ticks by whole milliseconds"
        fix = "write the topic's times as timestamp(ms), or run the definition embedded or on Kafka"
        yield Refusal(plan.event.timestamp, what, fix)
    if plan.event.tiebreak is not None:
        what = "ticks of equal time are ordered by their offset in ksqlDB, which knows no order of numbers among texts"
        fix = "leave the tiebreak out, or run the definition embedded or on Kafka"
        yield Refusal("tiebreak", what, fix)
    if plan.event.sequence is not None:
        what = "ksqlDB folds rows as they come and keeps no record of the numbers that it has seen"
        yield Refusal("sequence", what, "leave the sequence out, or run the definition embedded or on Kafka")
    for item in plan.event.fields:
        if item.form != ISO:
            what = f"{shown_form(item.form)}: ksqlDB takes times from text in ISO 8601 alone, with a zone"
            yield Refusal(item.name, what, "write the topic's times as timestamp(ms), or run the definition on Kafka")
        if item.time_unit == "auto" and item.name != plan.event.timestamp:
            what = "the unit of each row's number is told by its size, and ksqlDB has one unit for a column"
            yield Refusal(item.name, what, "declare the unit, or run the definition embedded or on Kafka")


def _levels(plan: BarPlan) -> Iterator[Refusal]:
    for level in plan.levels:
        if not divides_a_day(level):
            yield _length(plan, level)
    carrying = [level for level in plan.levels if level.gap is not Gap.OMIT]
    if carrying:
        listed = ", ".join(f"{level.timeframe} {level.gap.value}" for level in carrying)
        what = f"a window without ticks gives no row ({listed})"
        yield Refusal("gaps", what, 'use gap = "omit", or run the definition embedded or on Kafka', droppable=True)
    if any(level.heartbeat for level in plan.levels):
        fix = "leave heartbeat out, or run the definition embedded or on Kafka"
        yield Refusal("heartbeat", "nothing is emitted for a key without ticks", fix, droppable=True)


def _length(plan: BarPlan, level: LevelPlan) -> Refusal:
    name = str(level.timeframe)
    what = "ksqlDB has neither calendar weeks nor months"
    if level.timeframe.intraday:
        what = "does not divide a day: its slots begin anew at midnight, windows do not"
    elif level.timeframe.regular:
        what = "ksqlDB knows no regular hours"
    elif level.timeframe.unit == "d":
        what = "ksqlDB counts windows of several days from 1970, not from a declared date"
    finer = [
        item.timeframe for item in plan.levels if divides_a_day(item) and level.timeframe.is_multiple_of(item.timeframe)
    ]
    if not finer:
        return Refusal(name, what, "run the definition embedded or on Kafka")
    fix = f"compile up to {finer[-1]} and let barloom roll up {name} from that topic as bars"
    return Refusal(name, what, fix, droppable=True)


def _input(plan: BarPlan) -> Iterator[Refusal]:
    if plan.input is InputKind.BARS:
        what = "a parent of bars waits until its expected children have arrived, which ksqlDB cannot know"
        yield Refusal("input", what, "compile from the ticks, or roll these bars up embedded or on Kafka")
    if plan.forming:
        what = "each row is added to its window, and what the state of a bar before it said cannot be taken out again"
        yield Refusal("keep", what, "run the definition embedded or on Kafka")
    if plan.stamped not in ("start", "end"):
        what = f"rows stamped by {plan.stamped}: ksqlDB puts each into the window that holds its time"
        yield Refusal("stamped", what, "run the definition embedded or on Kafka")
    if plan.event.event_id is not None:
        what = f"ksqlDB counts every record, also one whose {plan.event.event_id} has come before"
        yield Refusal("event_id", what, "remove duplicates before the topic, or run the definition on Kafka")
    if plan.source.rows is not None:
        what = f"a record is one row, and [source] rows = {plan.source.rows!r} takes several ticks of each"
        yield Refusal("rows", what, "write one tick a record before the topic, or run the definition on Kafka")
    for item in plan.event.fields:
        if item.rounding is not None:
            what = "ksqlDB reads a number with more places than its column has in its own way"
            yield Refusal(item.name, what, "leave round out, or run the definition embedded or on Kafka")
        if item.encoding is not None:
            what = "ksqlDB reads decimals of JSON as numbers, not as bytes in base64"
            yield Refusal(item.name, what, "write numbers before the topic, or run the definition on Kafka")
    if plan.pass_headers:
        what = f"an aggregation has no headers ({', '.join(plan.pass_headers)})"
        yield Refusal("pass_headers", what, "leave them out, or run the definition on Kafka", droppable=True)


def _names(plan: BarPlan) -> Iterator[Refusal]:
    fields = [item.name for item in plan.event.fields]
    bar = [*plan.event.key, BUCKET_START, BUCKET_END, OPEN_TIME, CLOSE_TIME, *(output.name for output in plan.outputs)]
    for group, whose in ((fields, "the event"), (bar, "a bar")):
        seen: dict[str, str] = {}
        for name in group:
            if stored(name) in seen:
                what = f"{whose} has {seen[stored(name)]!r} and {name!r}, which ksqlDB takes for one name"
                yield Refusal(name, what, "rename one of them")
            seen[stored(name)] = name
    for name in dict.fromkeys((*fields, *bar)):
        if stored(name) in FORBIDDEN_COLUMNS:
            yield Refusal(name, "every stream of ksqlDB has a column of that name by itself", "rename it")
        elif not name.isascii():
            yield Refusal(name, "the name is not possible in Avro", "use letters, digits and '_' of ASCII")
