"""What ``check --ksqldb`` says: whether a definition compiles, what cannot be done, and what must be set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.cli.screen import Column, Sheet
from barloom.errors import KsqlUnsupported
from barloom.ksql.compile import compile_script
from barloom.ksql.header import needed
from barloom.ksql.refusals import STANDING
from barloom.ksql.settings import STREAM_PROPERTIES, KsqlSettings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.errors import Problem
    from barloom.plan.barplan import BarPlan

__all__ = ["ksql_body", "ksql_sheets"]


def ksql_sheets(plan: BarPlan) -> Iterable[Sheet]:
    """What is refused with the way out, what every pipeline lacks, and what must be so on the server."""
    found = _refused(plan)
    refused = Sheet("Refused by ksqlDB", (Column("name", style="bold"), Column("why"), Column("way out")))
    for problem in found:
        refused.add(problem.where, problem.what, problem.fix)
    if found:
        yield refused
    lacking = Sheet("Not in ksqlDB", (Column("name", style="bold"), Column("why"), Column("way out")))
    for item in STANDING:
        if item.name != "clock" or plan.clock:
            lacking.add(item.name, item.what, item.fix)
    yield lacking
    demanded = Sheet("ksqlDB needs", (Column("", style="bold"), Column("")))
    for name, value in STREAM_PROPERTIES.items():
        demanded.add(name, value)
    for text in needed(KsqlSettings()):
        demanded.add("", text)
    yield demanded


def ksql_body(plan: BarPlan) -> dict[str, object]:
    """The same as JSON."""
    return {
        "refused": [{"name": item.where, "why": item.what, "fix": item.fix} for item in _refused(plan)],
        "settings": dict(STREAM_PROPERTIES),
        "needs": list(needed(KsqlSettings())),
    }


def _refused(plan: BarPlan) -> tuple[Problem, ...]:
    try:
        compile_script(plan)
    except KsqlUnsupported as error:
        return error.problems
    return ()
