"""What of a definition a ksqlDB pipeline holds, for whoever reads its bars."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from barloom.ksqldb.compile.columns import compile_columns
from barloom.ksqldb.compile.phases import EVERYTHING, compile_script
from barloom.ksqldb.compile.refusals import divides_a_day
from barloom.plan.barplan import Gap
from barloom.plan.nodes import columns_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from barloom.plan.barplan import BarPlan, LevelPlan

__all__ = ["LACKING", "held_partials", "held_plan"]

LACKING: Final = frozenset({"slots", "filled", "expected_slots", "partial", "revision"})
"""Columns of bars that ksqlDB does not keep."""


def held_plan(plan: BarPlan) -> BarPlan:
    """The plan without the timeframes, columns, gap policies and heartbeats that ksqlDB cannot have.

    Raises `KsqlUnsupported` where ksqlDB cannot have the definition at all.
    """
    compile_script(plan, allow_degraded=[EVERYTHING])
    partials = held_partials(plan)
    levels = [level for level in plan.levels if divides_a_day(level)]
    outputs = (item for item in plan.outputs if all(int(name) in partials for name in columns_of(item.result)))
    return replace(
        plan,
        levels=tuple(_level(level, levels[:position]) for position, level in enumerate(levels)),
        outputs=tuple(outputs),
    )


def held_partials(plan: BarPlan) -> Mapping[int, str]:
    """The column of each partial that a pipeline keeps."""
    return compile_columns(plan)[0].layout.partials


def _level(level: LevelPlan, finer: list[LevelPlan]) -> LevelPlan:
    children = [place for place, item in enumerate(finer) if level.timeframe.is_multiple_of(item.timeframe)]
    return replace(level, child=max(children, default=None), gap=Gap.OMIT, heartbeat=False)
