"""A plan to a script: everything that cannot be said at once, or statements that give the same bars."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from barloom.errors import BadArguments, KsqlUnsupported, Problem
from barloom.ksqldb.compile.columns import compile_columns
from barloom.ksqldb.compile.header import header
from barloom.ksqldb.compile.ladder import Ladder
from barloom.ksqldb.compile.refusals import STANDING, divides_a_day, refusals, standing
from barloom.ksqldb.compile.script import Script
from barloom.ksqldb.compile.settings import STREAM_PROPERTIES, KsqlSettings
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from barloom.ksqldb.compile.refusals import Refusal
    from barloom.ksqldb.compile.script import Entity
    from barloom.plan.barplan import BarPlan

__all__ = ["EVERYTHING", "compile_script"]

EVERYTHING: Final = "all"
"""Stands for everything that may be left out."""


def compile_script(
    plan: BarPlan,
    settings: KsqlSettings | None = None,
    *,
    allow_degraded: Collection[str] = (),
) -> Script:
    """The statements of a plan.

    `allow_degraded` names what may be left out: a timeframe, a column, ``gaps``, ``heartbeat``, ``pass_headers``, and
    what every definition promises and no ksqlDB pipeline keeps: ``clock`` (unless it is off), ``completeness``,
    ``side-output``; or ``all``. The statements are the same whatever is named, or there are none.

    Raises `KsqlUnsupported` with everything that the plan asks for and ksqlDB cannot do.
    """
    chosen = settings or KsqlSettings()
    columns, unsaid = compile_columns(plan)
    found = [*refusals(plan), *unsaid, *standing(plan)]
    _check_names(plan, found, allow_degraded)
    left = [item for item in found if not (item.droppable and _is_allowed(item, allow_degraded))]
    if left:
        problems = (Problem(item.what, item.name, item.fix) for item in left)
        raise KsqlUnsupported(problems, droppable=[item.name for item in left if item.droppable])
    levels = tuple(level for level in plan.levels if divides_a_day(level))
    entities = tuple(Ladder(plan, levels, columns, chosen).entities())
    _check_source(entities)
    return Script(
        plan=plan,
        settings=STREAM_PROPERTIES,
        entities=entities,
        header=header(plan, columns.layout, chosen, found),
        dropped=tuple(item.name for item in found),
    )


def _check_source(entities: Sequence[Entity]) -> None:
    """The ticks have a topic and a name of their own, or the pipeline would read what it writes."""
    ticks, *others = entities
    taken = next((item for item in others if ticks.name == item.name or ticks.topic == item.topic), None)
    if taken is not None:
        what = f"{ticks.topic!r} is what the bars of {taken.timeframe} are called here"
        raise BadArguments([Problem(what, "ksql: source", "give the topic of the ticks, or the bars another name")])


def _is_allowed(item: Refusal, allowed: Collection[str]) -> bool:
    return item.name in allowed or EVERYTHING in allowed


def _check_names(plan: BarPlan, found: Sequence[Refusal], allowed: Collection[str]) -> None:
    """What may be left out has a name that the definition knows, so that a misspelt one is no silent yes."""
    general = (EVERYTHING, "gaps", "heartbeat", "pass_headers", *(item.name for item in STANDING))
    known = dict.fromkeys(
        (
            *(item.name for item in found if item.droppable),
            *general,
            *(str(level.timeframe) for level in plan.levels),
            *(output.name for output in plan.outputs),
        )
    )
    problems = [
        Problem(f"{name!r} is nothing that could be left out", "--allow-degraded", did_you_mean(name, known))
        for name in allowed
        if name not in known
    ]
    if problems:
        raise BadArguments(problems)
