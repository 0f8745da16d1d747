"""What ``check --ksqldb`` says: whether a definition compiles, what cannot be done, and what must be set."""

from __future__ import annotations

from typing import TYPE_CHECKING

from barloom.cli.screen import Column, Sheet
from barloom.errors import BarloomError, KsqlUnsupported
from barloom.ksqldb import STREAM_PROPERTIES, KsqlSettings, age_told, compile_script, needed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from barloom.kafka import KafkaSettings
    from barloom.plan.barplan import BarPlan

__all__ = ["history_warnings", "ksql_body", "ksql_sheets"]


def ksql_sheets(plan: BarPlan) -> Iterable[Sheet]:
    """What is refused with the way out, and what must be so on the server."""
    error = _refused(plan)
    if error is not None:
        columns = (Column("name", style="bold"), Column("why"), Column("way out"), Column("may be left out"))
        refused = Sheet("Refused by ksqlDB", columns)
        for problem in error.problems:
            may = "yes" if problem.where in error.droppable else "no"
            refused.add(problem.where, problem.what, problem.fix, may)
        yield refused
    demanded = Sheet("ksqlDB needs", (Column("", style="bold"), Column("")))
    for name, value in STREAM_PROPERTIES.items():
        demanded.add(name, value)
    for text in needed(KsqlSettings()):
        demanded.add("", text)
    yield demanded


def history_warnings(plan: BarPlan, settings: KafkaSettings, now: int) -> Iterable[str]:
    """How old the ticks in the input topic are beside what a pipeline keeps by default, where a broker tells."""
    from barloom.front.ksqldb_topics import oldest_in_topic  # noqa: PLC0415 - most checks ask no broker

    try:
        oldest = oldest_in_topic(plan, settings)
    except BarloomError as error:
        yield f"not known: how old the ticks in {settings.input[0]!r} are ({str(error).splitlines()[0]})"
        return
    told = age_told(settings.input[0], oldest, now, KsqlSettings().retention)
    if told is not None:
        yield f"{told}; give --retention more than that"
    if oldest.deleted:
        yield f"{oldest.deleted} offsets at the beginning of {settings.input[0]!r} are gone, and the ticks with them"


def ksql_body(plan: BarPlan) -> dict[str, object]:
    """The same as JSON."""
    error = _refused(plan)
    refused = [] if error is None else [
        {"name": item.where, "why": item.what, "fix": item.fix, "droppable": item.where in error.droppable}
        for item in error.problems
    ]  # fmt: skip
    return {
        "refused": refused,
        "settings": dict(STREAM_PROPERTIES),
        "needs": list(needed(KsqlSettings())),
    }


def _refused(plan: BarPlan) -> KsqlUnsupported | None:
    try:
        compile_script(plan)
    except KsqlUnsupported as error:
        return error
    return None
