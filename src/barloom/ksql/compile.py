"""A plan to a script: everything that cannot be said at once, or statements that give the same bars."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.errors import DefinitionError, KsqlUnsupported, Problem
from barloom.ksql.columns import compile_columns
from barloom.ksql.header import header
from barloom.ksql.ladder import Ladder
from barloom.ksql.refusals import STANDING, divides_a_day, refusals
from barloom.ksql.script import Script
from barloom.ksql.settings import STREAM_PROPERTIES, KsqlSettings
from barloom.plan.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from barloom.ksql.refusals import Refusal
    from barloom.plan.barplan import BarPlan

__all__ = ["compile_script"]


def compile_script(
    plan: BarPlan,
    settings: KsqlSettings | None = None,
    *,
    allow_degraded: Collection[str] = (),
    strict: bool = False,
) -> Script:
    """The statements of a plan.

    `allow_degraded` names what may be left out: ``gaps``, ``heartbeat``, ``pass_headers``, a timeframe or a column.
    `strict` refuses also what every definition has and no ksqlDB pipeline: closing by the clock, the columns about
    completeness, and the side output.

    Raises `KsqlUnsupported` with everything that the plan asks for and ksqlDB cannot do.
    """
    chosen = settings or KsqlSettings()
    columns, unsaid = compile_columns(plan)
    found = [*refusals(plan, strict=strict), *unsaid]
    _check_names(plan, found, allow_degraded)
    left = [item for item in found if not (item.droppable and item.name in allow_degraded)]
    if left:
        raise KsqlUnsupported(Problem(item.what, item.name, _fix(item)) for item in left)
    levels = tuple(level for level in plan.levels if divides_a_day(level))
    standing = [item for item in STANDING if item not in found and (item.name != "clock" or plan.clock)]
    left_out = [*found, *standing]
    return Script(
        plan=plan,
        settings=STREAM_PROPERTIES,
        entities=tuple(Ladder(plan, levels, columns, chosen).entities()),
        header=header(plan, columns.layout, chosen, left_out),
        dropped=tuple(item.name for item in left_out),
    )


def _fix(item: Refusal) -> str:
    return f"{item.fix}; or go on without it: --allow-degraded {item.name}" if item.droppable else item.fix


def _check_names(plan: BarPlan, found: Sequence[Refusal], allowed: Collection[str]) -> None:
    """What may be left out has a name that the definition knows, so that a misspelt one is no silent yes."""
    general = ("gaps", "heartbeat", "pass_headers", *(item.name for item in STANDING))
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
        raise DefinitionError(problems)
